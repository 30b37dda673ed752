import type { FloatActivation } from "../network.ts";

/** Functions of one number in float64, as `FloatActivation` defines them. */
export function activation({
  kind,
  alpha,
  beta,
}: Pick<FloatActivation, "kind" | "alpha" | "beta">): (x: number) => number {
  switch (kind) {
    case "relu":
      return (x) => Math.max(x, 0);
    case "leakyRelu":
      return (x) => (x < 0 ? alpha * x : x);
    case "hardSigmoid":
      return (x) => Math.min(Math.max(alpha * x + beta, 0), 1);
    case "sigmoid":
      return (x) => 1 / (1 + Math.exp(-x));
    case "tanh":
      return Math.tanh;
    case "exp":
      return Math.exp;
    case "reciprocal":
      return (x) => 1 / x;
    case "sqrt":
      return Math.sqrt;
    case "softplus":
      return (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    case "identity":
      return (x) => x;
  }
}

/** x mod period in [0, period). */
export function modulo(x: number, period: number): number {
  const rest = x - period * Math.floor(x / period);
  return rest >= 0 && rest < period ? rest : 0; // x just below a multiple rounds up to it
}

/** Index of the first largest of `count` values from `start`. */
export function argmaxOf(values: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[start + i] > values[start + best]) best = i;
  return best;
}
