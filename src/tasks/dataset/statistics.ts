import { emptyJetStatistics, type JetStatistics, mergeJetStatistics } from "../../cms/index.ts";
import {
  createHistogram,
  fillHistogram,
  type Histogram,
  mergeHistograms,
  uniformBins,
} from "../../stats/index.ts";

/** Distributions of matched objects, mergeable over events. */
export interface MatchStatistics {
  /** Distance of the pairs. */
  readonly deltaR: Histogram;
  /** Level-1 over offline pt of the pairs. */
  readonly ratio: Histogram;
  /** What the report's Figures 6 and 7 show; null for muons. */
  readonly jets: JetStatistics | null;
}

/** Of no event; pairs are closer than `maxDeltaR`. */
export function noStatistics(object: "muons" | "jets", maxDeltaR: number): MatchStatistics {
  return {
    deltaR: createHistogram(uniformBins(40, 0, maxDeltaR)),
    ratio: createHistogram(uniformBins(60, 0, 3)),
    jets: object === "jets" ? emptyJetStatistics() : null,
  };
}

/** With the pairs of more events. */
export function addStatistics(
  sum: MatchStatistics,
  more: {
    readonly deltaR: ArrayLike<number>;
    readonly ratios: ArrayLike<number>;
    readonly jets?: JetStatistics;
  },
): MatchStatistics {
  fillHistogram(sum.deltaR, more.deltaR);
  fillHistogram(sum.ratio, more.ratios);
  return {
    ...sum,
    jets: sum.jets && more.jets ? mergeJetStatistics(sum.jets, more.jets) : sum.jets,
  };
}

/** Those of two sets of events together. */
export function mergeStatistics(a: MatchStatistics, b: MatchStatistics): MatchStatistics {
  return {
    deltaR: mergeHistograms(a.deltaR, b.deltaR),
    ratio: mergeHistograms(a.ratio, b.ratio),
    jets: a.jets && b.jets ? mergeJetStatistics(a.jets, b.jets) : null,
  };
}
