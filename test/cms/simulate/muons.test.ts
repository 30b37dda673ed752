import { beforeAll, expect, test } from "vitest";
import { wrapPhi } from "../../../src/cms/kinematics.ts";
import { type MuonSelection, selectMuons } from "../../../src/cms/muon-selection.ts";
import { level1Muons, type Muons, muonColumnNames, muonErrors } from "../../../src/cms/muons.ts";
import { muonScales, outOfRange } from "../../../src/cms/scales.ts";
import { muonSimulation } from "../../../src/cms/simulate/muon-config.ts";
import { muonBlockRows, simulateMuons } from "../../../src/cms/simulate/muons.ts";

/** Rows of the report's dataset. */
const reportRows = 1_336_160;

/**
 * Statistical checks here pass within 4.5 standard deviations: a false alarm of 7e-6 each, for a
 * fresh seed. The seed is fixed, so a failure means a changed generator.
 */
const maxPull = 4.5;

let sample: Muons;
let selection: MuonSelection;
let matched: number[];
beforeAll(() => {
  sample = simulateMuons({ rows: reportRows, seed: 1 });
  selection = selectMuons(sample);
  // repeated rows carry the whole row before; two muons never share all three reco values
  const isRepeated = (i: number) =>
    i > 0 &&
    sample.phiVtxReco[i] === sample.phiVtxReco[i - 1] &&
    sample.ptReco[i] === sample.ptReco[i - 1];
  matched = [];
  for (let i = 0; i < reportRows; i++) if (sample.ptReco[i] > 0 && !isRepeated(i)) matched.push(i);
});

/** Pull of a count against n trials of probability p. */
const binomialPull = (count: number, n: number, p: number) =>
  (count - n * p) / Math.sqrt(n * p * (1 - p));
const count = (test: (row: number) => boolean) => matched.filter(test).length;
const bytes = (column: Int32Array | Float32Array) => Buffer.from(column.buffer);
const moments = (rows: number[], value: (row: number) => number) => {
  const mean = rows.reduce((sum, i) => sum + value(i), 0) / rows.length;
  const variance = rows.reduce((sum, i) => sum + (value(i) - mean) ** 2, 0) / (rows.length - 1);
  return { mean, variance, error: Math.sqrt(variance / rows.length) };
};

test("the same seed gives the same bytes and another seed other ones", () => {
  const options = { rows: 3000, seed: 5 };
  expect(simulateMuons(options)).toEqual(simulateMuons(options));
  const other = simulateMuons({ ...options, seed: 6 });
  for (const name of muonColumnNames) expect(other[name]).not.toEqual(simulateMuons(options)[name]);
});

test("slices made apart are the rows of the whole", () => {
  const slices = [
    { first: 0, rows: 10 },
    { first: muonBlockRows - 7, rows: 20 },
    { first: muonBlockRows, rows: muonBlockRows },
    { first: 5 * muonBlockRows + 123, rows: 1 },
  ];
  for (const { first, rows } of slices) {
    const slice = simulateMuons({ first, rows, seed: 1 });
    for (const name of muonColumnNames)
      expect(bytes(slice[name]).equals(bytes(sample[name].slice(first, first + rows)))).toBe(true);
  }
});

test("blocks do not repeat each other", () => {
  const block = (b: number) => sample.ptReco.slice(b * muonBlockRows, (b + 1) * muonBlockRows);
  const shared = new Set(block(0));
  // float32 values collide by chance: 65536 draws onto some 1e7 values
  expect(block(1).filter((pt) => pt > 0 && shared.has(pt)).length).toBeLessThan(
    0.05 * muonBlockRows,
  );
});

test("unusable sizes are refused", () => {
  expect(() => simulateMuons({ rows: 1.5, seed: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: simulateMuons.rows: expected an integer >= 0, got 1.5]`,
  );
  expect(() => simulateMuons({ rows: 1, first: -1, seed: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: simulateMuons.first: expected an integer >= 0, got -1]`,
  );
  expect(simulateMuons({ rows: 0, seed: 1 }).hwPtL1.length).toBe(0);
});

test("every integer lies on its scale and every azimuth in (-pi, pi]", () => {
  for (const name of ["hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1"] as const)
    expect(outOfRange(muonScales[name], sample[name])).toBeNull();
  expect(sample.hwPtL1.indexOf(0)).toBe(-1);
  expect(sample.phiVtxReco.every((phi) => phi > -Math.PI && phi <= Math.PI)).toBe(true);
});

test("unmatched and repeated rows come in the shares asked for", () => {
  const { counts } = selection;
  expect(
    Math.abs(binomialPull(counts.unmatched, reportRows, muonSimulation.unmatched)),
  ).toBeLessThan(maxPull);
  const repeated = muonSimulation.duplicates * (1 - muonSimulation.unmatched);
  expect(Math.abs(binomialPull(counts.duplicates, reportRows, repeated))).toBeLessThan(maxPull);
});

test("the pt spectrum is a Pareto law (about 1.3e6 muons, four points)", () => {
  const { ptMin, ptMax, ptIndex } = muonSimulation;
  const cut = (ptMin / ptMax) ** ptIndex;
  for (const pt of [4, 6, 12, 40]) {
    const p = ((ptMin / pt) ** ptIndex - cut) / (1 - cut);
    const above = count((i) => sample.ptReco[i] > pt);
    // the offline resolution shifts the spectrum by exp(index^2 s^2 / 2)
    const shifted = p * Math.exp((ptIndex * muonSimulation.ptRecoSmear) ** 2 / 2);
    expect(Math.abs(binomialPull(above, matched.length, shifted))).toBeLessThan(maxPull);
  }
});

test("eta, phi and charge are flat", () => {
  const n = matched.length;
  for (const cut of [-1.2, 0, 1.8]) {
    const above = count((i) => sample.etaVtxReco[i] > cut);
    expect(Math.abs(binomialPull(above, n, (2.4 - cut) / 4.8))).toBeLessThan(maxPull);
  }
  expect(
    Math.abs(
      binomialPull(
        count((i) => sample.hwSignL1[i] === 1),
        n,
        0.5,
      ),
    ),
  ).toBeLessThan(maxPull);
  const bins = new Float64Array(576);
  for (const i of matched) bins[sample.hwPhiL1[i]]++;
  const chi2 = bins.reduce((sum, b) => sum + (b - n / 576) ** 2 / (n / 576), 0);
  expect(Math.abs(chi2 - 575) / Math.sqrt(2 * 575)).toBeLessThan(maxPull);
});

test("negative muons (hwSignL1 1) bend toward larger phi by kappa / pt in the barrel", () => {
  const rows = matched.filter((i) => Math.abs(sample.etaVtxReco[i]) < 1 && sample.ptReco[i] < 8);
  const step = (2 * Math.PI) / 576;
  const kappa = (i: number) => {
    const bend = wrapPhi((sample.hwPhiL1[i] + 0.5) * step - sample.phiVtxReco[i]);
    return (2 * sample.hwSignL1[i] - 1) * bend * sample.ptReco[i];
  };
  const { mean, error } = moments(rows, kappa);
  // wrong charges flip the sign: 1 - 2 p with p per GeV of pt
  const { mean: pt } = moments(rows, (i) => sample.ptReco[i]);
  const expected = muonSimulation.bend * (1 - 2 * muonSimulation.wrongChargePerGeV * pt);
  expect(Math.abs(mean - expected) / error).toBeLessThan(maxPull);
});

test("Level-1 eta is smeared as configured where bending does not matter", () => {
  const rows = matched.filter((i) => sample.ptReco[i] > 30);
  const { mean, variance } = moments(
    rows,
    (i) => sample.hwEtaL1[i] * 0.010875 - sample.etaVtxReco[i],
  );
  const expected = muonSimulation.etaSmear ** 2 + 0.010875 ** 2 / 12;
  expect(Math.abs(mean) / Math.sqrt(variance / rows.length)).toBeLessThan(maxPull);
  expect(Math.abs(variance / expected - 1) / Math.sqrt(2 / rows.length)).toBeLessThan(maxPull);
});

test("the median Level-1 pt is the scale times the true pt", () => {
  const rows = matched.filter((i) => sample.ptReco[i] > 10);
  const above = rows.filter(
    (i) => (sample.hwPtL1[i] - 0.5) / 2 > muonSimulation.ptScale * sample.ptReco[i],
  ).length;
  // half a bin of hwPt is a blur of at most 1 % here, symmetric to first order
  expect(Math.abs(binomialPull(above, rows.length, 0.5))).toBeLessThan(maxPull + 2);
});

test("the Level-1 errors after the report's selection are within 3 % of its Table 7", () => {
  const table7 = { phi: 0.499, eta: 0.032, pt: 0.493 };
  const samples = [selection.muons];
  for (const seed of ["a", 2])
    samples.push(selectMuons(simulateMuons({ rows: 150_000, seed })).muons);
  for (const muons of samples) {
    const errors = muonErrors(muons, level1Muons(muons));
    for (const name of ["phi", "eta", "pt"] as const) {
      const { value, uncertainty: error } = errors[name];
      expect(Math.abs(value / table7[name] - 1), `${name} ${value}`).toBeLessThan(0.03);
      expect(error / value).toBeLessThan(0.015);
    }
  }
});
