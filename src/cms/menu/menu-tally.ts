import { ConfigError } from "../../base/errors.ts";
import { bitmapOf, countBits, type MenuBits, popcount } from "./menu-bits.ts";

/** Crossings that algorithms took, summed over any number of decisions. */
export interface MenuTally {
  crossings: number;
  /** Of each algorithm [algorithms]. */
  readonly fired: Float64Array;
  /** Those that no other counted algorithm took [algorithms]. */
  readonly pure: Float64Array;
  /** Of any counted algorithm. */
  total: number;
  /** Shared by two [algorithms, algorithms], the diagonal counts each; null where not asked. */
  readonly overlaps: Float64Array | null;
}

/** An empty tally of n algorithms. */
export function createMenuTally(n: number, { overlaps = false } = {}): MenuTally {
  return {
    crossings: 0,
    fired: new Float64Array(n),
    pure: new Float64Array(n),
    total: 0,
    overlaps: overlaps ? new Float64Array(n * n) : null,
  };
}

/**
 * Adds a decision, of which the tally takes its own number of algorithms from the first on.
 * `counted` [algorithms] says which ones take crossings for themselves, as unprescaled seeds do
 * (default all). `ConfigError` where it has another length.
 */
export function addDecision(tally: MenuTally, bits: MenuBits, counted?: readonly boolean[]): void {
  const { words, fired } = bits;
  const n = tally.fired.length;
  if (counted !== undefined && counted.length !== n)
    throw new ConfigError(`menu: counted has ${counted.length} values for ${n} algorithms`);
  const takes = (a: number) => counted === undefined || counted[a];
  const [once, twice] = [new Uint32Array(words), new Uint32Array(words)];
  for (let a = 0; a < n; a++)
    for (let w = 0; takes(a) && w < words; w++) {
      twice[w] |= once[w] & fired[a * words + w];
      once[w] |= fired[a * words + w];
    }
  const seen: number[] = [];
  for (let a = 0; a < n; a++) {
    const own = bitmapOf(bits, a);
    const count = countBits(own);
    if (count === 0) continue;
    seen.push(a);
    tally.fired[a] += count;
    for (let w = 0; w < words; w++)
      tally.pure[a] += popcount(own[w] & ~(takes(a) ? twice[w] : once[w]));
  }
  tally.crossings += bits.crossings;
  tally.total += countBits(once);
  if (tally.overlaps !== null) addOverlaps(tally.overlaps, n, bits, seen);
}

function addOverlaps(
  overlaps: Float64Array,
  n: number,
  { words, fired }: MenuBits,
  seen: readonly number[],
): void {
  for (const a of seen)
    for (const b of seen) {
      if (b < a) continue;
      let count = 0;
      for (let w = 0; w < words; w++)
        count += popcount(fired[a * words + w] & fired[b * words + w]);
      overlaps[a * n + b] += count;
      if (b > a) overlaps[b * n + a] += count;
    }
}

/** Two algorithms that share crossings. */
export interface Overlap {
  readonly a: number;
  readonly b: number;
  /** Crossings that both took. */
  readonly both: number;
  /** Of those that either took. */
  readonly share: number;
}

/** The pairs that share the largest part of their crossings, at most `most`; ties as in the menu. */
export function largestOverlaps({ fired, overlaps }: MenuTally, most: number): Overlap[] {
  const n = fired.length;
  const pairs: Overlap[] = [];
  for (let a = 0; overlaps !== null && a < n; a++)
    for (let b = a + 1; b < n; b++) {
      const both = overlaps[a * n + b];
      if (both > 0) pairs.push({ a, b, both, share: both / (fired[a] + fired[b] - both) });
    }
  return pairs.sort((x, y) => y.share - x.share || y.both - x.both).slice(0, most);
}
