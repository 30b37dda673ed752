import { significance } from "../../../stats/index.ts";
import { compareBins } from "./compare-bins.ts";
import { compareFeatures } from "./feature-sums.ts";
import type { Tallies } from "./tallies.ts";

/** A distribution compared with its reference; an alarm where p is small. */
export interface Alarm {
  /** Name of the bins: "histogram.muonPt", "map.muonMap", "occupancy.muons", "drift.muons". */
  readonly name: string;
  /** Chi-squared of bins, or Hotelling's test of the features of a kernel. */
  readonly kind: "chi2" | "kernel";
  readonly chiSquared: number;
  readonly degreesOfFreedom: number;
  /** p-value corrected for the number of tests and comparisons; 0 below what a double holds. */
  readonly p: number;
  /** The same in standard deviations; 0 from p = 1/2 on. */
  readonly significance: number;
  /** Length of the window compared, s; null for all of a run. */
  readonly windowSeconds: number | null;
}

/** When a comparison takes place. */
export interface ComparisonOptions {
  /** Null (default) for the one of all of a run. */
  readonly windowSeconds?: number | null;
  /** Comparisons that p is corrected for (default 1). */
  readonly comparisons?: number;
}

/** What is compared: everything with bins but those of the menu, which overlap. */
const isCompared = (name: string) => /^(histogram|map|occupancy|drift)\./.test(name);

/**
 * Compares the shape of all spectra, maps and features with a reference, the least likely first.
 * Holm's correction for the number of tests keeps the chance of any p at or below a level at that
 * level, however the tests depend on one another.
 * @see Holm, Scand. J. Stat. 6 (1979) 65
 */
export function compareTallies(
  data: Tallies,
  reference: Tallies,
  { windowSeconds = null, comparisons = 1 }: ComparisonOptions = {},
): Alarm[] {
  const names = Object.keys(data.bins).filter((name) => isCompared(name) && reference.bins[name]);
  const tests = names
    .map((name) => {
      const [own, other] = [data.bins[name], reference.bins[name]];
      if (name.startsWith("drift."))
        return { name, kind: "kernel" as const, ...compareFeatures(own, other) };
      const variance = occupancyVariance(name, [data, reference]);
      return { name, kind: "chi2" as const, ...compareBins(own, other, variance) };
    })
    .filter(({ degreesOfFreedom }) => degreesOfFreedom > 0)
    .sort((a, b) => a.logP - b.logP);
  let largest = -Infinity;
  return tests.map(({ logP, ...test }, i) => {
    const corrected = Math.min(0, logP + Math.log((tests.length - i) * comparisons));
    largest = Math.max(largest, corrected);
    return {
      ...test,
      ...{ p: Math.exp(largest), windowSeconds },
      significance: Math.max(0, significance(largest)),
    };
  });
}

/**
 * Variance of the number of objects at a bx over its mean, from one orbit to the next: objects of one
 * crossing are not independent, and all of them are in one bin. 1 for other bins.
 * @see Rao and Scott, Ann. Stat. 12 (1984) 46, for the chi-squared of clustered counts
 */
function occupancyVariance(name: string, sides: readonly Tallies[]): number {
  const kind = name.replace(/^occupancy\./, "");
  let [variance, mean] = [0, 0];
  for (const { bins, counts } of sides) {
    const [squares, orbits] = [counts[`squares.${kind}`], counts[`seen.${kind}`]];
    if (kind === name || squares === undefined || !(orbits > 0)) return 1;
    variance += squares;
    for (const n of bins[name]) {
      variance -= n ** 2 / orbits;
      mean += n;
    }
  }
  return variance > 0 && mean > 0 ? variance / mean : 1;
}

/** What departs: corrected p-values of at most `alarm`, the chance of any false alarm. */
export function findAlarms(data: Tallies, reference: Tallies, alarm: number): Alarm[] {
  return compareTallies(data, reference).filter(({ p }) => p <= alarm);
}
