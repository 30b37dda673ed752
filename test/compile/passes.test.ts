import { describe, expect, it } from "vitest";
import { type DType, fromNumbers } from "../../src/base/host-array.ts";
import { bindDims } from "../../src/compile/bind.ts";
import { splitRows } from "../../src/compile/columns.ts";
import { compile } from "../../src/compile/index.ts";
import { layout } from "../../src/compile/layout.ts";
import { liftNumbers } from "../../src/compile/lift.ts";
import { merge } from "../../src/compile/merge.ts";
import { moveScales } from "../../src/compile/scale.ts";
import { share } from "../../src/compile/share.ts";
import { simplify } from "../../src/compile/simplify.ts";
import { apply, type OpDef, printGraph, type Shape, type Tensor } from "../../src/graph/index.ts";
import * as ops from "../../src/ops/index.ts";
import { failure } from "./failure.ts";
import { optimized } from "./optimized.ts";

type Pass = (outputs: readonly Tensor[]) => Tensor[];

const float = (name: string, ...shape: Shape) => ops.input(name, "float32", shape);
const numbers = (shape: readonly number[], values: readonly number[], dtype: DType = "float32") =>
  ops.constant(fromNumbers(dtype, shape, values), dtype);

const x = float("x", "batch", 4);
const w = float("w", 4, 3);

/** The graph after a pass, inputs left out and dtypes too where all are float32. */
function print(outputs: readonly Tensor[]): string {
  const lines = printGraph(outputs).split("\n");
  return lines.filter((line) => !line.includes(" = input(")).join("\n");
}
const through = (pass: Pass, ...outputs: Tensor[]) => print(pass(outputs));

/** Fails where a pass touches any of the outputs. */
function expectUntouched(pass: Pass, outputs: Readonly<Record<string, Tensor>>): void {
  const tensors = Object.values(outputs);
  const names = Object.keys(outputs);
  const touched = pass(tensors).flatMap((t, i) => (t === tensors[i] ? [] : [names[i]]));
  expect(touched).toEqual([]);
}

describe("simplify", () => {
  it("drops what does nothing", () => {
    const y = ops.transpose(ops.transpose(ops.add(ops.mul(x, 1), 0)));
    const z = ops.reshape(ops.reshape(x, [4, "batch"]), ["batch", 2, 2]);
    expect(simplify(simplify([ops.div(ops.sub(y, 0), 1)]))[0]).toBe(x);
    expect(through(simplify, z)).toMatchInlineSnapshot(`
      "%1 = reshape(%0, shape=["batch",2,2]): float32 [batch, 2, 2]
      return %1"
    `);
  });

  it("computes small constants ahead, and lets elementwise ops broadcast by themselves", () => {
    const scale = ops.sqrt(ops.mul(numbers([1, 4], [1, 4, 9, 16]), 4));
    const y = ops.mul(x, ops.broadcastLike(scale, x));
    expect(through(simplify, y)).toMatchInlineSnapshot(`
      "%1 = constant(value=float32(2, 4, 6, 8), label=""): float32 [1, 4]
      %2 = mul(%0, %1): float32 [batch, 4]
      return %2"
    `);
  });

  it("leaves alone what looks trivial and is not", () => {
    const half = numbers([], [0.5], "float64");
    expectUntouched(simplify, {
      "a one that broadcasts": ops.mul(x, numbers([2, 1, 1], [1, 1])),
      "a one of higher rank": ops.mul(x, numbers([1, 1, 1], [1])),
      "zero times x, which may be NaN": ops.mul(x, 0),
      "0 - x": ops.sub(0, x),
      "NaN times x": ops.mul(x, Number.NaN),
      "x - x": ops.sub(x, x),
      "an expansion that gives the result its shape": ops.exp(ops.broadcastTo(w, [2, 4, 3])),
      "an axis swap of rank 3": ops.transpose(float("r", 2, 3, 4), [0, 2, 1]),
      "float64 by a float64 constant": ops.mul(ops.input("d", "float64", [2]), half),
    });
  });

  it("computes integers ahead only where a float64 is exact and nothing overflows", () => {
    const int = (dtype: DType, value: number) => numbers([], [value], dtype);
    expectUntouched(simplify, {
      "beyond 2^53": ops.mul(int("int64", 2 ** 52), int("int64", 3)),
      "int32 that wraps around": ops.mul(int("int32", 2 ** 30), int("int32", 4)),
      "a division by zero": ops.div(int("int64", 1), int("int64", 0)),
    });
    expect(through(simplify, ops.div(int("int64", -7), int("int64", 2)))).toMatchInlineSnapshot(`
      "%0 = constant(value=int64(-3), label=""): int64 []
      return %0"
    `);
  });

  it("keeps NaN, infinities and negative zero of constants", () => {
    const values = numbers([4], [Number.NaN, Number.POSITIVE_INFINITY, -0, 1]);
    expect(through(simplify, ops.div(numbers([], [1]), values))).toMatchInlineSnapshot(`
      "%0 = constant(value=float32(NaN, 0, -Infinity, 1), label=""): float32 [4]
      return %0"
    `);
  });
});

describe("share", () => {
  it("computes equal things once, whatever the order of commuting operands", () => {
    const y = ops.add(ops.mul(x, 2), ops.mul(ops.add(x, 0.5), ops.mul(numbers([], [2]), x)));
    expect(through(share, y)).toMatchInlineSnapshot(`
      "%1 = constant(value=float32(2), label=""): float32 []
      %2 = mul(%0, %1): float32 [batch, 4]
      %3 = constant(value=float32(0.5), label=""): float32 []
      %4 = add(%0, %3): float32 [batch, 4]
      %5 = mul(%4, %2): float32 [batch, 4]
      %6 = add(%2, %5): float32 [batch, 4]
      return %6"
    `);
  });

  it("keeps apart what differs in order, attribute, dtype, sign of zero or output", () => {
    const [a, b] = ops.split(x, [2, 2], 1);
    const pairs = [
      [ops.sub(x, w1), ops.sub(w1, x)],
      [ops.sum(x, { axes: 0 }), ops.sum(x, { axes: 0, keepDims: true })],
      [ops.cast(x, "int32"), ops.cast(x, "int64")],
      [ops.div(x, 0), ops.div(x, -0)],
      [ops.clip(x, 0, Number.POSITIVE_INFINITY), ops.clip(x, -0, Number.POSITIVE_INFINITY)],
      [ops.neg(a), ops.neg(b)],
      [ops.div(x, Number.NaN), ops.div(x, Number.POSITIVE_INFINITY)],
    ];
    for (const [p, q] of pairs) {
      const [one, two] = share([p, q]);
      expect(one, print([p, q])).not.toBe(two);
    }
  });

  it("never merges inputs", () => {
    expectUntouched(share, { twin: ops.add(float("a", 2), float("b", 2)) });
  });
});
const w1 = float("w1", 4);

describe("layout", () => {
  it("reads transposed operands with a flag and turns products", () => {
    const y = ops.transpose(ops.matmul(ops.transpose(w), ops.transpose(x)));
    expect(print(layout(layout([y])))).toMatchInlineSnapshot(`
      "%2 = matmul(%0, %1, transA=false, transB=false): float32 [batch, 3]
      return %2"
    `);
  });

  it("moves transposes through elementwise ops and reductions, small operands turned along", () => {
    const turned = ops.transpose(ops.standardize(ops.transpose(x), 0.1).y);
    const y = ops.sum(ops.relu(ops.add(ops.mul(turned, w1), float("row", 1, 4))), { axes: 0 });
    expect(through(layout, y)).toMatchInlineSnapshot(`
      "%1 = transpose(%0, perm=[1,0]): float32 [4, batch]
      %2 = standardize(%1, epsilon=0.1): float32 [4, batch], float32 [4, 1], float32 [4, 1]
      %4 = reshape(%3, shape=[4,1]): float32 [4, 1]
      %5 = mul(%2.0, %4): float32 [4, batch]
      %7 = reshape(%6, shape=[4,1]): float32 [4, 1]
      %8 = add(%5, %7): float32 [4, batch]
      %9 = relu(%8): float32 [4, batch]
      %10 = sum(%9, axes=[1], keepDims=false): float32 [4]
      return %10"
    `);
  });

  it("computes tall, narrow products of a turned operand wide", () => {
    const y = ops.exp(ops.matmul(float("f", 32, "batch"), float("v", 32, 2), { transA: true }));
    expect(through(layout, y)).toMatchInlineSnapshot(`
      "%2 = matmul(%0, %1, transA=true, transB=false): float32 [2, batch]
      %3 = exp(%2): float32 [2, batch]
      %4 = transpose(%3, perm=[1,0]): float32 [batch, 2]
      return %4"
    `);
  });

  it("leaves alone what it could only make worse", () => {
    const product = ops.matmul(x, w);
    const full = ops.tanh(float("full", 4, "batch"));
    expectUntouched(layout, {
      "a product read twice": product,
      "its transpose": ops.transpose(product),
      "an operand that would be turned at full size": ops.add(ops.transpose(x), full),
      "two inputs, one turned": ops.add(ops.transpose(x), float("t", 4, "batch")),
      "axes of rank 3": ops.exp(ops.transpose(float("r", 2, 3, 4), [0, 2, 1])),
      "a wide product": ops.matmul(w, float("v", 4, "batch"), { transA: true }),
    });
  });
});

describe("scale", () => {
  const s = float("s", 4);
  const z = float("z", "batch", 4);

  it("takes a common factor out of sums, differences and reductions", () => {
    const y = ops.sum(ops.sub(ops.mul(x, s), ops.mul(z, s)), { axes: 0 });
    expect(through(moveScales, y)).toMatchInlineSnapshot(`
      "%2 = sub(%0, %1): float32 [batch, 4]
      %3 = sum(%2, axes=[0], keepDims=false): float32 [4]
      %5 = mul(%3, %4): float32 [4]
      return %5"
    `);
  });

  it("moves a factor through a product to the smaller operand or the result", () => {
    const contracted = ops.matmul(ops.mul(x, s), w);
    const outer = ops.matmul(ops.mul(x, s), z, { transA: true });
    expect(through(moveScales, contracted, outer)).toMatchInlineSnapshot(`
      "%3 = reshape(%2, shape=[4,1]): float32 [4, 1]
      %4 = mul(%1, %3): float32 [4, 3]
      %5 = matmul(%0, %4, transA=false, transB=false): float32 [batch, 3]
      %7 = matmul(%0, %6, transA=true, transB=false): float32 [4, 4]
      %8 = reshape(%2, shape=[4,1]): float32 [4, 1]
      %9 = mul(%7, %8): float32 [4, 4]
      return %5, %9"
    `);
  });

  it("joins factors and makes a division by a number one of them", () => {
    expect(through(moveScales, ops.div(ops.mul(ops.mul(x, s), w1), 4))).toMatchInlineSnapshot(`
      "%3 = mul(%1, %2): float32 [4]
      %4 = mul(%0, %3): float32 [batch, 4]
      %5 = constant(value=float32(0.25), label=""): float32 []
      %6 = mul(%4, %5): float32 [batch, 4]
      return %6"
    `);
  });

  it("takes a number out of a selection against zero", () => {
    const y = ops.where(ops.greater(x, 0), ops.mul(z, 0.5), 0);
    expect(through(moveScales, y)).toMatchInlineSnapshot(`
      "%1 = constant(value=float32(0), label=""): float32 []
      %2 = greater(%0, %1): bool [batch, 4]
      %4 = constant(value=float32(0), label=""): float32 []
      %5 = where(%2, %3, %4): float32 [batch, 4]
      %6 = constant(value=float32(0.5), label=""): float32 []
      %7 = mul(%5, %6): float32 [batch, 4]
      return %7"
    `);
  });

  it("leaves alone what is no common factor", () => {
    const int = (name: string, ...shape: Shape) => ops.input(name, "int64", shape);
    const k = ops.mul(int("k", 2, 3), int("ks", 3));
    expectUntouched(moveScales, {
      "a factor that varies along the summed axis": ops.sum(ops.mul(x, s), { axes: 1 }),
      "a factor of one term": ops.add(ops.mul(x, s), z),
      "different factors": ops.add(ops.mul(x, s), ops.mul(z, w1)),
      "a tensor that a selection guards": ops.where(ops.greater(s, 0), ops.mul(x, s), 0),
      "a selection against another number": ops.where(ops.greater(s, 0), ops.mul(x, 2), 1),
      "an integer division, which truncates": ops.add(k, ops.div(k, 2)),
      "a divisor that adds an axis": ops.div(s, numbers([1, 1], [2])),
      "a divisor without a float32 inverse": ops.div(x, 1e-40),
      "a division by zero": ops.div(x, 0),
      "a factor of the shape of what it multiplies": ops.sum(ops.mul(x, z), { axes: 0 }),
      "a factor of both axes of a product": ops.matmul(x, ops.mul(w, float("sw", 4, 3))),
    });
  });
});

describe("merge", () => {
  const product = ops.matmul(x, w);

  it("makes a bias part of the product", () => {
    expect(through(merge, ops.add(float("b", 3), product))).toMatchInlineSnapshot(`
      "%3 = matmul(%0, %1, %2, transA=false, transB=false): float32 [batch, 3]
      return %3"
    `);
  });

  it("leaves alone other sums", () => {
    const row = ops.matmul(float("r", 1, 4), w);
    const withBias = ops.gemm(x, w, float("b", 3));
    expectUntouched(merge, {
      "of a product with another reader": ops.mul(ops.add(product, float("b1", 3)), product),
      "of a full-size tensor": ops.add(ops.matmul(x, w), float("f", "batch", 3)),
      "that repeat the product": ops.add(row, float("column", 5, 1)),
      "of a product with a bias": ops.add(withBias, float("b2", 3)),
      "of rank 3": ops.add(ops.matmul(float("m", 2, 3, 4), w), float("b3", 3)),
    });
  });
});

describe("lift", () => {
  const column = float("column", "batch", 1);

  it("gives numbers beside columns as many axes", () => {
    const y = ops.where(ops.less(column, 3), ops.mul(numbers([1], [2]), column), column);
    expect(through(liftNumbers, y)).toMatchInlineSnapshot(`
      "%1 = constant(value=float32(3), label=""): float32 [1, 1]
      %2 = less(%0, %1): bool [batch, 1]
      %3 = constant(value=float32(2), label=""): float32 [1, 1]
      %4 = mul(%3, %0): float32 [batch, 1]
      %5 = where(%2, %4, %0): float32 [batch, 1]
      return %5"
    `);
  });

  it("leaves alone what is no number, no column, or known already", () => {
    expectUntouched(liftNumbers, {
      wide: ops.mul(x, 2),
      vector: ops.mul(float("v", "batch"), 2),
      lifted: ops.mul(column, numbers([1, 1], [2])),
      fed: ops.mul(column, float("scalar")),
      row: ops.mul(column, numbers([4], [1, 2, 3, 4])),
      constant: ops.mul(numbers([2, 1], [1, 2]), 2),
    });
  });
});

describe("columns", () => {
  const columns = ["a", "b", "c"].map((name) => float(name, "batch", 1));
  const table = ops.concat(columns, 1);

  it("does with each column what a constant row asks of it", () => {
    const y = ops.mul(ops.sub(table, numbers([3], [1, 2, 3])), numbers([1, 3], [4, 5, 6]));
    expect(through(splitRows, y)).toMatchInlineSnapshot(`
      "%1 = constant(value=float32(1), label=""): float32 [1, 1]
      %2 = sub(%0, %1): float32 [batch, 1]
      %3 = constant(value=float32(4), label=""): float32 [1, 1]
      %4 = mul(%2, %3): float32 [batch, 1]
      %6 = constant(value=float32(2), label=""): float32 [1, 1]
      %7 = sub(%5, %6): float32 [batch, 1]
      %8 = constant(value=float32(5), label=""): float32 [1, 1]
      %9 = mul(%7, %8): float32 [batch, 1]
      %11 = constant(value=float32(3), label=""): float32 [1, 1]
      %12 = sub(%10, %11): float32 [batch, 1]
      %13 = constant(value=float32(6), label=""): float32 [1, 1]
      %14 = mul(%12, %13): float32 [batch, 1]
      %15 = concat(%4, %9, %14, axis=1): float32 [batch, 3]
      return %15"
    `);
  });

  it("leaves alone what is no short row beside columns", () => {
    const many = ops.concat(new Array(9).fill(columns[0]), 1);
    expectUntouched(splitRows, {
      number: ops.mul(table, 2),
      fed: ops.mul(table, float("row", 3)),
      pairs: ops.mul(ops.concat([x, x], 1), numbers([8], [1, 2, 3, 4, 5, 6, 7, 8])),
      many: ops.mul(many, numbers([9], [1, 2, 3, 4, 5, 6, 7, 8, 9])),
      rows: ops.mul(ops.concat([numbers([1, 1], [1]), float("r", 1, 1)], 0), numbers([1], [2])),
      two: ops.mul(table, table),
    });
  });
});

describe("bindDims", () => {
  it("gives sizes their numbers everywhere, products of names too", () => {
    const flat = ops.reshape(float("p", "batch", "parts", 2), ["batch*parts", 2]);
    const [bound, other] = bindDims([flat, w], { batch: 3, parts: 5 });
    expect(other).toBe(w);
    expect(printGraph([bound])).toMatchInlineSnapshot(`
      "%0 = input(name="p", dtype="float32", shape=[3,5,2]): float32 [3, 5, 2]
      %1 = reshape(%0, shape=[15,2]): float32 [15, 2]
      return %1"
    `);
  });

  it("leaves names open that are not given", () => {
    expect(bindDims([x, w], {})).toEqual([x, w]);
    expect(bindDims([float("p", "a", "b")], { a: 2 })[0].shape).toEqual([2, "b"]);
  });
});

describe("the passes together", () => {
  it("run a network of rows feature-major, without one transpose", () => {
    const hidden = ops.standardize(ops.transpose(ops.matmul(x, w)), 1e-3);
    const y = ops.relu(ops.add(ops.mul(ops.transpose(hidden.y), float("g", 3)), float("b", 3)));
    expect(print(optimized([ops.sum(ops.matmul(y, float("v", 3, 2)))]))).toMatchInlineSnapshot(`
      "%3 = matmul(%1, %2, transA=true, transB=true): float32 [3, batch]
      %4 = standardize(%3, epsilon=0.001): float32 [3, batch], float32 [3, 1], float32 [3, 1]
      %6 = reshape(%5, shape=[3,1]): float32 [3, 1]
      %7 = mul(%4.0, %6): float32 [3, batch]
      %9 = reshape(%8, shape=[3,1]): float32 [3, 1]
      %10 = add(%7, %9): float32 [3, batch]
      %11 = relu(%10): float32 [3, batch]
      %12 = matmul(%0, %11, transA=true, transB=false): float32 [2, batch]
      %13 = sum(%12, axes=[1,0], keepDims=false): float32 []
      return %13"
    `);
  });

  it("are checked each, so that one that breaks a type is named", async () => {
    const broken: OpDef = {
      name: "broken",
      infer: ([a]) => ({ dtype: a.dtype, shape: a.shape }),
      lower: (_emit, [a]) => a,
      simplify: ({ inputs: [a] }) => ops.sum(a),
    };
    const outputs = { y: apply(broken, [w], {}) };
    expect(await failure(() => compile({ name: "test", outputs }))).toMatchInlineSnapshot(
      `"GraphError: simplify: output 0 changed from float32 [4, 3] to float32 []"`,
    );
  });

  it("must come to rest", async () => {
    const restless: OpDef = {
      name: "restless",
      infer: ([a]) => ({ dtype: a.dtype, shape: a.shape }),
      lower: (_emit, [a]) => a,
      simplify: ({ inputs: [a] }) => apply(restless, [a], {}),
    };
    const outputs = { y: apply(restless, [x], {}) };
    expect(await failure(() => compile({ name: "test", outputs }))).toMatchInlineSnapshot(
      `"GraphError: internal: the passes are still at work after 50 rounds; please report this"`,
    );
  });
});
