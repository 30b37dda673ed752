import { ConfigError } from "../../base/errors.ts";
import type { MenuBits } from "./menu-bits.ts";
import { addDecision, createMenuTally, type MenuTally } from "./menu-tally.ts";

/** Orbits of the LHC per second, in Hz. */
export const orbitRateHz = 11_245.5;

/** A rate in Hz with its binomial standard deviation. */
export interface Rate {
  /** Crossings it was counted in. */
  readonly count: number;
  readonly rateHz: number;
  readonly errorHz: number;
}

export interface RateOptions {
  /** Colliding bunches; the crossings given are taken as a fair sample of theirs (default 3564). */
  readonly bunches?: number;
}

/** count of `crossings` as a rate: bunches x orbit rate x p, p = count / crossings. */
export function rateOf(
  count: number,
  crossings: number,
  { bunches = 3564 }: RateOptions = {},
): Rate {
  if (!(crossings > 0 && count <= crossings))
    throw new ConfigError(`rateOf: ${count} of ${crossings} crossings is no fraction`);
  const scale = bunches * orbitRateHz;
  const p = count / crossings;
  const deviation = Math.sqrt((p * (1 - p)) / crossings);
  return { count, rateHz: scale * p, errorHz: scale * deviation };
}

/** Rates of every algorithm, and of any. */
export interface MenuRates {
  readonly algorithms: readonly { readonly rate: Rate; readonly pure: Rate }[];
  readonly total: Rate;
}

/**
 * The rate of each algorithm, and its pure rate: crossings that no other counted algorithm takes.
 * `counted` [algorithms] says which ones take crossings for themselves, as unprescaled seeds do
 * (default all); the total is the OR of these.
 */
export function menuRates(
  bits: MenuBits,
  { counted, ...options }: RateOptions & { readonly counted?: readonly boolean[] } = {},
): MenuRates {
  const tally = createMenuTally(bits.words === 0 ? 0 : bits.fired.length / bits.words);
  addDecision(tally, bits, counted);
  return tallyRates(tally, options);
}

/** The same of a tally of many decisions. */
export function tallyRates(tally: MenuTally, options: RateOptions = {}): MenuRates {
  const rate = (count: number) => rateOf(count, tally.crossings, options);
  return {
    algorithms: Array.from(tally.fired, (fired, a) => ({
      rate: rate(fired),
      pure: rate(tally.pure[a]),
    })),
    total: rate(tally.total),
  };
}

/** Crossings that two algorithms share [algorithms, algorithms]; the diagonal counts each. */
export function overlapMatrix(bits: MenuBits): Float64Array {
  const n = bits.words === 0 ? 0 : bits.fired.length / bits.words;
  const tally = createMenuTally(n, { overlaps: true });
  addDecision(tally, bits);
  return tally.overlaps as Float64Array;
}
