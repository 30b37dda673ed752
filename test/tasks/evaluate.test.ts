import { describe, expect, test } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import { makeTable } from "../../src/data/index.ts";
import { evaluate, residualsOf } from "../../src/tasks/recalibration/evaluate.ts";
import { floorOf } from "../../src/tasks/recalibration/floor.ts";
import type { Dataset } from "../../src/tasks/recalibration/prepare.ts";
import type { Values } from "../../src/tasks/recalibration/quantities.ts";
import { reportSource } from "../../src/tasks/recalibration/source-report.ts";

const rng = createRng(5);
const n = 400;
const draw = (f: () => number) => Float64Array.from({ length: n }, f);
const offline: Values = {
  phi: draw(() => 2 * Math.PI * rng.uniform()),
  eta: draw(() => 4.8 * rng.uniform() - 2.4),
  pt: draw(() => 5 + 40 * rng.uniform()),
};
const smeared = (width: number): Values => ({
  phi: offline.phi!.map((x) => (x + 3 * width * rng.normal() + 4 * Math.PI) % (2 * Math.PI)),
  eta: offline.eta!.map((x) => x + width * rng.normal()),
  pt: offline.pt!.map((x) => x * Math.exp(0.1 + width * rng.normal())),
});
const level1 = smeared(0.3);
const calibratedAll = smeared(0.1);
const test_ = Uint32Array.from({ length: n / 2 }, (_, i) => 2 * i + 1);

/** Muons of which every other row is in the test part. */
const data: Dataset = {
  source: reportSource,
  simulation: null,
  quantities: ["phi", "eta", "pt"],
  table: makeTable([]),
  level1,
  offline,
  variables: null,
  parts: { train: new Uint32Array(0), validation: new Uint32Array(0), test: test_ },
  testAll: test_,
  counts: {} as Dataset["counts"],
};
const calibrated = {
  name: "model",
  values: Object.fromEntries(
    Object.entries(calibratedAll).map(([q, x]) => [q, Float64Array.from(test_, (row) => x[row])]),
  ),
};

/** Root mean square of a residual over the test rows, one plain loop. */
function slowRms(residual: (row: number) => number): number {
  let sum = 0;
  for (const row of test_) sum += residual(row) ** 2;
  return Math.sqrt(sum / test_.length);
}

function slowWrap(d: number): number {
  let x = d;
  while (x > Math.PI) x -= 2 * Math.PI;
  while (x <= -Math.PI) x += 2 * Math.PI;
  return x;
}

/** Linear interpolation between order statistics, the usual definition (type 7). */
function slowQuantile(values: number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const i = Math.floor(at);
  return sorted[i] + (at - i) * ((sorted[i + 1] ?? sorted[i]) - sorted[i]);
}

describe("errors on the test part against slow twins", () => {
  const { level1: measured, model, floor } = evaluate(data, calibrated, { seed: 1, floor: null });
  const [before, after] = [measured.errors, model.errors];
  const residuals = { before: measured.residuals, after: model.residuals };

  test("root mean squares, phi wrapped", () => {
    const errors = (values: Values) => ({
      phi: slowRms((i) => slowWrap(values.phi![i] - offline.phi![i])),
      eta: slowRms((i) => values.eta![i] - offline.eta![i]),
      pt: slowRms((i) => values.pt![i] / offline.pt![i] - 1),
    });
    for (const [found, expected] of [
      [before, errors(level1)],
      [after, errors(calibratedAll)],
    ] as const)
      for (const q of ["phi", "eta", "pt"] as const)
        expect(found[q]!.value).toBeCloseTo(expected[q], 12);
  });

  test("width: half of the central 68.27 % of the ratio over its median", () => {
    const ratios = Array.from(test_, (i) => level1.pt![i] / offline.pt![i]);
    const [low, middle, high] = [0.158655253931457, 0.5, 0.841344746068543].map((p) =>
      slowQuantile(ratios, p),
    );
    expect(before.ptWidth!.value).toBeCloseTo((high - low) / 2 / middle, 9);
    const scaled = { ...data, level1: { ...level1, pt: level1.pt!.map((x) => 3 * x) } };
    const three = evaluate(scaled, calibrated, { seed: 1, floor: null }).level1.errors;
    expect(three.ptWidth!.value).toBeCloseTo(before.ptWidth!.value, 9); // a factor is no width
  });

  test("uncertainties have the size that Gaussian residuals have", () => {
    // sigma(rms) = rms / sqrt(2 n); n = 200, so the estimate itself is good to about 10 %
    const expected = after.eta!.value / Math.sqrt(2 * test_.length);
    expect(after.eta!.uncertainty / expected).toBeGreaterThan(0.7);
    expect(after.eta!.uncertainty / expected).toBeLessThan(1.3);
  });

  test("residuals belong to the test rows, in order", () => {
    test_.forEach((row, i) => {
      expect(residuals.before.eta![i]).toBe(level1.eta![row] - offline.eta![row]);
      expect(Math.abs(residuals.after.phi![i])).toBeLessThanOrEqual(Math.PI);
    });
  });

  test("the same seed gives the same uncertainties, another one others", () => {
    const again = (seed: number) => evaluate(data, calibrated, { seed, floor: null }).model.errors;
    expect(again(1)).toEqual(after);
    expect(again(2).eta!.uncertainty).not.toBe(after.eta!.uncertainty);
    expect(again(2).eta!.value).toBe(after.eta!.value);
  });

  test("without a floor there is none; with one the ratio compares the same rows", () => {
    expect([floor, model.overFloor]).toEqual([null, null]);
    const half = Object.fromEntries(
      Object.entries(residuals.after).map(([q, r]) => [q, r.map((x) => x / 2)]),
    );
    const judged = evaluate(data, calibrated, { seed: 1, floor: { residuals: half } }).model;
    for (const q of ["phi", "eta", "pt"] as const) {
      expect(judged.overFloor![q]!.value).toBeCloseTo(2, 9);
      expect(judged.overFloor![q]!.uncertainty).toBeLessThan(1e-6); // fully correlated
    }
  });

  test("a quantity that is absent stays absent", () => {
    expect(Object.keys(residualsOf({ pt: level1.pt! }, offline))).toEqual(["pt"]);
    expect(floorOf(data, { minimize: "delta", ptMin: 0, ptMax: 100 })).toBeNull();
  });
});
