import { ConfigError } from "../../../base/errors.ts";

/**
 * All that is counted, in a form whose merge is a sum: numbers, and bins with flows as
 * `Histogram.sumW` has them. Names have a prefix that says what they are: `histogram.mass`.
 */
export interface Tallies {
  readonly counts: Record<string, number>;
  readonly bins: Record<string, Float64Array>;
}

/** Tallies as JSON holds them. */
export interface TalliesJson {
  readonly counts: Readonly<Record<string, number>>;
  readonly bins: Readonly<Record<string, readonly number[]>>;
}

export function createTallies(): Tallies {
  return { counts: {}, bins: {} };
}

/** counts[name] += n. */
export function count({ counts }: Tallies, name: string, n: number): void {
  counts[name] = (counts[name] ?? 0) + n;
}

/** Adds `more` to `into` and returns that; bins of another length throw `ConfigError`. */
export function addTallies(into: Tallies, more: Tallies | TalliesJson): Tallies {
  for (const [name, n] of Object.entries(more.counts)) count(into, name, n);
  for (const [name, bins] of Object.entries(more.bins)) {
    const own = into.bins[name] ?? new Float64Array(bins.length);
    into.bins[name] = own;
    if (own.length !== bins.length)
      throw new ConfigError(`tallies: ${name} has ${own.length} bins and ${bins.length}`);
    for (let i = 0; i < own.length; i++) own[i] += bins[i];
  }
  return into;
}

/** What was added since `before`, another state of the same tallies. */
export function talliesSince({ counts, bins }: Tallies, before: Tallies): Tallies {
  const changed = Object.entries(counts).map(([k, n]) => [k, n - (before.counts[k] ?? 0)]);
  const filled = Object.entries(bins).map(([k, values]) => {
    const old = before.bins[k];
    return [k, old ? values.map((v, i) => v - old[i]) : values.slice()];
  });
  return { counts: Object.fromEntries(changed), bins: Object.fromEntries(filled) };
}

/** For a file. */
export function talliesJson({ counts, bins }: Tallies): TalliesJson {
  const lists = Object.entries(bins).map(([name, values]) => [name, Array.from(values)]);
  return { counts, bins: Object.fromEntries(lists) };
}

/** The counts under a prefix: `countsOf(t, "dropped")` of "dropped.badFrame" has `badFrame`. */
export function countsOf(
  { counts }: Tallies | TalliesJson,
  prefix: string,
): Record<string, number> {
  return under(counts, prefix);
}

/** The bins under a prefix. */
export function binsOf({ bins }: Tallies, prefix: string): Record<string, Float64Array> {
  return under(bins, prefix);
}

function under<T>(all: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  const start = `${prefix}.`;
  const found = Object.entries(all).filter(([name]) => name.startsWith(start));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(start.length), value]));
}

/** Luminosity sections, both ends included. */
export interface LumiRange {
  readonly first: number;
  readonly last: number;
}

/** Counts an orbit of a luminosity section. */
export const countLumi = (tallies: Tallies, lumi: number) => count(tallies, `lumi.${lumi}`, 1);

/** Luminosity sections with an orbit; null without any. */
export function lumisOf(tallies: Tallies | TalliesJson): LumiRange | null {
  const lumis = Object.keys(countsOf(tallies, "lumi")).map(Number);
  if (lumis.length === 0) return null;
  const [first, last] = [Math.min(...lumis), Math.max(...lumis)];
  return { first, last };
}
