import { type DType, type HostArray, sizeOf, toNumbers } from "../../src/base/host-array.ts";

/** A dense row-major array whose numbers are kept in float64, whatever its dtype. */
export interface RefArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type Index = readonly number[];

/** Every index of a shape, in row-major order. */
export function* indices(shape: readonly number[]): Generator<Index> {
  const n = sizeOf(shape);
  for (let flat = 0; flat < n; flat++) {
    const index: number[] = new Array(shape.length);
    let rest = flat;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    yield index;
  }
}

/** The array whose element at each index is f(index). */
export function fromIndex(
  dtype: DType,
  shape: readonly number[],
  f: (index: Index) => number,
): RefArray {
  const data = new Float64Array(sizeOf(shape));
  let flat = 0;
  for (const index of indices(shape)) data[flat++] = f(index);
  return { dtype, shape, data };
}

/** Position of an index in the data of a shape. */
export function offset(shape: readonly number[], index: Index): number {
  return index.reduce((flat, i, axis) => flat * shape[axis] + i, 0);
}

/** Element at an index; axes of length 1 and missing leading axes repeat. */
export function read(x: RefArray, index: Index): number {
  const lead = index.length - x.shape.length;
  return x.data[
    offset(
      x.shape,
      x.shape.map((d, axis) => (d === 1 ? 0 : index[lead + axis])),
    )
  ];
}

/** The shape to which several broadcast. */
export function commonShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  const padded = shapes.map((s) => [...new Array(rank - s.length).fill(1), ...s]);
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = padded.map((s) => s[axis]).filter((d) => d !== 1);
    if (sizes.some((d) => d !== sizes[0]))
      throw new RangeError(`reference: axis ${axis}: ${sizes}`);
    return sizes[0] ?? 1;
  });
}

/** A copy of an index with one axis set. */
export function withAxis(index: Index, axis: number, value: number): number[] {
  return index.map((i, at) => (at === axis ? value : i));
}

/** A copy of a shape or index without one axis. */
export function withoutAxis(index: Index, axis: number): number[] {
  return index.filter((_, at) => at !== axis);
}

export function fromHost({ dtype, shape, data }: HostArray): RefArray {
  return { dtype, shape, data: toNumbers({ dtype, shape, data }) };
}
