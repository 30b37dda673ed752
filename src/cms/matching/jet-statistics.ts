import {
  createHistogram,
  createHistogram2d,
  emptyMoments,
  fillHistogram,
  fillHistogram2d,
  type Histogram,
  type Histogram2d,
  type Moments,
  mergeHistograms,
  mergeHistograms2d,
  mergeMoments,
  moments,
  uniformBins,
} from "../../stats/index.ts";
import { wrapPhi } from "../kinematics.ts";
import { type NumericArray, takeValues } from "../objects.ts";
import type { JetMatches, Jets } from "./jets.ts";

/** One line of the report's Table 5: counts of offline jets and sums of their pt in GeV. */
export interface MatchedFraction {
  readonly matched: number;
  readonly unmatched: number;
  readonly matchedPt: number;
  readonly unmatchedPt: number;
}

/** A quantity of matched and of unmatched offline jets. */
export interface MatchedHistograms {
  readonly matched: Histogram;
  readonly unmatched: Histogram;
}

/** What the report shows of its jet matching; `mergeJetStatistics` adds those of several files. */
export interface JetStatistics {
  readonly events: number;
  readonly level1Jets: number;
  readonly offlineJets: number;
  /** Level-1 jets with an offline partner: the rows of the dataset. */
  readonly matchedLevel1Jets: number;
  /** Table 5, first line. */
  readonly all: MatchedFraction;
  /** Table 5, second line: of offline jets with |eta| < 3, whatever the eta of the partner. */
  readonly central: MatchedFraction;
  /** Figure 6: azimuth in (-pi, pi], eta in [-5, 5], pt below 100 GeV, of the offline jets. */
  readonly phi: MatchedHistograms;
  readonly eta: MatchedHistograms;
  readonly pt: MatchedHistograms;
  /** Figure 7, of matched Level-1 jets: their pt, the matched pt, and both (x Level-1), GeV. */
  readonly level1Pt: Histogram;
  readonly matchedPt: Histogram;
  readonly matchedPtVersusLevel1: Histogram2d;
  /** Offline jets per matched Level-1 jet. */
  readonly multiplicity: Histogram;
  /** (Level-1 - matched) / matched pt, in [-2, 6], and its moments for the rms. */
  readonly residual: Histogram;
  readonly residualMoments: Moments;
}

const centralEta = 3;

/** Statistics of no event at all, the start of a merge. */
export function emptyJetStatistics(): JetStatistics {
  const [phi, eta, pt] = [
    uniformBins(72, -Math.PI, Math.PI),
    uniformBins(100, -5, 5),
    uniformBins(100, 0, 100),
  ];
  const both = (binning: typeof phi): MatchedHistograms => ({
    matched: createHistogram(binning),
    unmatched: createHistogram(binning),
  });
  const none = { matched: 0, unmatched: 0, matchedPt: 0, unmatchedPt: 0 };
  return {
    events: 0,
    level1Jets: 0,
    offlineJets: 0,
    matchedLevel1Jets: 0,
    all: none,
    central: none,
    phi: both(phi),
    eta: both(eta),
    pt: both(pt),
    level1Pt: createHistogram(pt),
    matchedPt: createHistogram(pt),
    matchedPtVersusLevel1: createHistogram2d(pt, pt),
    multiplicity: createHistogram(uniformBins(10, 0.5, 10.5)),
    residual: createHistogram(uniformBins(160, -2, 6)),
    residualMoments: emptyMoments,
  };
}

/** The statistics of matched jets; pt in GeV. */
export function jetStatistics(offline: Jets, level1: Jets, matches: JetMatches): JetStatistics {
  const { partner, multiplicity, matchedPt } = matches;
  const [matched, unmatched] = split(partner.length, (i) => partner[i] >= 0);
  const [used] = split(multiplicity.length, (j) => multiplicity[j] > 0);
  const fraction = (isIn: (i: number) => boolean): MatchedFraction => {
    const [a, b] = [matched.filter(isIn), unmatched.filter(isIn)];
    return {
      matched: a.length,
      unmatched: b.length,
      matchedPt: sumOf(offline.pt, a),
      unmatchedPt: sumOf(offline.pt, b),
    };
  };
  const statistics = emptyJetStatistics();
  const fillBoth = (h: MatchedHistograms, values: NumericArray) => {
    fillHistogram(h.matched, takeValues(values, matched));
    fillHistogram(h.unmatched, takeValues(values, unmatched));
  };
  fillBoth(statistics.phi, Float64Array.from(offline.phi, wrapPhi));
  fillBoth(statistics.eta, offline.eta);
  fillBoth(statistics.pt, offline.pt);
  const xs = takeValues(level1.pt, used);
  const ys = takeValues(matchedPt, used);
  const residual = ys.map((target, k) => xs[k] / target - 1);
  fillHistogram(statistics.level1Pt, xs);
  fillHistogram(statistics.matchedPt, ys);
  fillHistogram2d(statistics.matchedPtVersusLevel1, { xs, ys });
  fillHistogram(statistics.multiplicity, takeValues(multiplicity, used));
  fillHistogram(statistics.residual, residual);
  return {
    ...statistics,
    events: offline.offsets.length - 1,
    level1Jets: multiplicity.length,
    offlineJets: partner.length,
    matchedLevel1Jets: used.length,
    all: fraction(() => true),
    central: fraction((i) => Math.abs(offline.eta[i]) < centralEta),
    residualMoments: moments(residual),
  };
}

/** Statistics of two sets of events together. */
export function mergeJetStatistics(a: JetStatistics, b: JetStatistics): JetStatistics {
  const both = (x: MatchedHistograms, y: MatchedHistograms): MatchedHistograms => ({
    matched: mergeHistograms(x.matched, y.matched),
    unmatched: mergeHistograms(x.unmatched, y.unmatched),
  });
  return {
    events: a.events + b.events,
    level1Jets: a.level1Jets + b.level1Jets,
    offlineJets: a.offlineJets + b.offlineJets,
    matchedLevel1Jets: a.matchedLevel1Jets + b.matchedLevel1Jets,
    all: mergeMatchedFractions(a.all, b.all),
    central: mergeMatchedFractions(a.central, b.central),
    phi: both(a.phi, b.phi),
    eta: both(a.eta, b.eta),
    pt: both(a.pt, b.pt),
    level1Pt: mergeHistograms(a.level1Pt, b.level1Pt),
    matchedPt: mergeHistograms(a.matchedPt, b.matchedPt),
    matchedPtVersusLevel1: mergeHistograms2d(a.matchedPtVersusLevel1, b.matchedPtVersusLevel1),
    multiplicity: mergeHistograms(a.multiplicity, b.multiplicity),
    residual: mergeHistograms(a.residual, b.residual),
    residualMoments: mergeMoments(a.residualMoments, b.residualMoments),
  };
}

/** Matched share of the jets and of their pt, 0 to 1; NaN where there is no jet. */
export function matchedShare(line: MatchedFraction): { jets: number; pt: number } {
  return {
    jets: line.matched / (line.matched + line.unmatched),
    pt: line.matchedPt / (line.matchedPt + line.unmatchedPt),
  };
}

/** Jets of two sets of events together. */
export function mergeMatchedFractions(a: MatchedFraction, b: MatchedFraction): MatchedFraction {
  return {
    matched: a.matched + b.matched,
    unmatched: a.unmatched + b.unmatched,
    matchedPt: a.matchedPt + b.matchedPt,
    unmatchedPt: a.unmatchedPt + b.unmatchedPt,
  };
}

/** 0 ... n - 1, those for which `isFirst` holds and the others. */
function split(n: number, isFirst: (i: number) => boolean): [Uint32Array, Uint32Array] {
  const all = Uint32Array.from({ length: n }, (_, i) => i);
  return [all.filter(isFirst), all.filter((i) => !isFirst(i))];
}

function sumOf(values: NumericArray, rows: Uint32Array): number {
  let sum = 0;
  for (let k = 0; k < rows.length; k++) sum += values[rows[k]];
  return sum;
}
