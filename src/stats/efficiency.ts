import { ConfigError, ShapeError } from "../base/errors.ts";
import { type Binning, binOf } from "./histogram.ts";
import { oneSigma } from "./quantile.ts";

/** A confidence interval for a probability. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Clopper-Pearson interval for `passed` of `total`: never covers less than `level`, the choice
 * of CMS for trigger efficiencies. Low solves P(X >= passed) = (1 - level)/2, high solves
 * P(X <= passed) = (1 - level)/2. [0, 1] where total is 0.
 * @see Clopper and Pearson, Biometrika 26 (1934) 404.
 */
export function clopperPearson(passed: number, total: number, level = oneSigma): Interval {
  requireCounts("clopperPearson", passed, total);
  if (total === 0) return { low: 0, high: 1 };
  const tail = (1 - level) / 2;
  return {
    low: passed === 0 ? 0 : betaQuantile(tail, passed, total - passed + 1),
    high: passed === total ? 1 : betaQuantile(1 - tail, passed + 1, total - passed),
  };
}

/** Wilson score interval of z standard deviations, which covers about its level on average. */
export function wilson(passed: number, total: number, z = 1): Interval {
  requireCounts("wilson", passed, total);
  if (total === 0) return { low: 0, high: 1 };
  const p = passed / total;
  const shrink = 1 + (z * z) / total;
  const center = (p + (z * z) / (2 * total)) / shrink;
  const half = (z * Math.sqrt((p * (1 - p)) / total + (z / (2 * total)) ** 2)) / shrink;
  return {
    low: passed === 0 ? 0 : Math.max(0, center - half),
    high: passed === total ? 1 : Math.min(1, center + half),
  };
}

function requireCounts(where: string, passed: number, total: number): void {
  if (!(Number.isInteger(passed) && Number.isInteger(total) && passed >= 0 && passed <= total))
    throw new ConfigError(`${where}: need integers 0 <= passed <= total, got ${passed}, ${total}`);
}

/** Efficiency in one bin of x with its 68.27 % Clopper-Pearson interval; NaN where empty. */
export interface EfficiencyBin extends Interval {
  readonly lowEdge: number;
  readonly highEdge: number;
  /** Mean of x in the bin; the middle where empty. */
  readonly center: number;
  readonly passed: number;
  readonly total: number;
  readonly value: number;
}

/**
 * Trigger turn-on: the share of objects with `decision` >= `threshold` in bins of `reference`
 * (usually L1 pt against offline pt, both [n], GeV). NaN decisions do not pass.
 */
export function turnOn(
  binning: Binning,
  {
    reference,
    decision,
    threshold,
  }: {
    readonly reference: ArrayLike<number>;
    readonly decision: ArrayLike<number>;
    readonly threshold: number;
  },
): EfficiencyBin[] {
  if (reference.length !== decision.length)
    throw new ShapeError(
      `turnOn: arrays differ in length: ${reference.length} and ${decision.length}`,
    );
  const bins = binning.edges.length - 1;
  const passed = new Uint32Array(bins + 2);
  const total = new Uint32Array(bins + 2);
  const sumX = new Float64Array(bins + 2);
  for (let i = 0; i < reference.length; i++) {
    const b = binOf(binning, reference[i]);
    if (b < 0) continue;
    total[b]++;
    sumX[b] += reference[i];
    if (decision[i] >= threshold) passed[b]++;
  }
  return Array.from({ length: bins }, (_, i) => {
    const [lowEdge, highEdge] = [binning.edges[i], binning.edges[i + 1]];
    const [k, n] = [passed[i + 1], total[i + 1]];
    return {
      lowEdge,
      highEdge,
      center: n > 0 ? sumX[i + 1] / n : (lowEdge + highEdge) / 2,
      passed: k,
      total: n,
      value: k / n,
      ...clopperPearson(k, n),
    };
  });
}

/** x with I_x(a, b) = p, by bisection to the last bit that matters. */
function betaQuantile(p: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60 && high - low > 1e-15; i++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Regularized incomplete beta function I_x(a, b), x in [0, 1], a and b >= 1.
 * @see DLMF 8.17.22 (continued fraction), evaluated by the modified Lentz algorithm.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side of the mean; I_x(a, b) = 1 - I_{1-x}(b, a).
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front =
    Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) /
    a;
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  const advance = (coefficient: number) => {
    d = 1 / guard(1 + coefficient * d);
    c = guard(1 + coefficient / c);
    fraction *= c * d;
  };
  for (let m = 1; m < 100_000; m++) {
    const i = a + 2 * m;
    advance((m * (b - m) * x) / ((i - 1) * i));
    advance((-(a + m) * (a + b + m) * x) / (i * (i + 1)));
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * fraction;
}

function guard(x: number): number {
  return Math.abs(x) < 1e-300 ? 1e-300 : x;
}

/** log Gamma(x), x >= 1: Stirling's series (DLMF 5.11.1) after shifting x above 15. */
function logGamma(x: number): number {
  let shift = 1;
  let z = x;
  for (; z < 15; z++) shift *= z;
  const w = 1 / (z * z);
  const series = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188))))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - Math.log(shift);
}
