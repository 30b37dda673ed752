import { expect, test } from "vitest";
import { createNormalCdf, gaussPanels } from "../../../src/cms/simulate/quadrature.ts";

test("panels integrate quintics exactly, breakpoints included", () => {
  const { nodes, weights } = gaussPanels([-1, 0.3, 2], 0.5);
  const integral = nodes.reduce((sum, x, i) => sum + weights[i] * x ** 5, 0);
  expect(integral).toBeCloseTo((2 ** 6 - 1) / 6, 12);
  const kink = nodes.reduce((sum, x, i) => sum + weights[i] * Math.abs(x - 0.3), 0);
  expect(kink).toBeCloseTo((1.3 ** 2 + 1.7 ** 2) / 2, 12);
});

test("the error falls as the sixth power of the step", () => {
  const error = (step: number) => {
    const { nodes, weights } = gaussPanels([0, 1], step);
    return Math.abs(nodes.reduce((sum, x, i) => sum + weights[i] * Math.exp(x), 1 - Math.E));
  };
  expect(error(0.5) / error(0.25)).toBeCloseTo(64, -0.5);
});

test("the normal distribution function has its tabulated values", () => {
  const cdf = createNormalCdf();
  // 0.5 erfc(-x / sqrt(2)) of the C library, through Python's math.erfc
  expect(cdf(0)).toBeCloseTo(0.5, 12);
  expect(cdf(1)).toBeCloseTo(0.8413447460685429, 12);
  expect(cdf(-2)).toBeCloseTo(0.022750131948179195, 12);
  expect(cdf(0.123)).toBeCloseTo(0.5489464510164368, 9);
  expect(cdf(-5) / 2.8665157187919333e-7).toBeCloseTo(1, 6);
  expect([cdf(Number.NEGATIVE_INFINITY), cdf(-10), cdf(10)]).toEqual([0, 0, 1]);
});
