import { ShapeError } from "../base/errors.ts";
import {
  apply,
  applyMulti,
  broadcastShapes,
  type Dim,
  elementCount,
  fixedDim,
  formatShape,
  type OpDef,
  resolveAxis,
  type Shape,
  sameShape,
  type Tensor,
} from "../graph/index.ts";
import { anyType, emitTranspose, type None, requireDType } from "./define.ts";
import { sumTo } from "./reduce.ts";
import { constant, constantOp } from "./source.ts";

/** Reorders axes: axis i of the result is axis perm[i] of x. Default: reverses them. */
export function transpose(x: Tensor, perm?: readonly number[]): Tensor {
  const order = perm ?? x.shape.map((_, i) => x.rank - 1 - i);
  return apply(transposeOp, [x], { perm: order });
}
export const transposeOp: OpDef<{ perm: readonly number[] }> = {
  name: "transpose",
  infer: ([x], { perm }) => {
    if (perm.length !== x.rank || perm.some((_, i) => !perm.includes(i)))
      throw new ShapeError(
        `transpose: [${perm}] is no order of the axes of ${formatShape(x.shape)}`,
      );
    return { dtype: x.dtype, shape: perm.map((p) => x.shape[p]) };
  },
  vjp: (g, { attrs: { perm } }) => [transpose(g, inverse(perm))],
  lower: (emit, [x], { attrs: { perm } }) => emitTranspose(emit, x, perm),
  swapsAxes: true,
  simplify: ({ inputs: [x], outputs: [y], attrs }) => {
    const perm = attrs.perm as readonly number[];
    if (perm.every((p, i) => p === i)) return x;
    if (x.rank === 2 && x.shape.includes(1)) return reshape(x, y.shape);
    if (x.node.op.name !== transposeOp.name) return null;
    const inner = x.node.attrs.perm as readonly number[];
    return transpose(
      x.node.inputs[0],
      perm.map((p) => inner[p]),
    );
  },
};
const inverse = (perm: readonly number[]) => perm.map((_, i) => perm.indexOf(i));

/** Factors of the named sizes of a shape (`"batch*particles"` has two), sorted, and the rest. */
function factors(shape: Shape): { names: string; size: number } {
  const names = shape.filter((d) => typeof d === "string").flatMap((d) => d.split("*"));
  const size = shape.reduce<number>((n, d) => (typeof d === "number" ? n * d : n), 1);
  return { names: names.sort().join("*"), size };
}

/**
 * The same elements under another shape. Named sizes stay whole: `[batch, a, b]` can become
 * `[batch, a*b]` or, with the name `"batch*a"`, merge.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(reshapeOp, [x], { shape });
}
export const reshapeOp: OpDef<{ shape: Shape }> = {
  name: "reshape",
  infer: ([x], { shape }) => {
    const from = factors(x.shape);
    const to = factors(shape);
    if (from.names !== to.names || from.size !== to.size)
      throw new ShapeError(`reshape: ${formatShape(x.shape)} does not fill ${formatShape(shape)}`);
    return { dtype: x.dtype, shape };
  },
  vjp: (g, { x }) => [reshape(g, x.shape)],
  lower: (emit, [x], { attrs: { shape }, inputs: [t] }) => {
    let free = 0;
    const dims = shape.map((d, i) => {
      if (typeof d === "number") return d;
      if (d === t.shape[i]) return 0; // copy
      free++;
      return -1;
    });
    if (free > 1)
      throw new ShapeError(
        `reshape: more than one size of ${formatShape(shape)} is open; bind them when compiling`,
      );
    return emit.node("Reshape", [x, emit.ints(dims)]);
  },
  simplify: ({ inputs: [x], outputs: [y] }) => {
    if (sameShape(x.shape, y.shape)) return x;
    if (x.node.op.name !== reshapeOp.name) return null;
    return reshape(x.node.inputs[0], y.shape);
  },
};

/** Inserts axes of length 1 at the given positions of the result. */
export function expandDims(x: Tensor, ...axes: readonly number[]): Tensor {
  const rank = x.rank + axes.length;
  const at = axes.map((a) => resolveAxis("expandDims", a, rank));
  const rest = [...x.shape];
  return reshape(
    x,
    Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : (rest.shift() as Dim))),
  );
}

/** Repeats x along axes of length 1 (and new leading axes) to a shape. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(broadcastToOp, [x], { shape });
}
export const broadcastToOp: OpDef<{ shape: Shape }> = {
  name: "broadcastTo",
  infer: ([x], { shape }) => {
    if (!sameShape(broadcastShapes("broadcastTo", [x.shape, shape]), shape))
      throw new ShapeError(
        `broadcastTo: ${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}`,
      );
    return { dtype: x.dtype, shape };
  },
  vjp: (g, { x }) => [sumTo(g, x.shape)],
  lower: (emit, [x], { attrs: { shape }, inputs: [t] }) => {
    const offset = shape.length - t.rank;
    const dims = shape.map((d, i) => {
      if (typeof d === "number") return d;
      if (t.shape[i - offset] === d) return 1;
      throw new ShapeError(
        `broadcastTo: size "${d}" is only known at run time; bind it or use broadcastLike()`,
      );
    });
    return emit.node("Expand", [x, emit.ints(dims)]);
  },
  expands: true,
};

/** Repeats x to the shape of another tensor, whose values play no role. */
export function broadcastLike(x: Tensor, like: Tensor): Tensor {
  return sameShape(x.shape, like.shape) ? x : apply(broadcastLikeOp, [x, like], {});
}
export const broadcastLikeOp: OpDef<None> = {
  name: "broadcastLike",
  infer: ([x, like]) => {
    if (!sameShape(broadcastShapes("broadcastLike", [x.shape, like.shape]), like.shape))
      throw new ShapeError(
        `broadcastLike: ${formatShape(x.shape)} does not broadcast to ${formatShape(like.shape)}`,
      );
    return { dtype: x.dtype, shape: like.shape };
  },
  vjp: (g, { x }) => [sumTo(g, x.shape), null],
  lower: (emit, [x, like]) => emit.node("Expand", [x, emit.node("Shape", [like])]),
  expands: true,
  simplify: ({ inputs: [x, like] }) =>
    elementCount(like.shape) === null ? null : broadcastTo(x, like.shape),
};

/** Zeros of x's shape and dtype. */
export function zerosLike(x: Tensor): Tensor {
  return broadcastLike(constant(0, x.dtype), x);
}

/** Joins tensors along an axis. */
export function concat(xs: readonly Tensor[], axis: number): Tensor {
  if (xs.length === 0) throw new ShapeError("concat: nothing to join");
  return xs.length === 1
    ? xs[0]
    : apply(concatOp, xs, { axis: resolveAxis("concat", axis, xs[0].rank) });
}
export const concatOp: OpDef<{ axis: number }> = {
  name: "concat",
  infer: (xs, { axis }) => {
    const dtype = requireDType("concat", xs, anyType);
    for (const x of xs)
      if (x.rank !== xs[0].rank || x.shape.some((d, i) => i !== axis && d !== xs[0].shape[i]))
        throw new ShapeError(
          `concat: shapes differ off axis ${axis}: ${xs.map((t) => formatShape(t.shape)).join(" and ")}`,
        );
    const total = xs.reduce((n, x) => n + fixedDim("concat", x, axis), 0);
    return { dtype, shape: xs[0].shape.map((d, i) => (i === axis ? total : d)) };
  },
  vjp: (g, { inputs, attrs: { axis } }) =>
    split(
      g,
      inputs.map((x) => fixedDim("concat", x, axis)),
      axis,
    ),
  lower: (emit, xs, { attrs: { axis } }) => emit.node("Concat", xs, { axis }),
};

/** Cuts x along an axis into pieces of the given sizes. */
export function split(x: Tensor, sizes: readonly number[], axis: number): readonly Tensor[] {
  if (sizes.length === 1 && sizes[0] === x.shape[axis]) return [x];
  return applyMulti(splitOp, [x], { sizes, axis: resolveAxis("split", axis, x.rank) });
}
export const splitOp: OpDef<{ sizes: readonly number[]; axis: number }> = {
  name: "split",
  infer: ([x], { sizes, axis }) => {
    const total = sizes.reduce((n, s) => n + s, 0);
    if (total !== fixedDim("split", x, axis))
      throw new ShapeError(
        `split: sizes [${sizes}] sum to ${total}, axis ${axis} has ${x.shape[axis]}`,
      );
    return sizes.map((s) => ({
      dtype: x.dtype,
      shape: x.shape.map((d, i) => (i === axis ? s : d)),
    }));
  },
  vjp: (_g, { cotangents, outputs, attrs: { axis } }) => [
    concat(
      cotangents.map((c, i) => c ?? zerosLike(outputs[i])),
      axis,
    ),
  ],
  lower: (emit, [x], { attrs: { sizes, axis } }) =>
    emit.multi("Split", [x, emit.ints(sizes)], { axis }, sizes.length),
};

/** Elements start … end-1 along an axis; negative positions count from the end. */
export function slice(x: Tensor, axis: number, start: number, end?: number): Tensor {
  const at = resolveAxis("slice", axis, x.rank);
  const size = fixedDim("slice", x, at);
  const from = start < 0 ? start + size : start;
  const to = end === undefined ? size : end < 0 ? end + size : end;
  return apply(sliceOp, [x], { axis: at, start: from, end: to });
}
export const sliceOp: OpDef<{ axis: number; start: number; end: number }> = {
  name: "slice",
  infer: ([x], { axis, start, end }) => {
    const size = fixedDim("slice", x, axis);
    if (!(0 <= start && start <= end && end <= size))
      throw new ShapeError(`slice: [${start}, ${end}) is outside axis ${axis} of length ${size}`);
    return { dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? end - start : d)) };
  },
  vjp: (g, { x, attrs: { axis, start, end } }) => [
    pad(g, axis, start, fixedDim("slice", x, axis) - end),
  ],
  lower: (emit, [x], { attrs: { axis, start, end } }) =>
    emit.node("Slice", [x, emit.ints([start]), emit.ints([end]), emit.ints([axis])]),
};

/** Adds elements of one value before and after along an axis. */
export function pad(x: Tensor, axis: number, before: number, after: number, value = 0): Tensor {
  if (before === 0 && after === 0) return x;
  return apply(padOp, [x], { axis: resolveAxis("pad", axis, x.rank), before, after, value });
}
export const padOp: OpDef<{ axis: number; before: number; after: number; value: number }> = {
  name: "pad",
  infer: ([x], { axis, before, after }) => {
    if (before < 0 || after < 0)
      throw new ShapeError(`pad: cannot add ${before} and ${after} elements; use slice()`);
    const size = fixedDim("pad", x, axis) + before + after;
    return { dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) };
  },
  vjp: (g, { x, attrs: { axis, before } }) => [
    slice(g, axis, before, before + fixedDim("pad", x, axis)),
  ],
  lower: (emit, [x], { attrs: { axis, before, after, value }, inputs: [t] }) => {
    const scalar = emit.scalar(t.dtype, value);
    return emit.node("Pad", [x, emit.ints([before, after]), scalar, emit.ints([axis])]);
  },
};

/** Number of elements along axes, as a float scalar of a dtype; known once sizes are bound. */
export function axesSize(x: Tensor, axes: readonly number[]): Tensor {
  const n = elementCount(axes.map((a) => x.shape[a]));
  return n === null ? apply(axesSizeOp, [x], { axes }) : constant(n, x.dtype);
}
export const axesSizeOp: OpDef<{ axes: readonly number[] }> = {
  name: "axesSize",
  infer: ([x]) => ({ dtype: x.dtype, shape: [] }),
  vjp: () => [null],
  lower: (emit, [x], { attrs: { axes }, inputs: [t] }) => {
    const dims = emit.node("Gather", [emit.node("Shape", [x]), emit.ints(axes)]);
    const product = emit.node("ReduceProd", [dims], { keepdims: 0 });
    return emit.cast(product, t.dtype);
  },
  simplify: ({ inputs: [x], attrs }) => {
    const n = elementCount((attrs.axes as readonly number[]).map((a) => x.shape[a]));
    return n === null ? null : constant(n, x.dtype);
  },
};

/** True where a tensor is a constant of the graph. */
export function isConstant(x: Tensor): boolean {
  return x.node.op.name === constantOp.name;
}
