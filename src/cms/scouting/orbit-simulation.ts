import type { Rng } from "../../base/rng.ts";
import type { HwScale } from "../scales.ts";
import { nominalFilling } from "./filling-scheme.ts";
import { type Resonance, resonances } from "./muon-pairs.ts";

/** What to simulate. Means are per crossing with colliding bunches. */
export interface OrbitSimulation {
  /** 1 where bunches cross, by bx - 1 [3564]. */
  readonly filling: Uint8Array;
  /** Mean of single muons. */
  readonly muons: number;
  /** Mean of each resonance's decays. */
  readonly pairs: readonly { readonly resonance: Resonance; readonly mean: number }[];
  readonly jets: number;
  readonly egs: number;
  readonly taus: number;
  /** Probability of an object to show one crossing early as well, and one late. */
  readonly prefiring: number;
  readonly afterpulsing: number;
}

/** The values in use: 0.1 muons per crossing, resonances often enough to see them. */
export const orbitSimulation: OrbitSimulation = {
  filling: nominalFilling(),
  muons: 0.1,
  pairs: [
    { resonance: resonances.jpsi, mean: 0.002 },
    { resonance: resonances.z, mean: 0.002 },
  ],
  jets: 1,
  egs: 1.5,
  taus: 2,
  prefiring: 0,
  afterpulsing: 0,
};

/** What fills a source. */
export interface Filling {
  readonly rng: Rng;
  readonly config: OrbitSimulation;
  readonly scatter: Scatter;
}

/** Calls `at` with a crossing (bx - 1) for each object of a kind, in ascending crossings. */
export type Scatter = (rng: Rng, mean: number, at: (crossing: number) => void) => void;

/**
 * Objects are a Poisson process along the crossings with colliding bunches: exponential steps
 * between them, so that a rare kind costs nothing in the crossings without it.
 */
export function createScatter({ filling }: OrbitSimulation): Scatter {
  const filled = new Uint16Array(filling.length);
  let n = 0;
  for (let e = 0; e < filling.length; e++) if (filling[e] > 0) filled[n++] = e;
  return (rng, mean, at) => {
    if (mean === 0) return;
    for (let t = rng.exponential(); t < mean * n; t += rng.exponential())
      at(filled[Math.min(n - 1, Math.floor(t / mean))]);
  };
}

/** Calls `at` for the crossings around `crossing` in which its object shows as well. */
export function echo(
  { rng, config }: Filling,
  crossing: number,
  at: (crossing: number) => void,
): void {
  const { prefiring, afterpulsing, filling } = config;
  if (prefiring > 0 && crossing > 0 && rng.uniform() < prefiring) at(crossing - 1);
  if (afterpulsing > 0 && crossing < filling.length - 1 && rng.uniform() < afterpulsing)
    at(crossing + 1);
}

/** The nearest value in the range of a scale. */
export const clampTo = ({ min, max }: HwScale, value: number) =>
  Math.max(min, Math.min(max, value));

/** Steps of an azimuth in a full turn. */
export const stepsOf = ({ width }: HwScale) => Math.round((2 * Math.PI) / width);
