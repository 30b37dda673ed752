import { ConfigError, DataError } from "../base/errors.ts";
import type { Measured } from "./summary.ts";

/** Probability inside one standard deviation of a Gaussian, erf(1/sqrt 2). */
export const oneSigma = 0.6826894921370859;

/** Lower and upper probability of the central interval holding `content` (default 68.27 %). */
export function centralTails(content = oneSigma): readonly [number, number] {
  return [(1 - content) / 2, (1 + content) / 2];
}

/**
 * Exact quantiles of values [n] at probabilities in [0, 1], in the order asked for, linear
 * between neighbors ((n - 1) p, type 7 of Hyndman and Fan 1996, the default of NumPy and R).
 * Works by selection on one copy, O(n). Throws `DataError` on no values or on NaN.
 */
export function quantiles(values: ArrayLike<number>, probabilities: readonly number[]): number[] {
  const work = Float64Array.from(values);
  requireNumbers(work);
  const ranks = probabilities.map((p) => rankOf(p, work.length));
  const wanted = [...new Set(ranks.flatMap((r) => [Math.floor(r), Math.ceil(r)]))];
  select(
    work,
    0,
    work.length - 1,
    wanted.sort((a, b) => a - b),
  );
  return ranks.map((r) => interpolate(work, r));
}

/** One exact quantile of values [n]; see `quantiles`. */
export function quantile(values: ArrayLike<number>, probability: number): number {
  return quantiles(values, [probability])[0];
}

/** Quantile of values already in ascending order; see `quantiles`. */
export function sortedQuantile(sorted: ArrayLike<number>, probability: number): number {
  return interpolate(sorted, rankOf(probability, sorted.length));
}

/** Half of the width of the central 68.27 % of values [n]: the resolution that ignores tails. */
export function halfWidth68(values: ArrayLike<number>): number {
  const [low, high] = quantiles(values, centralTails());
  return (high - low) / 2;
}

/**
 * Median and half-width of the central 68.27 % with uncertainties from order statistics: the
 * spread of a quantile is half the distance between the values sqrt(n p (1-p)) ranks below and
 * above, with no density estimate. The two ends of the width are correlated by
 * sqrt(a (1-b) / (b (1-a))), a < b (David and Nagaraja, Order Statistics, 2003, section 10.2).
 * Uncertainties are NaN below 8 values.
 */
export function robustSummary(values: ArrayLike<number>): {
  median: Measured;
  halfWidth: Measured;
} {
  const sorted = Float64Array.from(values).sort();
  requireNumbers(sorted);
  const [a, b] = centralTails();
  const [low, high] = [sortedQuantile(sorted, a), sortedQuantile(sorted, b)];
  const [sigmaLow, sigmaHigh] = [quantileSpread(sorted, a), quantileSpread(sorted, b)];
  const correlation = Math.sqrt((a * (1 - b)) / (b * (1 - a)));
  const variance = sigmaLow ** 2 + sigmaHigh ** 2 - 2 * correlation * sigmaLow * sigmaHigh;
  return {
    median: { value: sortedQuantile(sorted, 0.5), uncertainty: quantileSpread(sorted, 0.5) },
    halfWidth: { value: (high - low) / 2, uncertainty: Math.sqrt(variance) / 2 },
  };
}

function quantileSpread(sorted: Float64Array, p: number): number {
  const n = sorted.length;
  if (n < 8) return Number.NaN;
  const step = Math.sqrt(n * p * (1 - p));
  const low = Math.max(0, (n - 1) * p - step);
  const high = Math.min(n - 1, (n - 1) * p + step);
  return ((interpolate(sorted, high) - interpolate(sorted, low)) * step) / (high - low);
}

function requireNumbers(values: Float64Array): void {
  if (values.length === 0) throw new DataError("quantiles: no values; check the selection");
  let missing = 0;
  for (const value of values) if (Number.isNaN(value)) missing++;
  if (missing > 0)
    throw new DataError(`quantiles: ${missing} of ${values.length} values are NaN; select first`);
}

function rankOf(p: number, n: number): number {
  if (!(p >= 0 && p <= 1))
    throw new ConfigError(`quantiles: probability must be in [0, 1], got ${p}`);
  return (n - 1) * p;
}

function interpolate(ordered: ArrayLike<number>, rank: number): number {
  const i = Math.floor(rank);
  const fraction = rank - i;
  return fraction === 0 ? ordered[i] : ordered[i] + fraction * (ordered[i + 1] - ordered[i]);
}

/** Puts the values of the wanted ranks (ascending) where sorting would put them (quickselect). */
function select(x: Float64Array, from: number, to: number, wanted: readonly number[]): void {
  let [low, high, ranks] = [from, to, wanted];
  while (low < high && ranks.length > 0) {
    const pivot = medianOfThree(x[low], x[(low + high) >>> 1], x[high]);
    let [i, j] = [low, high];
    while (i <= j) {
      while (x[i] < pivot) i++;
      while (x[j] > pivot) j--;
      if (i > j) break;
      const t = x[i];
      x[i++] = x[j];
      x[j--] = t;
    }
    const right = ranks.filter((r) => r >= i);
    select(x, i, high, right);
    ranks = ranks.filter((r) => r <= j);
    high = j;
  }
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
