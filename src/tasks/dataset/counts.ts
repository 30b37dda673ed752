import { type MatchedFraction, matchedShare, mergeMatchedFractions } from "../../cms/index.ts";

/** What was seen in some events; those of several files add up. */
export interface DatasetCounts {
  readonly events: number;
  /** Level-1 objects in the chosen crossing. */
  readonly l1Objects: number;
  /** Offline objects above the threshold. */
  readonly offlineObjects: number;
  /** Pairs. */
  readonly matched: number;
  /** Rows of the dataset: the pairs of muons, the matched Level-1 jets. */
  readonly rows: number;
  /** Muon pairs of equal charge; 0 for jets. */
  readonly chargesAgree: number;
  /** Offline jets, all and with |eta| < 3 (Losapio 2021, Table 5); zeros for muons. */
  readonly all: MatchedFraction;
  readonly central: MatchedFraction;
}

const noJets: MatchedFraction = { matched: 0, unmatched: 0, matchedPt: 0, unmatchedPt: 0 };

/** Counts of no event. */
export const noCounts: DatasetCounts = {
  events: 0,
  l1Objects: 0,
  offlineObjects: 0,
  matched: 0,
  rows: 0,
  chargesAgree: 0,
  all: noJets,
  central: noJets,
};

/** Counts of two sets of events together. */
export function addCounts(a: DatasetCounts, b: DatasetCounts): DatasetCounts {
  return {
    events: a.events + b.events,
    l1Objects: a.l1Objects + b.l1Objects,
    offlineObjects: a.offlineObjects + b.offlineObjects,
    matched: a.matched + b.matched,
    rows: a.rows + b.rows,
    chargesAgree: a.chargesAgree + b.chargesAgree,
    all: mergeMatchedFractions(a.all, b.all),
    central: mergeMatchedFractions(a.central, b.central),
  };
}

/** A line of the report's Table 5 with its two shares, 0 to 1. */
export interface Table5Line extends MatchedFraction {
  readonly fractionOfJets: number;
  readonly fractionOfPt: number;
}

/** The two lines of Table 5: without a cut and with |eta| < 3. */
export function table5({ all, central }: Pick<DatasetCounts, "all" | "central">): {
  all: Table5Line;
  central: Table5Line;
} {
  const line = (fraction: MatchedFraction): Table5Line => {
    const { jets, pt } = matchedShare(fraction);
    return { ...fraction, fractionOfJets: jets, fractionOfPt: pt };
  };
  return { all: line(all), central: line(central) };
}
