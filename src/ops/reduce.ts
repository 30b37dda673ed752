import {
  apply,
  type OpDef,
  reducedShape,
  resolveAxes,
  type Shape,
  sameShape,
  type Tensor,
} from "../graph/index.ts";
import { div, equal, mul } from "./binary.ts";
import { numbers, requireDType } from "./define.ts";
import { cast } from "./select.ts";
import { axesSize, broadcastLike, reshape } from "./shape.ts";

/** Axes to reduce: one, several, or all where absent; `keepDims` leaves them with length 1. */
export interface ReduceOptions {
  readonly axes?: number | readonly number[];
  readonly keepDims?: boolean;
}
type ReduceAttrs = { axes: readonly number[]; keepDims: boolean };

function reduceOp(
  name: string,
  onnx: string,
  vjp: (g: Tensor, x: Tensor, y: Tensor) => Tensor,
  homogeneous: boolean,
): OpDef<ReduceAttrs> {
  return {
    name,
    infer: ([x], { axes, keepDims }) => ({
      dtype: requireDType(name, [x], numbers),
      shape: reducedShape(x.shape, axes, keepDims),
    }),
    // g and y with the reduced axes back as length 1, so that they broadcast against x
    vjp: (g, { x, y, attrs: { axes } }) => {
      const kept = reducedShape(x.shape, axes, true);
      return [vjp(reshape(g, kept), x, reshape(y, kept))];
    },
    lower: (emit, [x], { attrs: { axes, keepDims } }) =>
      // to ONNX, no axes means all of them
      axes.length === 0 ? x : emit.node(onnx, [x, emit.ints(axes)], { keepdims: keepDims }),
    ...(homogeneous ? { homogeneous: true } : {}),
    transposed: ({ inputs: [x], attrs }, transpose) =>
      apply(reductions[name], [transpose(x)], {
        axes: (attrs.axes as readonly number[]).map((a) => 1 - a),
        keepDims: attrs.keepDims as boolean,
      }),
    simplify: ({ inputs: [x], attrs }) =>
      (attrs.axes as readonly number[]).length === 0 ? x : null,
  };
}

function reduce(op: OpDef<ReduceAttrs>, x: Tensor, options: ReduceOptions): Tensor {
  const axes = resolveAxes(op.name, options.axes, x.rank);
  return apply(op, [x], { axes, keepDims: options.keepDims ?? false });
}

/** Sum over axes. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(sumOp, x, options);
}
export const sumOp = reduceOp("sum", "ReduceSum", (g, x) => broadcastLike(g, x), true);

/** Largest element over axes; its gradient is shared among ties. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(maxOp, x, options);
}
export const maxOp = reduceOp("max", "ReduceMax", shareAmongTies, false);

/** Smallest element over axes; its gradient is shared among ties. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(minOp, x, options);
}
export const minOp = reduceOp("min", "ReduceMin", shareAmongTies, false);

const reductions: Readonly<Record<string, OpDef<ReduceAttrs>>> = {
  sum: sumOp,
  max: maxOp,
  min: minOp,
};

function shareAmongTies(g: Tensor, x: Tensor, y: Tensor): Tensor {
  const ties = cast(equal(x, broadcastLike(y, x)), x.dtype);
  const axes = x.shape.flatMap((d, i) => (y.shape[i] === d ? [] : [i]));
  return mul(ties, div(g, sum(ties, { axes, keepDims: true })));
}

/** Mean over axes. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const axes = resolveAxes("mean", options.axes, x.rank);
  return div(sum(x, options), axesSize(x, axes));
}

/** Sums x down to a shape that broadcasts to x's: the adjoint of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const offset = x.rank - shape.length;
  const axes = x.shape.flatMap((d, i) =>
    i < offset || (shape[i - offset] === 1 && d !== 1) ? [i] : [],
  );
  return reshape(sum(x, { axes, keepDims: true }), shape);
}
