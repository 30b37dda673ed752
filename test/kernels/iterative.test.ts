import { describe, expect, test } from "vitest";
import { hostArray } from "../../src/base/host-array.ts";
import { type FalkonEvent, fitFalkon, type Kernel } from "../../src/kernels/index.ts";
import { arrays, matrixDistance, regression, runtime } from "./support.ts";

const kernel: Kernel = { type: "matern", nu: 2.5, width: 2 };
const data = regression(3000, 4);
const rows = arrays(data, "float64");
const options = {
  data: rows,
  kernel,
  centers: hostArray("float64", [50, 4], data.x.slice(0, 200)),
  lambda: 1e-4,
  precision: "float64",
} as const;
const direct = await fitFalkon(runtime, { ...options, solver: "direct" });
const iterative = (more: Parameters<typeof fitFalkon>[1]["iterative"]) =>
  fitFalkon(runtime, {
    ...options,
    solver: "iterative",
    iterative: { relativeTolerance: 1e-9, ...more },
  });
const passesOf = (fit: Awaited<typeof direct>) => fit.solutions[0].convergence?.iterations ?? 0;

describe("conjugate gradients", () => {
  test.each([
    ["a sample", 800],
    ["few rows", 60],
    ["the centers", "centers"],
    ["all rows", 3000],
  ] as const)("agree with the direct solver, preconditioned by %s", async (_, preconditioner) => {
    const fit = await iterative({ preconditioner, maxIterations: 60 });
    const [solution] = fit.solutions;
    expect(solution.convergence?.isConverged).toBe(true);
    expect(matrixDistance(solution.alpha, direct.solutions[0].alpha)).toBeLessThan(1e-6);
    expect(matrixDistance(solution.trainError, direct.solutions[0].trainError)).toBeLessThan(1e-9);
    expect(fit.normal).toBeNull();
  });

  test("take few passes where the sample is large, and two where it is everything", async () => {
    expect(passesOf(await iterative({ preconditioner: 3000 }))).toBeLessThanOrEqual(3);
    const sampled = await iterative({ preconditioner: 800, relativeTolerance: 1e-3 });
    const paper = await iterative({ preconditioner: "centers", relativeTolerance: 1e-3 });
    expect(passesOf(sampled)).toBeLessThanOrEqual(8);
    expect(passesOf(paper)).toBeGreaterThan(passesOf(sampled));
  });

  test("estimate the error of predictions that is left", async () => {
    const fit = await iterative({ preconditioner: 800, maxIterations: 3 });
    const { convergence, trainError } = fit.solutions[0];
    expect(convergence?.isConverged).toBe(false);
    // at the minimum the objective is quadratic: its excess is the squared error of predictions
    const excess = trainError[0] - direct.solutions[0].trainError[0];
    expect(Math.abs(excess)).toBeLessThan(10 * (convergence?.error[0] ?? 0));
  });

  test("stop by an absolute bound too, and report each iteration", async () => {
    const events: FalkonEvent[] = [];
    const fit = await fitFalkon(runtime, {
      ...options,
      solver: "iterative",
      iterative: { relativeTolerance: 0, absoluteTolerance: 0.01, preconditioner: 800 },
      onEvent: (event) => events.push(event),
    });
    const { convergence } = fit.solutions[0];
    expect(convergence?.isConverged).toBe(true);
    expect(Math.max(...(convergence?.error ?? [1]))).toBeLessThan(0.01);
    expect(events.filter(({ type }) => type === "iteration").length).toBeGreaterThan(0);
    expect(events.map(({ type }) => type)).toContain("solved");
  });

  test("start warm: from the solution one pass is enough", async () => {
    const fit = await iterative({
      preconditioner: 800,
      relativeTolerance: 1e-6,
      start: direct.model,
    });
    expect(passesOf(fit)).toBe(1);
    expect(matrixDistance(fit.solutions[0].alpha, direct.solutions[0].alpha)).toBeLessThan(1e-9);
  });

  test("solve a path of λ too", async () => {
    const lambda = [1e-2, 1e-4];
    const path = await fitFalkon(runtime, {
      ...options,
      lambda,
      solver: "iterative",
      iterative: { relativeTolerance: 1e-9, maxIterations: 60 },
    });
    const exact = await fitFalkon(runtime, { ...options, lambda });
    expect(exact.solver).toBe("direct");
    path.solutions.forEach((solution, i) => {
      expect(matrixDistance(solution.alpha, exact.solutions[i].alpha)).toBeLessThan(1e-6);
    });
  });

  test("refuse a start with other centers, and a sample of no rows", async () => {
    const start = { ...direct.model, alpha: hostArray("float64", [3, 2], new Float64Array(6)) };
    await expect(iterative({ start })).rejects.toThrow(/coefficients \[3,2\], expected \[50,2\]/);
    await expect(iterative({ preconditioner: 0 })).rejects.toThrow(/integer > 0, got 0/);
  });
});
