import { logChiSquaredTail } from "../../../stats/index.ts";

/**
 * Sums over crossings, each with m objects whose features add up to s: crossings, then of
 * f = (m, s_1 ... s_D) the sum [D + 1] and the upper triangle of the sum of f fᵀ, row by row.
 */
export const featureSumsSize = (features: number): number =>
  1 + (features + 1) + ((features + 1) * (features + 2)) / 2;

/** Adds the crossing f = (m, s). */
export function addCrossing(sums: Float64Array, f: Float64Array): void {
  const n = f.length;
  sums[0]++;
  for (let i = 0; i < n; i++) sums[1 + i] += f[i];
  for (let i = 0, at = 1 + n; i < n; i++) {
    const value = f[i];
    for (let j = i; j < n; j++) sums[at++] += value * f[j];
  }
}

/** D of sums of that size. */
const featuresOf = (size: number) => Math.round((Math.sqrt(8 * size + 1) - 5) / 2);

/** What a comparison finds. */
export interface FeatureComparison {
  readonly chiSquared: number;
  /** Features compared; 0 where there are too few crossings. */
  readonly degreesOfFreedom: number;
  readonly logP: number;
}

/** Crossings that each side needs, per feature. */
const crossingsPerFeature = 4;

/** Share of the largest variance that a feature must have beyond what the others tell of it. */
const leastVariance = 1e-3;

/**
 * Hotelling's test that two sets of crossings have objects of one distribution, as far as the
 * means of the features tell: T^2 of the difference of the means, with the pooled covariance of the r
 * features that are not told by the others. Crossings are what is independent, not objects: the
 * covariance is that of the residuals s - m mean of crossings, so pairs do not make it too small.
 * Bartlett's (N - 2 - r / 2) ln(1 + T^2 / (N - 2)) of N crossings is a chi-squared with r degrees of
 * freedom.
 * @see Hotelling, Ann. Math. Stat. 2 (1931) 360; Bartlett, J. R. Stat. Soc. Suppl. 9 (1947) 176;
 * Chwialkowski et al., arXiv:1506.04725, for kernels
 */
export function compareFeatures(data: Float64Array, reference: Float64Array): FeatureComparison {
  const d = featuresOf(data.length);
  const none = { chiSquared: 0, degreesOfFreedom: 0, logP: 0 };
  const crossings = data[0] + reference[0];
  if (data.length !== reference.length) return none;
  if (Math.min(data[0], reference[0]) < crossingsPerFeature * d) return none;
  const [a, b] = [momentsOf(data, d), momentsOf(reference, d)];
  const objects = a.objects + b.objects;
  const scale = crossings / (crossings - 2) / objects;
  const covariance = a.residuals.map((value, i) => (value + b.residuals[i]) * scale);
  const difference = Float64Array.from(a.means, (mean, i) => mean - b.means[i]);
  const { distance, rank: r } = squaredDistance(covariance, difference);
  if (r === 0) return none;
  const hotelling = ((a.objects * b.objects) / objects) * distance;
  const chiSquared = (crossings - 2 - r / 2) * Math.log1p(hotelling / (crossings - 2));
  return { chiSquared, degreesOfFreedom: r, logP: logChiSquaredTail(chiSquared, r) };
}

/** Means per object [D] and sums of products of the residuals s - m mean of crossings [D, D]. */
function momentsOf(sums: Float64Array, d: number) {
  const objects = sums[1];
  const means = Array.from(sums.subarray(2, 2 + d), (s) => s / objects);
  const triangle = sums.subarray(2 + d); // m m, m s_1 ... m s_D, s_1 s_1, ...
  const withM = triangle.subarray(1, 1 + d);
  const residuals = new Float64Array(d * d);
  for (let i = 0, at = 1 + d; i < d; i++)
    for (let j = i; j < d; j++) {
      const cross = means[i] * withM[j] + means[j] * withM[i];
      const value = triangle[at++] - cross + triangle[0] * means[i] * means[j];
      residuals[i * d + j] = value;
      residuals[j * d + i] = value;
    }
  return { objects, means, residuals };
}

/**
 * dᵀ A⁻¹ d by Gaussian elimination with the largest variance left as pivot, until none is worth it:
 * rank counts those taken. Overwrites both.
 * @param a - covariance [n, n]. @param d - [n].
 */
function squaredDistance(a: Float64Array, d: Float64Array): { distance: number; rank: number } {
  const n = d.length;
  const left = new Set(d.keys());
  let [distance, largest] = [0, 0];
  for (let rank = 0; rank < n; rank++) {
    let p = -1;
    for (const i of left) if (p < 0 || a[i * n + i] > a[p * n + p]) p = i;
    const pivot = a[p * n + p];
    if (rank === 0) largest = pivot;
    if (!(pivot > leastVariance * largest)) return { distance, rank };
    left.delete(p);
    distance += d[p] ** 2 / pivot;
    for (const i of left) {
      const factor = a[i * n + p] / pivot;
      d[i] -= factor * d[p];
      for (const j of left) a[i * n + j] -= factor * a[p * n + j];
    }
  }
  return { distance, rank: n };
}
