import { z } from "zod";
import { type Binning, binFinder, logBins, uniformBins } from "../../../stats/index.ts";

/** Settings of an axis. */
export const axisSettings = {
  bins: z.int().min(1).max(10_000).default(100).describe("number of bins"),
  low: z.number().describe("lower end, in the unit of the quantity"),
  high: z.number().describe("upper end, in the unit of the quantity"),
  log: z.boolean().default(false).describe("bins of equal width in the logarithm"),
};

/** An axis as configured. */
export interface Axis {
  readonly bins: number;
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
}

/** Its bins. */
export function binningOf({ bins, low, high, log }: Axis): Binning {
  return (log ? logBins : uniformBins)(bins, low, high);
}

/** Finds the bins of values [n], in memory that the next call uses again. */
export function axisFinder(axis: Axis): (values: Float64Array, n: number) => Int32Array {
  const find = binFinder(binningOf(axis));
  let found = new Int32Array(0);
  return (values, n) => {
    if (found.length < n) found = new Int32Array(2 * n);
    find(values, n, found);
    return found;
  };
}
