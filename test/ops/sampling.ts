import type { DType } from "../../src/base/host-array.ts";
import type { Rng } from "../../src/base/rng.ts";
import type { Shape, Tensor } from "../../src/graph/index.ts";
import type { Tolerance } from "../tolerances.ts";

/** Draws the n elements of one input. */
export type Sampler = (rng: Rng, n: number) => number[];

const each =
  (draw: (rng: Rng) => number): Sampler =>
  (rng, n) =>
    Array.from({ length: n }, () => draw(rng));

export const normal = each((rng) => rng.normal());
/** In (0.2, ∞), mostly near 1. */
export const positive = each((rng) => 0.2 + Math.exp(rng.normal() / 2));
/** Either sign, at least 0.3 away from zero. */
export const nonzero = each((rng) => (0.3 + rng.exponential()) * (rng.uniform() < 0.5 ? -1 : 1));
/** No two closer than 0.3, so that a small step changes no order. */
export const separated: Sampler = (rng, n) =>
  [...rng.permutation(n)].map((k) => 0.3 * (k - n / 2.2));
/** Whole numbers in [low, high). */
export const integers = (low: number, high: number) => each((rng) => low + rng.integer(high - low));
/** Either sign, never zero. */
export const nonzeroIntegers = each((rng) => (1 + rng.integer(4)) * (rng.uniform() < 0.5 ? -1 : 1));
export const truth = integers(0, 2);
/** The given numbers, again and again. */
export const listed =
  (...values: number[]): Sampler =>
  (_, n) =>
    Array.from({ length: n }, (_, i) => values[i % values.length]);

/** One input of a case; dtype `float` takes each float dtype in turn. */
export interface InputSpec {
  readonly shape: Shape;
  readonly sample: Sampler;
  readonly dtype: DType | "float";
}

/** One graph around an op, with the inputs to try it on. */
export interface Case {
  readonly inputs: readonly InputSpec[];
  build(xs: readonly Tensor[], dtype: DType): Tensor | readonly Tensor[];
  /** False where the derivative is not meant to match differences (kinks, steps). Default true. */
  readonly differentiable?: boolean;
  /** A looser tolerance of the forward value, and why. */
  readonly tolerance?: Tolerance & { readonly reason: string };
}

export const tensor = (
  shape: Shape,
  sample: Sampler = normal,
  dtype: DType | "float" = "float",
): InputSpec => ({ shape, sample, dtype });

export const indices = (shape: Shape, n: number): InputSpec =>
  tensor(shape, integers(-n, n), "int64");
