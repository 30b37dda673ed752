import { ConfigError } from "../base/errors.ts";
import type { NormalEquations } from "./accumulate.ts";
import {
  type Factor,
  factorize,
  largestEigenvalue,
  type Products,
  times,
  timesTransposed,
} from "./linalg.ts";

/** The regularizer's side of the problem: Kmm + jitter I = T Tᵀ, and T⁻¹. */
export interface CenterFactor extends Factor {
  /** What was added to the diagonal of Kmm. */
  readonly jitter: number;
}

/**
 * Factor of the kernel matrix of the centers. Identical or very close centers make it singular, so
 * `relativeJitter` · M · mean(diagonal) is added to its diagonal, as in Falkon (1e-13 M in float64),
 * ten times more as long as that does not suffice.
 * @throws ConfigError where no jitter up to 1e-6 of the trace helps: the kernel is not positive
 * definite; or where the trace is zero or beyond floating point.
 */
export async function factorizeCenters(
  products: Products,
  kmm: Float64Array,
  relativeJitter: number,
): Promise<CenterFactor> {
  const n = Math.sqrt(kmm.length);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += kmm[i * n + i];
  if (!(trace > 0 && trace < Number.POSITIVE_INFINITY))
    throw new ConfigError(
      `falkon.kernel: the kernel of the ${n} centers with themselves sums up to ${trace}; scale the features, or take a lower degree`,
    );
  for (let jitter = relativeJitter * trace; jitter <= 1e-6 * trace; jitter *= 10) {
    const factor = await factorize(products, withDiagonal(kmm, n, jitter), n);
    if (factor) return { ...factor, jitter };
  }
  throw new ConfigError(
    `falkon.kernel: the kernel matrix of the ${n} centers is not positive definite, even with ${(1e-6 * trace).toPrecision(2)} added to its diagonal; use another kernel`,
  );
}

function withDiagonal(a: Float64Array, n: number, value: number): Float64Array {
  const result = a.slice();
  for (let i = 0; i < n; i++) result[i * n + i] += value;
  return result;
}

/** The normal equations in coordinates v = Tᵀ α, in which the regularizer is λ |v|². */
export interface Whitened {
  readonly centers: CenterFactor;
  readonly normal: NormalEquations;
  /** T⁻¹ (Kᵀ W K / n + ridge I) T⁻ᵀ [M, M]. */
  readonly gram: Float64Array;
  /** On the coefficients α. */
  readonly ridge: number;
  /** T⁻¹ Kᵀ W Y / n [M, targets]. */
  readonly moment: Float64Array;
}

/**
 * Changes coordinates; n is the sum of weights.
 * @param relativeRidge - added to the diagonal of Kᵀ W K, as a part of its mean diagonal.
 */
export async function whiten(
  products: Products,
  centers: CenterFactor,
  normal: NormalEquations,
  relativeRidge: number,
): Promise<Whitened> {
  const n = centers.n;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += normal.gram[i * n + i];
  const lift = (relativeRidge * trace) / n;
  const lifted = withDiagonal(normal.gram, n, lift);
  const half = await products.nn(centers.inverse, lifted, n, n, n);
  const gram = await products.nt(half, centers.inverse, n, n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const mean = (gram[i * n + j] + gram[j * n + i]) / 2 / normal.weight;
      gram[i * n + j] = mean;
      gram[j * n + i] = mean;
    }
  const moment = times(centers.inverse, normal.moment, n);
  for (let i = 0; i < moment.length; i++) moment[i] /= normal.weight;
  return { centers, normal, gram, moment, ridge: lift / normal.weight };
}

/** The estimator of one λ. */
export interface Solution {
  readonly lambda: number;
  /** Coefficients [M, targets]. */
  readonly alpha: Float64Array;
  /** Trace of the map from targets to predictions: the effective number of parameters. */
  readonly effectiveDimension: number;
  /** Weighted mean squared error on the rows fitted, per target. */
  readonly trainError: Float64Array;
  /** Generalized cross-validation (Golub, Heath, Wahba 1979), per target. */
  readonly gcv: Float64Array;
  /** Exact weighted mean squared leave-one-out error per target, where it was asked for. */
  readonly leaveOneOut: Float64Array | null;
  /** How the iteration ended; null for a direct solve. */
  readonly convergence: Convergence | null;
}

export interface Convergence {
  /** Passes over the rows. */
  readonly iterations: number;
  readonly isConverged: boolean;
  /** Estimated rms difference of predictions from the exact solution's, per target. */
  readonly error: Float64Array;
}

/** One λ with the factor of (whitened gram + λ I). */
export interface Solved {
  readonly solution: Solution;
  /** Whitened coefficients [M, targets]. */
  readonly v: Float64Array;
  readonly factor: Factor;
}

/**
 * Solves for one λ. @returns null where the rounding errors of the gram matrix exceed λ.
 */
export async function solveOne(
  products: Products,
  whitened: Whitened,
  lambda: number,
): Promise<Solved | null> {
  const { centers, normal, gram, moment, ridge } = whitened;
  const n = centers.n;
  const factor = await factorize(products, withDiagonal(gram, n, lambda), n);
  if (!factor) return null;
  const v = timesTransposed(factor.inverse, times(factor.inverse, moment, n), n);
  const alpha = timesTransposed(centers.inverse, v, n);
  // trace of (gram + λ)⁻¹ (gram - ridge T⁻¹ T⁻ᵀ)
  const image = await products.nn(factor.inverse, centers.inverse, n, n, n);
  const effectiveDimension = n - lambda * sumSquares(factor.inverse) - ridge * sumSquares(image);
  const product = times(gram, v, n);
  const targets = normal.targets;
  const trainError = new Float64Array(targets);
  for (let t = 0; t < targets; t++) {
    let error = normal.square[t] / normal.weight;
    for (let i = 0; i < n; i++) {
      const at = i * targets + t;
      error += v[at] * (product[at] - 2 * moment[at]) - ridge * alpha[at] ** 2;
    }
    trainError[t] = Math.max(0, error);
  }
  const left = 1 - effectiveDimension / normal.rows;
  return {
    factor,
    v,
    solution: {
      lambda,
      alpha,
      effectiveDimension,
      trainError,
      gcv: trainError.map((error) => error / left ** 2),
      leaveOneOut: null,
      convergence: null,
    },
  };
}

function sumSquares(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value * value;
  return total;
}

/** How well the linear systems were posed; estimates. */
export interface Conditioning {
  /** Of Kmm with its jitter. */
  readonly centers: number;
  /** Of the whitened system at the smallest λ: what the solve sees. */
  readonly system: number;
  /** Added to the diagonal of Kmm. */
  readonly jitter: number;
  /**
   * Added to the diagonal of Kᵀ W K, relative to its mean: a penalty on the size of coefficients,
   * since rounding makes an error in proportion to it.
   */
  readonly ridge: number;
}

/** Condition numbers by power iteration on A and, through the factor, on A⁻¹. */
export function conditioning(
  kmm: Float64Array,
  whitened: Whitened,
  last: Solved,
  ridge: number,
): Conditioning {
  const { centers, gram } = whitened;
  const n = centers.n;
  const of = (a: Float64Array, shift: number, inverse: Float64Array) => {
    const top = largestEigenvalue((x) => times(a, x, n), n) + shift;
    return top * largestEigenvalue((x) => timesTransposed(inverse, times(inverse, x, n), n), n);
  };
  return {
    centers: of(kmm, centers.jitter, centers.inverse),
    system: of(gram, last.solution.lambda, last.factor.inverse),
    jitter: centers.jitter,
    ridge,
  };
}
