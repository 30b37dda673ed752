import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/graph/index.ts";
import * as ops from "../../src/ops/index.ts";

const x = ops.input("x", "float32", ["batch", 12]);
const w = ops.input("w", "float32", [16, 1]);
const d = ops.input("d", "float64", [12]);
const ids = ops.input("ids", "int64", ["batch"]);
const cube = ops.input("cube", "float32", [2, 3, 4]);

/** The message a build fails with, class first. */
function failure(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
  return "no error";
}

describe("errors carry the values when the graph is built", () => {
  it("for shapes that do not fit", () => {
    expect(
      [
        () => ops.matmul(x, w),
        () => ops.matmul(x, w, { transA: true, transB: true }),
        () => ops.matmul(d, d),
        () => ops.gemm(cube, cube, x, { transB: true }),
        () => ops.add(x, ops.input("y", "float32", ["batch", 5])),
        () => ops.add(x, ops.input("y", "float32", [7, 12])),
        () => ops.reshape(x, ["batch", 5, 2]),
        () => ops.reshape(x, [12]),
        () => ops.broadcastTo(x, ["batch", 1]),
        () => ops.broadcastTo(w, [12]),
        () => ops.concat([x, cube], 1),
        () => ops.concat([], 0),
        () => ops.concat([x, x], 0),
        () => ops.split(x, [5, 5], 1),
        () => ops.slice(x, 1, 3, 20),
        () => ops.slice(x, 0, 1),
        () => ops.pad(x, 1, -1, 0),
        () => ops.transpose(x, [0, 2]),
        () => ops.sum(x, { axes: 2 }),
        () => ops.sum(x, { axes: [0, -2] }),
        () => ops.softmax(x, -3),
        () => ops.cumsum(x, 0.5),
        () => ops.topK(x, 13),
        () => ops.sort(x, { axis: 0 }),
        () => ops.scatterAdd(x, ids, w),
        () => ops.gatherAlong(x, ids),
      ]
        .map(failure)
        .join("\n"),
    ).toMatchInlineSnapshot(`
      "ShapeError: matmul: inner sizes differ: [batch, 12] x [16, 1] (12 and 16)
      ShapeError: matmul: inner sizes differ: [batch, 12]ᵀ x [16, 1]ᵀ (batch and 1)
      ShapeError: matmul: needs two axes each, got [12] x [12]; use reshape()
      ShapeError: matmul: a bias needs operands of rank 2
      ShapeError: add: shapes do not broadcast: [batch, 12] and [batch, 5] (12 and 5)
      ShapeError: add: shapes do not broadcast: [batch, 12] and [7, 12] (batch and 7)
      ShapeError: reshape: [batch, 12] does not fill [batch, 5, 2]
      ShapeError: reshape: [batch, 12] does not fill [12]
      ShapeError: broadcastTo: [batch, 12] does not broadcast to [batch, 1]
      ShapeError: broadcastTo: [16, 1] does not broadcast to [12]
      ShapeError: concat: shapes differ off axis 1: [batch, 12] and [2, 3, 4]
      ShapeError: concat: nothing to join
      ShapeError: concat: axis 0 of [batch, 12] must have a fixed size; bind "batch" when compiling
      ShapeError: split: sizes [5,5] sum to 10, axis 1 has 12
      ShapeError: slice: [3, 20) is outside axis 1 of length 12
      ShapeError: slice: axis 0 of [batch, 12] must have a fixed size; bind "batch" when compiling
      ShapeError: pad: cannot add -1 and 0 elements; use slice()
      ShapeError: transpose: [0,2] is no order of the axes of [batch, 12]
      ShapeError: sum: axis 2 is outside a tensor of rank 2
      ShapeError: sum: axes [0,-2] name one axis twice
      ShapeError: softmax: axis -3 is outside a tensor of rank 2
      ShapeError: cumsum: axis 0.5 is outside a tensor of rank 2
      ShapeError: topK: cannot take 13 of 12 elements along axis 1
      ShapeError: sort: axis 0 of [batch, 12] must have a fixed size; bind "batch" when compiling
      ShapeError: scatterAdd: updates are [16, 1], indices and x ask for [batch, 12]
      ShapeError: gatherAlong: indices [batch] do not fit [batch, 12] off axis 1"
    `);
  });

  it("for dtypes that do not fit", () => {
    expect(
      [
        () => ops.add(x, d),
        () => ops.exp(ids),
        () => ops.mod(x, x),
        () => ops.matmul(x, ops.cast(w, "float64")),
        () => ops.where(x, x, x),
        () => ops.not(x),
        () => ops.gather(x, ops.cast(ids, "int32")),
        () => ops.concat([x, d], 0),
        () => ops.oneHot(x, 3),
      ]
        .map(failure)
        .join("\n"),
    ).toMatchInlineSnapshot(`
      "DTypeError: add: inputs have dtypes float32 and float64; cast() one of them
      DTypeError: exp: takes float32, float64, got int64; use cast()
      DTypeError: mod: takes int32, int64, got float32; use cast()
      DTypeError: matmul: inputs have dtypes float32 and float64; cast() one of them
      DTypeError: where: the condition must be bool, got float32
      DTypeError: not: takes bool, got float32; use cast()
      DTypeError: gather: indices must be int64, got int32; use cast()
      DTypeError: concat: inputs have dtypes float32 and float64; cast() one of them
      DTypeError: oneHot: indices must be int64, got float32; use cast()"
    `);
  });

  it("for values that are no tensors", () => {
    expect(
      [
        () => ops.add(1, 2),
        () => ops.exp(3 as unknown as Tensor),
        () => ops.exp(undefined as unknown as Tensor),
        () => ops.input("", "float32", []),
      ]
        .map(failure)
        .join("\n"),
    ).toMatchInlineSnapshot(`
      "ConfigError: add: at least one operand must be a tensor
      GraphError: exp: expected tensors, got number; wrap values with constant()
      GraphError: exp: expected tensors, got undefined; wrap values with constant()
      ConfigError: input: the name must not be empty"
    `);
  });
});
