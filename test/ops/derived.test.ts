import { describe, expect, it } from "vitest";
import { grad } from "../../src/autodiff/index.ts";
import { fromNumbers } from "../../src/base/host-array.ts";
import type { Tensor } from "../../src/graph/index.ts";
import * as ops from "../../src/ops/index.ts";
import { evaluate } from "../reference/evaluate.ts";
import { isClose, type Tolerance } from "../tolerances.ts";
import { checkTwice, project } from "./differences.ts";
import { expectAgreement, loadOnnx, runOnnx } from "./run.ts";

/** A function of one number: ours, the standard library's, where to compare, and how closely. */
interface Row {
  readonly ours: (x: Tensor) => Tensor;
  readonly theirs: (x: number) => number;
  readonly points: readonly number[];
  readonly float32: Tolerance;
  readonly float64: Tolerance;
}

const ulps = (n: number) => ({
  float32: { relative: n * 2 ** -23, absolute: 0 },
  float64: { relative: n * 2 ** -52, absolute: 0 },
});
// where numbers near 1 cancel (ONNX Runtime's own sigmoid too): to units in the last place of 1
const ulpsOfOne = (n: number) => ({
  float32: { relative: n * 2 ** -23, absolute: n * 2 ** -23 },
  float64: { relative: n * 2 ** -52, absolute: n * 2 ** -52 },
});
const around = [1e-30, 1e-12, 1e-7, 1e-4, 0.1, 0.5, 1, 2, 5, 20].flatMap((x) => [x, -x]).concat(0);
const above = (low: number) => around.filter((x) => x > low);

const rows: Readonly<Record<string, Row>> = {
  log1p: {
    ours: ops.log1p,
    theirs: Math.log1p,
    points: [...above(-1), 1e10, 1e30, -0.999],
    ...ulps(4),
  },
  expm1: { ours: ops.expm1, theirs: Math.expm1, points: [...around, -60, -1e4, 60], ...ulps(8) },
  logcosh: {
    ours: ops.logcosh,
    theirs: (x) => Math.abs(x) + Math.log1p(Math.exp(-2 * Math.abs(x))) - Math.LN2,
    points: [...around, 1e4, -1e30],
    ...ulpsOfOne(2),
  },
  logSigmoid: {
    ours: ops.logSigmoid,
    theirs: (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x))),
    points: [...around, 80, -1e4, -1e30],
    ...ulps(4),
  },
  leakyRelu: {
    ours: ops.leakyRelu,
    theirs: (x) => (x > 0 ? x : 0.01 * x),
    points: around,
    ...ulps(2),
  },
  elu: {
    ours: ops.elu,
    theirs: (x) => (x > 0 ? x : Math.expm1(x)),
    points: [...around, 1e4, -1e4],
    ...ulps(8),
  },
  // λ = 1.0507…, α = 1.6732…: Klambauer et al., arXiv:1706.02515, equation 14
  selu: {
    ours: ops.selu,
    theirs: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    points: around,
    ...ulps(8),
  },
  silu: {
    ours: ops.silu,
    theirs: (x) => x / (1 + Math.exp(-x)),
    points: [...around, 80],
    ...ulpsOfOne(8),
  },
  square: { ours: ops.square, theirs: (x) => x * x, points: [...above(1e-10), -3], ...ulps(1) },
  wrapAngle: {
    ours: ops.wrapAngle,
    theirs: (x) => x - 2 * Math.PI * Math.ceil((x - Math.PI) / (2 * Math.PI)),
    points: [0, 3, -3, 3.5, -3.5, 6, -6, 9, -9],
    ...ulpsOfOne(4),
  },
};

describe.each(Object.entries(rows))("%s", (name, { ours, theirs, points, ...tolerances }) => {
  const check = (values: ArrayLike<number | bigint>, at: readonly number[], tolerance: Tolerance) =>
    at.forEach((x, i) => {
      const [value, expected] = [Number(values[i]), theirs(x)];
      if (!isClose(value, expected, tolerance))
        throw new Error(`${name}(${x}) = ${value}, not ${expected}`);
    });

  it("is as accurate as the standard library, float64 on the reference", () => {
    const y = ours(ops.constant(fromNumbers("float64", [points.length], points)));
    check(evaluate([y])[0].data, points, tolerances.float64);
  });

  it("is as accurate as float32 allows in ONNX Runtime, as written and simplified", async () => {
    const at = points.map(Math.fround);
    const x = ops.input("x", "float32", [at.length]);
    const feeds = { x: fromNumbers("float32", [at.length], at) };
    for (const optimize of [false, true]) {
      const [y] = await runOnnx([ours(x)], feeds, { optimize });
      check(y.data as Float32Array, at, tolerances.float32);
    }
  });

  it("has gradients of order 1 and 2 that agree with central differences", () => {
    const inside = points.filter((x) => Math.abs(x) > 1e-3 && Math.abs(x) < 10 && x > -0.9);
    const x = ops.input("x", "float64", [inside.length]);
    const feeds = { x: fromNumbers("float64", [inside.length], inside) };
    checkTwice(name, project(`${name}/y`, [ours(x)], feeds), [x]);
  });
});

it("wrapAngle maps both ends of the turn to +π", () => {
  const angles = ops.constant(fromNumbers("float64", [3], [Math.PI, -Math.PI, 3 * Math.PI - 1e-9]));
  const [wrapped] = evaluate([ops.wrapAngle(angles)]);
  expect(wrapped.data[0]).toBe(Math.PI);
  expect(wrapped.data[1]).toBe(Math.PI);
  expect(wrapped.data[2]).toBeCloseTo(Math.PI - 1e-9, 12);
});

describe("logsumexp", () => {
  const rowsOf = (values: readonly number[][]) =>
    fromNumbers("float32", [values.length, values[0].length], values.flat());
  const x = ops.input("x", "float32", ["batch", 3]);

  it("neither overflows nor underflows, and knows infinities", async () => {
    const feeds = {
      x: rowsOf([
        [1000, 1000, -1000],
        [-1e30, -1e30, -2e30],
        [-Infinity, 0, 0],
        [-Infinity, -Infinity, -Infinity],
        [Infinity, 0, -Infinity],
        [1, 2, 3],
      ]),
    };
    const expected = [1000 + Math.LN2, Math.fround(-1e30), Math.LN2, -Infinity, Infinity];
    const last = Math.log(Math.E + Math.E ** 2 + Math.E ** 3);
    for (const optimize of [false, true]) {
      const [y] = await runOnnx([ops.logsumexp(x, { axes: 1 })], feeds, { optimize });
      expect([...(y.data as Float32Array)]).toEqual([...expected, last].map(Math.fround));
    }
  });

  it("has softmax as gradient", () => {
    const feeds = { x: rowsOf([[1000, 999, -5]]) };
    const gradient = grad(ops.sum(ops.logsumexp(x, { axes: -1 })), [x])[0];
    const [actual, expected] = evaluate([gradient, ops.softmax(x)], feeds);
    expect([...actual.data]).toEqual([...expected.data].map((v) => expect.closeTo(v, 12)));
  });

  it("keeps or drops the reduced axes, over one, several or all", async () => {
    const y = ops.input("y", "float32", ["batch", 2, 3]);
    const feeds = {
      y: fromNumbers(
        "float32",
        [2, 2, 3],
        Array.from({ length: 12 }, (_, i) => i / 7),
      ),
    };
    const outputs = [
      ops.logsumexp(y),
      ops.logsumexp(y, { axes: [0, 2] }),
      ops.logsumexp(y, { axes: 1, keepDims: true }),
      ops.variance(y, { axes: 0 }),
      ops.variance(y, { axes: [1, 2], keepDims: true }),
      ops.mean(y),
    ];
    await expectAgreement("reductions", outputs, feeds, { optimize: true });
    expect(outputs.map((t) => t.shape)).toEqual([
      [],
      [2],
      ["batch", 1, 3],
      [2, 3],
      ["batch", 1, 1],
      [],
    ]);
  });
});

it("variance divides by n", () => {
  const x = ops.constant(fromNumbers("float64", [4], [1, 2, 3, 6]));
  expect(evaluate([ops.variance(x)])[0].data[0]).toBe(3.5);
});

it("arange counts from zero", async () => {
  const [counted] = await runOnnx([ops.arange(1000)], {});
  expect(counted).toMatchObject({ dtype: "int64", shape: [1000] });
  expect([...counted.data].map(Number)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
});

it.each(["scatterAdd", "scatterAddAlong"] as const)(
  "%s loses no update among many threads writing to few rows",
  async (name) => {
    const n = 200_000;
    const positions = Array.from({ length: n }, (_, i) => (i * i) % 7);
    const index = ops.constant(fromNumbers("int64", [n], positions));
    const updates = ops.full([n, 4], 1);
    const rows =
      name === "scatterAdd"
        ? ops.scatterAdd(ops.zeros([7, 4]), index, updates)
        : ops.scatterAddAlong(
            ops.zeros([7, 4]),
            ops.broadcastTo(ops.expandDims(index, 1), [n, 4]),
            updates,
            0,
          );
    const { run, dispose } = await loadOnnx([rows], { threads: 4 });
    const count = (row: number) => positions.filter((p) => p === row).length;
    const expected = Array.from({ length: 28 }, (_, i) => count(Math.floor(i / 4)));
    for (let trial = 0; trial < 5; trial++)
      expect([...((await run({}))[0].data as Float32Array)]).toEqual(expected);
    await dispose();
  },
);
