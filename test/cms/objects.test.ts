import { expect, test } from "vitest";
import {
  atCrossing,
  makeCollection,
  muonCharges,
  objectColumn,
  objectCount,
  selectObjects,
} from "../../src/cms/objects.ts";
import { withPhysical } from "../../src/cms/physical.ts";
import { l1Scales } from "../../src/cms/scales.ts";

const collection = makeCollection("L1Mu", Uint32Array.of(0, 2, 2, 5), {
  pt: Float32Array.of(1, 2, 3, 4, 5),
  bx: Int16Array.of(0, 1, -1, 0, 0),
});

test("a selection keeps the events and says where its objects were", () => {
  const { collection: kept, rows } = selectObjects(collection, (i) => i % 2 === 0);
  expect(kept.offsets).toEqual(Uint32Array.of(0, 1, 1, 3));
  expect(kept.columns).toEqual({
    pt: Float32Array.of(1, 3, 5),
    bx: Int16Array.of(0, -1, 0),
  });
  expect(rows).toEqual(Uint32Array.of(0, 2, 4));
  expect(objectCount(kept)).toBe(3);
});

test("a crossing is picked by bx; without the column there is only the triggered one", () => {
  expect(atCrossing(collection).collection.columns.pt).toEqual(Float32Array.of(1, 4, 5));
  expect(atCrossing(collection, -1).rows).toEqual(Uint32Array.of(2));
  const { bx: _, ...columns } = collection.columns;
  const scouting = makeCollection("L1Mu", collection.offsets, columns);
  expect(objectCount(atCrossing(scouting).collection)).toBe(5);
  expect(objectCount(atCrossing(scouting, 1).collection)).toBe(0);
});

test("charges come from either convention: bit 0 is positive", () => {
  const with_ = (columns: Record<string, Int8Array>) =>
    makeCollection("L1Mu", Uint32Array.of(0, 2), columns);
  expect(muonCharges(with_({ hwCharge: Int8Array.of(0, 1) }))).toEqual(Int8Array.of(1, -1));
  expect(muonCharges(with_({ charge: Int8Array.of(-1, 1) }))).toEqual(Int8Array.of(-1, 1));
  const half = { hwCharge: Int8Array.of(1, 1), hwChargeValid: Int8Array.of(1, 0) };
  expect(muonCharges(with_(half))).toEqual(Int8Array.of(-1, 0));
});

test("hardware integers get their physical values beside them, and none is replaced", () => {
  const jets = makeCollection("L1Jet", Uint32Array.of(0, 1), {
    hwPt: Int32Array.of(100),
    hwEta: Int32Array.of(-10),
    hwPhi: Int32Array.of(143),
    eta: Float64Array.of(7),
  });
  const { pt, eta, phi } = withPhysical(jets, "jet").columns;
  expect([pt[0], eta[0]]).toEqual([50, 7]);
  expect(phi[0]).toBeCloseTo((143 * 2 * Math.PI) / 144, 12);
  const cmssw = withPhysical(jets, "jet", { phi: l1Scales.jet.phiCmssw });
  expect(cmssw.columns.phi[0]).toBeCloseTo(143 * 0.0435, 12);
  const muons = makeCollection("L1Mu", Uint32Array.of(0, 1), { hwPhiAtVtx: Int32Array.of(576) });
  expect(() => withPhysical(muons, "muon")).toThrow(/muon hwPhiAtVtx: 1 of 1 values/);
});

test("parts that do not fit and columns that are not there are errors", () => {
  const make = (offsets: number[], n: number) => () =>
    makeCollection("L1Mu", Uint32Array.from(offsets), { pt: new Float32Array(n) });
  expect(make([0, 3, 2], 2)).toThrowErrorMatchingInlineSnapshot(
    `[DataError: L1Mu: offsets run backwards at event 1: 3, 2]`,
  );
  expect(make([0, 3], 2)).toThrowErrorMatchingInlineSnapshot(
    `[DataError: L1Mu: column "pt" has 2 values for 3 objects]`,
  );
  expect(make([1, 3], 3)).toThrowErrorMatchingInlineSnapshot(
    `[DataError: L1Mu: offsets must start with 0, got 1]`,
  );
  expect(() => objectColumn(collection, "ptt", "L1Mu")).toThrowErrorMatchingInlineSnapshot(
    `[DataError: L1Mu: no column "ptt"; there are pt, bx; did you mean "pt"?]`,
  );
});
