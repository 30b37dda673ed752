import { input } from "../../ops/index.ts";
import type { ObjectSource } from "../recalibration/sources.ts";
import type { StudyConfig } from "./config.ts";

/** Inputs and outputs of a model. */
export interface Sizes {
  readonly features: number;
  readonly targets: number;
}

/** Features that a source makes of its columns. */
export function featureCount(source: ObjectSource): number {
  const columns = source.inputs.map((c) => [c.name, input(c.name, "float32", ["batch", 1])]);
  return source.features(Object.fromEntries(columns)).names.length;
}

/** Multiply-accumulates of a network, D H + (N - 1) H² + H T; scaling and units come on top. */
export function networkMacs(width: number, depth: number, { features, targets }: Sizes): number {
  return width * (features + (depth - 1) * width + targets);
}

/**
 * Multiply-accumulates of a Gaussian kernel machine, M (D + 2 + T): the exponent is a product of
 * [z, |z|², 1] with a row of D + 2 numbers per center, then comes the sum over centers. There is
 * one exponential per center beside.
 */
export function gaussianMacs(m: number, { features, targets }: Sizes): number {
  return m * (features + 2 + targets);
}

/** The largest models whose multiplications fit in a time. */
export interface Fit {
  readonly latencyUs: number;
  /** Multiplications that the hardware does in that time, all multipliers busy. */
  readonly budget: number;
  /** Centers of a Gaussian kernel machine, an exponential counted as one multiplication. */
  readonly centers: number;
  /** Neurons per hidden layer, by number of hidden layers. */
  readonly widths: Readonly<Record<number, number>>;
}

/** Depths of the report's networks. */
export const depths = [3, 4] as const;

/** What fits the latencies of the settings. */
export function fitting(
  { latencies, multipliers, clock }: Pick<StudyConfig, "latencies" | "multipliers" | "clock">,
  sizes: Sizes,
): Fit[] {
  return latencies.map((latencyUs) => {
    const budget = Math.floor(multipliers * clock * latencyUs);
    return {
      latencyUs,
      budget,
      centers: largest((m) => gaussianMacs(m, sizes) + m <= budget),
      widths: Object.fromEntries(
        depths.map((depth) => [depth, largest((h) => networkMacs(h, depth, sizes) <= budget)]),
      ),
    };
  });
}

/** The largest whole number for which a condition holds that holds up to some number. */
function largest(holds: (n: number) => boolean): number {
  let high = 1;
  while (holds(high)) high *= 2;
  let low = 0;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
