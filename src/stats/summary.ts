import { ConfigError, DataError } from "../base/errors.ts";

/** A number with its standard uncertainty (68.27 % for a Gaussian), both in the same unit. */
export interface Measured {
  readonly value: number;
  readonly uncertainty: number;
}

/** Count, mean and sums of powers of (x - mean): what every moment is made of; mergeable. */
export interface Moments {
  readonly n: number;
  readonly mean: number;
  /** Sum of (x - mean)^2. */
  readonly m2: number;
  /** Sum of (x - mean)^3. */
  readonly m3: number;
  /** Sum of (x - mean)^4. */
  readonly m4: number;
}

/** The moments of no values: the neutral element of `mergeMoments`. */
export const emptyMoments: Moments = { n: 0, mean: 0, m2: 0, m3: 0, m4: 0 };

/**
 * Moments of values [n] in two passes, stable also where the mean is large against the spread.
 * Throws `DataError` where a value is not finite.
 */
export function moments(values: ArrayLike<number>): Moments {
  const n = values.length;
  if (n === 0) return emptyMoments;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i];
  const mean = sum / n;
  if (!Number.isFinite(mean)) throw new DataError(notFinite(values));
  let [m1, m2, m3, m4] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const d = values[i] - mean;
    const d2 = d * d;
    m1 += d;
    m2 += d2;
    m3 += d2 * d;
    m4 += d2 * d2;
  }
  // m1 would be 0 in exact arithmetic: what it is takes out the rounding of the first pass.
  return { n, mean: mean + m1 / n, m2: m2 - (m1 * m1) / n, m3, m4 };
}

function notFinite(values: ArrayLike<number>): string {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
  return count > 0
    ? `moments: ${count} of ${values.length} values are not finite; select valid rows first`
    : `moments: the sum of ${values.length} values is not finite; rescale them`;
}

/**
 * Moments of two samples taken together.
 * @see Pébay, SAND2008-6212 (2008), equations 3.1 (pairwise update up to order 4).
 */
export function mergeMoments(a: Moments, b: Moments): Moments {
  if (a.n === 0) return b;
  if (b.n === 0) return a;
  const n = a.n + b.n;
  const d = b.mean - a.mean;
  const [fa, fb] = [a.n / n, b.n / n];
  const nab = a.n * fb; // n_a n_b / n
  return {
    n,
    mean: a.mean + d * fb,
    m2: a.m2 + b.m2 + d * d * nab,
    m3: a.m3 + b.m3 + d ** 3 * nab * (fa - fb) + 3 * d * (fa * b.m2 - fb * a.m2),
    m4:
      a.m4 +
      b.m4 +
      d ** 4 * nab * (fa * fa - fa * fb + fb * fb) +
      6 * d * d * (fa * fa * b.m2 + fb * fb * a.m2) +
      4 * d * (fa * b.m3 - fb * a.m3),
  };
}

/** What is said of a sample of residuals: all in the unit of the values. */
export interface Summary {
  readonly n: number;
  /** Mean of the residuals, the bias; uncertainty std/sqrt(n). */
  readonly mean: Measured;
  /** Spread about the mean (denominator n - 1). */
  readonly std: Measured;
  /** Root mean square about zero, the "rmse" of a prediction. */
  readonly rms: Measured;
}

/**
 * Mean, standard deviation and root mean square with delta-method uncertainties, which count
 * the tails through the fourth moment: Var(mean x^2) = (E x^4 - (E x^2)^2) / n and
 * sigma(rms) = sigma(mean x^2) / (2 rms); the Gaussian shortcut rms/sqrt(2n) is too small for
 * heavy tails. NaN where n is too small to say (n < 1 values, n < 2 uncertainties).
 */
export function summarize(input: Moments | ArrayLike<number>): Summary {
  const { n, mean, m2, m3, m4 } = "m2" in input ? input : moments(input);
  const [c2, c3, c4] = [m2 / n, m3 / n, m4 / n];
  const raw2 = c2 + mean * mean;
  const raw4 = c4 + 4 * mean * c3 + 6 * mean * mean * c2 + mean ** 4;
  const std = Math.sqrt(m2 / (n - 1));
  const rms = Math.sqrt(raw2);
  const known = n >= 2 ? 1 : Number.NaN;
  return {
    n,
    mean: { value: n > 0 ? mean : Number.NaN, uncertainty: std / Math.sqrt(n) },
    std: { value: known * std, uncertainty: known * rootSpread(c4 - c2 * c2, n, std) },
    rms: { value: rms, uncertainty: known * rootSpread(raw4 - raw2 * raw2, n, rms) },
  };
}

/** d sqrt(m) = dm / (2 sqrt(m)), with 0 for a constant sample. */
function rootSpread(variance: number, n: number, root: number): number {
  return root > 0 ? Math.sqrt(Math.max(0, variance) / n) / (2 * root) : 0;
}

/** Root mean square of values [n] about zero, with its delta-method uncertainty. */
export function rms(values: ArrayLike<number>): Measured {
  return summarize(values).rms;
}

/** Mean of values [n] with its uncertainty std/sqrt(n). */
export function bias(values: ArrayLike<number>): Measured {
  return summarize(values).mean;
}

/**
 * rms(a) / rms(b) for residuals of two predictions on the same rows [n]. The rows are common,
 * so their fluctuations largely cancel: with A = mean a^2 and B = mean b^2 the delta method gives
 * Var(A/B) = Var(a^2 - (A/B) b^2) / (n B^2), and the ratio of roots has half that relative spread.
 */
export function rmsRatio(a: ArrayLike<number>, b: ArrayLike<number>): Measured {
  const n = a.length;
  if (n !== b.length)
    throw new ConfigError(
      `rmsRatio: samples differ in length: ${n} and ${b.length}; pair the rows`,
    );
  let [sumA, sumB] = [0, 0];
  for (let i = 0; i < n; i++) {
    sumA += a[i] * a[i];
    sumB += b[i] * b[i];
  }
  const ratio = sumA / sumB;
  let spread = 0;
  for (let i = 0; i < n; i++) spread += (a[i] * a[i] - ratio * b[i] * b[i]) ** 2;
  const value = Math.sqrt(ratio);
  return { value, uncertainty: ((0.5 * value) / ratio) * (Math.sqrt(spread) / sumB) };
}
