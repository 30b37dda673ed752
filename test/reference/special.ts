/**
 * Error function by the all-positive series erf x = 2/sqrt(π) e^(-x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!,
 * free of cancellation. Beyond |x| = 6 it is ±1 in float64.
 * @see Abramowitz and Stegun 7.1.6
 */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
