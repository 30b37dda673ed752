import { describe, expect, it } from "vitest";
import { grad } from "../../src/autodiff/index.ts";
import { float32, fromNumbers, toNumbers } from "../../src/base/host-array.ts";
import {
  binaryCrossEntropy,
  focal,
  huber,
  type Loss,
  logcosh,
  mae,
  mse,
  quantile,
  relative,
  softmaxCrossEntropy,
} from "../../src/nn/index.ts";
import { constant, input } from "../../src/ops/index.ts";
import { evaluate, normals } from "./support.ts";

const rows = 7;
const prediction = normals(1, [rows, 2], 2);
const real = normals(2, [rows, 2], 2);
const binary = float32(
  toNumbers(real).map((v) => (v > 0 ? 1 : 0)),
  [rows, 2],
);
const weights = [1, 2, 0, 0.5, 3, -0.25, 1];
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** Naive per-element formulas in float64. */
const cases: Record<
  string,
  [Loss, (p: number, t: number, j: number) => number, "real" | "binary"]
> = {
  mse: [mse(), (p, t) => (p - t) ** 2, "real"],
  mae: [mae(), (p, t) => Math.abs(p - t), "real"],
  logcosh: [logcosh(), (p, t) => Math.log(Math.cosh(p - t)), "real"],
  "huber(0.7)": [
    huber(0.7),
    (p, t) => (Math.abs(p - t) < 0.7 ? (p - t) ** 2 / 2 : 0.7 * (Math.abs(p - t) - 0.35)),
    "real",
  ],
  "quantile(0.1, 0.8)": [
    quantile([0.1, 0.8]),
    (p, t, j) => (t > p ? [0.1, 0.8][j] * (t - p) : (1 - [0.1, 0.8][j]) * (p - t)),
    "real",
  ],
  binaryCrossEntropy: [
    binaryCrossEntropy(),
    (z, t) => -(t * Math.log(sigmoid(z)) + (1 - t) * Math.log(1 - sigmoid(z))),
    "binary",
  ],
  "focal(1.5, 0.3)": [
    focal(1.5, 0.3),
    (z, t) => {
      const p = t === 1 ? sigmoid(z) : 1 - sigmoid(z);
      return -(t === 1 ? 0.3 : 0.7) * (1 - p) ** 1.5 * Math.log(p);
    },
    "binary",
  ],
  "relative mse": [
    relative(mse(), 0.5),
    (p, t) => ((p - t) / Math.max(Math.abs(t), 0.5)) ** 2,
    "real",
  ],
};

describe("losses", () => {
  for (const [name, [loss, f, kind]] of Object.entries(cases))
    it(`${name} is the weighted mean of its formula, with the gradient of it`, async () => {
      const target = kind === "real" ? real : binary;
      const naive = (p: ArrayLike<number>, w: number[]) => {
        let s = 0;
        for (let k = 0; k < 2 * rows; k++) s += w[k >> 1] * f(p[k], Number(target.data[k]), k & 1);
        return s / (2 * w.reduce((a, b) => a + b, 0));
      };
      const p = input("p", "float32", [rows, 2]);
      const plain = loss(p, constant(target), null);
      const weighted = loss(p, constant(target), constant(float32(weights)));
      const outputs = { plain, weighted, gradient: grad(weighted, [p])[0] };
      const got = await evaluate(outputs, { p: prediction });
      const values = toNumbers(prediction);
      expect(got.plain[0]).toBeCloseTo(
        naive(
          values,
          weights.map(() => 1),
        ),
        5,
      );
      expect(got.weighted[0]).toBeCloseTo(naive(values, weights), 5);
      for (let k = 0; k < 2 * rows; k++) {
        const h = 1e-5;
        const moved = (d: number) =>
          naive(
            values.map((v, i) => (i === k ? v + d : v)),
            weights,
          );
        expect(got.gradient[k]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 4);
      }
    });

  it("weigh target columns relative to each other", async () => {
    const loss = mse({ columns: [3, 1] })(constant(prediction), constant(real), null);
    const d = (k: number) => (Number(prediction.data[k]) - Number(real.data[k])) ** 2;
    let expected = 0;
    for (let i = 0; i < rows; i++) expected += (3 * d(2 * i) + d(2 * i + 1)) / 4 / rows;
    expect((await evaluate({ loss })).loss[0]).toBeCloseTo(expected, 5);
  });

  it("softmax cross entropy takes labels or probabilities, and class weights", async () => {
    const logits = normals(3, [4, 3], 2);
    const labels = [2, 0, 1, 1];
    const oneHot = float32(
      labels.flatMap((l) => [0, 1, 2].map((c) => (c === l ? 1 : 0))),
      [4, 3],
    );
    const label = constant(fromNumbers("int64", [4], labels));
    const w = constant(float32([1, 2, 3, 4]));
    const classWeights = [1, 0.5, 2];
    const got = await evaluate({
      a: softmaxCrossEntropy()(constant(logits), label, null),
      b: softmaxCrossEntropy()(constant(logits), constant(oneHot), null),
      c: softmaxCrossEntropy({ classWeights })(constant(logits), label, w),
    });
    const l = labels.map((y, i) => {
      const z = [0, 1, 2].map((c) => Number(logits.data[3 * i + c]));
      return Math.log(z.reduce((s, v) => s + Math.exp(v), 0)) - z[y];
    });
    expect(got.a[0]).toBeCloseTo(l.reduce((a, b) => a + b) / 4, 5);
    expect(got.b[0]).toBeCloseTo(got.a[0], 6);
    const u = labels.map((y, i) => classWeights[y] * (i + 1));
    const mean = l.reduce((s, v, i) => s + v * u[i], 0) / u.reduce((a, b) => a + b);
    expect(got.c[0]).toBeCloseTo(mean, 5);
  });

  it("stay finite for logits of ±100 and are 0 where all weights are 0", async () => {
    const z = constant(float32([100, -100], [2, 1]));
    const t = constant(float32([0, 1], [2, 1]));
    const none = constant(float32([0, 0]));
    const got = await evaluate({
      bce: binaryCrossEntropy()(z, t, null),
      focal: focal(2, null)(z, t, null),
      empty: mse()(z, t, none),
    });
    expect(got.bce[0]).toBeCloseTo(100, 4);
    expect(got.focal[0]).toBeCloseTo(100, 4);
    expect(got.empty[0]).toBe(0);
  });

  it("refuse a target of another shape instead of broadcasting", () => {
    const p = input("p", "float32", ["batch", 1]);
    const t = input("t", "float32", ["batch"]);
    expect(() => mse()(p, t, null)).toThrow(
      "mse: prediction is [batch, 1], target [batch]; use reshape()",
    );
  });
});
