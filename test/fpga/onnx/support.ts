import { expect } from "vitest";
import { float32, type HostArray, toNumbers } from "../../../src/base/host-array.ts";
import { createRng, type Rng } from "../../../src/base/rng.ts";
import type { FloatNetwork } from "../../../src/fpga/network.ts";
import { evaluateNetwork, type ImportOptions, importOnnx } from "../../../src/fpga/onnx/index.ts";
import {
  calibrate,
  compareWithFloat,
  lowerNetwork,
  planUniform,
} from "../../../src/fpga/quantize/index.ts";
import { decodeModel, Emitter, encodeModel, type ModelProto } from "../../../src/onnx/index.ts";
import { createNodeRuntime } from "../../../src/runtime/index.ts";

export const runtime = createNodeRuntime({ threads: 1 });

type Shape = readonly (number | string)[];

/** A model of one input and the outputs that `build` names. */
export function handmade(
  inputShape: Shape,
  build: (emit: Emitter, x: string) => Readonly<Record<string, string>>,
  metadata: Readonly<Record<string, string>> = {},
): ModelProto {
  const emit = new Emitter();
  const x = emit.reserve("x");
  const outputs = build(emit, x);
  for (const [name, from] of Object.entries(outputs)) {
    emit.reserve(name);
    emit.output(from, name);
  }
  const value = (name: string, shape: Shape) => ({ name, dtype: "float32" as const, shape });
  const names = Object.keys(outputs);
  const model = emit.finish(
    "test",
    [value(x, inputShape)],
    names.map((name) => value(name, [])),
    metadata,
  );
  const output = model.graph.output.map((info) => ({
    ...info,
    type: { tensorType: { elemType: 1 } },
  }));
  return decodeModel(encodeModel({ ...model, graph: { ...model.graph, output } }));
}

/** Random numbers of a shape as an initializer. */
export const weights = (emit: Emitter, rng: Rng, shape: readonly number[], name?: string): string =>
  emit.constant(normals(rng, shape), name);

export function normals(rng: Rng, shape: readonly number[], scale = 1): HostArray {
  const size = shape.reduce((n, d) => n * d, 1);
  return float32(
    Array.from({ length: size }, () => scale * rng.normal()),
    shape,
  );
}

export interface Against extends ImportOptions {
  readonly rows?: number;
  /** Inputs of the model by name, [rows, lanes]; default normal numbers. */
  readonly inputs?: Readonly<Record<string, Float64Array>>;
  readonly tolerance?: number;
  /** Outputs that are angles on a circle of this length. */
  readonly periods?: Readonly<Record<string, number>>;
}

/** Imports a model and checks every output against ONNX Runtime, relative to the largest value. */
export async function expectSameAsRuntime(model: ModelProto, options: Against = {}) {
  const { tolerance = 2e-6, units = {}, periods = {} } = options;
  const network = importOnnx(model, options);
  const isFree = model.graph.input.some((info) =>
    info.type.tensorType.shape?.dim.some((d) => d.dimParam),
  );
  const rows = options.rows ?? (isFree ? 33 : 1);
  const rng = createRng(7);
  const inputs: Record<string, Float64Array> = { ...options.inputs };
  const feeds: Record<string, HostArray> = {};
  for (const { name, type } of model.graph.input) {
    const shape = type.tensorType.shape!.dim.map((d) => d.dimValue ?? rows);
    const size = shape.reduce((n, d) => n * d, 1);
    inputs[name] ??= Float64Array.from({ length: size }, () => Math.fround(rng.normal()));
    const axis = type.tensorType.shape!.dim.findIndex((d) => d.dimParam);
    feeds[name] = float32(axis > 0 ? transposed(inputs[name], rows) : inputs[name], shape);
  }
  const given = evaluateNetwork(network, inputs);
  const session = await runtime.load(encodeModel(model));
  const expected = await session.run(feeds);
  await session.dispose();
  for (const { name } of network.outputs) {
    const y = toNumbers(expected[name]);
    const unit = units[name] ?? 1;
    const scale = y.reduce((a, v) => Math.max(a, Math.abs(v)), 1);
    const period = periods[name] ?? Number.POSITIVE_INFINITY;
    expect(given[name].length, name).toBe(y.length);
    let worst = 0;
    given[name].forEach((v, i) => {
      const difference = Math.abs(v * unit - y[i]);
      worst = Math.max(worst, Math.min(difference, Math.abs(period - difference)));
    });
    expect(worst / scale, name).toBeLessThan(tolerance);
  }
  return network;
}

/** [rows, lanes] as [lanes, rows]. */
function transposed(values: Float64Array, rows: number): Float64Array {
  const lanes = values.length / rows;
  return values.map((_, i) => values[(i % rows) * lanes + Math.floor(i / rows)]);
}

/** What a network consists of, one word a node. */
export const shapeOf = (network: { readonly nodes: readonly { readonly op: string }[] }): string =>
  network.nodes.map((node) => ("kind" in node ? String(node.kind) : node.op)).join(" ");

/**
 * Numbers from -2 to 2 for every input, [rows, lanes]; `low` 0 for pixels. Multiples of 2^-10, which
 * ports of 16 bits hold exactly.
 */
export function sample(network: FloatNetwork, rows = 256, low = -2): Record<string, Float64Array> {
  const rng = createRng(11);
  return Object.fromEntries(
    network.inputs.map(({ name, labels }) => [
      name,
      Float64Array.from(
        { length: rows * labels.length },
        () => Math.floor((low + (2 - low) * rng.uniform()) * 1024) / 1024,
      ),
    ]),
  );
}

/** Writes a network in 16 bits everywhere and checks that every output stays near the float one. */
export function expectFixed(
  network: FloatNetwork,
  inputs: Readonly<Record<string, Float64Array>> = sample(network),
  tolerance = 4e-3,
) {
  const plan = planUniform(network, calibrate(network, inputs), { bits: 16, tableBits: 12 });
  const program = lowerNetwork(network, plan);
  for (const { name, rms, spread } of compareWithFloat(network, program, inputs)) {
    expect(spread, name).toBeGreaterThan(0);
    expect(rms / spread, name).toBeLessThan(tolerance);
  }
  return program;
}

/** A number as a constant. */
export const number = (emit: Emitter, value: number) => emit.constant(float32([value], []));

/** Settings of a QONNX quantizer. */
export interface Quant {
  readonly scale?: number;
  readonly bits?: number;
  readonly signed?: number;
  readonly narrow?: number;
  readonly mode?: string;
}

const domain = "qonnx.custom_op.general";

/** Writes a QONNX quantizer. */
export function quant(emit: Emitter, x: string, q: Quant = {}, type = "Quant"): string {
  const { scale = 0.25, bits = 4, signed = 1, narrow = 0, mode = "ROUND" } = q;
  const inputs = [x, number(emit, scale), number(emit, 0), number(emit, bits)];
  return emit.node(type, inputs, { signed, narrow, rounding_mode: mode }, domain);
}

/** Quant by its definition: clamp, then round. */
export function quantOf(
  x: number,
  { scale = 0.25, bits = 4, signed = 1, narrow = 0, mode = "ROUND" }: Quant = {},
) {
  const top = 2 ** (bits - signed) - 1;
  const bottom = signed ? -top - 1 + narrow : 0;
  const y = Math.min(Math.max(x / scale, bottom), top);
  const away = Math.sign(y) * Math.floor(Math.abs(y) + 0.5);
  const rounds: Record<string, () => number> = {
    ROUND: () => (Math.abs(y % 1) === 0.5 ? 2 * Math.round(y / 2) : Math.round(y)),
    FLOOR: () => Math.floor(y),
    DOWN: () => Math.trunc(y),
    HALF_UP: () => away,
    HALF_DOWN: () => Math.sign(y) * Math.ceil(Math.abs(y) - 0.5),
  };
  return rounds[mode]() * scale + 0;
}
