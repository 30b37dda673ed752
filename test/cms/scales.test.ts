import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wrapPhi } from "../../src/cms/kinematics.ts";
import {
  type HwScale,
  hwPhysical,
  l1Scales,
  muonScales,
  outOfRange,
  physicalHw,
} from "../../src/cms/scales.ts";

const rows: readonly [string, HwScale][] = Object.entries(l1Scales).flatMap(([object, scales]) =>
  Object.entries(scales).map(([quantity, scale]): [string, HwScale] => [
    `${object} ${quantity}`,
    scale,
  ]),
);
const all = ({ min, max }: HwScale) =>
  Int32Array.from({ length: max - min + 1 }, (_, i) => min + i);
const { muon, jet, eg, sum } = l1Scales;

describe.each(rows)("%s", (_, scale) => {
  test("every integer survives the way to physical units and back", () => {
    expect(physicalHw(scale, hwPhysical(scale, all(scale)))).toEqual(all(scale));
  });

  test("every integer survives single precision, in which files keep the values", () => {
    const stored = Float32Array.from(hwPhysical(scale, all(scale)), (x) =>
      scale.turn === undefined ? x : wrapPhi(x),
    );
    expect(physicalHw(scale, stored)).toEqual(all(scale));
  });

  test("values anywhere in a bin's half width give its integer", () => {
    const { zero = 0 } = scale;
    const integer = fc.integer({ min: scale.min + zero, max: scale.max });
    const shift = fc.double({ min: -0.49, max: 0.49, noNaN: true });
    fc.assert(
      fc.property(integer, shift, (hw, off) => {
        expect(physicalHw(scale, [(hw - zero + off) * scale.width])[0]).toBe(hw);
      }),
      { seed: 20240611, numRuns: 300 },
    );
  });

  test("it says who defines it", () => {
    expect(scale.source.length).toBeGreaterThan(10);
  });
});

test("the ends of the scales are those of the published tables", () => {
  const ends = (scale: HwScale) => [...hwPhysical(scale, [scale.min, scale.max])];
  expect(ends(muonScales.hwPtL1)).toEqual([0, 255.5]);
  expect(ends(muon.pt)).toEqual([Number.NaN, 255]);
  expect(ends(muon.ptUnconstrained)).toEqual([Number.NaN, 254]);
  expect(ends(jet.pt)).toEqual([0, 1023.5]);
  expect(ends(eg.pt)).toEqual([0, 255.5]);
  expect(ends(sum.pt)).toEqual([0, 2047.5]);
  expect(hwPhysical(muon.eta, [225])[0]).toBeCloseTo(2.446875, 12);
  expect(hwPhysical(jet.eta, [-115, 115])[1]).toBeCloseTo(5.0025, 12);
  expect(hwPhysical(muon.phi, [288])[0]).toBeCloseTo(Math.PI, 14);
  expect(hwPhysical(jet.phi, [72])[0]).toBeCloseTo(Math.PI, 14);
});

test("the muon pt conventions differ by one step, and only one has an empty slot", () => {
  const hw = [0, 1, 2, 511];
  expect(hwPhysical(muon.pt, hw)).toEqual(Float64Array.of(Number.NaN, 0, 0.5, 255));
  expect(hwPhysical(muon.ptReport, hw)).toEqual(Float64Array.of(0, 0.5, 1, 255.5));
  expect(physicalHw(muon.pt, [Number.NaN, 0])).toEqual(Int32Array.of(0, 1));
});

test("the calorimeter phi conventions drift apart by 0.019 rad over the turn", () => {
  const last = [143];
  const gap = hwPhysical(jet.phi, last)[0] - hwPhysical(jet.phiCmssw, last)[0];
  expect(gap).toBeCloseTo(143 * ((2 * Math.PI) / 144 - 0.0435), 12);
  expect(gap).toBeCloseTo(0.019, 3);
  const wrapped = Float64Array.from(hwPhysical(jet.phiCmssw, all(jet.phiCmssw)), wrapPhi);
  expect(physicalHw(jet.phiCmssw, wrapped)).toEqual(all(jet.phiCmssw));
});

test("azimuths wrap onto the circle, other values saturate", () => {
  expect(physicalHw(muon.phi, [-0.0109, 2 * Math.PI, 7])).toEqual(Int32Array.of(575, 0, 66));
  expect(physicalHw(jet.phi, [-0.0436, 4 * Math.PI])).toEqual(Int32Array.of(143, 0));
  expect(physicalHw(muon.ptReport, [-3, 1e6])).toEqual(Int32Array.of(0, 511));
  expect(physicalHw(muon.pt, [-3, 1e6])).toEqual(Int32Array.of(1, 511));
  expect(physicalHw(muon.eta, [-9, 9])).toEqual(Int32Array.of(-256, 255));
});

test("values off the scale are reported by count and first row", () => {
  expect(outOfRange(muon.phi, [0, 575])).toBeNull();
  expect(outOfRange(muon.phi, [0, 576, -1, 1.5])).toEqual({
    count: 3,
    firstRow: 1,
    firstValue: 576,
  });
  expect(outOfRange(muon.pt, [3, Number.NaN])?.count).toBe(1);
  expect(() =>
    hwPhysical(muon.phi, [0, 576, 1023], { where: "hwPhiL1" }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[DataError: hwPhiL1: 2 of 3 values are not integers in [0, 575], the first is 576 in row 1; drop these rows or check the column]`,
  );
  expect(() => hwPhysical(jet.phi, [144])).toThrowErrorMatchingInlineSnapshot(
    `[DataError: jet phi: 1 of 1 values are not integers in [0, 143], the first is 144 in row 0; drop these rows or check the column]`,
  );
  expect(() => physicalHw(muon.eta, [0, Number.NaN])).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: muon eta: row 1 is NaN; it has no hardware integer]`,
  );
});
