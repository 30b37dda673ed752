import { DTypeError, ShapeError } from "../base/errors.ts";
import { type DType, fromNumbers } from "../base/host-array.ts";
import {
  apply,
  applyMulti,
  fixedDim,
  formatShape,
  type OpDef,
  resolveAxis,
  sameShape,
  type Tensor,
} from "../graph/index.ts";
import { anyType, floats, numbers, requireDType } from "./define.ts";
import { transpose, zerosLike } from "./shape.ts";

function requireIndices(where: string, indices: Tensor): void {
  if (indices.dtype !== "int64")
    throw new DTypeError(`${where}: indices must be int64, got ${indices.dtype}; use cast()`);
}

/** Slices of x along an axis picked by indices [...]: x.shape with that axis replaced by theirs. */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  return apply(gatherOp, [x, indices], { axis: resolveAxis("gather", axis, x.rank) });
}
export const gatherOp: OpDef<{ axis: number }> = {
  name: "gather",
  infer: ([x, indices], { axis }) => {
    requireIndices("gather", indices);
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return { dtype: x.dtype, shape };
  },
  vjp: (g, { inputs: [x, indices], attrs: { axis } }) => {
    // bring the gathered axes to the front of g, the axis to the front of x, and back
    const k = indices.rank;
    const gFront = [...range(axis, axis + k), ...range(0, axis), ...range(axis + k, g.rank)];
    const xFront = [axis, ...range(0, axis), ...range(axis + 1, x.rank)];
    const back = xFront.map((_, i) => xFront.indexOf(i));
    const zeros = transpose(zerosLike(x), xFront);
    return [transpose(scatterAdd(zeros, indices, transpose(g, gFront)), back), null];
  },
  lower: (emit, inputs, { attrs: { axis } }) => emit.node("Gather", inputs, { axis }),
};
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/**
 * Adds rows of `updates` [...indices, ...rest] to rows of x [n, ...rest] at `indices` [...];
 * indices may repeat. With zeros for x: the sum per segment.
 */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
  return apply(scatterAddOp, [x, indices, updates], {});
}
export const scatterAddOp: OpDef = {
  name: "scatterAdd",
  infer: ([x, indices, updates]) => {
    requireIndices("scatterAdd", indices);
    requireDType("scatterAdd", [x, updates], numbers);
    const expected = [...indices.shape, ...x.shape.slice(1)];
    if (!sameShape(updates.shape, expected))
      throw new ShapeError(
        `scatterAdd: updates are ${formatShape(updates.shape)}, indices and x ask for ${formatShape(expected)}`,
      );
    return { dtype: x.dtype, shape: x.shape };
  },
  vjp: (g, { inputs: [, indices] }) => [g, null, gather(g, indices)],
  // Not ScatterND: ONNX Runtime adds to one row from several threads at once and loses updates
  // (https://github.com/microsoft/onnxruntime/issues/18048)
  lower: (emit, [x, indices, updates], { inputs: [t, at] }) => {
    const rest = t.rank - 1;
    const column = emit.node("Reshape", [indices, emit.ints([-1, ...new Array(rest).fill(1)])]);
    const rows =
      at.rank === 1
        ? updates
        : emit.node("Reshape", [
            updates,
            emit.node("Concat", [emit.ints([-1]), emit.node("Shape", [x], { start: 1 })], {
              axis: 0,
            }),
          ]);
    const everywhere =
      rest === 0 ? column : emit.node("Expand", [column, emit.node("Shape", [rows])]);
    return emit.node("ScatterElements", [x, everywhere, rows], { axis: 0, reduction: "add" });
  },
};

/** y[i][j] = x[i][indices[i][j]] for axis 1, likewise along any axis; indices of x's rank. */
export function gatherAlong(x: Tensor, indices: Tensor, axis = -1): Tensor {
  return apply(gatherAlongOp, [x, indices], { axis: resolveAxis("gatherAlong", axis, x.rank) });
}
export const gatherAlongOp: OpDef<{ axis: number }> = {
  name: "gatherAlong",
  infer: ([x, indices], { axis }) => {
    requireIndices("gatherAlong", indices);
    if (indices.rank !== x.rank || x.shape.some((d, i) => i !== axis && d !== indices.shape[i]))
      throw new ShapeError(
        `gatherAlong: indices ${formatShape(indices.shape)} do not fit ${formatShape(x.shape)} off axis ${axis}`,
      );
    return { dtype: x.dtype, shape: indices.shape };
  },
  vjp: (g, { inputs: [x, indices], attrs: { axis } }) => [
    scatterAddAlong(zerosLike(x), indices, g, axis),
    null,
  ],
  lower: (emit, inputs, { attrs: { axis } }) => emit.node("GatherElements", inputs, { axis }),
};

/** The adjoint of `gatherAlong`: adds updates to x at indices along an axis. */
export function scatterAddAlong(x: Tensor, indices: Tensor, updates: Tensor, axis = -1): Tensor {
  return apply(scatterAddAlongOp, [x, indices, updates], {
    axis: resolveAxis("scatterAddAlong", axis, x.rank),
  });
}
export const scatterAddAlongOp: OpDef<{ axis: number }> = {
  name: "scatterAddAlong",
  infer: ([x, indices, updates]) => {
    requireIndices("scatterAddAlong", indices);
    requireDType("scatterAddAlong", [x, updates], numbers);
    if (!sameShape(indices.shape, updates.shape))
      throw new ShapeError(
        `scatterAddAlong: indices ${formatShape(indices.shape)} and updates ${formatShape(updates.shape)} differ`,
      );
    return { dtype: x.dtype, shape: x.shape };
  },
  vjp: (g, { inputs: [, indices], attrs: { axis } }) => [g, null, gatherAlong(g, indices, axis)],
  lower: (emit, inputs, { attrs: { axis } }) =>
    emit.node("ScatterElements", inputs, { axis, reduction: "add" }),
};

/** 1 at the index and 0 elsewhere along a new last axis of the given depth. */
export function oneHot(indices: Tensor, depth: number, dtype: DType = "float32"): Tensor {
  return apply(oneHotOp, [indices], { depth, dtype });
}
export const oneHotOp: OpDef<{ depth: number; dtype: DType }> = {
  name: "oneHot",
  infer: ([indices], { depth, dtype }) => {
    requireIndices("oneHot", indices);
    return { dtype, shape: [...indices.shape, depth] };
  },
  lower: (emit, [indices], { attrs: { depth, dtype }, inputs: [t] }) => {
    // ONNX Runtime writes float32 or int64 only, and takes no scalar
    const list = t.rank === 0 ? emit.node("Unsqueeze", [indices, emit.ints([0])]) : indices;
    const offOn = emit.constant(fromNumbers("float32", [2], [0, 1]));
    const result = emit.node("OneHot", [list, emit.scalar("int64", depth), offOn], { axis: -1 });
    const rows = t.rank === 0 ? emit.node("Squeeze", [result, emit.ints([0])]) : result;
    return dtype === "float32" ? rows : emit.cast(rows, dtype);
  },
};

/** Running sum along an axis; `exclusive` leaves out the element itself, `reverse` starts last. */
export function cumsum(
  x: Tensor,
  axis: number,
  { exclusive = false, reverse = false }: { exclusive?: boolean; reverse?: boolean } = {},
): Tensor {
  return apply(cumsumOp, [x], { axis: resolveAxis("cumsum", axis, x.rank), exclusive, reverse });
}
export const cumsumOp: OpDef<{ axis: number; exclusive: boolean; reverse: boolean }> = {
  name: "cumsum",
  infer: ([x]) => ({ dtype: requireDType("cumsum", [x], numbers), shape: x.shape }),
  vjp: (g, { attrs: { axis, exclusive, reverse } }) => [
    cumsum(g, axis, { exclusive, reverse: !reverse }),
  ],
  lower: (emit, [x], { attrs: { axis, exclusive, reverse } }) =>
    emit.node("CumSum", [x, emit.scalar("int64", axis)], { exclusive, reverse }),
};

/** The k largest (or smallest) elements along an axis in order, and their int64 positions. */
export function topK(
  x: Tensor,
  k: number,
  { axis = -1, largest = true }: { axis?: number; largest?: boolean } = {},
): { values: Tensor; indices: Tensor } {
  const at = resolveAxis("topK", axis, x.rank);
  const [values, indices] = applyMulti(topKOp, [x], { k, axis: at, largest });
  return { values, indices };
}
export const topKOp: OpDef<{ k: number; axis: number; largest: boolean }> = {
  name: "topK",
  infer: ([x], { k, axis }) => {
    const dtype = requireDType("topK", [x], numbers);
    const size = x.shape[axis];
    if (!Number.isInteger(k) || k < 1 || (typeof size === "number" && k > size))
      throw new ShapeError(`topK: cannot take ${k} of ${size} elements along axis ${axis}`);
    const shape = x.shape.map((d, i) => (i === axis ? k : d));
    return [
      { dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  vjp: (g, { x, outputs: [, indices], attrs: { axis }, cotangents }) => [
    cotangents[0] && floats.includes(g.dtype)
      ? scatterAddAlong(zerosLike(x), indices, g, axis)
      : null,
  ],
  lower: (emit, [x], { attrs: { k, axis, largest } }) =>
    emit.multi("TopK", [x, emit.ints([k])], { axis, largest, sorted: true }, 2),
};

/** All elements along an axis in order, and their positions. The axis must have a fixed size. */
export function sort(
  x: Tensor,
  { axis = -1, descending = false }: { axis?: number; descending?: boolean } = {},
): { values: Tensor; indices: Tensor } {
  const at = resolveAxis("sort", axis, x.rank);
  return topK(x, fixedDim("sort", x, at), { axis: at, largest: descending });
}

/** Position (int64) of the largest element along an axis, the first among ties. */
export function argmax(x: Tensor, axis = -1, keepDims = false): Tensor {
  return apply(argmaxOp, [x], { axis: resolveAxis("argmax", axis, x.rank), keepDims });
}
export const argmaxOp: OpDef<{ axis: number; keepDims: boolean }> = {
  name: "argmax",
  infer: ([x], { axis, keepDims }) => {
    requireDType("argmax", [x], anyType);
    const shape = keepDims
      ? x.shape.map((d, i) => (i === axis ? 1 : d))
      : x.shape.filter((_, i) => i !== axis);
    return { dtype: "int64", shape };
  },
  lower: (emit, [x], { attrs: { axis, keepDims } }) =>
    emit.node("ArgMax", [x], { axis, keepdims: keepDims }),
};
