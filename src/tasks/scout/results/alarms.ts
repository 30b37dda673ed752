import { significance } from "../../../stats/index.ts";
import { type BinComparison, compareBins } from "./compare-bins.ts";
import { compareEfficiencies, type PassedBins } from "./compare-efficiencies.ts";
import { compareFeatures } from "./feature-sums.ts";
import { occupancyVariance } from "./occupancy-variance.ts";
import type { Tallies } from "./tallies.ts";

/** A distribution compared with its reference; an alarm where p is small. */
export interface Alarm {
  /** Name of the bins: "histogram.muonPt", "map.muonMap", "occupancy.muons", "drift.muons", "turnOn.mu22". */
  readonly name: string;
  /** Chi-squared of bins, Hotelling's test of the features of a kernel, or likelihood ratio of efficiencies. */
  readonly kind: "chi2" | "kernel" | "efficiency";
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

/** A comparison with the reference before any correction. */
type UncorrectedTest = Pick<Alarm, "name" | "kind"> & BinComparison;

/** What is compared in shape: not the bins of the menu, which overlap. */
const isCompared = (name: string) => /^(histogram|map|occupancy)\./.test(name);

const passedBins = (bins: Tallies["bins"], turnOn: string): PassedBins => ({
  passed: bins[`${turnOn}.passed`],
  total: bins[`${turnOn}.all`],
});

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
  const names = Object.keys(data.bins).filter((name) => reference.bins[name]);
  const tests = names
    .flatMap((name): UncorrectedTest[] => {
      const [own, other] = [data.bins[name], reference.bins[name]];
      if (name.startsWith("drift."))
        return [{ name, kind: "kernel", ...compareFeatures(own, other) }];
      const turnOn = name.match(/^(turnOn\..*)\.passed$/)?.[1];
      if (turnOn !== undefined) {
        const [here, there] = [data, reference].map(({ bins }) => passedBins(bins, turnOn));
        return [{ name: turnOn, kind: "efficiency", ...compareEfficiencies(here, there) }];
      }
      if (!isCompared(name)) return [];
      const variance = varianceOf(name, [data, reference]);
      return [{ name, kind: "chi2", ...compareBins(own, other, variance) }];
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

/** Of objects of one crossing, which are in one bin of an occupancy; 1 for other bins. */
function varianceOf(name: string, sides: readonly Tallies[]): number {
  const [prefix, kind] = name.split(".");
  if (prefix !== "occupancy") return 1;
  return occupancyVariance(
    sides.map(({ bins, counts }) => ({
      ...{ counts: bins[name], squares: counts[`squares.${kind}`], orbits: counts[`seen.${kind}`] },
    })),
  );
}

/** What departs: corrected p-values of at most `alarm`, the chance of any false alarm. */
export function findAlarms(data: Tallies, reference: Tallies, alarm: number): Alarm[] {
  return compareTallies(data, reference).filter(({ p }) => p <= alarm);
}
