import { describe, expect, it } from "vitest";
import { float32, toNumbers } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import {
  activation,
  batchNorm,
  dense,
  dropout,
  foldBatchNorm,
  layerNorm,
  leaf,
  leaves,
  sequential,
  subtree,
} from "../../src/nn/index.ts";
import { relu } from "../../src/ops/index.ts";
import { applyLayer, distance, evaluate, normals } from "./support.ts";

const column = (x: ArrayLike<number>, width: number, j: number) =>
  Array.from({ length: x.length / width }, (_, i) => x[i * width + j]);
const meanOf = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;
const varianceOf = (v: number[]) => {
  const m = meanOf(v);
  return meanOf(v.map((t) => (t - m) ** 2));
};

describe("dense", () => {
  it("computes x W + b", async () => {
    const layer = dense(3, 2);
    const variables = layer.init(createRng(1));
    const bias = float32([0.5, -1]);
    const params = { ...variables.params, bias };
    const x = normals(2, [4, 3]);
    const { y } = await applyLayer(layer, { params, state: {} }, x, { training: true });
    const w = leaf(variables.params, "weight").data;
    const expected = Array.from({ length: 8 }, (_, k) => {
      const [i, j] = [k >> 1, k & 1];
      let s = Number(bias.data[j]);
      for (let m = 0; m < 3; m++) s += Number(x.data[i * 3 + m]) * Number(w[m * 2 + j]);
      return s;
    });
    expect(distance((await evaluate({ y })).y, expected)).toBeLessThan(1e-6);
  });

  it("draws weights of variance 2/in (He) and 2/(in + out) (Glorot)", () => {
    for (const [init, variance] of [
      ["he", 2 / 50],
      ["glorot", 2 / 250],
    ] as const) {
      const w = leaf(dense(50, 200, { init }).init(createRng(3)).params, "weight");
      // 10^4 uniforms: relative deviation of the variance 0.9 %, 5 sigma
      expect(varianceOf([...toNumbers(w)]) / variance).toBeCloseTo(1, 1.35);
    }
  });

  it("names both sizes of an input that does not fit", async () => {
    const layer = dense(3, 2);
    const wrong = applyLayer(layer, layer.init(createRng(1)), normals(1, [4, 5]), {
      training: true,
    });
    await expect(wrong).rejects.toThrow("inner sizes differ: [4, 5] x [3, 2] (5 and 3)");
  });
});

describe("batchNorm", () => {
  const layer = batchNorm(3, { momentum: 0.9, epsilon: 1e-3 });
  const variables = {
    params: { gamma: float32([1, 2, -0.5]), beta: float32([0, 1, 3]) },
    state: { mean: float32([0.1, -0.2, 0]), variance: float32([1, 4, 0.25]) },
  };
  const x = normals(7, [50, 3], 2);

  it("normalizes by the batch in training and averages running statistics", async () => {
    const { y, state } = await applyLayer(layer, variables, x, { training: true });
    const got = await evaluate({ y, mean: leaf(state, "mean"), variance: leaf(state, "variance") });
    for (let j = 0; j < 3; j++) {
      const values = column(toNumbers(x), 3, j);
      const [m, v] = [meanOf(values), varianceOf(values)];
      const [gamma, beta] = [variables.params.gamma.data[j], variables.params.beta.data[j]].map(
        Number,
      );
      const expected = values.map((t) => ((t - m) / Math.sqrt(v + 1e-3)) * gamma + beta);
      expect(distance(column(got.y, 3, j), expected)).toBeLessThan(1e-5);
      expect(got.mean[j]).toBeCloseTo(0.9 * Number(variables.state.mean.data[j]) + 0.1 * m, 5);
      expect(got.variance[j]).toBeCloseTo(
        0.9 * Number(variables.state.variance.data[j]) + 0.1 * v,
        5,
      );
    }
  });

  it("uses running statistics in inference and leaves them alone", async () => {
    const { y, state } = await applyLayer(layer, variables, x, { training: false });
    const got = await evaluate({ y, runningMean: leaf(state, "mean") });
    const expected = column(toNumbers(x), 3, 1).map((t) => ((t + 0.2) / Math.sqrt(4.001)) * 2 + 1);
    expect(distance(column(got.y, 3, 1), expected)).toBeLessThan(1e-5);
    expect(got.runningMean).toEqual(toNumbers(variables.state.mean));
  });

  it("folds into the dense before it, wherever that has a bias or not", async () => {
    for (const bias of [true, false]) {
      const net = sequential(
        sequential(dense(3, 3, { bias }), layer, activation(relu)),
        dense(3, 2),
        batchNorm(2),
      );
      const fresh = net.init(createRng(5));
      const params = { ...fresh.params, 0: { ...subtree(fresh.params, "0"), 1: variables.params } };
      const state = { ...fresh.state, 0: { 1: variables.state } };
      const folded = foldBatchNorm(net, { params, state });
      expect(leaves(folded.variables.state)).toEqual([]);
      expect(leaves(folded.variables.params).map(([path]) => path)).toEqual([
        "0.0.weight",
        "0.0.bias",
        "1.weight",
        "1.bias",
      ]);
      const plain = await applyLayer(net, { params, state }, x, { training: false });
      const short = await applyLayer(folded.layer, folded.variables, x, { training: false });
      const [a] = Object.values(await evaluate({ y: plain.y }));
      const [b] = Object.values(await evaluate({ y: short.y }));
      expect(distance(a, b)).toBeLessThan(1e-5);
      expect(varianceOf([...a])).toBeGreaterThan(0.01);
    }
  });
});

describe("layerNorm", () => {
  it("normalizes each row over its features", async () => {
    const layer = layerNorm(4);
    const params = { gamma: float32([1, 2, 3, 4]), beta: float32([0, 1, 0, -1]) };
    const x = normals(8, [5, 4], 3);
    const { y } = await applyLayer(layer, { params, state: {} }, x, { training: false });
    const got = (await evaluate({ y })).y;
    for (let i = 0; i < 5; i++) {
      const row = [...toNumbers(x).slice(4 * i, 4 * i + 4)];
      const expected = row.map(
        (t, j) =>
          ((t - meanOf(row)) / Math.sqrt(varianceOf(row) + 1e-5)) * (j + 1) + [0, 1, 0, -1][j],
      );
      expect(distance(got.slice(4 * i, 4 * i + 4), expected)).toBeLessThan(1e-5);
    }
  });
});

describe("dropout", () => {
  const x = float32(new Float32Array(500 * 40).fill(1), [500, 40]);
  const none = { params: {}, state: {} };
  const mask = async (seed: number, rate = 0.3) => {
    const { y } = await applyLayer(dropout(rate), none, x, { training: true, seed });
    return (await evaluate({ y })).y;
  };

  it("keeps a share 1 - rate and scales it up", async () => {
    const y = await mask(11);
    expect(new Set(y)).toEqual(new Set([0, Math.fround(1 / 0.7)]));
    // n = 20000 pairwise independent draws: sigma 0.0032; 5 sigma, false alarms below 1e-6
    const kept = y.filter((v) => v > 0).length / y.length;
    expect(Math.abs(kept - 0.7)).toBeLessThan(0.0162);
  });

  it("treats rows, columns and steps independently", async () => {
    const masks = (await Promise.all([21, 22, 23, 24].map((s) => mask(s, 0.5)))).map((y) =>
      y.map((v) => (v > 0 ? 1 : -1)),
    );
    const correlation = (pairs: [number, number][]) =>
      pairs.reduce((s, [a, b]) => s + a * b, 0) / Math.sqrt(pairs.length);
    const range = Array.from({ length: 499 * 39 }, (_, k) => [Math.floor(k / 39), k % 39]);
    const pairs = (di: number, dj: number, ds: number) =>
      range.map(
        ([i, j]) => [masks[0][i * 40 + j], masks[ds][(i + di) * 40 + j + dj]] as [number, number],
      );
    // sums of n = 19461 signs in units of sqrt(n): 5 sigma
    for (const [di, dj, ds] of [
      [0, 1, 0],
      [1, 0, 0],
      [1, 1, 0],
      [0, 0, 1],
      [0, 0, 2],
      [0, 0, 3],
    ])
      expect(Math.abs(correlation(pairs(di, dj, ds)))).toBeLessThan(5);
  });

  it("leaves no pair of columns or rows tied over the batch", async () => {
    const y = (await mask(31, 0.5)).map((v) => (v > 0 ? 1 : -1));
    // squared correlation of each pair times its length: 1 on average for independent signs
    const excess = (count: number, length: number, at: (i: number, k: number) => number) => {
      const squares: number[] = [];
      for (let i = 0; i < count; i++)
        for (let j = 0; j < i; j++) {
          let s = 0;
          for (let k = 0; k < length; k++) s += at(i, k) * at(j, k);
          squares.push(s ** 2 / length);
        }
      return meanOf(squares);
    };
    // 780 pairs, standard deviation of each square 1.4, of the mean 0.05: 6 sigma
    expect(Math.abs(excess(40, 500, (j, i) => y[i * 40 + j]) - 1)).toBeLessThan(0.3);
    expect(Math.abs(excess(40, 40, (i, j) => y[i * 40 + j]) - 1)).toBeLessThan(0.3);
  });

  it("is a pure function of the seed, differs between layers, and rests in inference", async () => {
    expect(await mask(5)).toEqual(await mask(5));
    expect(await mask(5)).not.toEqual(await mask(6));
    const inference = await applyLayer(dropout(0.3), none, x, { training: false });
    expect(new Set((await evaluate({ y: inference.y })).y)).toEqual(new Set([1]));
    const both = sequential(dropout(0.5), dropout(0.5));
    const { y } = await applyLayer(both, none, x, { training: true, seed: 3 });
    const kept = (await evaluate({ y })).y.filter((v) => v > 0).length / x.data.length;
    expect(Math.abs(kept - 0.25)).toBeLessThan(0.0154); // 5 sigma
  });

  it("refuses a rate outside [0, 1)", () => {
    expect(() => dropout(1)).toThrow("dropout: rate must be in [0, 1), got 1");
  });
});
