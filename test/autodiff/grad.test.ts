import { describe, expect, it } from "vitest";
import { grad, vjp } from "../../src/autodiff/index.ts";
import { fromNumbers } from "../../src/base/host-array.ts";
import { apply, type Tensor } from "../../src/graph/index.ts";
import { unary } from "../../src/ops/define.ts";
import * as ops from "../../src/ops/index.ts";
import { checkTwice, project } from "../ops/differences.ts";
import { evaluate } from "../reference/evaluate.ts";

const x = ops.input("x", "float64", []);
const v = ops.input("v", "float64", [4]);
const scalar = (value: number) => ({ x: fromNumbers("float64", [], [value]) });
const vector = { v: fromNumbers("float64", [4], [0.3, -1.2, 2, 0.7]) };
const valueAt = (y: Tensor, at: number) => evaluate([y], scalar(at))[0].data[0];
const values = (t: Tensor, feeds: Parameters<typeof evaluate>[1]) => [
  ...evaluate([t], feeds)[0].data,
];

/** The n-th derivative of a function of x. */
function derivative(f: (x: Tensor) => Tensor, order: number): Tensor {
  let y = f(x);
  for (let i = 0; i < order; i++) [y] = grad(y, [x]);
  return y;
}

describe("derivatives of high order match closed forms", () => {
  it.each([-1.5, -0.2, 0.4, 1.1])("at x = %f", (at) => {
    const t = Math.tanh(at);
    const { PI, cos, exp, log } = Math;
    const poly = (z: Tensor) => ops.sub(ops.pow(z, 5), ops.mul(ops.pow(z, 3), 2));
    const gauss = (z: Tensor) => ops.exp(ops.mul(ops.square(z), -0.5));
    const logOf = (z: Tensor) => ops.log(ops.add(ops.square(z), 1));
    const cases: [Tensor, number][] = [
      [derivative(poly, 3), 60 * at ** 2 - 12],
      [derivative(poly, 5), 120],
      [derivative(ops.tanh, 3), -2 * (1 - t * t) * (1 - 3 * t * t)],
      [derivative(ops.exp, 4), exp(at)],
      [derivative((z) => ops.sin(ops.mul(z, PI)), 3), -(PI ** 3) * cos(PI * at)],
      [derivative(ops.cos, 4), cos(at)],
      [derivative(gauss, 3), (3 * at - at ** 3) * exp((-at * at) / 2)],
      [derivative(logOf, 2), (2 - 2 * at * at) / (1 + at * at) ** 2],
      [derivative((z) => ops.mul(ops.sin(z), ops.exp(z)), 2), 2 * cos(at) * exp(at)],
      [derivative((z) => ops.div(1, ops.add(z, 3)), 3), -6 / (at + 3) ** 4],
      [derivative((z) => ops.pow(ops.add(z, 2), 0.5), 2), -0.25 * (at + 2) ** -1.5],
      [derivative((z) => ops.pow(2, z), 2), log(2) ** 2 * 2 ** at],
      [derivative((z) => ops.log1p(ops.expm1(z)), 1), 1],
      [derivative(ops.logcosh, 3), -2 * t * (1 - t * t)],
    ];
    cases.forEach(([y, expected], i) => {
      expect(valueAt(y, at), `case ${i}`).toBeCloseTo(expected, 9);
    });
  });
});

describe("paths", () => {
  it("a tensor that does not act on the scalar gets zeros of its shape", () => {
    const [g, unused] = grad(ops.sum(ops.square(v)), [v, x]);
    expect(values(g, vector)).toEqual([0.6, -2.4, 4, 1.4]);
    expect(unused.shape).toEqual([]);
    expect(values(unused, { ...vector, ...scalar(9) })).toEqual([0]);
  });

  it("a tensor used many times gets the sum over all uses", () => {
    const y = ops.add(ops.mul(x, x), ops.sub(ops.mul(x, 3), ops.exp(x)));
    expect(valueAt(grad(y, [x])[0], 2)).toBeCloseTo(4 + 3 - Math.exp(2), 12);
  });

  it("the scalar's gradient by itself is one", () => {
    expect(valueAt(grad(x, [x])[0], 5)).toBe(1);
  });

  it("gradients by inner tensors need no input", () => {
    const inner = ops.exp(x);
    expect(valueAt(grad(ops.square(inner), [inner])[0], 1)).toBeCloseTo(2 * Math.E, 12);
  });

  it("broadcast operands get sums", () => {
    const [byX, byV] = grad(ops.sum(ops.mul(x, v)), [x, v]);
    const feeds = { ...vector, ...scalar(3) };
    expect(values(byX, feeds)[0]).toBeCloseTo(1.8, 12);
    expect(values(byV, feeds)).toEqual([3, 3, 3, 3]);
  });

  it("vjp weighs several outputs with given cotangents", () => {
    const [g] = vjp([ops.square(v), ops.sum(v)], [v, ops.constant(10, "float64")], [v]);
    expect(values(g, vector)).toEqual(
      [0.3, -1.2, 2, 0.7].map((a) => expect.closeTo(2 * a * a + 10, 12)),
    );
  });

  it("a chain of 20,000 ops differentiates without running out of stack", () => {
    let y: Tensor = x;
    for (let i = 0; i < 20_000; i++) y = ops.add(y, x);
    expect(valueAt(grad(y, [x])[0], 1)).toBe(20_001);
  });
});

describe("ties and kinks", () => {
  it("max shares its gradient among ties, maximum gives it to the first", () => {
    const feeds = { v: fromNumbers("float64", [4], [1, 3, 3, 3]) };
    expect(values(grad(ops.max(v), [v])[0], feeds)).toEqual([0, 1 / 3, 1 / 3, 1 / 3]);
    expect(valueAt(grad(ops.maximum(x, ops.mul(x, 2)), [x])[0], 0)).toBe(1);
    expect(valueAt(grad(ops.minimum(x, ops.mul(x, 2)), [x])[0], 0)).toBe(1);
  });

  it.each([
    ["relu", ops.relu, 0],
    ["abs", ops.abs, 0],
    ["leakyRelu", ops.leakyRelu, 0.01],
    ["elu", ops.elu, 1],
  ] as const)("%s takes its documented slope at 0", (_name, f, slope) => {
    expect(valueAt(grad(f(x), [x])[0], 0)).toBe(slope);
  });

  it("no NaN comes through the branch not taken", () => {
    const safe = ops.where(ops.greater(x, 0), x, ops.constant(1, "float64"));
    const y = ops.where(ops.greater(x, 0), ops.log(safe), ops.constant(0, "float64"));
    expect(valueAt(grad(y, [x])[0], -1)).toBe(0);
    expect(valueAt(grad(ops.elu(x), [x])[0], 1000)).toBe(1);
    expect(valueAt(grad(ops.pow(x, 2.5), [x])[0], 0)).toBe(0);
  });
});

describe("custom gradients", () => {
  const straightThrough = (z: Tensor) =>
    ops.customGradient(
      [z],
      ([a]) => ops.round(a),
      (g) => [g],
    );

  it("straight-through rounding has slope 1 and, squared, curvature 2", () => {
    const y = ops.square(straightThrough(x));
    expect(valueAt(y, 1.7)).toBe(4);
    const [first] = grad(y, [x]);
    expect(valueAt(first, 1.7)).toBe(4); // 2 round(x), not 2 x
    expect(valueAt(grad(first, [x])[0], 1.7)).toBe(2);
  });

  it("the rule replaces the derivative of the forward graph, to any order", () => {
    const cube = (z: Tensor) =>
      ops.customGradient(
        [z],
        ([a]) => ops.pow(a, 3),
        (g, _y, [a]) => [ops.mul(g, ops.sin(a))],
      );
    expect(valueAt(derivative(cube, 1), 0.5)).toBeCloseTo(Math.sin(0.5), 12);
    expect(valueAt(derivative(cube, 3), 0.5)).toBeCloseTo(-Math.sin(0.5), 12);
  });

  it("a rule sees value and inputs, and may leave an input out", () => {
    const y = ops.customGradient(
      [x, v],
      ([a, b]) => ops.mul(a, ops.sum(b)),
      (g, value) => [ops.mul(g, value), null],
    );
    const [byX, byV] = grad(y, [x, v]);
    const feeds = { ...scalar(2), v: fromNumbers("float64", [4], [1, 2, 3, 4]) };
    expect(values(byX, feeds)).toEqual([20]);
    expect(values(byV, feeds)).toEqual([0, 0, 0, 0]);
  });

  it("stopGradient passes the value and no derivative", () => {
    const y = ops.mul(x, ops.stopGradient(ops.square(x)));
    expect(valueAt(y, 3)).toBe(27);
    expect(valueAt(grad(y, [x])[0], 3)).toBe(9);
    expect(valueAt(grad(ops.stopGradient(x), [x])[0], 3)).toBe(0);
  });
});

describe("ops with several outputs differentiate through each", () => {
  const w = ops.input("w", "float64", [2, 6]);
  const feeds = {
    w: fromNumbers("float64", [2, 6], [3, 1, -2, 0.4, 7, 5, -1, 2.2, 8, -4, 0.1, 6]),
  };
  const outputs: Record<string, (t: Tensor) => readonly Tensor[]> = {
    split: (t) => ops.split(t, [1, 2, 3], 1),
    topK: (t) => [ops.topK(t, 3).values],
    standardize: (t) => Object.values(ops.standardize(t, 1e-3)),
  };
  const cases = Object.entries(outputs).flatMap(([name, f]) => {
    const count = f(w).length;
    return Array.from({ length: count }, (_, i) => [name, i] as const);
  });

  it.each(cases)("%s, output %i alone", (name, i) => {
    const y = outputs[name](w)[i];
    checkTwice(`${name} ${i}`, project(`${name} ${i}/y`, [y], feeds), [w]);
  });

  it("and through products of several", () => {
    const { y, mean, invDeviation } = ops.standardize(w, 1e-3);
    const [a, , c] = ops.split(ops.mul(y, ops.mul(mean, invDeviation)), [2, 2, 2], 1);
    checkTwice("product", project("product/y", [ops.mul(a, c)], feeds), [w]);
  });
});

describe("errors", () => {
  const rectify = (t: Tensor) => apply(unary({ name: "rectify", onnx: "Relu" }), [t], {});

  it("name an op without derivative", () => {
    expect(() => grad(ops.sum(rectify(ops.exp(v))), [v])).toThrowErrorMatchingInlineSnapshot(
      `[GraphError: grad: rectify has no derivative; use stopGradient() before it]`,
    );
  });

  it("do not name one that the tensors asked for do not pass through", () => {
    const y = ops.sum(ops.mul(x, rectify(v)));
    expect(() => grad(y, [x])).not.toThrow();
  });

  it("ask for a float scalar", () => {
    expect(() => grad(v, [v])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: grad: needs a scalar, got [4]; use sum()]`,
    );
    expect(() => grad(ops.sum(ops.argmax(v)), [v])).toThrowErrorMatchingInlineSnapshot(
      `[DTypeError: grad: needs a float32 or float64 scalar, got int64; use cast()]`,
    );
  });
});
