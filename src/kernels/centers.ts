import { ConfigError, invariant, ShapeError } from "../base/errors.ts";
import { type HostArray, toNumbers } from "../base/host-array.ts";
import { createRng, type Rng } from "../base/rng.ts";
import type { Runtime } from "../runtime/index.ts";
import { pickRows } from "./independent.ts";
import { type Kernel, kernelMatrix, widthsOf } from "./kernel.ts";
import { createProducts, factorize } from "./linalg.ts";
import { blocksOf, type Precision, type RowSource } from "./rows.ts";
import { gatherSample, sampleRows } from "./sample.ts";

/** @throws ConfigError unless there are enough rows for M centers. */
export function requireCount(count: number, rows: number): void {
  if (!(Number.isInteger(count) && count > 0))
    throw new ConfigError(`falkon.centers: expected an integer > 0, got ${count}`);
  if (count > rows)
    throw new ConfigError(`falkon.centers: ${count} centers of ${rows} rows; at most ${rows}`);
}

/** @throws ShapeError unless given centers are [M, features]. */
export function requireGiven(centers: HostArray, features: number): void {
  if (centers.shape.length !== 2 || centers.shape[1] !== features || centers.shape[0] === 0)
    throw new ShapeError(`falkon.centers: expected [centers, ${features}], got [${centers.shape}]`);
}

/** How rows become centers. */
export interface CenterChoice {
  readonly count: number;
  /**
   * `uniform`: rows at random. `leverage`: by approximate ridge leverage scores, more where few
   * rows determine the function. `kmeans++`: far from each other, in units of the kernel's widths.
   */
  readonly method: "uniform" | "leverage" | "kmeans++";
}

export interface CenterProblem extends CenterChoice {
  readonly kernel: Kernel;
  readonly source: RowSource;
  readonly precision: Precision;
  /** λ of the leverage scores. */
  readonly lambda: number;
  readonly seed: number | string;
}

/** Rows among which `leverage` and `kmeans++` choose: a uniform sample of at least this many per center. */
const candidatesPerCenter = 16;

/** Draws centers [count, features]. @throws ConfigError for more centers than rows. */
export async function chooseCenters(runtime: Runtime, problem: CenterProblem): Promise<HostArray> {
  const { count, method, source, precision, seed } = problem;
  requireCount(count, source.rows);
  const rng = createRng(seed).split("centers");
  const size = method === "uniform" ? count : Math.max(candidatesPerCenter * count, 16384);
  const numbers = sampleRows(source.rows, Math.min(size, source.rows), rng);
  const { x } = await gatherSample(source, numbers, precision);
  if (method === "uniform") return x;
  const chosen =
    method === "kmeans++"
      ? spreadRows(problem, x, rng)
      : await leverageRows(runtime, problem, x, rng);
  return pickRows(x, chosen);
}

/** Each next row with a probability proportional to its squared distance from those chosen (Arthur, Vassilvitskii 2007). */
function spreadRows({ kernel, count }: CenterProblem, x: HostArray, rng: Rng): number[] {
  const [rows, features] = x.shape;
  const scales = widthsOf(kernel, features).map((width) => 1 / width);
  const z = toNumbers(x).map((value, i) => value * scales[i % features]);
  const nearest = new Float64Array(rows).fill(Number.POSITIVE_INFINITY);
  const chosen = [rng.integer(rows)];
  while (chosen.length < count) {
    const last = chosen[chosen.length - 1] * features;
    let total = 0;
    for (let i = 0; i < rows; i++) {
      let squares = 0;
      for (let k = 0; k < features; k++) squares += (z[i * features + k] - z[last + k]) ** 2;
      if (squares < nearest[i]) nearest[i] = squares;
      total += nearest[i];
    }
    if (!(total > 0)) break; // fewer distinct rows than centers
    let left = rng.uniform() * total;
    let next = 0;
    while (next < rows - 1 && left >= nearest[next]) left -= nearest[next++];
    while (nearest[next] === 0) next--; // rounding at the end
    chosen.push(next);
  }
  return chosen.sort((p, q) => p - q);
}

/**
 * Without replacement by l_i = (k_ii - k_iJ (K_JJ + λ J)⁻¹ k_Ji) / (λ n) with the J first
 * candidates as the dictionary (Rudi et al., "On fast leverage score sampling", 2018, eq. 3).
 */
async function leverageRows(
  runtime: Runtime,
  { kernel, count, lambda }: CenterProblem,
  x: HostArray,
  rng: Rng,
): Promise<number[]> {
  const [rows, features] = x.shape;
  const c = toNumbers(x);
  const order = rng.permutation(rows).subarray(0, count);
  const dictionary = toNumbers(pickRows(x, [...order]));
  const gram = kernelMatrix(kernel, dictionary, dictionary, features);
  for (let i = 0; i < count; i++) gram[i * count + i] += lambda * count;
  const products = await createProducts(runtime);
  const scores = new Float64Array(rows);
  try {
    const factor = await factorize(products, gram, count);
    invariant(factor, "a kernel matrix with a ridge is positive definite");
    for (const [start, size] of blocksOf(rows, 2048)) {
      const part = c.subarray(start * features, (start + size) * features);
      const block = kernelMatrix(kernel, dictionary, part, features);
      const image = await products.nn(factor.inverse, block, count, size, count);
      for (let i = 0; i < size; i++) {
        const row = part.subarray(i * features, (i + 1) * features);
        scores[start + i] = kernelMatrix(kernel, row, row, features)[0];
      }
      for (let j = 0; j < image.length; j++) scores[start + (j % size)] -= image[j] ** 2;
    }
  } finally {
    await products.dispose();
  }
  // the largest keys -exponential / score are a weighted sample (Efraimidis, Spirakis 2006)
  const keys = scores.map((score) => -rng.exponential() / Math.max(score, 1e-300));
  const ranked = Array.from(keys.keys()).sort((p, q) => keys[q] - keys[p]);
  return ranked.slice(0, count).sort((p, q) => p - q);
}
