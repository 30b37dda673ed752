import { ConfigError } from "../base/errors.ts";
import { type HostArray, zerosHost } from "../base/host-array.ts";
import { compile } from "../compile/index.ts";
import type { Tensor } from "../graph/index.ts";
import { constant, input } from "../ops/index.ts";
import type { LoadOptions, Runtime } from "../runtime/index.ts";
import { type Data, rowsOf } from "./batches.ts";
import { foldBatchNorm, type Layer, type Variables } from "./layer.ts";
import type { Columns } from "./train-step.ts";
import { mapTree } from "./tree.ts";

export interface ExportSpec {
  /** Name of the graph in the file. Default "model". */
  readonly name?: string;
  readonly model: Layer;
  readonly variables: Variables;
  /** Inputs, each [batch, ...shape] with a free batch size; one named `x` needs no `before`. */
  readonly inputs: Columns;
  /** Makes the network's input from the model's inputs: scaling, features. Default: input `x`. */
  readonly before?: (inputs: Readonly<Record<string, Tensor>>) => Tensor;
  /** Makes the model's outputs from the network's. Default: output `y`. */
  readonly after?: (
    y: Tensor,
    inputs: Readonly<Record<string, Tensor>>,
  ) => Readonly<Record<string, Tensor>>;
  /** Provenance, units, anything as text. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * A trained network as ONNX: inference form, batch norm folded, batch size free, parameters named
 * by their paths, everything before and after the network inside.
 */
export function exportModel(spec: ExportSpec): Uint8Array {
  const { layer, variables } = foldBatchNorm(spec.model, spec.variables);
  const inputs = Object.fromEntries(
    Object.entries(spec.inputs).map(([name, { dtype, shape }]) => [
      name,
      input(name, dtype, ["batch", ...shape]),
    ]),
  );
  const constants = {
    params: mapTree(variables.params, (value, path) => constant(value, "float32", path)),
    state: mapTree(variables.state, (value, path) => constant(value, "float32", path)),
  };
  if (!spec.before && !inputs.x)
    throw new ConfigError(
      `exportModel: no input "x" among ${Object.keys(inputs).join(", ")}; give "before"`,
    );
  const x = spec.before ? spec.before(inputs) : inputs.x;
  const { y } = layer.apply(constants, x, { training: false, seed: null });
  return compile({
    name: spec.name ?? "model",
    outputs: spec.after ? spec.after(y, inputs) : { y },
    inputs: Object.values(inputs),
    ...(spec.metadata ? { metadata: spec.metadata } : {}),
  });
}

/** A loaded model over whole columns. */
export interface Predictor {
  /**
   * Outputs of all rows, computed in blocks.
   * @param into - where to write them, [rows, ...] each; only these are computed. A loop that gives
   *   views of the same memory allocates none.
   */
  predict(data: Data, into?: Data): Promise<Data>;
  dispose(): Promise<void>;
}

/**
 * Loads an exported model whose outputs are [batch, ...].
 * @param blockRows - rows per run. Default 16384.
 */
export async function createPredictor(
  runtime: Runtime,
  model: Uint8Array,
  { blockRows = 16384, ...options }: LoadOptions & { readonly blockRows?: number } = {},
): Promise<Predictor> {
  const session = await runtime.load(model, options);
  return {
    async predict(data, into) {
      const used = Object.fromEntries(
        session.inputs.flatMap(({ name }) => (data[name] ? [[name, data[name]]] : [])),
      );
      const rows = rowsOf("predict", { ...used, ...into });
      const results: Record<string, HostArray> = {};
      const step = Math.ceil(rows / Math.ceil(rows / blockRows)); // blocks of one size
      for (let start = 0; start < rows; start += step) {
        const count = Math.min(step, rows - start);
        const feeds = rowSlice(used, start, count);
        if (into) {
          await session.run(feeds, rowSlice(into, start, count));
          continue;
        }
        const block = await session.run(feeds);
        for (const [name, part] of Object.entries(block)) {
          const [count, ...shape] = part.shape;
          results[name] ??= zerosHost(part.dtype, [rows, ...shape]);
          const width = part.data.length / count;
          (results[name].data as Float32Array).set(part.data as Float32Array, start * width);
        }
      }
      return into ?? results;
    },
    dispose: () => session.dispose(),
  };
}

/** Rows as views, without copying. */
function rowSlice(data: Data, start: number, count: number): Data {
  return Object.fromEntries(
    Object.entries(data).map(([name, { dtype, shape, data: values }]) => {
      const width = values.length / shape[0];
      return [
        name,
        {
          dtype,
          shape: [count, ...shape.slice(1)],
          data: values.subarray(start * width, (start + count) * width),
        },
      ];
    }),
  );
}
