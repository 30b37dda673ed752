import { afterAll, describe, expect, test } from "vitest";
import { hostArray, toNumbers } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { createComplexity, type Point } from "../../src/kernels/complexity.ts";
import { fitFalkon, type Kernel, predictFalkon, tuneFalkon } from "../../src/kernels/index.ts";
import { createProducts } from "../../src/kernels/linalg.ts";
import { arrays, kernelTable, regression, runtime, solveDense, spreadDistance } from "./support.ts";

const products = await createProducts(runtime);
afterAll(() => products.dispose());

/** The objective from its definition with matrices [n, n]: K̃ = Knm Kmm⁻¹ Kmn. */
function objective(kernel: Kernel, point: Point, x: Float64Array, y: Float64Array, n: number) {
  const features = x.length / n;
  const targets = y.length / n;
  const width = Array.from({ length: features }, (_, k) =>
    Math.exp(point.logWidths[k % point.logWidths.length]),
  );
  const lambda = Math.exp(point.logLambda);
  const shaped = { ...kernel, width } as Kernel;
  const m = point.centers.length / features;
  const kmm = kernelTable(shaped, point.centers, point.centers, features);
  for (let i = 0; i < m; i++) kmm[i * (m + 1)] += 1e-10 * m;
  const kmn = kernelTable(shaped, point.centers, x, features);
  const half = solveDense(kmm, kmn, m);
  const nystrom = new Float64Array(n * n);
  for (let k = 0; k < m; k++)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) nystrom[i * n + j] += kmn[k * n + i] * half[k * n + j];
  const system = nystrom.map((v, i) => v + (i % (n + 1) === 0 ? lambda * n : 0));
  const smoother = solveDense(system, nystrom, n);
  const solved = solveDense(system, y, n);
  let [dimension, rest, fit] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    dimension += smoother[i * (n + 1)];
    rest += (1 - nystrom[i * (n + 1)]) / n;
  }
  for (let i = 0; i < y.length; i++) fit += lambda * y[i] * solved[i]; // λ yᵀ (K̃ + λ n)⁻¹ y
  return (targets * dimension) / n + fit + (rest * fit) / lambda;
}

describe("the complexity objective", () => {
  test.each<Kernel>([
    { type: "gaussian", width: 1 },
    { type: "matern", nu: 1.5, width: 1 },
    { type: "matern", nu: 2.5, width: 1 },
  ])("and its gradient agree with the definition: %j", async (kernel) => {
    const { x, y, rows } = regression(40, 3);
    const shape = (a: Float64Array) => hostArray("float64", [rows, a.length / rows], a);
    const complexity = await createComplexity(runtime, products, kernel, shape(x), shape(y));
    const rng = createRng(4);
    for (const widths of [1, 4]) {
      const point: Point = {
        logWidths: Float64Array.from({ length: widths }, () => 0.6 + 0.2 * rng.normal()),
        logLambda: Math.log(0.03),
        centers: Float64Array.from(x.subarray(0, 24), (v) => v + 0.1 * rng.normal()),
      };
      const { value, gradient } = await complexity.at(point);
      expect(value).toBeCloseTo(objective(kernel, point, x, y, rows), 7);
      const direction: Point = {
        logWidths: point.logWidths.map(() => rng.normal()),
        logLambda: rng.normal(),
        centers: point.centers.map(() => rng.normal()),
      };
      const at = (step: number) =>
        objective(
          kernel,
          {
            logWidths: point.logWidths.map((v, i) => v + step * direction.logWidths[i]),
            logLambda: point.logLambda + step * direction.logLambda,
            centers: point.centers.map((v, i) => v + step * direction.centers[i]),
          },
          x,
          y,
          rows,
        );
      const expected = (at(1e-5) - at(-1e-5)) / 2e-5;
      const dot = (a: Float64Array, b: Float64Array) => a.reduce((s, v, i) => s + v * b[i], 0);
      const got =
        dot(gradient.logWidths, direction.logWidths) +
        gradient.logLambda * direction.logLambda +
        dot(gradient.centers, direction.centers);
      expect(got / expected).toBeCloseTo(1, 5);
    }
    await complexity.dispose();
  });
});

describe("tuneFalkon", () => {
  test("finds widths that predict better, without validation rows", async () => {
    const data = regression(1500, 10, 0.3);
    const test = regression(1000, 11, 0.3);
    const rows = arrays(data, "float64");
    const start = {
      data: rows,
      kernel: { type: "gaussian", width: 8 },
      centers: 40,
      lambda: 1e-2,
    } as const;
    const tuned = await tuneFalkon(runtime, {
      ...start,
      perFeature: true,
      rows: 600,
      steps: 60,
      rate: 0.1,
    });
    expect(tuned.history.length).toBe(61);
    expect(Math.min(...tuned.history)).toBeLessThan(0.7 * tuned.history[0]);
    const errorOf = async (
      options: Pick<Parameters<typeof fitFalkon>[1], "kernel" | "centers" | "lambda">,
    ) => {
      const { model } = await fitFalkon(runtime, { data: rows, precision: "float64", ...options });
      const y = toNumbers(await predictFalkon(runtime, model, arrays(test, "float64").x));
      return spreadDistance(y, test.y, test.y, 2).rms;
    };
    expect(await errorOf(tuned)).toBeLessThan(0.9 * (await errorOf(start)));
    const again = await tuneFalkon(runtime, {
      ...start,
      perFeature: true,
      rows: 600,
      steps: 2,
      rate: 0.1,
    });
    expect(again.history[2]).toBe(tuned.history[2]);
  });

  test("refuses kernels without widths, and more centers than the sample has rows", async () => {
    const data = arrays(regression(50, 1), "float64");
    const options = { data, centers: 10, lambda: 1e-3 } as const;
    await expect(tuneFalkon(runtime, { ...options, kernel: { type: "linear" } })).rejects.toThrow(
      /has no width/,
    );
    const kernel = { type: "gaussian", width: 1 } as const;
    await expect(tuneFalkon(runtime, { ...options, kernel, centers: 51 })).rejects.toThrow(
      /\[1, 50\]/,
    );
  });
});
