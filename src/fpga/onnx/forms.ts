import type { FixedFormat } from "../format.ts";
import type { FloatReduce } from "../network.ts";
import { argmaxOf } from "./functions.ts";
import { constantLane, isConstantLane, type Lane } from "./lanes.ts";

/**
 * Whether the products of a matrix with sums would be more as one matrix over the sums' atoms than
 * with the sums computed first.
 */
export function isLargerMerged(
  lanes: readonly Lane[],
  weights: Float64Array,
  rows: number,
): boolean {
  const columns = lanes.length;
  let merged = 0;
  let apart = 0;
  for (const lane of new Set(lanes)) if (lane.atoms.length > 1) apart += lane.atoms.length;
  for (let r = 0; r < rows; r++) {
    const read = lanes.filter((_, j) => weights[r * columns + j] !== 0);
    merged += new Set(read.flatMap((lane) => lane.atoms)).size;
    apart += read.filter((lane) => !isConstantLane(lane)).length;
  }
  return merged > apart;
}

/** weights · lanes + bias as forms over the lanes' atoms. */
export function combine(
  lanes: readonly Lane[],
  weights: Float64Array,
  bias: Float64Array,
  layer: string,
): Lane[] {
  const atoms = [...new Set(lanes.flatMap((lane) => lane.atoms))].sort((a, b) => a - b);
  const column = new Map(atoms.map((a, i) => [a, i]));
  return Array.from(bias, (start, r) => {
    const sums = new Float64Array(atoms.length);
    let offset = start;
    lanes.forEach((lane, j) => {
      const w = weights[r * lanes.length + j];
      offset += w * lane.offset;
      lane.atoms.forEach((a, i) => {
        sums[column.get(a)!] += w * lane.coefs[i];
      });
    });
    const kept = atoms.filter((_, i) => sums[i] !== 0);
    const coefs = kept.map((a) => sums[column.get(a)!]);
    return { atoms: kept, coefs, offset, made: null, layer };
  });
}

/** True for a lane that is always 0. */
export const isZero = (lane: Lane) => isConstantLane(lane) && lane.offset === 0;

/** One format where all are equal. */
export function oneOrAll(formats: readonly FixedFormat[]): readonly FixedFormat[] {
  const text = JSON.stringify(formats[0]);
  return formats.every((format) => JSON.stringify(format) === text) ? [formats[0]] : formats;
}

/** Scales and offsets of columns moved into weights and bias, where each column has one. */
export function foldColumns(
  grid: readonly (readonly Lane[])[],
  weights: Float64Array,
  bias: Float64Array,
): { weights: Float64Array; bias: Float64Array } | null {
  const columns = grid[0].length;
  const scaled = weights.slice();
  const shifted = bias.slice();
  for (let j = 0; j < columns; j++) {
    const lanes = grid.map((row) => row[j]);
    const model = lanes.find((lane) => !isZero(lane));
    if (!model) continue;
    const fits = lanes.every((lane) =>
      isZero(lane)
        ? model.offset === 0
        : lane.atoms.length === 1 &&
          lane.coefs[0] === model.coefs[0] &&
          lane.offset === model.offset,
    );
    if (!fits) return null;
    for (let r = 0; r < bias.length; r++) {
      shifted[r] += weights[r * columns + j] * model.offset;
      scaled[r * columns + j] *= model.coefs[0];
    }
  }
  return { weights: scaled, bias: shifted };
}

/** A reduction of lanes that never change. */
export function reduceConstants(
  lanes: readonly Lane[],
  op: FloatReduce["op"],
  layer: string,
): Lane[] {
  const values = lanes.map((lane) => lane.offset);
  const best = argmaxOf(values, 0, values.length);
  if (op === "argmax") return [constantLane(best, layer)];
  if (op === "max") return [constantLane(values[best], layer)];
  const powers = values.map((v) => Math.exp(v - values[best]));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((v) => constantLane(v / sum, layer));
}

/** Equal lists of numbers. */
export const same = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((v, i) => v === b[i]);
