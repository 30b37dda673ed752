import type { Tensor } from "../../graph/index.ts";
import {
  abs,
  add,
  clip,
  customGradient,
  div,
  floor,
  log,
  minimum,
  mul,
  pow,
  relu,
  reshape,
  round,
  step,
  stopGradient,
  sub,
  sum,
} from "../../ops/index.ts";

/*
 * High-granularity quantization (Sun et al., arXiv:2405.00645): the number of fraction bits f of
 * every weight and of every lane is trained by gradient. With q = round(x 2^F) 2^-F, F = round(f)
 * and the residual x - q, whose size halves with each bit, their surrogate derivative
 * is dq/df = ln2 (x - q); x itself and the rounding of f are passed straight through. A number
 * that rounds to 0 has no bits: it is pruned, and returns if its x grows.
 */

/** 2^n of integers, exact, a constant for differentiation. */
export function powerOfTwo(n: Tensor): Tensor {
  return stopGradient(pow(2, n));
}

/** x rounded to the nearest integer (ties to even), with the gradient of x. */
export function roundThrough(x: Tensor): Tensor {
  return customGradient(
    [x],
    () => round(x),
    (g) => [g],
  );
}

/** Weights on their grids, and their integers. */
export interface QuantizedWeights {
  /** n 2^-F; gradients go to the weights and to their fraction bits. */
  readonly values: Tensor;
  /** Integers, constants for differentiation. */
  readonly integers: Tensor;
}

/**
 * Weights w with fraction bits f of the same shape, rounded to the nearest n 2^-round(f).
 * @param limit - largest |n|, where the width is fixed: saturates symmetrically, without gradient
 *   beyond.
 */
export function quantizeWeights(w: Tensor, f: Tensor, limit: number | null): QuantizedWeights {
  const scale = powerOfTwo(round(f));
  const nearest = round(mul(w, scale));
  const integers = limit === null ? nearest : clip(nearest, -limit, limit);
  const values = customGradient(
    [w, f],
    () => div(integers, scale),
    (g, q) => {
      const byWidth = mul(mul(g, sub(w, q)), Math.LN2);
      return [limit === null ? g : mul(g, inside(nearest, limit)), byWidth];
    },
  );
  return { values, integers: stopGradient(integers) };
}

/** 1 where |n| <= limit, else 0. */
const inside = (n: Tensor, limit: number) => step(sub(limit + 0.5, abs(n)));

/**
 * Bits of the magnitude of integers n: 0, 1, 2, 2, 3 … for |n| = 0, 1, 2, 3, 4. Its derivative by
 * the fraction bits f is 1 where there are bits, else 0.
 */
export function bitsOf(n: Tensor, f: Tensor): Tensor {
  const log2 = mul(log(add(abs(n), 0.5)), 1 / Math.LN2);
  return customGradient(
    [f],
    () => add(floor(log2), 1),
    (g, bits) => [mul(g, step(bits))],
  );
}

/**
 * ReLU and rounding of a lane in one: sums z [batch, lanes], counted in steps of the result with
 * 1/2 added, give the integers max(floor(z), 0).
 * @param f - fraction bits [lanes], which get their gradient; the steps are 2^-round(f).
 * @param limit - largest integer; a number, a tensor [lanes], or null for none.
 */
export function quantizedRelu(z: Tensor, f: Tensor, limit: Tensor | number | null): Tensor {
  return customGradient(
    [z, f],
    () => {
      const n = relu(floor(z));
      return limit === null ? n : minimum(n, limit);
    },
    (g, n) => {
      let own = mul(g, step(z));
      if (limit !== null)
        own = mul(own, step(sub(typeof limit === "number" ? limit + 1 : add(limit, 1), z)));
      // ln2 (x - q) with x = z - 1/2; the sum of `own` is the bias' gradient too
      const perLane = (t: Tensor) => sum(t, { axes: 0, keepDims: true });
      const rest = sub(perLane(mul(sub(z, n), own)), mul(perLane(own), 0.5));
      return [own, reshape(mul(rest, Math.LN2), f.shape)];
    },
  );
}
