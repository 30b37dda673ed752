import { beforeAll, expect, test } from "vitest";
import { wrapPhi } from "../../../src/cms/kinematics.ts";
import { selectMuons } from "../../../src/cms/muon-selection.ts";
import { type Muons, muonErrors, takeMuons } from "../../../src/cms/muons.ts";
import { muonSimulation } from "../../../src/cms/simulate/muon-config.ts";
import {
  expectedMuonErrors,
  type MuonExpectation,
  type MuonFloor,
  muonFloor,
  optimalMuons,
} from "../../../src/cms/simulate/muon-floor.ts";
import { createMuonPosterior } from "../../../src/cms/simulate/muon-posterior.ts";
import { simulateMuons } from "../../../src/cms/simulate/muons.ts";
import { createBinnedMuons } from "./binned-muons.ts";

const maxPull = 4.5; // false alarm 7e-6 for a fresh seed; seeds are fixed

let muons: Muons;
let floor: MuonFloor;
let expected: MuonExpectation;
beforeAll(() => {
  muons = selectMuons(simulateMuons({ rows: 600_000, seed: 1 })).muons;
  floor = muonFloor(muons);
  expected = expectedMuonErrors();
});

test("doubling both integration steps moves no expectation by 1e-5", () => {
  // the error falls as the sixth power, so the default itself is some 64 times closer
  const coarse = expectedMuonErrors({ etaStep: 2, ptStep: 1.5 });
  for (const name of ["phi", "eta", "ptAbsolute", "ptRelative"] as const)
    expect(Math.abs(coarse.floor[name] / expected.floor[name] - 1), name).toBeLessThan(1e-5);
  expect(Math.abs(coarse.selected / expected.selected - 1)).toBeLessThan(1e-5);
});

test("the floor of a sample is the expected one within statistics (n about 200 000)", () => {
  for (const name of ["phi", "eta", "ptAbsolute", "ptRelative"] as const) {
    const { value, uncertainty: error } = floor[name];
    expect(Math.abs(value - expected.floor[name]) / error, name).toBeLessThan(maxPull);
    expect(error / value).toBeLessThan(0.007);
  }
});

test("the expected numbers are the documented ones, near the report", () => {
  const round = (x: number) => Number(x.toFixed(4));
  expect(expected.level1).toEqual({
    phi: expect.closeTo(0.5015, 4),
    eta: expect.closeTo(0.0319, 4),
    pt: expect.closeTo(0.4951, 4),
  });
  expect(Object.values(expected.floor).map(round)).toEqual([0.1308, 0.0298, 0.2521, 0.2266]);
});

test("posterior means agree with binned means of independent muons, cell by cell", () => {
  const binned = createBinnedMuons();
  binned.add(muons);
  const posterior = createMuonPosterior({ config: muonSimulation });
  const pulls = { pt: [] as number[], bend: [] as number[], eta: [] as number[] };
  for (const hwPt of [12, 13, 17, 25, 40]) {
    for (const [hwEta, m] of posterior(hwPt).entries()) {
      const cell = binned.cell(hwPt, hwEta);
      if (!m || cell.n < 30) continue;
      const pull = (mean: number, truth: number, variance: number) =>
        (mean - truth) / Math.sqrt(variance / cell.n);
      // the mean of 1/t: t itself has tails too long for a normal pull
      pulls.pt.push(pull(cell.inversePt, m.inversePt, m.inversePt2 - m.inversePt ** 2));
      pulls.bend.push(pull(cell.bend, m.bend, m.bend2 - m.bend ** 2));
      pulls.eta.push(pull(cell.eta, m.eta, m.eta2 - m.eta ** 2));
    }
  }
  const cells = pulls.pt.length;
  expect(cells).toBeGreaterThan(500);
  for (const [name, all] of Object.entries(pulls)) {
    const sum = all.reduce((total, pull) => total + pull, 0);
    const chi2 = all.reduce((total, pull) => total + pull ** 2, 0);
    expect(Math.abs(sum) / Math.sqrt(cells), name).toBeLessThan(maxPull);
    // cells of few muons have long-tailed pulls: a variance of pull^2 up to 4, against 2
    expect(Math.abs(chi2 / cells - 1), name).toBeLessThan((2 * maxPull) / Math.sqrt(cells));
  }
});

test("binned means bracket the floor: below on their own sample, above on another", () => {
  const other = selectMuons(simulateMuons({ rows: 600_000, seed: "other" })).muons;
  const own = createBinnedMuons(16);
  own.add(muons);
  const foreign = createBinnedMuons(16);
  foreign.add(other);
  // same rows, so the statistical fluctuations are shared and only the excess counts
  const inSample = muonErrors(muons, own.predict(muons));
  const outOfSample = muonErrors(muons, foreign.predict(muons));
  expect(inSample.phi.value).toBeLessThan(floor.phi.value);
  expect(outOfSample.phi.value).toBeGreaterThan(floor.phi.value);
  expect(outOfSample.eta.value).toBeGreaterThan(floor.eta.value);
  expect(outOfSample.pt.value).toBeGreaterThan(floor.ptRelative.value);
  // and they are close: the oracle and the quadrature describe the same floor
  expect(outOfSample.phi.value / floor.phi.value - 1).toBeLessThan(0.03);
  expect(outOfSample.eta.value / floor.eta.value - 1).toBeLessThan(0.03);
  expect(outOfSample.pt.value / floor.ptRelative.value - 1).toBeLessThan(0.03);
});

test("shifting or scaling the optimal predictions makes them worse", () => {
  const n = muons.hwPtL1.length;
  const { predictors } = floor;
  const base = muonErrors(muons, {
    pt: predictors.ptRelative,
    eta: predictors.eta,
    phi: predictors.phi,
  });
  for (const sign of [-1, 1]) {
    const worse = muonErrors(muons, {
      pt: predictors.ptRelative.map((pt) => pt * (1 + 0.01 * sign)),
      eta: predictors.eta.map((eta) => eta * (1 + 0.002 * sign)),
      phi: predictors.phi.map((phi, i) => phi + 0.01 * sign * (2 * muons.hwSignL1[i] - 1)),
    });
    for (const name of ["phi", "eta", "pt"] as const)
      expect(worse[name].value, `${name} ${n}`).toBeGreaterThan(base[name].value);
  }
});

test("far from every edge the posterior has its closed form", () => {
  const config = {
    ...muonSimulation,
    ptMin: 1,
    ptMax: 1e4,
    tailFraction: 0,
    etaLengthening: 0,
    ptSmearForward: 0.2,
    ptSmearCentral: 0.2,
  };
  const hwPt = 201;
  const m = createMuonPosterior({ config })(hwPt)[100];
  if (!m) throw new Error("the cell is empty");
  // ln pt | L1 is normal with variance s^2 and mean ln(L1 / scale) - index s^2
  const s2 = 0.2 ** 2;
  const level1 = (hwPt - 0.5) / 2 / config.ptScale;
  const reco2 = config.ptRecoSmear ** 2;
  const mean = level1 * Math.exp(-config.ptIndex * s2 + s2 / 2 + reco2 / 2);
  expect(m.pt / mean).toBeCloseTo(1, 4);
  expect(1 - m.inversePt ** 2 / m.inversePt2).toBeCloseTo(1 - Math.exp(-s2 - reco2), 5);
  expect(m.eta).toBeCloseTo(100 * 0.010875, 6);
  expect(m.eta2 - m.eta ** 2).toBeCloseTo(config.etaSmear ** 2 + 0.010875 ** 2 / 12, 7);
});

test("mirrored muons get mirrored predictions", () => {
  const few = takeMuons(muons, Uint32Array.of(0, 1, 2, 3, 4));
  const mirrored = {
    ...few,
    hwEtaL1: few.hwEtaL1.map((eta) => -eta),
    hwPhiL1: few.hwPhiL1.map((phi) => 575 - phi),
    hwSignL1: few.hwSignL1.map((sign) => 1 - sign),
  };
  const a = optimalMuons(few);
  const b = optimalMuons(mirrored);
  expect(b.ptRelative).toEqual(a.ptRelative);
  for (let i = 0; i < 5; i++) {
    expect(b.eta[i]).toBe(-a.eta[i]);
    expect(wrapPhi(b.phi[i] + a.phi[i])).toBeCloseTo(0, 12);
  }
});

test("muons the simulation cannot give and unmatched ones are refused", () => {
  const few = takeMuons(muons, Uint32Array.of(0, 1));
  const impossible = { ...few, hwEtaL1: Int32Array.of(0, -256) };
  expect(() =>
    optimalMuons({ ...impossible, hwPtL1: Int32Array.of(20, 20) }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[DataError: optimalMuons: row 1 has hwPtL1 20, hwEtaL1 -256, which the simulation never gives; the floor is known for simulated muons only]`,
  );
  const unmatched = { ...few, ptReco: Float32Array.of(8, 0) };
  expect(() => muonFloor(unmatched)).toThrowErrorMatchingInlineSnapshot(
    `[DataError: muonFloor: row 1 has no offline partner (ptReco 0); apply selectMuons first]`,
  );
});
