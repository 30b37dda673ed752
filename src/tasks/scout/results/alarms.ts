import { logChiSquaredTail, significance } from "../../../stats/index.ts";
import type { Tallies } from "./tallies.ts";

/** A spectrum or map that departs from its reference. */
export interface Alarm {
  /** Name of the bins: "histogram.muonPt", "map.muonMap", "occupancy.muons". */
  readonly name: string;
  readonly chiSquared: number;
  readonly degreesOfFreedom: number;
  /** p-value corrected for the number of tests; 0 below what a double holds. */
  readonly p: number;
  /** The same in standard deviations. */
  readonly significance: number;
}

/** What is compared: everything with bins but those of the menu, which overlap. */
const isCompared = (name: string) => /^(histogram|map|occupancy)\./.test(name);

/** Entries that a bin must have in both together; bins next to one another are joined. */
const leastEntries = 25;

/**
 * Compares the shape of all spectra and maps with a reference, and gives those with a corrected
 * p-value of at most `alarm`. Holm's correction keeps the chance of any false alarm at `alarm`,
 * however the tests depend on one another.
 * @see Holm, Scand. J. Stat. 6 (1979) 65
 */
export function findAlarms(data: Tallies, reference: Tallies, alarm: number): Alarm[] {
  const names = Object.keys(data.bins).filter((name) => isCompared(name) && reference.bins[name]);
  const tests = names
    .map((name) => ({ name, ...compareBins(data.bins[name], reference.bins[name]) }))
    .filter(({ degreesOfFreedom }) => degreesOfFreedom > 0)
    .sort((a, b) => a.logP - b.logP);
  const alarms: Alarm[] = [];
  for (const [i, { logP, ...test }] of tests.entries()) {
    const corrected = Math.min(0, logP + Math.log(tests.length - i));
    if (corrected > Math.log(alarm)) break;
    alarms.push({ ...test, p: Math.exp(corrected), significance: significance(corrected) });
  }
  return alarms;
}

/**
 * The chi-squared that two histograms are of one shape, whatever their totals N and M:
 * sum of (sqrt(M / N) n - sqrt(N / M) m)^2 / (n + m), with one degree of freedom less than bins.
 * @see Gagunashvili, arXiv:physics/0605123, for unweighted histograms
 */
export function compareBins(
  data: ArrayLike<number>,
  reference: ArrayLike<number>,
): Pick<Alarm, "chiSquared" | "degreesOfFreedom"> & { readonly logP: number } {
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
  const chiSquared = joined.reduce((sum, [a, b]) => sum + (toN * a - toM * b) ** 2 / (a + b), 0);
  const degreesOfFreedom = joined.length - 1;
  const logP = degreesOfFreedom > 0 ? logChiSquaredTail(chiSquared, degreesOfFreedom) : 0;
  return { chiSquared, degreesOfFreedom, logP };
}
