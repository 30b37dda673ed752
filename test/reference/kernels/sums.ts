import {
  commonShape,
  fromIndex,
  indices,
  offset,
  type RefArray,
  read,
  withAxis,
} from "../array.ts";
import type { Kernel, Kernels } from "../kernel.ts";

type ReduceAttrs = { readonly axes: readonly number[]; readonly keepDims: boolean };

const reduce =
  (start: number, step: (total: number, value: number) => number): Kernel<ReduceAttrs> =>
  ([x], { axes, keepDims }) => {
    const kept = x.shape.map((d, axis) => (axes.includes(axis) ? 1 : d));
    const result = fromIndex(x.dtype, kept, () => start);
    for (const index of indices(x.shape)) {
      const at = offset(
        kept,
        index.map((i, axis) => (axes.includes(axis) ? 0 : i)),
      );
      result.data[at] = step(result.data[at], x.data[offset(x.shape, index)]);
    }
    return keepDims
      ? result
      : { ...result, shape: x.shape.filter((_, axis) => !axes.includes(axis)) };
  };

/** The elements of x on the line through `index` along an axis. */
function line(x: RefArray, axis: number, index: readonly number[]): number[] {
  return Array.from(
    { length: x.shape[axis] },
    (_, i) => x.data[offset(x.shape, withAxis(index, axis, i))],
  );
}

const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** log of the sum of exponentials, without overflow. */
function logSumExp(values: readonly number[]): number {
  const top = Math.max(...values);
  return top + Math.log(total(values.map((v) => Math.exp(v - top))));
}

/** Ops that add up along axes. */
export const sums = {
  sumOp: reduce(0, (a, b) => a + b),
  maxOp: reduce(-Infinity, (a, b) => Math.max(a, b)),
  minOp: reduce(Infinity, (a, b) => Math.min(a, b)),
  cumsumOp: ([x], { axis, exclusive, reverse }) =>
    fromIndex(x.dtype, x.shape, (index) => {
      const here = index[axis];
      const counts = (i: number) => (i === here ? !exclusive : reverse ? i > here : i < here);
      return total(line(x, axis, index).filter((_, i) => counts(i)));
    }),
  softmaxOp: ([x], { axis }) =>
    fromIndex(x.dtype, x.shape, (i) => Math.exp(read(x, i) - logSumExp(line(x, axis, i)))),
  logSoftmaxOp: ([x], { axis }) =>
    fromIndex(x.dtype, x.shape, (i) => read(x, i) - logSumExp(line(x, axis, i))),
  affineOp: ([x, scale, shift]) =>
    fromIndex(
      x.dtype,
      x.shape,
      (i) => read(x, i) * read(scale, [i[0], 0]) + read(shift, [i[0], 0]),
    ),
  standardizeOp: ([x], { epsilon }) => {
    const axis = x.shape.length - 1;
    const kept = withAxis(x.shape, axis, 1);
    const mean = fromIndex(x.dtype, kept, (i) => total(line(x, axis, i)) / x.shape[axis]);
    const invDeviation = fromIndex(x.dtype, kept, (i) => {
      const squares = line(x, axis, i).map((v) => (v - read(mean, i)) ** 2);
      return 1 / Math.sqrt(total(squares) / x.shape[axis] + epsilon);
    });
    const y = fromIndex(
      x.dtype,
      x.shape,
      (i) => (read(x, i) - read(mean, i)) * read(invDeviation, i),
    );
    return [y, mean, invDeviation];
  },
  matmulOp: ([a, b, bias], { transA, transB }) => {
    const [m, inner] = transA ? a.shape.slice(-2).reverse() : a.shape.slice(-2);
    const n = b.shape.at(transB ? -2 : -1)!;
    const lead = commonShape([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
    return fromIndex(a.dtype, [...lead, m, n], (index) => {
      const batch = index.slice(0, -2);
      const [i, j] = index.slice(-2);
      let sum = bias ? read(bias, index) : 0;
      for (let k = 0; k < inner; k++) {
        const x = read(a, [...batch, ...(transA ? [k, i] : [i, k])]);
        const y = read(b, [...batch, ...(transB ? [j, k] : [k, j])]);
        sum += x * y;
      }
      return sum;
    });
  },
} satisfies Partial<Kernels>;
