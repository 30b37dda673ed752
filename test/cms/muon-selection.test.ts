import { expect, test } from "vitest";
import { selectMuons } from "../../src/cms/muon-selection.ts";
import {
  level1Muons,
  type Muons,
  muonColumnNames,
  muonColumns,
  muonErrors,
} from "../../src/cms/muons.ts";
import { simulateMuons } from "../../src/cms/simulate/muons.ts";

/** Muons from rows in the order of `muonColumnNames`. */
function fromRows(rows: number[][]): Muons {
  const column = (c: number) => rows.map((row) => row[c]);
  return {
    hwPtL1: Int32Array.from(column(0)),
    hwPhiL1: Int32Array.from(column(1)),
    hwEtaL1: Int32Array.from(column(2)),
    hwSignL1: Int32Array.from(column(3)),
    ptReco: Float32Array.from(column(4)),
    etaVtxReco: Float32Array.from(column(5)),
    phiVtxReco: Float32Array.from(column(6)),
  };
}

const good = [20, 100, 50, 1, 8, 0.5, 1];

test("each dropped row counts once and the pt window excludes its ends", () => {
  const { counts, rows } = selectMuons(
    fromRows([
      [11, ...good.slice(1)], // 5.5 GeV
      [12, ...good.slice(1)],
      [20, 100, 50, 1, 0, 0, 0],
      [20, 100, 50, 1, 0, 0, 0],
      good,
      good,
      [...good.slice(0, 6), 1.5],
      [89, ...good.slice(1)],
      [90, ...good.slice(1)], // 45 GeV
    ]),
  );
  expect(counts).toEqual({ rows: 9, unmatched: 2, duplicates: 1, outsidePt: 2, kept: 4 });
  expect([...rows]).toEqual([1, 4, 6, 7]);
});

test("a wider window keeps what the default drops", () => {
  const muons = fromRows([
    [2, ...good.slice(1)],
    [500, ...good.slice(1)],
  ]);
  expect(selectMuons(muons, { ptMin: 0, ptMax: 255.5 }).counts.kept).toBe(2);
  expect(selectMuons(muons).counts.kept).toBe(0);
});

test("columns of unequal length are refused", () => {
  const muons = { ...fromRows([good, good]), hwPhiL1: Int32Array.of(1) };
  expect(() => selectMuons(muons)).toThrowErrorMatchingInlineSnapshot(
    `[DataError: selectMuons: hwPhiL1 has 1 rows, hwPtL1 has 2]`,
  );
});

test("the hash finds the same rows as a set of strings", () => {
  const muons = simulateMuons({ rows: 40000, seed: "selection" });
  const seen = new Set<string>();
  const expected: number[] = [];
  for (let i = 0; i < 40000; i++) {
    const row = muonColumnNames.map((name) => muons[name][i]).join();
    const isNew = !seen.has(row);
    seen.add(row);
    const pt = muons.hwPtL1[i] / 2;
    if (isNew && muons.ptReco[i] > 0 && pt > 5.5 && pt < 45) expected.push(i);
  }
  const { rows, counts } = selectMuons(muons);
  expect(counts.duplicates).toBeGreaterThan(100);
  expect([...rows]).toEqual(expected);
});

test("errors are the report's: wrapped phi, plain eta, relative pt", () => {
  const muons = fromRows([
    [20, 1, 40, 0, 8, 0.4, -0.1],
    [20, 575, 40, 0, 5, 0.4, 0.1],
  ]);
  const { phi, eta, pt } = muonErrors(muons, level1Muons(muons));
  const step = (2 * Math.PI) / 576;
  expect(phi.value).toBeCloseTo(0.1 + step, 7);
  expect(eta.value).toBeCloseTo(40 * 0.010875 - 0.4, 7);
  expect(pt.value).toBeCloseTo(Math.sqrt((0.25 ** 2 + 1) / 2), 12);
});

test("columns carry names and units and share memory", () => {
  const muons = fromRows([good]);
  const columns = muonColumns(muons);
  expect(columns.map(({ name, unit }) => `${name} ${unit ?? ""}`.trim())).toMatchInlineSnapshot(`
    [
      "hwPtL1",
      "hwPhiL1",
      "hwEtaL1",
      "hwSignL1",
      "ptReco GeV",
      "etaVtxReco",
      "phiVtxReco rad",
    ]
  `);
  expect(columns[4].values).toBe(muons.ptReco);
});
