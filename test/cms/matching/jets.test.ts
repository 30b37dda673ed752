import { expect, test } from "vitest";
import {
  emptyJetStatistics,
  jetStatistics,
  matchedShare,
  mergeJetStatistics,
} from "../../../src/cms/matching/jet-statistics.ts";
import { type Jets, matchJets } from "../../../src/cms/matching/jets.ts";
import { binContents, binContents2d, type Histogram } from "../../../src/stats/index.ts";
import { jetsOf, randomEvents } from "./collections.ts";

// Event 0: two offline jets share a Level-1 jet, one is forward and alone. Event 1: a clean pair.
const offline = jetsOf([
  [
    [0, 3.1, 20],
    [0.2, -3.1, 10],
    [4, 0, 15],
  ],
  [[-3.2, 1, 40]],
]);
const level1 = jetsOf([
  [
    [0.1, Math.PI, 33],
    [1.5, 0, 8],
  ],
  [[-3, 1, 30]],
]);
const total = (h: Histogram) => h.sumW.reduce((a, b) => a + b);

test("several offline jets share the nearest Level-1 jet, whose target is their summed pt", () => {
  const matches = matchJets(offline, level1);
  expect(matches.partner).toEqual(Int32Array.of(0, 0, -1, 2));
  expect(matches.multiplicity).toEqual(Uint16Array.of(2, 0, 1));
  expect(matches.matchedPt).toEqual(Float64Array.of(30, 0, 40));
  const short: Jets = { ...offline, pt: Float64Array.of(1) };
  expect(() => matchJets(short, level1)).toThrow(/pt has 1 values for 4 offline jets/);
});

test("the statistics are those of Table 5, with and without |eta| < 3", () => {
  const statistics = jetStatistics(offline, level1, matchJets(offline, level1));
  expect(statistics.all).toEqual({ matched: 3, unmatched: 1, matchedPt: 70, unmatchedPt: 15 });
  expect(statistics.central).toEqual({ matched: 2, unmatched: 0, matchedPt: 30, unmatchedPt: 0 });
  expect(matchedShare(statistics.all)).toEqual({ jets: 3 / 4, pt: 70 / 85 });
  expect(matchedShare(emptyJetStatistics().all).jets).toBeNaN();
  const { events, level1Jets, offlineJets, matchedLevel1Jets } = statistics;
  expect([events, level1Jets, offlineJets, matchedLevel1Jets]).toEqual([2, 3, 4, 2]);
});

test("the published Table 5 has the shares its counts give", () => {
  const line = (matched: number, unmatched: number) =>
    matchedShare({ matched, unmatched, matchedPt: 0, unmatchedPt: 1 }).jets;
  expect(100 * line(1_383_135, 35_546_552)).toBeCloseTo(3.75, 2);
  expect(100 * line(1_278_076, 865_802)).toBeCloseTo(59.62, 1);
});

test("the figures hold every jet once", () => {
  const s = jetStatistics(offline, level1, matchJets(offline, level1));
  for (const { matched, unmatched } of [s.phi, s.eta, s.pt]) {
    expect(total(matched)).toBe(3);
    expect(total(unmatched)).toBe(1);
  }
  expect(binContents(s.pt.matched)[20]).toBe(1);
  expect(binContents(s.multiplicity).slice(0, 3)).toEqual(Float64Array.of(1, 1, 0));
  expect(binContents(s.level1Pt)[33]).toBe(1);
  expect(binContents(s.matchedPt)[30]).toBe(1);
  expect(binContents2d(s.matchedPtVersusLevel1)[33 * 100 + 30]).toBe(1);
  // (33 - 30) / 30 and (30 - 40) / 40
  expect(s.residualMoments.n).toBe(2);
  expect(s.residualMoments.mean).toBeCloseTo((0.1 - 0.25) / 2, 12);
  expect(total(s.residual)).toBe(2);
});

test("statistics of the halves merge to those of the whole", () => {
  const [a, b] = [randomEvents(4, 300, 12), randomEvents(5, 300, 8)];
  const of = (from: number, to: number) => {
    const [x, y] = [jetsOf(a.slice(from, to)), jetsOf(b.slice(from, to))];
    return jetStatistics(x, y, matchJets(x, y));
  };
  const whole = of(0, 300);
  const parts = [of(0, 100), of(100, 300)].reduce(mergeJetStatistics, emptyJetStatistics());
  expect(parts.all.matched).toBe(whole.all.matched);
  expect(parts.central.matchedPt).toBeCloseTo(whole.central.matchedPt, 6);
  expect(parts.matchedLevel1Jets).toBe(whole.matchedLevel1Jets);
  expect(parts.phi).toEqual(whole.phi);
  expect(parts.matchedPtVersusLevel1).toEqual(whole.matchedPtVersusLevel1);
  expect(parts.residualMoments.mean).toBeCloseTo(whole.residualMoments.mean, 12);
  expect(parts.residualMoments.m2).toBeCloseTo(whole.residualMoments.m2, 6);
});
