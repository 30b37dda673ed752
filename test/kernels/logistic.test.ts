import { describe, expect, test } from "vitest";
import { float32, type HostArray, hostArray, toNumbers } from "../../src/base/host-array.ts";
import {
  decodeFalkon,
  encodeFalkon,
  fitLogisticFalkon,
  type Kernel,
  type LogisticOptions,
  predictFalkon,
} from "../../src/kernels/index.ts";
import { classes, plainLogistic } from "./logistic-twin.ts";
import { runtime, spreadDistance } from "./support.ts";

const rows = 500;
const data = classes(rows, 7);
const kernel: Kernel = { type: "gaussian", width: 1.3 };
const centers = data.x.slice(0, 3 * 40);
const lambda = 1e-4;

function problem(precision: "float32" | "float64", labels: Float64Array = data.y): LogisticOptions {
  const of = (values: Float64Array, shape: number[]): HostArray =>
    precision === "float64" ? hostArray("float64", shape, values) : float32(values, shape);
  return {
    data: { x: of(data.x, [rows, 3]), y: of(labels, [rows, 1]) },
    kernel,
    centers: of(centers, [40, 3]),
    lambda,
    precision,
  };
}

async function distance(options: LogisticOptions, weight: ArrayLike<number>) {
  const fit = await fitLogisticFalkon(runtime, options);
  const { x } = options.data as { x: HostArray };
  const f = toNumbers(await predictFalkon(runtime, fit.model, x));
  const twin = plainLogistic(kernel, centers, { ...data, weight }, lambda);
  return { fit, f, ...spreadDistance(f, twin.f, twin.f, 1) };
}

const ones = new Float64Array(rows).fill(1);

describe("logistic Falkon against plain Newton", () => {
  test.each([
    ["float64", 1e-6],
    // float32 sums of 40 terms with coefficients larger than f
    ["float32", 1e-4],
  ] as const)("%s, predictions within %d of the spread", async (precision, bound) => {
    const { fit, largest } = await distance(problem(precision), ones);
    expect(fit.isConverged).toBe(true);
    expect(largest).toBeLessThan(bound);
  });

  test("weights of rows and of classes multiply", async () => {
    const { data: arrays, ...rest } = problem("float64");
    const weighted = { ...arrays, weight: hostArray("float64", [rows], data.weight) };
    const classWeights = { negative: 0.2, positive: 3 };
    const combined = data.weight.map((w, i) => w * (data.y[i] === 1 ? 3 : 0.2));
    const options = { ...rest, data: weighted as LogisticOptions["data"], classWeights };
    expect((await distance(options, combined)).largest).toBeLessThan(1e-6);
    expect((await distance(options, ones)).largest).toBeGreaterThan(0.1);
  });

  test("conjugate gradients solve the Newton equations as well", async () => {
    const { fit, largest } = await distance({ ...problem("float64"), solver: "iterative" }, ones);
    expect(fit.isConverged).toBe(true);
    expect(largest).toBeLessThan(1e-4);
  });

  test("a path of λ ends where the last λ alone does, and the loss falls at each λ", async () => {
    const options = { ...problem("float64"), lambda: [1, 0.01, lambda] };
    const { fit, largest } = await distance(options, ones);
    expect(largest).toBeLessThan(1e-6);
    expect(fit.model.lambda).toBe(lambda);
    fit.steps.forEach((step, i) => {
      const before = fit.steps[i - 1];
      if (before?.lambda === step.lambda)
        expect(step.objective).toBeLessThanOrEqual(before.objective + 1e-12);
    });
  });
});

test("labels -1 and 1 mean the same as 0 and 1", async () => {
  const signed = data.y.map((y) => 2 * y - 1);
  const [a, b] = [
    await fitLogisticFalkon(runtime, problem("float64")),
    await fitLogisticFalkon(runtime, problem("float64", signed)),
  ];
  expect(b.model.alpha.data).toEqual(a.model.alpha.data);
  expect(b.loss).toBe(a.loss);
});

test("the model is a Falkon model: it is saved and loaded as one", async () => {
  const { model } = await fitLogisticFalkon(runtime, problem("float32"));
  expect(decodeFalkon(encodeFalkon(model))).toEqual(model);
});

test("classes that a curve separates have a finite f that separates them", async () => {
  const labels = Float64Array.from({ length: rows }, (_, i) => (data.x[3 * i] > 0 ? 1 : 0));
  const options = { ...problem("float64", labels), lambda: 1e-9 };
  const fit = await fitLogisticFalkon(runtime, options);
  const f = await predictFalkon(runtime, fit.model, (options.data as { x: HostArray }).x);
  expect(fit.isConverged).toBe(true);
  const right = toNumbers(f).filter((value, i) => value > 0 === (labels[i] === 1)).length;
  expect(right / rows).toBeGreaterThan(0.98);
  expect(fit.loss).toBeLessThan(0.05);
});

test("one class only gives a finite f of its sign", async () => {
  const fit = await fitLogisticFalkon(runtime, problem("float64", ones));
  const f = toNumbers(
    await predictFalkon(runtime, fit.model, (problem("float64").data as { x: HostArray }).x),
  );
  expect(fit.isConverged).toBe(true);
  expect(Math.min(...f)).toBeGreaterThan(0);
  expect(Math.max(...f)).toBeLessThan(50);
});

test.each([
  [{ y: [0, 1, 2] }, "DataError", /label of row 2 is 2; labels must be 0 and 1, or -1 and 1/],
  [{ y: [0, 1, -1] }, "DataError", /label of row 2 is -1.*0 came before/],
  [{ y: [1, Number.NaN, 0] }, "DataError", /row 1 is NaN/],
  [{ lambda: 0 }, "ConfigError", /expected numbers > 0, got 0/],
  [{ lambda: [1e-4, 1e-2] }, "ConfigError", /must decrease, got 0.0001 before 0.01/],
  [
    { classWeights: { negative: -1 } },
    "ConfigError",
    /classWeights.negative: must be >= 0, got -1/,
  ],
  [{ classWeights: { negative: 0, positive: 0 } }, "DataError", /weights of all rows are 0/],
  [{ centers: 4 }, "ConfigError", /4 centers of 3 rows/],
  [{ y: [0, 1, 0, 1, 0, 1], targets: 2 }, "ConfigError", /got 2 columns/],
])("bad input is refused: %j", async (bad, name, message) => {
  const { y = [0, 1, 0], targets = 1, ...rest } = bad as { y?: number[]; targets?: number };
  const options = {
    data: { x: float32([1, 2, 3], [3, 1]), y: float32(y, [3, targets]) },
    kernel,
    centers: 2,
    lambda,
    ...rest,
  };
  const failure = await fitLogisticFalkon(runtime, options).catch((error: Error) => error);
  expect(failure).toMatchObject({ name, message: expect.stringMatching(message) });
});

test("a signal stops the fit", async () => {
  const signal = AbortSignal.abort();
  await expect(fitLogisticFalkon(runtime, { ...problem("float32"), signal })).rejects.toMatchObject(
    { name: "CancelledError" },
  );
});
