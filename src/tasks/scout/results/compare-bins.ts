import { logChiSquaredTail } from "../../../stats/index.ts";

/** A chi-squared with its p-value. */
export interface BinComparison {
  readonly chiSquared: number;
  /** 0 where there is nothing to compare. */
  readonly degreesOfFreedom: number;
  readonly logP: number;
}

/**
 * Independent entries that the smaller of two histograms must be expected to have in a bin; bins next
 * to one another are joined. With fewer, large chi-squareds come more often than they should.
 */
export const leastExpected = 12.5;

/**
 * The chi-squared that two histograms are of one shape, whatever their totals N and M:
 * sum of (sqrt(M / N) n - sqrt(N / M) m)^2 / (n + m), with one degree of freedom less than bins.
 * @param variance - of a bin over that of independent entries: 2 where they come in twos.
 * @see Gagunashvili, arXiv:physics/0605123, for unweighted histograms
 */
export function compareBins(
  data: ArrayLike<number>,
  reference: ArrayLike<number>,
  variance = 1,
): BinComparison {
  const [allN, allM] = [sumOf(data), sumOf(reference)];
  const leastEntries =
    (leastExpected * Math.max(1, variance) * (allN + allM)) / Math.min(allN, allM);
  const joined: [number, number][] = [];
  let [n, m] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    n += data[i];
    m += reference[i];
    if (n + m < leastEntries) continue;
    joined.push([n, m]);
    [n, m] = [0, 0];
  }
  const last = joined.at(-1);
  if (last) {
    last[0] += n;
    last[1] += m;
  }
  const totalN = joined.reduce((sum, [a]) => sum + a, 0);
  const totalM = joined.reduce((sum, [, b]) => sum + b, 0);
  if (!(totalN > 0 && totalM > 0)) return { chiSquared: 0, degreesOfFreedom: 0, logP: 0 };
  const [toN, toM] = [Math.sqrt(totalM / totalN), Math.sqrt(totalN / totalM)];
  const sum = joined.reduce((all, [a, b]) => all + (toN * a - toM * b) ** 2 / (a + b), 0);
  const chiSquared = sum / variance;
  const degreesOfFreedom = joined.length - 1;
  const logP = degreesOfFreedom > 0 ? logChiSquaredTail(chiSquared, degreesOfFreedom) : 0;
  return { chiSquared, degreesOfFreedom, logP };
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}
