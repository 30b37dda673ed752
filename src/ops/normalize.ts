import { ShapeError } from "../base/errors.ts";
import { fromNumbers } from "../base/host-array.ts";
import {
  apply,
  applyMulti,
  elementCount,
  fixedDim,
  formatShape,
  type OpDef,
  resolveAxis,
  sameShape,
  type Tensor,
} from "../graph/index.ts";
import type { Emitter } from "../onnx/emitter.ts";
import { add, div, mul, sub } from "./binary.ts";
import { floats, type None, requireDType } from "./define.ts";
import { mean, sum } from "./reduce.ts";
import { axesSize, broadcastLike } from "./shape.ts";
import { exp, neg } from "./unary.ts";

/** exp(x) / sum exp(x) along an axis, without overflow. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return apply(softmaxOp, [x], { axis: resolveAxis("softmax", axis, x.rank) });
}
export const softmaxOp: OpDef<{ axis: number }> = {
  name: "softmax",
  infer: ([x]) => ({ dtype: requireDType("softmax", [x], floats), shape: x.shape }),
  // dx = y (g - sum(g y))
  vjp: (g, { y, attrs: { axis } }) => [
    mul(y, sub(g, sum(mul(g, y), { axes: axis, keepDims: true }))),
  ],
  lower: (emit, [x], { attrs: { axis } }) => emit.node("Softmax", [x], { axis }),
};

/** log softmax along an axis, without overflow. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return apply(logSoftmaxOp, [x], { axis: resolveAxis("logSoftmax", axis, x.rank) });
}
export const logSoftmaxOp: OpDef<{ axis: number }> = {
  name: "logSoftmax",
  infer: ([x]) => ({ dtype: requireDType("logSoftmax", [x], floats), shape: x.shape }),
  // dx = g - softmax(x) sum(g)
  vjp: (g, { y, attrs: { axis } }) => [sub(g, mul(exp(y), sum(g, { axes: axis, keepDims: true })))],
  lower: (emit, [x], { attrs: { axis } }) => emit.node("LogSoftmax", [x], { axis }),
};

/** What `standardize` gives. */
export interface Standardized {
  /** (x - mean) / sqrt(variance + epsilon), the shape of x. */
  readonly y: Tensor;
  /** Mean over the last axis, kept with length 1. */
  readonly mean: Tensor;
  /** 1 / sqrt(variance + epsilon), likewise. */
  readonly invDeviation: Tensor;
}

/**
 * Zero mean and unit variance over the last axis; the core of layer norm (over features) and of
 * batch norm (over the batch of a transposed input). One ONNX LayerNormalization.
 */
export function standardize(x: Tensor, epsilon: number): Standardized {
  const [y, m, invDeviation] = applyMulti(standardizeOp, [x], { epsilon });
  return { y, mean: m, invDeviation };
}
export const standardizeOp: OpDef<{ epsilon: number }> = {
  name: "standardize",
  infer: ([x]) => {
    const dtype = requireDType("standardize", [x], floats);
    const kept = { dtype, shape: [...x.shape.slice(0, -1), 1] };
    return [{ dtype, shape: x.shape }, kept, kept];
  },
  /*
   * With n = size of the axis and r = invDeviation:
   *   from y: r (g - mean(g) - y mean(g y));  from mean: g / n;  from r: dr/dx = -r² y / n.
   */
  vjp: (_g, { x, outputs: [y, , r], cotangents: [gy, gMean, gR] }) => {
    const last = { axes: -1, keepDims: true };
    const n = axesSize(x, [x.rank - 1]);
    let dx: Tensor | null = null;
    const accumulate = (t: Tensor) => {
      dx = dx ? add(dx, t) : t;
    };
    if (gy) accumulate(mul(r, sub(sub(gy, mean(gy, last)), mul(y, mean(mul(gy, y), last)))));
    if (gMean) accumulate(div(gMean, n));
    if (gR) accumulate(neg(mul(y, div(mul(gR, mul(r, r)), n))));
    return [dx && broadcastLike(dx, x)];
  },
  lower: (emit, [x], { attrs: { epsilon }, inputs: [t] }) => {
    if (t.dtype === "float64") return lowerStandardizeExactly(emit, x, epsilon);
    const size = elementCount(t.shape.slice(-1));
    const scale =
      size === null
        ? emit.node("Expand", [
            emit.scalar(t.dtype, 1),
            emit.node("Shape", [x], { start: t.rank - 1 }),
          ])
        : emit.constant(fromNumbers(t.dtype, [size], new Float64Array(size).fill(1)));
    return emit.multi(
      "LayerNormalization",
      [x, scale],
      { axis: -1, epsilon: { float: epsilon } },
      3,
    );
  },
};

/** LayerNormalization gives mean and deviation in float32 only, so float64 is spelled out. */
function lowerStandardizeExactly(emit: Emitter, x: string, epsilon: number): string[] {
  const last = emit.ints([-1]);
  const mean = emit.node("ReduceMean", [x, last]);
  const centered = emit.node("Sub", [x, mean]);
  const variance = emit.node("ReduceMean", [emit.node("Mul", [centered, centered]), last]);
  const shifted = emit.node("Add", [variance, emit.scalar("float64", epsilon)]);
  const invDeviation = emit.node("Reciprocal", [emit.node("Sqrt", [shifted])]);
  return [emit.node("Mul", [centered, invDeviation]), mean, invDeviation];
}

/**
 * x scale + shift per row of a matrix: x [n, m], scale and shift [n, 1]. One pass over memory where
 * a multiplication and an addition take two; the compiler puts it in. One ONNX BatchNormalization
 * in inference form, over [1, n, m].
 */
export function affine(x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  return apply(affineOp, [x, scale, shift], {});
}
export const affineOp: OpDef<None> = {
  name: "affine",
  infer: ([x, scale, shift]) => {
    const dtype = requireDType("affine", [x, scale, shift], floats);
    const wanted = [x.shape[0], 1];
    if (x.rank !== 2 || !sameShape(scale.shape, wanted) || !sameShape(shift.shape, wanted))
      throw new ShapeError(
        `affine: needs x [n, m] with scale and shift [n, 1], got ${[x, scale, shift].map((t) => formatShape(t.shape)).join(", ")}`,
      );
    return { dtype, shape: x.shape };
  },
  vjp: (g, { inputs: [x, scale] }) => [mul(g, scale), mul(g, x), g],
  lower: (emit, [x, scale, shift], { inputs: [t] }) => {
    const rows = fixedDim("affine", t, 0);
    const fill = (value: number) =>
      emit.constant(fromNumbers(t.dtype, [rows], new Float64Array(rows).fill(value)));
    const row = (name: string) => emit.node("Reshape", [name, emit.ints([rows])]);
    const image = emit.node("Reshape", [x, emit.ints([1, rows, -1])]);
    const y = emit.node("BatchNormalization", [image, row(scale), row(shift), fill(0), fill(1)], {
      epsilon: { float: 0 },
    });
    return emit.node("Reshape", [y, emit.ints([rows, -1])]);
  },
};
