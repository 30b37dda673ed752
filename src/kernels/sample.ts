import { type HostArray, hostArray } from "../base/host-array.ts";
import type { Rng } from "../base/rng.ts";
import { type Precision, type RowSource, readBlock } from "./rows.ts";

/**
 * Distinct row numbers below n, ascending (Floyd 1987).
 * @param count - at most n.
 */
export function sampleRows(n: number, count: number, rng: Rng): Float64Array {
  const chosen = new Set<number>();
  for (let j = n - count; j < n; j++) {
    const pick = rng.integer(j + 1);
    chosen.add(chosen.has(pick) ? j : pick);
  }
  return Float64Array.from(chosen).sort();
}

/** Some rows of a source, x, y and weights, in ascending order of their numbers. */
export interface Sample {
  readonly rows: number;
  readonly x: HostArray;
  readonly y: HostArray;
  readonly weight: HostArray | null;
}

/** Reads the rows with the given ascending numbers, block by block. */
export async function gatherSample(
  source: RowSource,
  numbers: Float64Array,
  precision: Precision,
): Promise<Sample> {
  const { features, targets, isWeighted } = source;
  const empty = (size: number) =>
    precision === "float32" ? new Float32Array(size) : new Float64Array(size);
  const count = numbers.length;
  const [x, y, weight] = [empty(count * features), empty(count * targets), empty(count)];
  const blockRows = 65536;
  for (let k = 0; k < count; ) {
    const start = Math.floor(numbers[k] / blockRows) * blockRows;
    const size = Math.min(blockRows, source.rows - start);
    const block = await readBlock(source, start, size, precision);
    for (; k < count && numbers[k] < start + size; k++) {
      const row = numbers[k] - start;
      x.set(
        block.x.data.subarray(row * features, (row + 1) * features) as Float32Array,
        k * features,
      );
      y.set(block.y.data.subarray(row * targets, (row + 1) * targets) as Float32Array, k * targets);
      if (block.weight) weight[k] = block.weight.data[row] as number;
    }
  }
  return {
    rows: count,
    x: hostArray(precision, [count, features], x),
    y: hostArray(precision, [count, targets], y),
    weight: isWeighted ? hostArray(precision, [count], weight) : null,
  };
}
