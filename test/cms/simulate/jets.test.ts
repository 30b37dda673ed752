import { beforeAll, expect, test } from "vitest";
import {
  emptyJetStatistics,
  type JetStatistics,
  matchedShare,
  mergeJetStatistics,
} from "../../../src/cms/matching/jet-statistics.ts";
import { towerHwEta, towerHwEtas, towerHwPhi } from "../../../src/cms/simulate/calo-towers.ts";
import { jetSimulation } from "../../../src/cms/simulate/jet-config.ts";
import {
  type JetRows,
  jetRowNames,
  jetSliceEvents,
  simulatedJetStatistics,
  simulateJetRows,
  simulateJetSlices,
} from "../../../src/cms/simulate/jet-rows.ts";
import { type JetEvents, jetBlockEvents, simulateJets } from "../../../src/cms/simulate/jets.ts";
import { summarize } from "../../../src/stats/index.ts";

/**
 * Statistical checks here pass within 4.5 standard deviations: a false alarm of 7e-6 each, for a
 * fresh seed. The seed is fixed, so a failure means a changed generator.
 */
const maxPull = 4.5;
const config = jetSimulation;

let rows: JetRows;
let sample: JetEvents;
let statistics: JetStatistics;
beforeAll(() => {
  statistics = emptyJetStatistics();
  rows = simulateJetRows({ rows: 40_000, seed: 1 });
  for (const { events, matches } of simulateJetSlices({ rows: 40_000, seed: 1 })) {
    sample ??= events;
    statistics = mergeJetStatistics(statistics, simulatedJetStatistics(events, matches));
  }
});

const arrays = (events: JetEvents) => [
  events.nVertices,
  events.nTowers,
  events.level1.offsets,
  events.offline.offsets,
  ...Object.values(events.level1.columns),
  ...Object.values(events.offline.columns),
];
const pull = (count: number, n: number, p: number) => (count - n * p) / Math.sqrt(n * p * (1 - p));
const countOf = (values: ArrayLike<number>, test: (v: number) => boolean) => {
  let n = 0;
  for (let i = 0; i < values.length; i++) if (test(values[i])) n++;
  return n;
};

test("the same seed gives the same bytes and another seed other ones", () => {
  const options = { events: 200, seed: 5 };
  expect(simulateJets(options)).toEqual(simulateJets(options));
  const [a, b] = [simulateJets(options), simulateJets({ ...options, seed: 6 })].map(arrays);
  for (const [i, values] of a.entries()) expect(values).not.toEqual(b[i]);
});

test("slices made apart are the events of the whole", () => {
  const slices = [
    { first: 0, events: 3 },
    { first: jetBlockEvents - 2, events: 5 },
    { first: jetBlockEvents, events: jetBlockEvents },
    { first: 3 * jetBlockEvents + 17, events: 1 },
  ];
  for (const { first, events } of slices) {
    const slice = simulateJets({ first, events, seed: 1 });
    for (const name of ["level1", "offline"] as const) {
      const from = sample[name].offsets[first];
      const to = sample[name].offsets[first + events];
      expect(slice[name].offsets).toEqual(
        sample[name].offsets.slice(first, first + events + 1).map((o) => o - from),
      );
      for (const [key, values] of Object.entries(slice[name].columns))
        expect(values).toEqual(
          (sample[name].columns as Record<string, typeof values>)[key].slice(from, to),
        );
    }
    expect(slice.nVertices).toEqual(sample.nVertices.slice(first, first + events));
    expect(slice.nTowers).toEqual(sample.nTowers.slice(first, first + events));
  }
});

test("a larger dataset starts with the smaller one", () => {
  const small = simulateJetRows({ rows: 3000, seed: 1 });
  for (const name of jetRowNames) expect(small[name]).toEqual(rows[name].slice(0, 3000));
  expect(simulateJetRows({ rows: 0, seed: 1 }).hwPt.length).toBe(0);
});

test("slices end with the event of the last row, or with the last event", () => {
  const size = (options: { rows?: number; events?: number }) => {
    let [events, length] = [0, 0];
    for (const slice of simulateJetSlices({ ...options, seed: 1 })) {
      events += slice.events.events;
      length += slice.rows.hwPt.length;
    }
    return { events, rows: length };
  };
  for (const wanted of [1, 2, 777]) {
    const { events, rows } = size({ rows: wanted });
    expect(rows).toBe(wanted);
    expect(size({ events }).rows).toBeGreaterThanOrEqual(wanted);
    expect(size({ events: events - 1 }).rows).toBeLessThan(wanted);
  }
  const events = jetSliceEvents + 5;
  expect(size({ events }).events).toBe(events);
});

test("unusable sizes and configs are refused", () => {
  expect(() => simulateJets({ events: 1.5, seed: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: simulateJets.events: expected an integer >= 0, got 1.5]`,
  );
  expect(() => simulateJets({ events: 1, first: -1, seed: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: simulateJets.first: expected an integer >= 0, got -1]`,
  );
  expect(() => simulateJetRows({ rows: -1, seed: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: simulateJetRows.rows: expected an integer >= 0, got -1]`,
  );
  const barren = { ...config, l1PtMin: 1e6, forwardPerVertex: 0 };
  expect(() =>
    simulateJetRows({ rows: 1, seed: 1, config: barren }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: simulateJetRows: no matched Level-1 jet in 49152 events; check the config]`,
  );
});

test("Level-1 jets are integers on the tower grid, at most 12 an event, by falling pt", () => {
  const { offsets, columns } = sample.level1;
  const etas = new Set(towerHwEtas);
  expect(countOf(columns.hwEta, (eta) => !etas.has(Math.abs(eta)))).toBe(0);
  expect(countOf(columns.hwPhi, (phi) => !(phi >= 1 && phi <= 143 && phi % 2 === 1))).toBe(0);
  const threshold = Math.floor(2 * config.l1PtMin);
  expect(countOf(columns.hwPt, (pt) => !(pt >= threshold && pt <= 2047))).toBe(0);
  for (let e = 0; e < sample.events; e++) {
    expect(offsets[e + 1] - offsets[e]).toBeLessThanOrEqual(12);
    for (let j = offsets[e] + 1; j < offsets[e + 1]; j++)
      if (columns.hwPt[j] > columns.hwPt[j - 1]) throw new Error(`event ${e} is not sorted`);
  }
});

test("a seed inside the window of a harder one makes no jet of its own", () => {
  const { offsets, columns } = sample.level1;
  let close = 0;
  for (let e = 0; e < sample.events; e++)
    for (let i = offsets[e]; i < offsets[e + 1]; i++)
      for (let j = offsets[e]; j < i; j++) {
        const dPhi = Math.abs(columns.hwPhi[i] - columns.hwPhi[j]);
        const dEta = Math.abs(columns.hwEta[i] - columns.hwEta[j]);
        if (dEta <= 8 && Math.min(dPhi, 144 - dPhi) <= 8) close++;
      }
  expect(close).toBe(0);
});

test("offline jets are sorted, above threshold, apart, and have azimuths in (-pi, pi]", () => {
  const { offsets, columns } = sample.offline;
  expect(countOf(columns.pt, (pt) => !(pt >= Math.fround(config.offlinePtMin)))).toBe(0);
  expect(countOf(columns.phi, (phi) => !(phi > -Math.PI && phi <= Math.PI))).toBe(0);
  let closest = Number.POSITIVE_INFINITY;
  for (let e = 0; e < 300; e++)
    for (let i = offsets[e]; i < offsets[e + 1]; i++)
      for (let j = offsets[e]; j < i; j++) {
        if (columns.pt[j] < columns.pt[i]) throw new Error(`event ${e} is not sorted`);
        const dPhi = Math.abs(columns.phi[i] - columns.phi[j]);
        const dR = Math.hypot(columns.eta[i] - columns.eta[j], Math.min(dPhi, 2 * Math.PI - dPhi));
        closest = Math.min(closest, dR);
      }
  expect(closest).toBeGreaterThan(config.offlineSeparation - 1e-6);
});

test("azimuths are flat and both sides alike (about 6e5 offline jets)", () => {
  const { eta, phi } = sample.offline.columns;
  const bins = new Float64Array(72);
  for (const value of phi) bins[Math.min(71, Math.floor(((value + Math.PI) / Math.PI) * 36))]++;
  const mean = phi.length / 72;
  const chi2 = bins.reduce((sum, b) => sum + (b - mean) ** 2 / mean, 0);
  // jets keep apart from each other, which makes them a little more even than Poisson
  expect((chi2 - 71) / Math.sqrt(2 * 71)).toBeLessThan(maxPull);
  expect(
    Math.abs(
      pull(
        countOf(eta, (e) => e > 0),
        eta.length,
        0.5,
      ),
    ),
  ).toBeLessThan(maxPull);
});

test("vertices have the mean and spread asked for, and more vertices light more towers", () => {
  const { mean, std } = summarize(Float64Array.from(sample.nVertices));
  expect(Math.abs(mean.value - config.vertices) / mean.uncertainty).toBeLessThan(maxPull);
  expect(
    Math.abs(std.value - Math.hypot(config.verticesSpread, 0.29)) / std.uncertainty,
  ).toBeLessThan(maxPull);
  const lit = (from: number, to: number) =>
    summarize(
      Float64Array.from(sample.nTowers).filter(
        (_, e) => sample.nVertices[e] >= from && sample.nVertices[e] < to,
      ),
    ).mean.value;
  expect(lit(45, 60) / lit(15, 25)).toBeGreaterThan(2);
});

test("the matched fractions are within 5 % of the report's Table 5 (40,000 rows, 0.5 % each)", () => {
  const all = matchedShare(statistics.all);
  const central = matchedShare(statistics.central);
  expect(Math.abs(all.jets / 0.0375 - 1)).toBeLessThan(0.05);
  expect(Math.abs(all.pt / 0.0547 - 1)).toBeLessThan(0.05);
  expect(Math.abs(central.jets / 0.5962 - 1)).toBeLessThan(0.05);
  expect(Math.abs(central.pt / 0.6152 - 1)).toBeLessThan(0.05);
  // 1,383,135 offline jets of 1,234,480 Level-1 jets, and most offline jets forward
  const share = statistics.all.matched / statistics.matchedLevel1Jets;
  expect(Math.abs(share / 1.1204 - 1)).toBeLessThan(0.02);
  const { matched, unmatched } = statistics.central;
  expect((matched + unmatched) / statistics.offlineJets).toBeLessThan(0.07);
});

test("the Level-1 rms is within 3 % of the report's 1.102 (40,000 rows, 0.7 %)", () => {
  const { value, uncertainty } = summarize(statistics.residualMoments).rms;
  expect(Math.abs(value / 1.102 - 1)).toBeLessThan(0.03);
  expect(uncertainty / value).toBeLessThan(0.01);
});

test("most Level-1 jets have one offline jet, few two, very few three", () => {
  const [one, two, three] = statistics.multiplicity.sumW.slice(1, 4);
  expect(one / statistics.matchedLevel1Jets).toBeGreaterThan(0.85);
  expect(two / statistics.matchedLevel1Jets).toBeGreaterThan(0.08);
  expect(three).toBeLessThan(0.05 * two);
});

test("hard jets are mostly matched", () => {
  const { matched, unmatched } = statistics.pt;
  const above40 = (sums: Float64Array) => sums.slice(41).reduce((sum, c) => sum + c, 0);
  const [m, u] = [above40(matched.sumW), above40(unmatched.sumW)];
  // some 60 jets; of all offline jets 4 % are matched, of the central ones 59 %
  expect(m / (m + u)).toBeGreaterThan(0.6);
});

test("towers hold the directions they are given", () => {
  expect([0.01, 1.739, 1.75, 2.9, 4.9, 5.02].map(towerHwEta)).toEqual([1, 39, 41, 69, 114, 114]);
  expect(towerHwEta(-0.1)).toBe(-3);
  expect(towerHwEta(5.04)).toBe(0);
  expect([0, 0.0872, 0.0873, 2 * Math.PI - 1e-9].map(towerHwPhi)).toEqual([1, 1, 3, 143]);
  expect(jetSliceEvents % jetBlockEvents).toBe(0);
});
