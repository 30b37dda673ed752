import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import {
  createJetFloor,
  fillJetFloor,
  jetFloor,
  mergeJetFloors,
  solveJetFloor,
} from "../../../src/cms/simulate/jet-floor.ts";
import { type JetRows, simulateJetRows } from "../../../src/cms/simulate/jet-rows.ts";

/** Matched jets with t = L exp(spread N) / c in a handful of cells: the floor has a closed form. */
function logNormalRows(n: number, spread: (hwPt: number) => number): JetRows {
  const rng = createRng("floor");
  const rows: JetRows = {
    hwPt: new Int32Array(n),
    hwEta: new Int32Array(n),
    hwPhi: new Int32Array(n),
    nTowers: new Int32Array(n),
    nVertices: new Int32Array(n),
    sumPtReco: new Float32Array(n),
    multiplicity: new Int32Array(n).fill(1),
  };
  for (let i = 0; i < n; i++) {
    rows.hwPt[i] = 20 + rng.integer(10);
    rows.hwEta[i] = 1;
    rows.nTowers[i] = 30;
    rows.sumPtReco[i] = (rows.hwPt[i] / 2) * Math.exp(spread(rows.hwPt[i]) * rng.normal());
  }
  return rows;
}

const floorOf = (rows: JetRows, cellRows?: number) => {
  const sums = createJetFloor("level1");
  fillJetFloor(sums, rows);
  return solveJetFloor(sums, cellRows);
};

test("the floor of a log-normal response is sqrt(1 - exp(-s^2)) (40,000 rows, 4.5 sigma)", () => {
  // E[1/t]^2 / E[1/t^2] = exp(s^2) / exp(2 s^2)
  const floor = floorOf(logNormalRows(40_000, () => 0.4));
  const exact = Math.sqrt(1 - Math.exp(-0.16));
  // Var of the loss of the best predictor is below 0.4 here: sigma(floor) < 0.4 %
  expect(Math.abs(floor.relative / exact - 1)).toBeLessThan(4.5 * 0.004);
  // k L with k = exp(s^2 / 2): E[(k u - 1)^2] = k^2 e^{2 s^2} - 2 k e^{s^2 / 2} + 1
  const absolute = Math.sqrt(Math.exp(3 * 0.16) - 2 * Math.exp(0.16) + 1);
  expect(Math.abs(floor.absolute / absolute - 1)).toBeLessThan(4.5 * 0.012);
  expect(Math.abs(floor.level1 ** 2 / (Math.exp(0.32) - 2 * Math.exp(0.08) + 1) - 1)).toBeLessThan(
    0.1,
  );
});

test("cells of few rows do not pull the floor down", () => {
  // 25 rows a cell: judged on the rows it was fitted to, the floor would be 3 % too low
  const exact = Math.sqrt(1 - Math.exp(-0.16));
  let sum = 0;
  const rows = logNormalRows(30_000, () => 0.4);
  const parts = 120; // 25 rows per hwPt
  for (let p = 0; p < parts; p++) {
    const slice = Object.fromEntries(
      Object.entries(rows).map(([k, v]) => [k, v.slice(p * 250, (p + 1) * 250)]),
    ) as unknown as JetRows;
    sum += floorOf(slice, 1).relative ** 2;
  }
  expect(Math.abs(Math.sqrt(sum / parts) / exact - 1)).toBeLessThan(0.015);
});

test("sums of parts are those of the whole", () => {
  const rows = simulateJetRows({ rows: 4000, seed: 3 });
  const part = (from: number, to: number) =>
    Object.fromEntries(
      Object.entries(rows).map(([k, v]) => [k, v.slice(from, to)]),
    ) as unknown as JetRows;
  const [a, b, whole] = [part(0, 1000), part(1000, 4000), rows].map((r) => {
    const sums = createJetFloor("level1+towers");
    fillJetFloor(sums, r);
    return sums;
  });
  const merged = solveJetFloor(mergeJetFloors(a, b));
  const direct = solveJetFloor(whole);
  expect(merged.rows).toBe(4000);
  expect(merged.relative).toBeCloseTo(direct.relative, 10);
  expect(() => mergeJetFloors(a, createJetFloor("level1"))).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: mergeJetFloors: inputs differ: level1+towers and level1]`,
  );
});

test("the floor converges: sizes, cells and seeds agree within 0.5 % and sampling", () => {
  const rows = simulateJetRows({ rows: 80_000, seed: "jet floor" });
  const sums = createJetFloor("level1");
  fillJetFloor(sums, rows);
  const [fine, coarse] = [solveJetFloor(sums, 40), solveJetFloor(sums, 120)];
  expect(Math.abs(fine.relative / coarse.relative - 1)).toBeLessThan(0.005);
  const half = floorOf(
    Object.fromEntries(
      Object.entries(rows).map(([k, v]) => [k, v.slice(0, 40_000)]),
    ) as unknown as JetRows,
  );
  // the halves of a sample differ by sampling alone: 0.4 % a half
  expect(Math.abs(half.relative / fine.relative - 1)).toBeLessThan(0.5e-2 + 4.5 * 0.004);
  expect(fine.relative).toBeGreaterThan(0.445);
  expect(fine.relative).toBeLessThan(0.475);
  expect(fine.absolute).toBeGreaterThan(fine.relative);
});

/** p = sum w_j f_j(x) with the smallest mean of (p / t - 1)^2, by normal equations. */
function leastSquares(features: (i: number) => number[], t: Float32Array, n: number) {
  const size = features(0).length;
  const matrix = Array.from({ length: size }, () => new Float64Array(size + 1));
  for (let i = 0; i < n; i++) {
    const f = features(i).map((x) => x / t[i]);
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < size; k++) matrix[j][k] += f[j] * f[k];
      matrix[j][size] += f[j];
    }
  }
  // Gauss-Jordan; the features are of the order of 1 and few
  for (let p = 0; p < size; p++) {
    const pivot = matrix[p].map((x) => x / matrix[p][p]);
    matrix[p] = pivot;
    for (let j = 0; j < size; j++)
      if (j !== p) matrix[j] = matrix[j].map((x, k) => x - matrix[j][p] * pivot[k]);
  }
  return matrix.map((row) => row[size]);
}

test("a regression on half of the jets comes down to the floor on the other half, not below", () => {
  const n = 100_000;
  const rows = simulateJetRows({ rows: n, seed: "regression" });
  const half = n / 2;
  /** Relative rms on the second half of polynomials in pt, |eta| and towers, apart forward. */
  const reached = (withTowers: boolean) => {
    const features = (i: number) => {
      const [pt, eta] = [rows.hwPt[i] / 20, Math.abs(rows.hwEta[i]) / 70];
      const towers = rows.nTowers[i] / 50;
      const own = [1, pt, pt * pt, 1 / pt, eta, eta * eta, eta * pt];
      const all = withTowers ? [...own, towers, towers * towers, towers * pt, towers * eta] : own;
      const isForward = eta > 1;
      return [...all.map((x) => (isForward ? 0 : x)), ...all.map((x) => (isForward ? x : 0))];
    };
    const weights = leastSquares(features, rows.sumPtReco, half);
    let sum = 0;
    for (let i = half; i < n; i++) {
      const p = features(i).reduce((total, x, j) => total + weights[j] * x, 0);
      sum += (p / rows.sumPtReco[i] - 1) ** 2;
    }
    return Math.sqrt(sum / half);
  };
  const floors = (["level1", "level1+towers"] as const).map((inputs) => {
    const sums = createJetFloor(inputs);
    fillJetFloor(sums, rows);
    return solveJetFloor(sums).relative;
  });
  const models = [reached(false), reached(true)];
  for (const [i, model] of models.entries()) {
    // the half judged differs from the whole by sampling: 0.3 %
    expect(model / floors[i] - 1).toBeGreaterThan(-4.5 * 0.003);
    expect(model / floors[i] - 1).toBeLessThan(0.01 + 4.5 * 0.003);
  }
  // what the towers are worth, of the floor and of the model, in which sampling cancels
  const [ofFloor, ofModel] = [floors, models].map(
    ([without, withTowers]) => 1 - withTowers / without,
  );
  expect(ofFloor).toBeGreaterThan(0.03);
  expect(ofFloor).toBeLessThan(0.08);
  expect(Math.abs(ofModel - ofFloor)).toBeLessThan(0.01);
});

test("the floor is a function of its options", () => {
  const options = { events: 4000, seed: 1 };
  expect(jetFloor(options)).toEqual(jetFloor(options));
});
