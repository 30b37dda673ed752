/** Width of a bin in log pt. */
const step = 0.1;

/** Bins with a smaller share are weighed as if they had it: a few rows must not steer the fit. */
const smallestShare = 1e-4;

/**
 * Weights [n] of values pt > 0 [n] that make their spectrum flat in log pt, with mean 1 over `rows`,
 * which alone are counted. A network that minimizes over a falling spectrum draws what it measures
 * toward where rows are frequent, by the slope of the spectrum times the squared resolution; over a
 * flat one it keeps the scale.
 */
export function flatWeights(pt: ArrayLike<number>, rows: ArrayLike<number>): Float32Array {
  const bin = (i: number) => Math.floor(Math.log(pt[i]) / step);
  const counts = new Map<number, number>();
  for (let k = 0; k < rows.length; k++)
    counts.set(bin(rows[k]), (counts.get(bin(rows[k])) ?? 0) + 1);
  const least = Math.max(1, smallestShare * rows.length);
  const weights = Float32Array.from({ length: pt.length }, (_, i) => {
    return 1 / Math.max(least, counts.get(bin(i)) ?? 0);
  });
  let sum = 0;
  for (let k = 0; k < rows.length; k++) sum += weights[rows[k]];
  return weights.map((w) => (w * rows.length) / sum);
}
