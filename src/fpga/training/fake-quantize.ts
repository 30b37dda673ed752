import type { Tensor } from "../../graph/index.ts";
import {
  abs,
  add,
  and,
  clip,
  customGradient,
  floor,
  greaterEqual,
  lessEqual,
  mul,
  neg,
  round,
  sign,
  sub,
  where,
} from "../../ops/index.ts";
import { type FixedFormat, fractionOf, rangeOf } from "../format.ts";

/**
 * x cast to a fixed-point format inside a graph: the very numbers of the integer core wherever
 * float32 holds x · 2^fraction + 1/2 exactly (magnitudes below 2^23 steps, half a step fine).
 *
 * Straight-through gradient (Bengio et al., arXiv:1308.3432): 1 inside of the range, 0 where a
 * format that saturates does so; 1 everywhere for WRAP.
 */
export function fakeQuantize(x: Tensor, format: FixedFormat): Tensor {
  const step = 2 ** -fractionOf(format);
  const { lo, hi } = rangeOf(format);
  const steps = mul(x, 1 / step);
  const isInside = () => and(greaterEqual(steps, lo - 0.5), lessEqual(steps, hi + 0.5));
  return customGradient(
    [x],
    () => mul(overflowed(rounded(steps, format), format), step),
    (g) => [format.overflow === "WRAP" && format.width > 0 ? g : where(isInside(), g, 0)],
  );
}

/** The integer that x, counted in steps, becomes before its range is looked at. */
function rounded(x: Tensor, { rounding }: FixedFormat): Tensor {
  switch (rounding) {
    case "TRN":
      return floor(x);
    case "TRN_ZERO":
      return mul(sign(x), floor(abs(x)));
    case "RND":
      return floor(add(x, 0.5));
    case "RND_MIN_INF":
      return neg(floor(sub(0.5, x)));
    case "RND_INF":
      return mul(sign(x), floor(add(abs(x), 0.5)));
    case "RND_ZERO":
      return mul(sign(x), neg(floor(sub(0.5, abs(x)))));
    case "RND_CONV":
      return round(x);
  }
}

/** What becomes of an integer n in a format of that range. */
function overflowed(n: Tensor, format: FixedFormat): Tensor {
  const { lo, hi } = rangeOf(format);
  switch (format.overflow) {
    case "WRAP": {
      const turns = floor(mul(sub(n, lo), 2 ** -format.width));
      return format.width === 0 ? clip(n, 0, 0) : sub(n, mul(turns, 2 ** format.width));
    }
    case "SAT":
    case "SAT_SYM":
      return clip(n, lo, hi);
    case "SAT_ZERO":
      return where(and(greaterEqual(n, lo), lessEqual(n, hi)), n, 0);
  }
}
