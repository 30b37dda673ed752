import fc from "fast-check";
import { grad } from "../../src/autodiff/index.ts";
import { type DType, fromNumbers, sizeOf } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { broadcastShapes, type Dim, type Shape, type Tensor } from "../../src/graph/index.ts";
import * as ops from "../../src/ops/index.ts";
import type { Feeds } from "../reference/evaluate.ts";

/** One step: which of `makers`, and three numbers from which it picks its operands. */
type Step = readonly [maker: number, a: number, b: number, c: number];

/** A graph in a few numbers; what fast-check prints when a case fails. */
export interface Program {
  readonly steps: readonly Step[];
  /** Outputs besides the last value, as positions among the values. */
  readonly outputs: readonly number[];
  /** Adds the gradients of the sum of squares of the last value. */
  readonly isTrained: boolean;
}

/** A graph, its inputs fed. `sizes` binds the named sizes that the feeds have. */
export interface RandomGraph {
  readonly outputs: readonly Tensor[];
  readonly feeds: Feeds;
}

/** The numbers behind the named sizes. */
export const sizes = { batch: 5, wide: 3 };
const dims: readonly Dim[] = ["batch", 1, 2, 3, 20, "wide"];

/** Values so far, and a source of new inputs. */
interface Pool {
  readonly values: Tensor[];
  leaf(shape: Shape): Tensor;
}

const pick = <T>(from: readonly T[], n: number) => from[from.length - 1 - (n % from.length)];

/** A value that broadcasts with x, recent ones first, or x itself. */
function partner({ values }: Pool, x: Tensor, n: number): Tensor {
  const fits = values.filter((t) => {
    try {
      broadcastShapes("", [x.shape, t.shape]);
      return true;
    } catch {
      return false;
    }
  });
  return pick([x, ...fits], n);
}

/** A leaf that repeats along some of x's axes, or has fewer; always the shape of x or below. */
function smaller(pool: Pool, x: Tensor, n: number): Tensor {
  const shape = x.shape.map((d, i) => ((n >> i) & 1 ? 1 : d)).slice((n >> 3) % 3);
  return pool.leaf(shape);
}

function matrix(pool: Pool, n: number): Tensor {
  const matrices = pool.values.filter((t) => t.rank === 2);
  return matrices.length > 0 ? pick(matrices, n) : pool.leaf(["batch", 3]);
}

/** A product of a matrix with one that fits: a value, or a new leaf. */
function product(pool: Pool, n: number, m: number, k: number): Tensor {
  const a = matrix(pool, n);
  const [transA, transB, isFirst] = [Boolean(k & 1), Boolean(k & 2), Boolean(k & 4)];
  const own = isFirst ? !transA : transB;
  const inner = a.shape[own ? 1 : 0];
  const at = (isFirst ? transB : !transA) ? 1 : 0;
  const fits = pool.values.filter((t) => t.rank === 2 && t.shape[at] === inner);
  const outer = dims[m % dims.length];
  const fresh = () => pool.leaf(at === 0 ? [inner, outer] : [outer, inner]);
  const b = fits.length > 0 && m % 2 ? pick(fits, m >> 1) : fresh();
  const y = isFirst ? ops.matmul(a, b, { transA, transB }) : ops.matmul(b, a, { transA, transB });
  return ops.tanh(y);
}

/** Smooth or well away from their kinks, so that rounding is not amplified. */
const makers: readonly ((pool: Pool, x: Tensor, n: number, m: number) => Tensor)[] = [
  (_, x) => ops.tanh(x),
  (_, x) => ops.relu(ops.add(x, 0.1234)),
  (_, x, n) => ops.mul(x, [0.5, 1, -2, 0][n % 4]),
  (_, x, n) => ops.div(x, [2, 1, -4][n % 3]),
  (_, x, n) => ops.add(x, [0, 0.25][n % 2]),
  (_, x) => ops.neg(x),
  (pool, x, n) => ops.add(x, partner(pool, x, n)),
  (pool, x, n) => ops.sub(x, partner(pool, x, n)),
  (pool, x, n) => ops.sub(partner(pool, x, n), x),
  (pool, x, n) => ops.mul(ops.tanh(x), partner(pool, x, n)),
  (pool, x, n) => ops.div(x, ops.add(ops.square(partner(pool, x, n)), 1)),
  (pool, x, n) => ops.mul(x, smaller(pool, x, n)),
  (pool, x, n) => ops.mul(smaller(pool, x, n), x),
  (pool, x, n) => ops.add(x, smaller(pool, x, n)),
  (pool, x, n) => ops.div(x, ops.add(ops.square(smaller(pool, x, n)), 1)),
  (pool, x, n) => {
    const s = smaller(pool, x, n);
    return ops.sub(ops.mul(x, s), ops.mul(partner(pool, x, n), s));
  },
  (pool, x, n, m) => {
    const s = smaller(pool, x, n);
    return ops.add(ops.mul(ops.tanh(x), s), ops.mul(ops.mul(x, smaller(pool, x, m)), s));
  },
  (pool, x, n, m) =>
    ops.where(ops.greater(smaller(pool, x, n), 0), x, m % 2 ? 0 : partner(pool, x, m)),
  (pool, x, n, m) =>
    ops.where(ops.greater(smaller(pool, x, n), 0), 0, ops.mul(x, smaller(pool, x, m))),
  (_, x, n) =>
    ops.sum(x, { axes: x.shape.flatMap((_d, i) => ((n >> i) & 1 ? [i] : [])), keepDims: n > 7 }),
  (_, x, n) => ops.mean(x, { ...(x.rank ? { axes: n % x.rank } : {}), keepDims: n > 7 }),
  (pool, x, n) =>
    ops.max(ops.mul(x, smaller(pool, x, n)), { ...(x.rank ? { axes: n % x.rank } : {}) }),
  (_, x) => ops.transpose(x),
  (_, x) => ops.transpose(x),
  (_, x) => (x.rank === 3 ? ops.transpose(x, [0, 2, 1]) : ops.transpose(x)),
  (_, x) => (x.rank > 0 ? ops.standardize(x, 0.1).y : x),
  (_, x) => (x.rank > 0 ? ops.standardize(x, 0.1).invDeviation : x),
  (_, x) =>
    x.rank === 2
      ? ops.transpose(ops.standardize(ops.transpose(x), 0.1).y)
      : ops.expandDims(x, x.rank > 1 ? x.rank - 1 : 0),
  (_, x) => (x.rank < 3 ? ops.expandDims(x, x.rank) : ops.sum(x, { axes: 1 })),
  (pool, _, n, m) => product(pool, n, m, n + m),
  (pool, _, n, m) => product(pool, m, n, n ^ m),
  (pool, _, n, m) => product(pool, n, m, n),
  (pool, x, n, m) => {
    const y = product(pool, n, m, m);
    return ops.add(y, m % 3 ? smaller(pool, y, n) : partner(pool, y, n + x.rank));
  },
];

/** Programs of up to a dozen steps. */
export const programs: fc.Arbitrary<Program> = fc.record({
  steps: fc.array(fc.tuple(fc.nat(makers.length - 1), fc.nat(15), fc.nat(15), fc.nat(15)), {
    minLength: 1,
    maxLength: 12,
  }),
  outputs: fc.array(fc.nat(15), { maxLength: 2 }),
  isTrained: fc.boolean(),
});

/** The graph of a program, the same each time. */
export function build({ steps, outputs, isTrained }: Program, dtype: DType): RandomGraph {
  const rng = createRng("leaves");
  const feeds: Record<string, ReturnType<typeof fromNumbers>> = {};
  const leaves: Tensor[] = [];
  const leaf = (shape: Shape) => {
    const fixed = shape.map((d) => (typeof d === "number" ? d : sizes[d as "batch"]));
    const numbers = Array.from({ length: sizeOf(fixed) }, () => rng.normal());
    const array = fromNumbers(dtype, fixed, numbers);
    // every third leaf of fixed shape is a constant
    if (shape.every((d) => typeof d === "number") && leaves.length % 3 === 2)
      return ops.constant(array, dtype, "c");
    const name = `x${leaves.length}`;
    const t = ops.input(name, dtype, shape);
    feeds[name] = array;
    leaves.push(t);
    return t;
  };
  const values = [leaf(["batch", 3]), leaf(["batch", 20]), leaf([2, "batch", 3])];
  const pool = { values, leaf };
  for (const [maker, x, n, m] of steps) values.push(makers[maker](pool, pick(values, x), n, m));
  const last = values[values.length - 1];
  const wanted = [last, ...outputs.map((n) => pick(values, n))];
  if (isTrained) wanted.push(...grad(ops.mean(ops.square(last)), leaves));
  return { outputs: [...new Set(wanted)], feeds };
}
