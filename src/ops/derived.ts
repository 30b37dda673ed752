import { ConfigError } from "../base/errors.ts";
import type { DType } from "../base/host-array.ts";
import { elementCount, type Shape, type Tensor } from "../graph/index.ts";
import { add, div, equal, greater, greaterEqual, mod, mul, type Operand, sub } from "./binary.ts";
import { cumsum } from "./indexing.ts";
import { max, mean, type ReduceOptions, sum } from "./reduce.ts";
import { cast, customGradient, stopGradient, where } from "./select.ts";
import { broadcastTo, reshape } from "./shape.ts";
import { asTensor, constant, full } from "./source.ts";
import { abs, clip, cos, exp, log, neg, sigmoid, softplus, tanh } from "./unary.ts";

/** log(1 + x), exact for small x (Kahan: x log(u) / (u - 1) with u = fl(1 + x)). */
export function log1p(x: Tensor): Tensor {
  return customGradient(
    [x],
    () => {
      const u = add(x, 1);
      const small = equal(u, 1);
      const safe = where(small, asTensor(2, x.dtype), u);
      return where(small, x, mul(log(safe), div(x, sub(safe, 1))));
    },
    (g) => [div(g, add(x, 1))],
  );
}

/** e^x - 1, exact for small x: tanh(x/2) (e^x + 1). */
export function expm1(x: Tensor): Tensor {
  return customGradient(
    [x],
    () => mul(tanh(mul(x, 0.5)), add(exp(x), 1)),
    (g) => [mul(g, exp(x))],
  );
}

/** log cosh x = |x| + softplus(-2|x|) - log 2; never overflows. Absolute error about 1 ulp of 1 + |x|. */
export function logcosh(x: Tensor): Tensor {
  return customGradient(
    [x],
    () => {
      const a = abs(x);
      return sub(add(a, softplus(mul(a, -2))), Math.LN2);
    },
    (g) => [mul(g, tanh(x))],
  );
}

/** log sum exp over axes, without overflow; all -∞ give -∞. */
export function logsumexp(x: Tensor, options: ReduceOptions = {}): Tensor {
  const axes = options.axes === undefined ? {} : { axes: options.axes };
  const largest = x.dtype === "float64" ? Number.MAX_VALUE : 2 ** 127 * (2 - 2 ** -23);
  // a finite shift keeps ∞ - ∞ away
  const top = clip(stopGradient(max(x, { ...axes, keepDims: true })), -largest, largest);
  const kept = add(log(sum(exp(sub(x, top)), { ...axes, keepDims: true })), top);
  return options.keepDims ? kept : sum(kept, axes); // sums over axes of length 1: drops them
}

/** log σ(x) = -softplus(-x). */
export function logSigmoid(x: Tensor): Tensor {
  return neg(softplus(neg(x)));
}

/** x for x > 0, else slope x. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return where(greater(x, 0), x, mul(x, slope));
}

/** x for x > 0, else α (e^x - 1). */
export function elu(x: Tensor, alpha = 1): Tensor {
  const positive = greater(x, 0);
  const negative = where(positive, asTensor(0, x.dtype), x); // keeps exp from overflowing
  return where(positive, x, mul(expm1(negative), alpha));
}

/** Self-normalizing elu (Klambauer et al., arXiv:1706.02515). */
export function selu(x: Tensor): Tensor {
  return mul(elu(x, 1.6732632423543772), 1.0507009873554805);
}

/** x σ(x). */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

/** x². */
export function square(x: Tensor): Tensor {
  return mul(x, x);
}

/** Mean squared deviation from the mean over axes (divides by n). */
export function variance(x: Tensor, options: ReduceOptions = {}): Tensor {
  const axes = options.axes === undefined ? {} : { axes: options.axes };
  return mean(square(sub(x, mean(x, { ...axes, keepDims: true }))), options);
}

/**
 * Angle difference wrapped into (-π, π], for |x| < 3π (differences of angles in one turn).
 * @param x - difference of two angles, rad.
 */
export function wrapAngle(x: Tensor): Tensor {
  const turn = 2 * Math.PI;
  const down = where(greater(x, Math.PI), sub(x, turn), x);
  return where(greaterEqual(neg(x), Math.PI), add(x, turn), down);
}

/** 0, 1, …, n-1 as int64. */
export function arange(n: number): Tensor {
  return cumsum(full([n], 1, "int64"), 0, { exclusive: true });
}

const word = 2 ** 25; // squares of sums of two words stay exact below 2^53
const mixers = [
  0x13c6ef3, 0x1b1d2a5, 0x0d5a1f7, 0x1f83d9b, 0x05be0cd, 0x1367d2b, 0x0a54ff5, 0x0f1d36f,
];

/** One round of a Feistel network on two words: (a, b) -> (b, a + middle digits of (b + key)²). */
function feistel([a, b]: readonly [Tensor, Tensor], key: Operand): [Tensor, Tensor] {
  return [b, mod(add(a, div(square(add(b, key)), 2 ** 14)), word)];
}

/**
 * Uniform numbers in [0, 1) as a pure function of a seed and the position: element i is i after
 * four Feistel rounds (Luby and Rackoff, 1988) keyed by the seed, so no sequence enters a cycle.
 * Same seed, same numbers on every runtime, since only exact integer arithmetic below 2^53 is used.
 * @param seed - int64 scalar, taken modulo 2^50; step it to get the next draw.
 * @param shape - fixed sizes, up to 2^25 elements in all.
 * @returns 24-bit uniforms.
 */
export function randomUniform(seed: Tensor, shape: Shape, dtype: DType = "float32"): Tensor {
  const n = elementCount(shape);
  if (n === null)
    throw new ConfigError(
      `randomUniform: shape [${shape.join(", ")}] must have fixed sizes; bind them first`,
    );
  if (n > word)
    throw new ConfigError(
      `randomUniform: ${n} numbers from one seed; at most ${word}, step the seed`,
    );
  let keys: [Tensor, Tensor] = [mod(seed, word), mod(div(mod(seed, word * word), word), word)];
  for (const mixer of mixers) keys = feistel(keys, mixer);
  let words: [Tensor, Tensor] = [keys[0], arange(n)];
  for (const mixer of mixers.slice(0, 4)) {
    keys = feistel(keys, mixer);
    words = feistel(words, keys[1]);
  }
  return reshape(mul(cast(div(words[1], 2), dtype), 2 ** -24), shape);
}

/** Standard normal numbers (Box-Muller on `randomUniform`). */
export function randomNormal(seed: Tensor, shape: Shape, dtype: DType = "float32"): Tensor {
  const u = add(randomUniform(seed, shape, dtype), 2 ** -25);
  const v = randomUniform(add(seed, 0x3c6ef372), shape, dtype);
  const radius = exp(mul(log(mul(log(u), -2)), 0.5));
  return mul(radius, cos(mul(v, 2 * Math.PI)));
}

/** Zeros of a fixed shape. */
export function zeros(shape: Shape, dtype: DType = "float32"): Tensor {
  return broadcastTo(constant(0, dtype), shape);
}
