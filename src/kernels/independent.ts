import { allocate, type HostArray, hostArray, toNumbers } from "../base/host-array.ts";
import { dotOf, isDot, type Kernel, kernelMatrix } from "./kernel.ts";

/**
 * Centers without those that add nothing: repeated ones, and for a kernel of finite rank (linear,
 * polynomial) all but as many as its rank, chosen by pivoted Cholesky. The functions they span are
 * the same, and without them the kernel matrix is no longer singular, which costs float32 its digits.
 */
export function independentCenters(kernel: Kernel, centers: HostArray): HostArray {
  const [count, features] = centers.shape;
  const rowOf = (i: number) => centers.data.subarray(i * features, (i + 1) * features);
  const seen = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const key = rowOf(i).join();
    if (!seen.has(key)) seen.set(key, i);
  }
  const distinct = pickRows(centers, [...seen.values()]);
  if (rankOf(kernel, features) >= distinct.shape[0]) return distinct;
  const c = toNumbers(distinct);
  return pickRows(distinct, pivots(kernelMatrix(kernel, c, c, features), rankOf(kernel, features)));
}

/** Some rows of a matrix, in the order given; the matrix itself where they are all. */
export function pickRows({ dtype, shape, data }: HostArray, rows: readonly number[]): HostArray {
  const width = shape[1];
  if (rows.length === shape[0]) return { dtype, shape, data };
  const result = allocate(dtype, rows.length * width) as Float32Array;
  rows.forEach((row, i) => {
    result.set(data.subarray(row * width, (row + 1) * width) as Float32Array, i * width);
  });
  return hostArray(dtype, [rows.length, width], result);
}

/** Dimension of the functions that a kernel spans: monomials of d variables up to the degree. */
function rankOf(kernel: Kernel, features: number): number {
  if (!isDot(kernel)) return Number.POSITIVE_INFINITY;
  const { degree, offset } = dotOf(kernel);
  const variables = offset > 0 ? features : features - 1; // without offset only those of the degree
  let rank = 1;
  for (let k = 1; k <= degree; k++) rank = (rank * (variables + k)) / k;
  return Math.round(rank);
}

/** Rows on which pivoted Cholesky steps of a [n, n], ascending; fewer than `most` where a vanishes before. */
function pivots(a: Float64Array, most: number): number[] {
  const n = Math.sqrt(a.length);
  const rest = Float64Array.from({ length: n }, (_, i) => a[i * n + i]);
  const floor = 1e-12 * rest.reduce((x, y) => Math.max(x, y), 0);
  const columns: Float64Array[] = [];
  const chosen: number[] = [];
  while (chosen.length < most) {
    let pivot = 0;
    for (let i = 1; i < n; i++) if (rest[i] > rest[pivot]) pivot = i;
    if (!(rest[pivot] > floor)) break;
    const scale = 1 / Math.sqrt(rest[pivot]);
    const column = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let value = a[i * n + pivot];
      for (const before of columns) value -= before[i] * before[pivot];
      column[i] = value * scale;
      rest[i] -= column[i] ** 2;
    }
    rest[pivot] = 0;
    columns.push(column);
    chosen.push(pivot);
  }
  return chosen.sort((p, q) => p - q);
}
