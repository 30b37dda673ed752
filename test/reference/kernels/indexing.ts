import { fromIndex, indices, offset, type RefArray, withAxis, withoutAxis } from "../array.ts";
import type { Kernels } from "../kernel.ts";

/** Negative positions count from the end. */
const wrap = (i: number, n: number) => (i < 0 ? i + n : i);

/** Positions along an axis for one line through x, sorted by f. */
function sortedLine(
  x: RefArray,
  axis: number,
  index: readonly number[],
  largest: boolean,
): number[] {
  const value = (i: number) => x.data[offset(x.shape, withAxis(index, axis, i))];
  const sign = largest ? -1 : 1;
  const line = Array.from({ length: x.shape[axis] }, (_, i) => i);
  return line.sort((i, j) => sign * (value(i) - value(j)) || i - j);
}

/** Ops that read or write at positions that are data. */
export const indexing = {
  gatherOp: ([x, at], { axis }) => {
    const shape = [...x.shape.slice(0, axis), ...at.shape, ...x.shape.slice(axis + 1)];
    return fromIndex(x.dtype, shape, (index) => {
      const k = at.data[offset(at.shape, index.slice(axis, axis + at.shape.length))];
      const before = index.slice(0, axis);
      const after = index.slice(axis + at.shape.length);
      return x.data[offset(x.shape, [...before, wrap(k, x.shape[axis]), ...after])];
    });
  },
  scatterAddOp: ([x, at, updates]) => {
    const data = x.data.slice();
    for (const index of indices(updates.shape)) {
      const k = at.data[offset(at.shape, index.slice(0, at.shape.length))];
      const target = [wrap(k, x.shape[0]), ...index.slice(at.shape.length)];
      data[offset(x.shape, target)] += updates.data[offset(updates.shape, index)];
    }
    return { ...x, data };
  },
  gatherAlongOp: ([x, at], { axis }) =>
    fromIndex(x.dtype, at.shape, (index) => {
      const k = wrap(at.data[offset(at.shape, index)], x.shape[axis]);
      return x.data[offset(x.shape, withAxis(index, axis, k))];
    }),
  scatterAddAlongOp: ([x, at, updates], { axis }) => {
    const data = x.data.slice();
    for (const index of indices(updates.shape)) {
      const k = wrap(at.data[offset(at.shape, index)], x.shape[axis]);
      data[offset(x.shape, withAxis(index, axis, k))] += updates.data[offset(updates.shape, index)];
    }
    return { ...x, data };
  },
  oneHotOp: ([at], { depth, dtype }) =>
    fromIndex(dtype, [...at.shape, depth], (index) => {
      const k = wrap(at.data[offset(at.shape, index.slice(0, -1))], depth);
      return Number(index.at(-1) === k);
    }),
  topKOp: ([x], { k, axis, largest }) => {
    const shape = withAxis(x.shape, axis, k);
    const position = (index: readonly number[]) => sortedLine(x, axis, index, largest)[index[axis]];
    return [
      fromIndex(x.dtype, shape, (i) => x.data[offset(x.shape, withAxis(i, axis, position(i)))]),
      fromIndex("int64", shape, position),
    ];
  },
  argmaxOp: ([x], { axis, keepDims }) => {
    const kept = fromIndex(
      "int64",
      withAxis(x.shape, axis, 1),
      (i) => sortedLine(x, axis, i, true)[0],
    );
    return keepDims ? kept : { ...kept, shape: withoutAxis(x.shape, axis) };
  },
} satisfies Partial<Kernels>;
