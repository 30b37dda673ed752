import { invariant } from "../base/errors.ts";
import { hostArray } from "../base/host-array.ts";
import { compile } from "../compile/index.ts";
import { input, matmul } from "../ops/index.ts";
import type { Runtime, Session } from "../runtime/index.ts";

/** Matrix products in float64 on a runtime; matrices are row-major. */
export interface Products {
  /** a [m, k] b [k, n]. */
  nn(a: Float64Array, b: Float64Array, m: number, n: number, k: number): Promise<Float64Array>;
  /** a [m, k] b [n, k]ᵀ. */
  nt(a: Float64Array, b: Float64Array, m: number, n: number, k: number): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/** Loads the two products; call `dispose` at the end. */
export async function createProducts(runtime: Runtime): Promise<Products> {
  const load = (transB: boolean): Promise<Session> => {
    const a = input("a", "float64", ["m", "k"]);
    const b = input("b", "float64", transB ? ["n", "k"] : ["k", "n"]);
    return runtime.load(compile({ name: "product", outputs: { c: matmul(a, b, { transB }) } }));
  };
  const [plain, turned] = [await load(false), await load(true)];
  const run = async (
    session: Session,
    [a, shapeA]: readonly [Float64Array, number[]],
    [b, shapeB]: readonly [Float64Array, number[]],
  ) => {
    const { c } = await session.run({
      a: hostArray("float64", shapeA, a),
      b: hostArray("float64", shapeB, b),
    });
    return c.data as Float64Array;
  };
  return {
    nn: (a, b, m, n, k) => run(plain, [a, [m, k]], [b, [k, n]]),
    nt: (a, b, m, n, k) => run(turned, [a, [m, k]], [b, [n, k]]),
    async dispose() {
      await plain.dispose();
      await turned.dispose();
    },
  };
}

/** A = L Lᵀ with L lower triangular, and W = L⁻¹, both full row-major [n, n] with zeros above. */
export interface Factor {
  readonly n: number;
  readonly lower: Float64Array;
  readonly inverse: Float64Array;
}

/** Below this size plain loops win over calls of the runtime. */
const leafSize = 64;

/**
 * Cholesky factor and its inverse together, by halves, so that all the work is matrix products:
 * L21 = A21 W11ᵀ, L22 L22ᵀ = A22 - L21 L21ᵀ, W21 = -W22 L21 W11.
 * @param a - symmetric [n, n]; only the lower triangle is read.
 * @returns null where A is not positive definite in float64.
 */
export async function factorize(
  products: Products,
  a: Float64Array,
  n: number,
): Promise<Factor | null> {
  if (n <= leafSize) return factorizeLeaf(a, n);
  const p = Math.ceil(n / 2 / leafSize) * leafSize;
  const q = n - p;
  const first = await factorize(products, block(a, n, 0, 0, p, p), p);
  if (!first) return null;
  const l21 = await products.nt(block(a, n, p, 0, q, p), first.inverse, q, p, p);
  const rest = block(a, n, p, p, q, q);
  const square = await products.nt(l21, l21, q, q, p);
  for (let i = 0; i < rest.length; i++) rest[i] -= square[i];
  const second = await factorize(products, rest, q);
  if (!second) return null;
  const w21 = await products.nn(
    await products.nn(second.inverse, l21, q, p, q),
    first.inverse,
    q,
    p,
    p,
  );
  for (let i = 0; i < w21.length; i++) w21[i] = -w21[i];
  return {
    n,
    lower: assemble(first.lower, l21, second.lower, p, q),
    inverse: assemble(first.inverse, w21, second.inverse, p, q),
  };
}

function factorizeLeaf(a: Float64Array, n: number): Factor | null {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let t = a[i * n + j];
      for (let k = 0; k < j; k++) t -= l[i * n + k] * l[j * n + k];
      if (i > j) l[i * n + j] = t / l[j * n + j];
      else if (t > 0 && t < Number.POSITIVE_INFINITY) l[i * n + i] = Math.sqrt(t);
      else return null;
    }
  const w = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) {
      const factor = l[i * n + k];
      for (let j = 0; j <= k; j++) w[i * n + j] -= factor * w[k * n + j];
    }
    const scale = 1 / l[i * n + i];
    for (let j = 0; j < i; j++) w[i * n + j] *= scale;
    w[i * n + i] = scale;
  }
  return { n, lower: l, inverse: w };
}

/** A copy of rows r … r + m - 1, columns c … c + n - 1 of a matrix with `width` columns. */
function block(a: Float64Array, width: number, r: number, c: number, m: number, n: number) {
  const result = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    const at = (r + i) * width + c;
    result.set(a.subarray(at, at + n), i * n);
  }
  return result;
}

function assemble(a: Float64Array, b: Float64Array, c: Float64Array, p: number, q: number) {
  const n = p + q;
  const result = new Float64Array(n * n);
  for (let i = 0; i < p; i++) result.set(a.subarray(i * p, (i + 1) * p), i * n);
  for (let i = 0; i < q; i++) {
    result.set(b.subarray(i * p, (i + 1) * p), (p + i) * n);
    result.set(c.subarray(i * q, (i + 1) * q), (p + i) * n + p);
  }
  return result;
}

/** A x for A [n, n] and x [n, columns]; few columns, for which A is read once. */
export function times(a: Float64Array, x: Float64Array, n: number): Float64Array {
  const columns = columnsOf(x, n);
  const result = new Float64Array(x.length);
  for (let i = 0; i < n; i++) {
    const row = a.subarray(i * n, (i + 1) * n);
    for (let t = 0; t < columns.length; t++) result[i * columns.length + t] = dot(row, columns[t]);
  }
  return result;
}

/** Aᵀ x for A [n, n] and x [n, columns]; few columns, for which A is read once. */
export function timesTransposed(a: Float64Array, x: Float64Array, n: number): Float64Array {
  const columns = columnsOf(x, n);
  const sums = columns.map(() => new Float64Array(n));
  for (let i = 0; i < n; i++) {
    const row = a.subarray(i * n, (i + 1) * n);
    for (let t = 0; t < columns.length; t++) addMultiple(sums[t], columns[t][i], row);
  }
  const result = new Float64Array(x.length);
  for (let t = 0; t < sums.length; t++)
    for (let j = 0; j < n; j++) result[j * sums.length + t] = sums[t][j];
  return result;
}

function columnsOf(x: Float64Array, n: number): Float64Array[] {
  const count = x.length / n;
  invariant(Number.isInteger(count), `${x.length} numbers are no ${n} rows`);
  return Array.from({ length: count }, (_, t) =>
    Float64Array.from({ length: n }, (_, i) => x[i * count + t]),
  );
}

/** Four sums side by side, since one would wait for itself. */
function dot(a: Float64Array, b: Float64Array): number {
  let [p, q, r, s] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    p += a[i] * b[i];
    q += a[i + 1] * b[i + 1];
    r += a[i + 2] * b[i + 2];
    s += a[i + 3] * b[i + 3];
  }
  for (let i = whole; i < a.length; i++) p += a[i] * b[i];
  return p + q + (r + s);
}

function addMultiple(y: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] += factor * x[i];
}

/** Largest eigenvalue of a symmetric positive map, by power iteration: a lower bound, usually within percents. */
export function largestEigenvalue(
  apply: (x: Float64Array) => Float64Array,
  n: number,
  steps = 12,
): number {
  let x: Float64Array = Float64Array.from({ length: n }, (_, i) => 1 + 0.5 * Math.cos(1 + 7 * i));
  let value = 0;
  for (let step = 0; step < steps; step++) {
    const norm = normOf(x);
    if (!(norm > 0)) return 0;
    for (let i = 0; i < n; i++) x[i] /= norm;
    x = apply(x);
    value = normOf(x);
  }
  return value;
}

function normOf(x: Float64Array): number {
  let squares = 0;
  for (const value of x) squares += value * value;
  return Math.sqrt(squares);
}
