import { ShapeError } from "../../base/errors.ts";
import { float32, type HostArray } from "../../base/host-array.ts";
import type { FloatNetwork } from "../network.ts";
import type { InputLane } from "./dense-chain.ts";
import type { TrainingRows } from "./train-options.ts";

/** Columns for `fit`. @throws ShapeError where x does not fit the network. */
export function columnsFor({ x, y, weight }: TrainingRows, network: FloatNetwork) {
  const [{ labels }] = network.inputs;
  if (x.dtype !== "float32" || x.shape.length !== 2 || x.shape[1] !== labels.length)
    throw new ShapeError(
      `quantized training: x must be float32 [rows, ${labels.length}] (${labels.join(", ")}), got ${x.dtype} [${x.shape.join(", ")}]`,
    );
  return { x, y, ...(weight ? { weight } : {}) };
}

/** The first rows of float32 [rows, width], as a view. */
export function firstRows({ shape: [rows, width], data }: HostArray, most: number): HostArray {
  const n = Math.min(rows, most);
  return float32((data as Float32Array).subarray(0, n * width), [n, width]);
}

/** Ranges by the network where it says them, else by the data. */
export function inputLanes(
  { inputs: [input] }: FloatNetwork,
  lanes: readonly number[],
  { data, shape: [rows, width] }: HostArray,
): (InputLane & { readonly lane: number })[] {
  return lanes.map((lane) => {
    const range = input.ranges[lane];
    let [lo, hi] = range ?? [Infinity, -Infinity];
    for (let row = 0; !range && row < rows; row++) {
      const value = data[row * width + lane] as number;
      lo = Math.min(lo, value);
      hi = Math.max(hi, value);
    }
    return { lane, lo, hi, isInteger: input.isInteger[lane] };
  });
}
