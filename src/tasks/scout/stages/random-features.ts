import { createRng, type Rng } from "../../../base/rng.ts";

/** A quantity as a kernel compares it. */
export interface FeatureAxis {
  /** Width of the kernel, in the unit of the quantity; of ln(1 + value) with `log`. */
  readonly scale: number;
  readonly log: boolean;
  /** An azimuth: the kernel is 2 pi periodic. */
  readonly isPeriodic: boolean;
}

/** Features of objects, as whole numbers of size `amplitude` at most. */
export interface FeatureMap {
  readonly features: number;
  /** Adds those of an object to `into` [features], from `at` on; false where a value is missing. */
  add(values: ArrayLike<number>, into: Float64Array, at: number): boolean;
}

/** Size of a feature: products of two fit 15 bits, so that sums of 10^11 of them are exact. */
export const amplitude = 127;

/** Steps of a turn, and turns that are added so that phases are positive. */
const [steps, turns] = [1024, 2 ** 16];
const cosine = Int8Array.from({ length: steps }, (_, k) =>
  Math.round(amplitude * Math.cos((2 * Math.PI * (k + 0.5)) / steps)),
);

/**
 * Random Fourier features of a Gaussian kernel, 127 cos(w x + b) in whole numbers: any function of
 * an object will do for a comparison of means, and sums of whole numbers are the same in any order.
 * Azimuths have whole frequencies, with the weights of the Gaussian that is wrapped around the circle.
 * @see Rahimi and Recht, NIPS 20 (2007)
 */
export function createFeatureMap(
  axes: readonly FeatureAxis[],
  { features, seed }: { readonly features: number; readonly seed: number },
): FeatureMap {
  const rng = createRng(seed).split("random features");
  const width = axes.length;
  const frequencies = new Float64Array(features * width);
  const phases = new Float64Array(features);
  for (let j = 0; j < features; j++) {
    for (const [k, axis] of axes.entries())
      frequencies[j * width + k] = (frequencyOf(axis, rng) * steps) / (2 * Math.PI);
    phases[j] = (turns + rng.uniform()) * steps;
  }
  const x = new Float64Array(width);
  return {
    features,
    add(values, into, at) {
      for (let k = 0; k < width; k++) {
        x[k] = axes[k].log ? Math.log1p(values[k]) : values[k];
        if (!Number.isFinite(x[k])) return false;
      }
      for (let j = 0, w = 0; j < features; j++) {
        let phase = phases[j];
        for (let k = 0; k < width; k++) phase += frequencies[w++] * x[k];
        into[at + j] += cosine[phase & (steps - 1)];
      }
      return true;
    },
  };
}

/** A draw from the spectrum of the kernel, in rad per unit. */
function frequencyOf({ scale, isPeriodic }: FeatureAxis, rng: Rng): number {
  if (!isPeriodic) return rng.normal() / scale;
  const most = Math.ceil(6 / scale);
  const weight = (k: number) => Math.exp(-((k * scale) ** 2) / 2);
  let total = 0;
  for (let k = -most; k <= most; k++) total += weight(k);
  let rest = rng.uniform() * total;
  let k = -most;
  for (; k < most && rest > weight(k); k++) rest -= weight(k);
  return k;
}
