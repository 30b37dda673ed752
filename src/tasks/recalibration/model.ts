import { float32, fromNumbers, type HostArray } from "../../base/host-array.ts";
import type { Tensor } from "../../graph/index.ts";
import { activation, batchNorm, dense, type Layer, sequential } from "../../nn/index.ts";
import { constant, mul, relu, reshape, split, sub } from "../../ops/index.ts";
import { moments } from "../../stats/index.ts";
import type { Objective } from "./objectives.ts";
import { quantityText } from "./quantities.ts";
import type { ObjectSource } from "./sources.ts";

/**
 * The report's network: blocks of dense, batch norm and ReLU, then a dense layer to the outputs.
 * The dense layers of blocks have no bias, since batch norm brings its own shift.
 * @param shape - "128x4": neurons per hidden layer x hidden layers.
 */
export function network(shape: string, inputs: number, outputs: number): Layer {
  const [width, depth] = shape.split("x").map(Number);
  const blocks = Array.from({ length: depth }, (_, i) => [
    dense(i === 0 ? inputs : width, width, { bias: false }),
    batchNorm(width, { momentum: 0.9 }),
    activation(relu),
  ]);
  return sequential(...blocks.flat(), dense(width, outputs));
}

/** x' = (x - offset) scale per feature. */
export interface FeatureScale {
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}

/** Features from the model's input [batch, columns], scaled where a scale is given. */
export function featureGraph(source: ObjectSource, objects: Tensor, scale?: FeatureScale): Tensor {
  const { x } = source.features(columnsOf(source, objects));
  if (!scale) return x;
  const row = (values: readonly number[]) =>
    constant(fromNumbers("float32", [1, values.length], values));
  return mul(sub(x, row(scale.offset)), row(scale.scale));
}

/** Calibrated quantities [batch] by output name, from the network's output [batch, quantities]. */
export function outputGraph(
  source: ObjectSource,
  objects: Tensor,
  output: Tensor,
  objectives: readonly Objective[],
): Record<string, Tensor> {
  const level1 = source.level1Graph(columnsOf(source, objects));
  const outputs = split(
    output,
    objectives.map(() => 1),
    1,
  );
  return Object.fromEntries(
    objectives.map((objective, i) => {
      const calibrated = objective.decode(outputs[i], level1[objective.quantity] as Tensor);
      return [quantityText[objective.quantity].output, reshape(calibrated, ["batch"])];
    }),
  );
}

function columnsOf(source: ObjectSource, objects: Tensor): Record<string, Tensor> {
  const pieces = split(
    objects,
    source.inputs.map(() => 1),
    1,
  );
  return Object.fromEntries(source.inputs.map(({ name }, i) => [name, pieces[i]]));
}

/**
 * Scales features over the training rows, to [0, 1] or to mean 0 and deviation 1; one that never
 * varies there becomes 0.
 * @param features - [rows, names].
 */
export function featureScale(
  features: HostArray,
  rows: Uint32Array,
  kind: ObjectSource["scaling"],
): FeatureScale {
  const [, width] = features.shape;
  const columns = Array.from({ length: width }, (_, j) => {
    const values = Float64Array.from(rows, (row) => Number(features.data[row * width + j]));
    if (kind === "unit") {
      const low = values.reduce((a, b) => Math.min(a, b));
      return { offset: low, spread: values.reduce((a, b) => Math.max(a, b)) - low };
    }
    const { mean, m2, n } = moments(values);
    return { offset: mean, spread: Math.sqrt(m2 / n) };
  });
  return {
    offset: columns.map((c) => c.offset),
    scale: columns.map(({ spread }) => (spread > 1e-6 ? 1 / spread : 0)),
  };
}

/** (x - offset) scale of some rows of a matrix [rows, features]. */
export function scaledRows(features: HostArray, scale: FeatureScale, rows: Uint32Array): HostArray {
  const [, width] = features.shape;
  const data = features.data as Float32Array;
  const result = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    for (let j = 0; j < width; j++)
      result[i * width + j] = (data[row * width + j] - scale.offset[j]) * scale.scale[j];
  });
  return float32(result, [rows.length, width]);
}
