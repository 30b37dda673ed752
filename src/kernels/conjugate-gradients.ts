import { CancelledError } from "../base/errors.ts";
import { type Factor, times, timesTransposed } from "./linalg.ts";
import type { KernelOperator, Residual } from "./operator.ts";
import type { Convergence } from "./solve.ts";

export interface IterateOptions {
  readonly maxIterations: number;
  /** Stops where the error of predictions is estimated below this part of the targets' root mean square. */
  readonly relativeTolerance: number;
  /** Or below this, in units of the targets. */
  readonly absoluteTolerance: number;
  readonly signal?: AbortSignal;
  readonly onIteration?: (iteration: number, error: number) => void;
}

export interface Iterated {
  /** Whitened coefficients v = Tᵀ α [M, targets]. */
  readonly v: Float64Array;
  /** Of v, on all rows. */
  readonly residual: Residual;
  readonly convergence: Convergence;
}

/**
 * Preconditioned conjugate gradients for (T⁻¹ (Kᵀ W K / n + ridge) T⁻ᵀ + λ) v = T⁻¹ Kᵀ W Y / n, all targets
 * at once with one step length each. With a preconditioner F near the matrix, rᵀ F⁻¹ r is the
 * squared rms error of the predictions on the rows, by which it stops. The residual is then
 * computed afresh, and the iteration goes on from it should rounding have led it astray.
 * @param centers - T and T⁻¹; @param preconditioner - factor of F.
 * @param start - v to start from.
 */
export async function conjugateGradients(
  operator: KernelOperator,
  centers: Factor,
  preconditioner: Factor,
  { lambda, ridge }: { readonly lambda: number; readonly ridge: number },
  start: Float64Array,
  options: IterateOptions,
): Promise<Iterated> {
  const n = centers.n;
  const targets = start.length / n;
  const toAlpha = (v: Float64Array) => timesTransposed(centers.inverse, v, n);
  const precondition = (r: Float64Array) =>
    timesTransposed(preconditioner.inverse, times(preconditioner.inverse, r, n), n);
  const v = start.slice();
  let iterations = 0;
  let error = new Float64Array(targets);
  for (let restart = 0; ; restart++) {
    const alpha = toAlpha(v);
    const residual = await operator.residual(alpha);
    const { weight, targetSquare } = residual;
    const bound = targetSquare.map((s) =>
      Math.max(options.absoluteTolerance, options.relativeTolerance * Math.sqrt(s / weight)),
    );
    const r = whitened(addScaled(residual.moment, -ridge * weight, alpha), centers, weight);
    addScaled(r, -lambda, v);
    iterations++;
    let z = precondition(r);
    let rz = dots(r, z, targets);
    const fresh = rz.map((value) => Math.sqrt(Math.max(0, value)));
    const isConverged = fresh.every((e, t) => e <= bound[t]);
    const stalled = restart > 0 && fresh.every((e, t) => e <= bound[t] || e > 0.5 * error[t]);
    error = fresh;
    if (isConverged || stalled || iterations >= options.maxIterations)
      return { v, residual, convergence: { iterations, isConverged, error } };
    const p = z.slice();
    const limit = restart === 0 ? options.maxIterations - 1 : options.maxIterations;
    while (iterations < limit) {
      if (options.signal?.aborted) throw new CancelledError("falkon: cancelled");
      const direction = toAlpha(p);
      const sum = await operator.normal(direction);
      const image = whitened(addScaled(sum, ridge * weight, direction), centers, weight);
      addScaled(image, lambda, p);
      iterations++;
      const curvature = dots(p, image, targets);
      const step = rz.map((value, t) => (curvature[t] > 0 ? value / curvature[t] : 0));
      for (let i = 0; i < v.length; i++) {
        v[i] += step[i % targets] * p[i];
        r[i] -= step[i % targets] * image[i];
      }
      z = precondition(r);
      const next = dots(r, z, targets);
      const grow = next.map((value, t) => (rz[t] > 0 ? value / rz[t] : 0));
      for (let i = 0; i < p.length; i++) p[i] = z[i] + grow[i % targets] * p[i];
      rz = next;
      options.onIteration?.(iterations, Math.sqrt(Math.max(...rz)));
      if (rz.every((value, t) => Math.sqrt(value) <= bound[t])) break;
    }
  }
}

function whitened(sum: Float64Array, centers: Factor, weight: number): Float64Array {
  const result = times(centers.inverse, sum, centers.n);
  for (let i = 0; i < result.length; i++) result[i] /= weight;
  return result;
}

/** y + factor x, in y. */
function addScaled(y: Float64Array, factor: number, x: Float64Array): Float64Array {
  for (let i = 0; i < y.length; i++) y[i] += factor * x[i];
  return y;
}

/** Scalar product of each column of a and b [n, targets]. */
function dots(a: Float64Array, b: Float64Array, targets: number): Float64Array {
  const sums = new Float64Array(targets);
  for (let i = 0; i < a.length; i++) sums[i % targets] += a[i] * b[i];
  return sums;
}
