import fc from "fast-check";
import { expect, test } from "vitest";
import { deltaPhi, deltaR, to0to2Pi, wrapPhi } from "../../src/cms/kinematics.ts";

const seed = 20210903;
const angle = fc.double({ min: -1e4, max: 1e4, noNaN: true });
const inner = fc.double({ min: -3.1, max: 3.1, noNaN: true });
const check = (property: fc.IProperty<[number]> | fc.IProperty<[number, number]>) =>
  fc.assert(property as fc.IProperty<unknown>, { seed, numRuns: 2000 });

test("wrapPhi lands in (-pi, pi] on the same direction", () => {
  check(
    fc.property(angle, (phi) => {
      const wrapped = wrapPhi(phi);
      expect(wrapped > -Math.PI && wrapped <= Math.PI).toBe(true);
      expect(Math.cos(wrapped - phi)).toBeCloseTo(1, 10);
      expect(Math.sin(wrapped - phi)).toBeCloseTo(0, 10);
    }),
  );
});

test("wrapPhi leaves values in range untouched and puts the seam at +pi", () => {
  check(
    fc.property(inner, (phi) => {
      expect(wrapPhi(phi)).toBe(phi);
    }),
  );
  expect(wrapPhi(Math.PI)).toBe(Math.PI);
  expect(wrapPhi(-Math.PI)).toBe(Math.PI);
  expect(wrapPhi(3 * Math.PI)).toBe(Math.PI);
  expect(wrapPhi(-3 * Math.PI)).toBe(Math.PI);
});

test("to0to2Pi lands in [0, 2 pi) on the same direction", () => {
  check(
    fc.property(angle, (phi) => {
      const wrapped = to0to2Pi(phi);
      expect(wrapped >= 0 && wrapped < 2 * Math.PI).toBe(true);
      expect(Math.cos(wrapped - phi)).toBeCloseTo(1, 10);
      expect(Math.sin(wrapped - phi)).toBeCloseTo(0, 10);
    }),
  );
  expect(to0to2Pi(2 * Math.PI)).toBe(0);
  expect(to0to2Pi(-1e-20)).toBe(0);
  expect(to0to2Pi(-Math.PI / 2)).toBeCloseTo(1.5 * Math.PI, 14);
});

test("deltaPhi is the short way around", () => {
  expect(deltaPhi(3, -3)).toBeCloseTo(6 - 2 * Math.PI, 14);
  expect(deltaPhi(-3, 3)).toBeCloseTo(2 * Math.PI - 6, 14);
  check(
    fc.property(inner, inner, (a, b) => {
      expect(Math.abs(deltaPhi(a, b))).toBeCloseTo(Math.acos(Math.cos(a - b)), 6);
    }),
  );
});

test("deltaR is the Euclidean distance nearby and does not see full turns", () => {
  const a = { eta: 1, phi: 3.1 };
  const b = { eta: 0.7, phi: 3.1 + 0.4 };
  expect(deltaR(a, b)).toBeCloseTo(0.5, 14);
  expect(deltaR(b, a)).toBeCloseTo(0.5, 14);
  expect(deltaR(a, { eta: 0.7, phi: b.phi - 2 * Math.PI })).toBeCloseTo(0.5, 14);
});
