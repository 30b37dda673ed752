import { expect, test } from "vitest";
import { isReportTable, reportCollections } from "../../../src/cms/schemas/report-table.ts";
import { makeColumn, makeTable } from "../../../src/data/table.ts";

const level1 = ["hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1"];
const reco = [
  "ptReco",
  "etaExtRecoSt1",
  "phiExtRecoSt1",
  "etaVtxReco",
  "phiVtxReco",
  "dXYReco",
  "chargeReco",
];
const features = [...level1, ...reco, ...level1.map((name) => `${name}Unmatched`)];

/** Two rows: one matched and one unmatched muon, then two unmatched ones. */
function muonTable(slot: (feature: string, i: number) => string) {
  const filled: Record<string, number[]> = {
    [slot("hwPtL1", 0)]: [20, 0],
    [slot("hwEtaL1", 0)]: [-30, 0],
    [slot("ptReco", 0)]: [9.5, 0],
    [slot("chargeReco", 0)]: [-1, 0],
    [slot("hwSignL1", 0)]: [1, 0],
    [slot("hwPtL1Unmatched", 0)]: [7, 8],
    [slot("hwPtL1Unmatched", 1)]: [0, 9],
    [slot("hwPhiL1Unmatched", 1)]: [0, 99],
  };
  const columns = features.flatMap((feature) =>
    Array.from({ length: 8 }, (_, i) => {
      const name = slot(feature, i);
      return makeColumn(name, Float64Array.from(filled[name] ?? [0, 0]));
    }),
  );
  return makeTable([makeColumn("nMatchedMuons", Int32Array.of(1, 0)), ...columns]);
}

test("a muon has the fifteen features of Table 1", () => {
  expect(features.length).toBe(15);
});

test.each([
  ["FEATURE_SLOT", (f: string, i: number) => `${f}_${i}`],
  ["FEATURE[SLOT]", (f: string, i: number) => `${f}[${i}]`],
])("matched muons come first, then the unmatched ones, from columns %s", (_, slot) => {
  const table = muonTable(slot);
  expect(isReportTable(table.columns.map(({ name }) => name))).toBe(true);
  const { L1Mu, ...others } = reportCollections(table);
  expect(others).toEqual({});
  expect(L1Mu.offsets).toEqual(Uint32Array.of(0, 2, 4));
  expect(L1Mu.columns.matched).toEqual(Uint8Array.of(1, 0, 0, 0));
  expect(L1Mu.columns.hwPt).toEqual(Float64Array.of(20, 7, 8, 9));
  expect(L1Mu.columns.hwEta).toEqual(Float64Array.of(-30, 0, 0, 0));
  expect(L1Mu.columns.hwPhi).toEqual(Float64Array.of(0, 0, 0, 99));
  expect(L1Mu.columns.hwCharge).toEqual(Float64Array.of(1, 0, 0, 0));
  expect(L1Mu.columns.ptReco).toEqual(Float64Array.of(9.5, 0, 0, 0));
});

test("jets, e/gammas, taus and particle-flow jets come from their slots", () => {
  const slots = (name: string, values: number[][]) =>
    values.map((v, i) => makeColumn(`${name}_${i}`, Float64Array.from(v)));
  const three = (p: string, names: string[]) =>
    names.flatMap((name) =>
      slots(`${p}${name}`, [
        [10, 20],
        [0, 30],
      ]),
    );
  const table = makeTable([
    makeColumn("nJets", Int32Array.of(1, 2)),
    ...three("", ["hwPt", "hwEta", "hwPhi"]),
    ...three("egamma", ["HwPt", "HwEta", "HwPhi", "HwIso"]),
    ...three("tau", ["HwPt", "HwEta", "HwPhi", "HwIso", "HwQual"]),
    ...three("", ["ptPF", "etaPF", "phiPF"]),
  ]);
  const collections = reportCollections(table);
  expect(Object.keys(collections)).toEqual(["L1Jet", "L1EG", "L1Tau", "Jet"]);
  for (const collection of Object.values(collections))
    expect(collection.offsets).toEqual(Uint32Array.of(0, 1, 3));
  expect(collections.L1Jet.columns.hwEta).toEqual(Float64Array.of(10, 20, 30));
  expect(Object.keys(collections.L1Tau.columns).length).toBe(5);
  expect(Object.keys(collections.L1EG.columns).length).toBe(4);
});

test("missing slots, uneven slots and impossible counts are errors", () => {
  const table = (names: string[], n = 1) =>
    makeTable([
      makeColumn("nMatchedMuons", Int32Array.of(n)),
      ...names.map((name) => makeColumn(name, Float64Array.of(1))),
    ]);
  const first = level1.map((name) => `${name}_0`);
  const run = (names: string[], n?: number) => expect(() => reportCollections(table(names, n)));
  run([...first, "hwPtL1_2"]).toThrowErrorMatchingInlineSnapshot(
    `[DataError: flat table: no column hwPtL1_1, but hwPtL1_2; slots count from 0]`,
  );
  run([...first, "hwPtL1_1"]).toThrowErrorMatchingInlineSnapshot(
    `[DataError: flat table: hwPhiL1 has 1 slots, hwPtL1 has 2; L1Mu has at most 8]`,
  );
  run(first.slice(0, 3)).toThrowErrorMatchingInlineSnapshot(
    `[DataError: flat table: L1Mu has no column hwSignL1_0]`,
  );
  run(first, 2).toThrowErrorMatchingInlineSnapshot(
    `[DataError: flat table: nMatchedMuons is 2 in row 0, outside 0 to 1 slots]`,
  );
  const nine = level1.flatMap((name) => Array.from({ length: 9 }, (_, i) => `${name}_${i}`));
  run(nine).toThrow(/L1Mu has at most 8/);
});
