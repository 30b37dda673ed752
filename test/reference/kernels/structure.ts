import { sizeOf } from "../../../src/base/host-array.ts";
import {
  commonShape,
  fromHost,
  fromIndex,
  offset,
  type RefArray,
  read,
  withAxis,
} from "../array.ts";
import type { Kernels } from "../kernel.ts";

/** A copy of x with the length of one axis changed; f gives where on that axis to read, or null. */
function alongAxis(
  x: RefArray,
  axis: number,
  length: number,
  f: (i: number) => number | null,
  fill = 0,
) {
  return fromIndex(x.dtype, withAxis(x.shape, axis, length), (index) => {
    const from = f(index[axis]);
    return from === null ? fill : x.data[offset(x.shape, withAxis(index, axis, from))];
  });
}

/** Sources, and ops that move elements without computing. */
export const structure = {
  inputOp: (_, { name }, { fed }) => fed(name),
  constantOp: (_, { value }) => fromHost(value),

  transposeOp: ([x], { perm }) => {
    const shape = perm.map((p) => x.shape[p]);
    return fromIndex(x.dtype, shape, (index) => {
      const from: number[] = [];
      perm.forEach((p, i) => {
        from[p] = index[i];
      });
      return x.data[offset(x.shape, from)];
    });
  },
  reshapeOp: ([x], { shape }, { size }) => ({ ...x, shape: shape.map(size) }),
  broadcastToOp: ([x], { shape }, { size }) =>
    fromIndex(x.dtype, shape.map(size), (i) => read(x, i)),
  broadcastLikeOp: ([x, like]) =>
    fromIndex(x.dtype, commonShape([x.shape, like.shape]), (i) => read(x, i)),

  concatOp: (xs, { axis }) => {
    const total = xs.reduce((n, x) => n + x.shape[axis], 0);
    return fromIndex(xs[0].dtype, withAxis(xs[0].shape, axis, total), (index) => {
      let at = index[axis];
      let k = 0;
      while (at >= xs[k].shape[axis]) at -= xs[k++].shape[axis];
      return xs[k].data[offset(xs[k].shape, withAxis(index, axis, at))];
    });
  },
  splitOp: ([x], { sizes, axis }) =>
    sizes.map((n, k) => {
      const start = sizes.slice(0, k).reduce((sum, s) => sum + s, 0);
      return alongAxis(x, axis, n, (i) => start + i);
    }),
  sliceOp: ([x], { axis, start, end }) => alongAxis(x, axis, end - start, (i) => start + i),
  padOp: ([x], { axis, before, after, value }) => {
    const n = x.shape[axis];
    const inside = (i: number) => (i >= before && i < before + n ? i - before : null);
    return alongAxis(x, axis, before + n + after, inside, value);
  },
  axesSizeOp: ([x], { axes }) =>
    fromIndex(x.dtype, [], () => sizeOf(axes.map((axis) => x.shape[axis]))),
} satisfies Partial<Kernels>;
