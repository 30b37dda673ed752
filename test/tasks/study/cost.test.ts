import { describe, expect, test } from "vitest";
import { fromNumbers } from "../../../src/base/host-array.ts";
import { createRng } from "../../../src/base/rng.ts";
import { exportFalkon, type Kernel } from "../../../src/kernels/index.ts";
import { exportModel } from "../../../src/nn/index.ts";
import { inferenceCost, network } from "../../../src/tasks/index.ts";
import { reportSource } from "../../../src/tasks/recalibration/source-report.ts";
import {
  featureCount,
  fitting,
  gaussianMacs,
  networkMacs,
} from "../../../src/tasks/study/hardware.ts";

const [m, features, targets] = [7, 4, 3];
const sizes = { features, targets };

/** A kernel machine alone, no features before and no units after. */
function bare(kernel: Kernel, centers = m): Uint8Array {
  const rng = createRng(1);
  const values = (n: number) => Float64Array.from({ length: n }, () => rng.normal());
  return exportFalkon({
    kernel,
    centers: fromNumbers("float32", [centers, features], values(centers * features)),
    alpha: fromNumbers("float64", [centers, targets], values(centers * targets)),
    lambda: 1e-6,
  });
}

describe("cost of a kernel machine, counted by hand", () => {
  test("Gaussian: (x - shift) / width, its square, two products, one exponential per center", () => {
    const cost = inferenceCost(bare({ type: "gaussian", width: 0.5 }));
    const rows = features * 2 + features * 2 + 1; // shift, width; squares, their sum; times -1/2
    const products = 2 * m * (features + 2) + 2 * m * targets;
    expect(cost.macs).toBe(m * (features + 2) + m * targets);
    expect(cost.exponentials).toBe(m);
    expect(cost.flops).toBe(rows + products + m);
    expect(cost.parameters).toBe(m * (features + 2 + targets));
  });

  test("linear: two products and nothing else", () => {
    const cost = inferenceCost(bare({ type: "linear", offset: 1 }));
    expect(cost.macs).toBe(m * (features + 1) + m * targets);
    expect(cost.flops).toBe(2 * cost.macs);
    expect(cost.exponentials).toBe(0);
  });

  test("polynomial of degree 5: three multiplications per center beside", () => {
    const cost = inferenceCost(bare({ type: "polynomial", degree: 5 })); // x² , x⁴, x⁴ x
    expect(cost.flops).toBe(2 * cost.macs + 3 * m);
    expect(cost.exponentials).toBe(0);
  });

  test("the report's Table 8 has M T: 300 for M = 100, and 1500 where it prints 2000 for M = 500", () => {
    expect(inferenceCost(bare({ type: "gaussian", width: 1 }, 100)).reportFlops).toBe(300);
    expect(inferenceCost(bare({ type: "gaussian", width: 1 }, 500)).reportFlops).toBe(1500);
  });
});

describe("what fits the hardware", () => {
  test.each([1, 2, 100])("multiply-accumulates of M = %i are those counted", (count) => {
    const counted = inferenceCost(bare({ type: "gaussian", width: 1 }, count)).macs;
    expect(gaussianMacs(count, sizes)).toBe(counted);
  });

  test.each([
    [8, 1],
    [32, 3],
    [128, 4],
  ])("those of a network %ix%i too", (width, depth) => {
    const model = network(`${width}x${depth}`, features, targets);
    const inputs = { x: { dtype: "float32", shape: [features] } } as const;
    const bytes = exportModel({ model, variables: model.init(createRng(1)), inputs });
    expect(networkMacs(width, depth, sizes)).toBe(inferenceCost(bytes).macs);
  });

  test("the largest models fit, and one more does not", () => {
    for (const { budget, centers, widths } of fitting(
      { latencies: [0.01, 0.1, 1], multipliers: 1000, clock: 240 },
      sizes,
    )) {
      const cost = (n: number) => gaussianMacs(n, sizes) + n;
      expect(cost(centers)).toBeLessThanOrEqual(budget);
      expect(cost(centers + 1)).toBeGreaterThan(budget);
      for (const [depth, width] of Object.entries(widths)) {
        expect(networkMacs(width, Number(depth), sizes)).toBeLessThanOrEqual(budget);
        expect(networkMacs(width + 1, Number(depth), sizes)).toBeGreaterThan(budget);
      }
    }
  });

  test("a latency of 0.1 us at 240 MHz is 24 clocks", () => {
    const [fit] = fitting({ latencies: [0.1], multipliers: 10, clock: 240 }, sizes);
    expect(fit.budget).toBe(240);
  });

  test("the report's table has four features", () => {
    expect(featureCount(reportSource)).toBe(4);
  });
});
