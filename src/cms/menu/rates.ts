import { ConfigError } from "../../base/errors.ts";
import { bitmapOf, countBits, type MenuBits, popcount } from "./menu-bits.ts";

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
  const { crossings, words, fired } = bits;
  const n = words === 0 ? 0 : fired.length / words;
  const takes = counted ?? new Array<boolean>(n).fill(true);
  if (takes.length !== n)
    throw new ConfigError(`menuRates: counted has ${takes.length} values for ${n} algorithms`);
  const [once, twice] = [new Uint32Array(words), new Uint32Array(words)];
  for (let a = 0; a < n; a++)
    for (let w = 0; takes[a] && w < words; w++) {
      twice[w] |= once[w] & fired[a * words + w];
      once[w] |= fired[a * words + w];
    }
  const algorithms = takes.map((isCounted, a) => {
    const own = bitmapOf(bits, a);
    let pure = 0;
    for (let w = 0; w < words; w++) pure += popcount(own[w] & ~(isCounted ? twice[w] : once[w]));
    return {
      rate: rateOf(countBits(own), crossings, options),
      pure: rateOf(pure, crossings, options),
    };
  });
  return { algorithms, total: rateOf(countBits(once), crossings, options) };
}

/** Crossings that two algorithms share [algorithms, algorithms]; the diagonal counts each. */
export function overlapMatrix({ words, fired }: MenuBits): Uint32Array {
  const n = words === 0 ? 0 : fired.length / words;
  const overlaps = new Uint32Array(n * n);
  for (let a = 0; a < n; a++)
    for (let b = a; b < n; b++) {
      let count = 0;
      for (let w = 0; w < words; w++)
        count += popcount(fired[a * words + w] & fired[b * words + w]);
      overlaps[a * n + b] = count;
      overlaps[b * n + a] = count;
    }
  return overlaps;
}
