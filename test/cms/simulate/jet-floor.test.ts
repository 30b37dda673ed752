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
    towers: new Int32Array(n),
    vertices: new Int32Array(n),
    ptReco: new Float32Array(n),
  };
  for (let i = 0; i < n; i++) {
    rows.hwPt[i] = 20 + rng.integer(10);
    rows.hwEta[i] = 1;
    rows.towers[i] = 30;
    rows.ptReco[i] = (rows.hwPt[i] / 2) * Math.exp(spread(rows.hwPt[i]) * rng.normal());
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
  expect(fine.relative).toBeGreaterThan(0.46);
  expect(fine.relative).toBeLessThan(0.525);
  expect(fine.absolute).toBeGreaterThan(fine.relative);
  const towers = createJetFloor("level1+towers");
  fillJetFloor(towers, rows);
  const withTowers = solveJetFloor(towers);
  // the proxy tells little here beyond the Level-1 integers: the floors are equal within cell width
  expect(Math.abs(withTowers.relative / fine.relative - 1)).toBeLessThan(0.01);
  expect(withTowers.level1).toBeCloseTo(fine.level1, 10);
}, 60_000);

test("the floor is a function of its options", () => {
  const options = { events: 4000, seed: 1 };
  expect(jetFloor(options)).toEqual(jetFloor(options));
});
