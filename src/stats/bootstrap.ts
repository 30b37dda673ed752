import { ConfigError } from "../base/errors.ts";
import type { Rng } from "../base/rng.ts";
import { centralTails, sortedQuantile } from "./quantile.ts";
import { type Measured, summarize } from "./summary.ts";

export interface BootstrapOptions {
  readonly rng: Rng;
  /** Resampled data sets; the uncertainty itself is known to 1/sqrt(2 replicas). */
  readonly replicas?: number;
}

/**
 * Root mean square of values [n] with its bootstrap uncertainty. Rows are first summed into
 * blocks, and whole blocks are redrawn (multinomially), so a replica costs `blocks` steps and
 * not n. Valid for independent rows in any order and n >= 20 blocks or n <= blocks (then each
 * block is a row, the plain bootstrap); the variance comes out low by the factor 1 - 1/blocks.
 */
export function bootstrapRms(
  values: ArrayLike<number>,
  { rng, replicas = 400, blocks = 1000 }: BootstrapOptions & { readonly blocks?: number },
): Measured {
  const n = values.length;
  const used = Math.min(n, blocks);
  if (used < 2) throw new ConfigError(`bootstrapRms: need at least 2 values, got ${n}`);
  const sums = new Float64Array(used);
  const counts = new Float64Array(used);
  for (let i = 0; i < n; i++) {
    const block = Math.floor((i * used) / n);
    sums[block] += values[i] * values[i];
    counts[block]++;
  }
  const draws = Float64Array.from({ length: replicas }, () => {
    let [sum, count] = [0, 0];
    for (let b = 0; b < used; b++) {
      const drawn = rng.integer(used);
      sum += sums[drawn];
      count += counts[drawn];
    }
    return Math.sqrt(sum / count);
  });
  const total = sums.reduce((s, x) => s + x, 0);
  return { value: Math.sqrt(total / n), uncertainty: summarize(draws).std.value };
}

/**
 * Half-width of the central 68.27 % of values [n] with its bootstrap uncertainty, exact and
 * without redrawing: the k-th smallest of a multinomial bootstrap sample is the original order
 * statistic number floor(n U), with U the k-th smallest of n uniforms, and the order statistics
 * of uniforms are ratios of sums of exponentials (Rényi 1953), here three gamma numbers. One
 * sort, then a replica costs O(1).
 */
export function bootstrapHalfWidth(
  values: ArrayLike<number>,
  { rng, replicas = 1000 }: BootstrapOptions,
): Measured {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  if (n < 8) throw new ConfigError(`bootstrapHalfWidth: need at least 8 values, got ${n}`);
  const [a, b] = centralTails();
  const [lowRank, highRank] = [Math.round((n - 1) * a) + 1, Math.round((n - 1) * b) + 1]; // from 1
  const draws = Float64Array.from({ length: replicas }, () => {
    const below = gamma(rng, lowRank);
    const between = gamma(rng, highRank - lowRank);
    const above = gamma(rng, n + 1 - highRank);
    const total = below + between + above;
    const low = sorted[Math.floor((n * below) / total)];
    const high = sorted[Math.floor((n * (below + between)) / total)];
    return (high - low) / 2;
  });
  const value = (sortedQuantile(sorted, b) - sortedQuantile(sorted, a)) / 2;
  return { value, uncertainty: summarize(draws).std.value };
}

/** A gamma number of unit scale, shape >= 1. @see Marsaglia and Tsang, ACM TOMS 26 (2000) 363. */
function gamma(rng: Rng, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - rng.uniform()) < 0.5 * x * x + d * (1 - v + Math.log(v)))
      return d * v;
  }
}
