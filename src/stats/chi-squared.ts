/** Logarithms of tail probabilities, so that p-values far below 1e-308 still give a Z. */

/**
 * log Q(a, x), the regularized upper incomplete gamma function, a > 0, x >= 0: the continued
 * fraction above a + 1, 1 - series below.
 * @see DLMF 8.9.2 and 8.7.1
 */
export function logUpperGamma(a: number, x: number): number {
  if (!(x > 0)) return 0;
  const front = a * Math.log(x) - x - logGamma(a);
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 10_000 && term > 1e-17 * sum; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.log1p(-Math.min(1, Math.exp(front) * sum));
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 10_000; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front + Math.log(fraction);
}

/** log Γ(x), x > 0: Stirling's series (DLMF 5.11.1) after shifting x above 15. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 15; z++) shift += Math.log(z);
  const w = 1 / (z * z);
  const series = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188))))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/** log of the probability that χ² with ν degrees of freedom, any ν > 0, exceeds x. */
export function logChiSquaredTail(x: number, degreesOfFreedom: number): number {
  return logUpperGamma(degreesOfFreedom / 2, x / 2);
}

/** Standard deviations Z whose upper Gaussian tail is exp(logP); negative above p = 1/2. */
export function significance(logP: number): number {
  if (logP > Math.log(0.5)) return -significance(Math.log(-Math.expm1(logP)));
  let [low, high] = [0, 2];
  const tail = (z: number) => Math.log(0.5) + logUpperGamma(0.5, (z * z) / 2);
  while (tail(high) > logP && high < 1e9) high *= 2;
  for (let i = 0; i < 100 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2;
    if (tail(middle) > logP) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Toys as a multiple of χ². */
export interface ChiSquaredFit {
  /** Of the multiple: near 1 + (data rows) / (reference rows). */
  readonly scale: number;
  readonly degreesOfFreedom: number;
  /** Kolmogorov p-value of the toys under the fit; a small one says not to trust it. */
  readonly goodness: number;
}

/**
 * scale · χ²(ν) with the mean and variance of the toys (Satterthwaite 1946). A χ² alone, without a
 * scale, describes them only where the reference is many times the data: its own fluctuations
 * count as much as those of the data.
 */
export function fitChiSquared(toys: ArrayLike<number>): ChiSquaredFit | null {
  const n = toys.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += toys[i] / n;
  let variance = 0;
  for (let i = 0; i < n; i++) variance += (toys[i] - mean) ** 2 / (n - 1);
  if (n < 10 || !(mean > 0 && variance > 0)) return null;
  const scale = variance / (2 * mean);
  const degreesOfFreedom = mean / scale;
  const sorted = Float64Array.from(toys).sort();
  let distance = 0;
  sorted.forEach((t, i) => {
    const below = -Math.expm1(logChiSquaredTail(t / scale, degreesOfFreedom));
    distance = Math.max(distance, (i + 1) / n - below, below - i / n);
  });
  return { scale, degreesOfFreedom, goodness: kolmogorovTail(distance, n) };
}

/**
 * Probability of a Kolmogorov distance larger than D with an effective number of values n.
 * @see Stephens, J. R. Stat. Soc. B 32 (1970) 115, for the correction to the asymptotic series
 */
export function kolmogorovTail(distance: number, n: number): number {
  const root = Math.sqrt(n);
  const x = (root + 0.12 + 0.11 / root) * distance;
  if (x < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return Math.min(1, Math.max(0, sum));
}

/**
 * Two-sample Kolmogorov-Smirnov test. Repeated values, as of integers, make p too large: it is safe.
 * @param a - values, finite; @param b - likewise.
 */
export function kolmogorovSmirnov(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): { readonly distance: number; readonly p: number } {
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()];
  let distance = 0;
  for (let i = 0, j = 0; i < x.length && j < y.length; ) {
    const value = Math.min(x[i], y[j]);
    while (i < x.length && x[i] === value) i++;
    while (j < y.length && y[j] === value) j++;
    distance = Math.max(distance, Math.abs(i / x.length - j / y.length));
  }
  return { distance, p: kolmogorovTail(distance, (x.length * y.length) / (x.length + y.length)) };
}
