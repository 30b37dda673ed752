import { FormatError, ShapeError } from "../base/errors.ts";
import { fromNumbers, type HostArray, hostArray, zerosHost } from "../base/host-array.ts";
import { compile } from "../compile/index.ts";
import type { Tensor } from "../graph/index.ts";
import { constant, input, matmul } from "../ops/index.ts";
import type { LoadOptions, Runtime } from "../runtime/index.ts";
import type { Kernel } from "./kernel.ts";
import { blocksOf, type Precision, precisionOf, rowRange, toPrecision } from "./rows.ts";
import { centerTerms, kernelBlock } from "./terms.ts";

/** A fitted kernel machine: f(x) = Σ_j k(x, c_j) α_j. Plain data. */
export interface FalkonModel {
  readonly kernel: Kernel;
  /** [centers, features], float32 or float64 as the data was. */
  readonly centers: HostArray;
  /** Coefficients, float64 [centers, targets]. */
  readonly alpha: HostArray;
  readonly lambda: number;
}

/**
 * The model as part of a graph, to be composed with features before and outputs after.
 * @param x - [rows, features], float32 or float64.
 * @returns [rows, targets], of x's type.
 */
export function falkonGraph({ kernel, centers, alpha }: FalkonModel, x: Tensor): Tensor {
  const precision = x.dtype as Precision;
  if (x.rank !== 2 || x.shape[1] !== centers.shape[1])
    throw new ShapeError(
      `falkonGraph: x must be [rows, ${centers.shape[1]}], got [${x.shape.join(", ")}]`,
    );
  const block = kernelBlock(centerTerms(kernel, centers, precision), x);
  const coefficients = constant(toPrecision(alpha, precision), precision, "alpha");
  return matmul(block, coefficients, { transA: true });
}

/** What to write around the model. */
export interface FalkonExportSpec {
  /** Name of the graph in the file. Default "falkon". */
  readonly name?: string;
  /** Inputs [batch, ...shape]. Default x [batch, features]. */
  readonly inputs?: Readonly<Record<string, readonly number[]>>;
  /** Makes the features [batch, features] from the inputs. Default: input `x`. */
  readonly before?: (inputs: Readonly<Record<string, Tensor>>) => Tensor;
  /** Makes the outputs from the predictions [batch, targets]. Default: output `y`. */
  readonly after?: (
    y: Tensor,
    inputs: Readonly<Record<string, Tensor>>,
  ) => Readonly<Record<string, Tensor>>;
  readonly precision?: Precision;
  /** Provenance, units, anything as text. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The model as ONNX, batch size free, with all that comes before and after it inside. */
export function exportFalkon(model: FalkonModel, spec: FalkonExportSpec = {}): Uint8Array {
  const { precision = "float32", before = ({ x }) => x, after = (y: Tensor) => ({ y }) } = spec;
  const shapes = spec.inputs ?? { x: [model.centers.shape[1]] };
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      input(name, precision, ["batch", ...shape]),
    ]),
  );
  return compile({
    name: spec.name ?? "falkon",
    outputs: after(falkonGraph(model, before(inputs)), inputs),
    inputs: Object.values(inputs),
    ...(spec.metadata ? { metadata: spec.metadata } : {}),
  });
}

/**
 * Predictions of all rows, in blocks.
 * @param x - [rows, features]; its type is that of the computation and the result.
 * @returns [rows, targets].
 */
export async function predictFalkon(
  runtime: Runtime,
  model: FalkonModel,
  x: HostArray,
  { blockRows = 4096, ...options }: LoadOptions & { readonly blockRows?: number } = {},
): Promise<HostArray> {
  const precision = precisionOf(x);
  const session = await runtime.load(exportFalkon(model, { precision }), options);
  const rows = x.shape[0];
  const y = zerosHost(precision, [rows, model.alpha.shape[1]]);
  try {
    for (const [start, count] of blocksOf(rows, blockRows))
      await session.run(
        { x: toPrecision(rowRange(x, start, count), precision) },
        { y: rowRange(y, start, count) },
      );
  } finally {
    await session.dispose();
  }
  return y;
}

const magic = "forty-falkon-1\n";

/** Bytes: the magic line, uint32 length of a JSON header, the header, centers and coefficients, little endian. */
export function encodeFalkon({ kernel, centers, alpha, lambda }: FalkonModel): Uint8Array {
  const text = new TextEncoder();
  const { dtype, shape } = centers;
  const header = text.encode(
    JSON.stringify({ kernel, lambda, dtype, shape, targets: alpha.shape[1] }),
  );
  const lead = new Uint8Array(4);
  new DataView(lead.buffer).setUint32(0, header.length, true);
  const parts = [text.encode(magic), lead, header, bytesOf(centers), bytesOf(alpha)];
  const result = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** The inverse. @throws FormatError for anything else. */
export function decodeFalkon(bytes: Uint8Array): FalkonModel {
  const text = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to));
  const at = magic.length + 4;
  if (text(0, magic.length) !== magic)
    throw new FormatError("decodeFalkon: bad header; is this another file?");
  const length =
    bytes.length < at
      ? 0
      : new DataView(bytes.buffer, bytes.byteOffset).getUint32(magic.length, true);
  if (bytes.length < at + length || length === 0)
    throw new FormatError(`decodeFalkon: ${bytes.length} bytes are too few; is it cut off?`);
  const header = JSON.parse(text(at, at + length)) as Header;
  const { kernel, lambda, dtype, shape, targets } = header;
  const size = (dtype === "float32" ? 4 : 8) * shape[0] * shape[1];
  const expected = at + length + size + 8 * shape[0] * targets;
  if (bytes.length !== expected)
    throw new FormatError(
      `decodeFalkon: ${bytes.length} bytes, expected ${expected}; is it cut off?`,
    );
  const data = bytes.slice(at + length).buffer;
  const centers =
    dtype === "float32"
      ? new Float32Array(data, 0, size / 4)
      : new Float64Array(data.slice(0, size));
  return {
    kernel,
    lambda,
    centers: hostArray(dtype, shape, centers),
    alpha: fromNumbers("float64", [shape[0], targets], new Float64Array(data.slice(size))),
  };
}

interface Header {
  readonly kernel: Kernel;
  readonly lambda: number;
  readonly dtype: Precision;
  readonly shape: readonly [number, number];
  readonly targets: number;
}

function bytesOf({ data }: HostArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
