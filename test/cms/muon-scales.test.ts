import { expect, test } from "vitest";
import {
  hwPhysical,
  type MuonHwName,
  muonScales,
  outOfRange,
  physicalHw,
} from "../../src/cms/muon-scales.ts";

const all = (name: MuonHwName) => {
  const { min, max } = muonScales[name];
  return Int32Array.from({ length: max - min + 1 }, (_, i) => min + i);
};

test.each(["hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1"] as const)(
  "every integer of %s survives the way to physical units and back",
  (name) => {
    expect(physicalHw(name, hwPhysical(name, all(name)))).toEqual(all(name));
  },
);

test("every hwPt survives the uGMT convention, the empty slot included", () => {
  const options = { ptConvention: "ugmt" } as const;
  const pt = hwPhysical("hwPtL1", all("hwPtL1"), options);
  expect([pt[0], pt[1], pt[2], pt[511]]).toEqual([Number.NaN, 0, 0.5, 255]);
  expect(physicalHw("hwPtL1", pt, options)).toEqual(all("hwPtL1"));
});

test("the scales are those of the report's Table 2", () => {
  expect(hwPhysical("hwPtL1", [0, 1, 90])).toEqual(Float64Array.of(0, 0.5, 45));
  expect(muonScales.hwPhiL1.width).toBeCloseTo(0.010908, 6);
  expect(hwPhysical("hwPhiL1", [288])[0]).toBeCloseTo(Math.PI, 14);
  expect(hwPhysical("hwEtaL1", [-225, 225])[1]).toBeCloseTo(2.446875, 12);
});

test("azimuths wrap onto the circle, other values saturate", () => {
  expect(physicalHw("hwPhiL1", [-0.0109, 2 * Math.PI, 7])).toEqual(Int32Array.of(575, 0, 66));
  expect(physicalHw("hwPtL1", [-3, 1e6])).toEqual(Int32Array.of(0, 511));
  expect(physicalHw("hwPtL1", [-3, 1e6], { ptConvention: "ugmt" })).toEqual(Int32Array.of(1, 511));
  expect(physicalHw("hwEtaL1", [-9, 9])).toEqual(Int32Array.of(-256, 255));
});

test("values off the scale are reported by count and first row", () => {
  expect(outOfRange("hwPhiL1", [0, 575])).toBeNull();
  expect(outOfRange("hwPhiL1", [0, 576, -1, 1.5])).toEqual({
    count: 3,
    firstRow: 1,
    firstValue: 576,
  });
  expect(outOfRange("hwPtL1", [3, Number.NaN])?.count).toBe(1);
  expect(() => hwPhysical("hwPhiL1", [0, 576, 1023])).toThrowErrorMatchingInlineSnapshot(
    `[DataError: hwPhiL1: 2 of 3 values are not integers in [0, 575], the first is 576 in row 1; drop these rows or check the column]`,
  );
  expect(() => physicalHw("hwEtaL1", [0, Number.NaN])).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: hwEtaL1: row 1 is NaN; it has no hardware integer]`,
  );
});
