import type { HistogramSeries } from "../../../report/index.ts";
import type { OccupancySums } from "../results/occupancy-variance.ts";
import type { Snapshot, TurnOnSnapshot } from "../results/snapshot.ts";

/** Entries between the edges. */
export const total = (counts: readonly number[]) => counts.reduce((sum, n) => sum + n, 0);

/** Whether two lists of edges are the same. */
export const areSame = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((edge, i) => edge === b[i]);

/** What a snapshot tells of the objects of one kind along the orbit. */
export interface Occupancy extends OccupancySums {
  readonly counts: readonly number[];
}

/** Null where there are none of this kind. */
export function occupancyOf(
  { occupancy, squares, seen }: Snapshot,
  kind: string,
): Occupancy | null {
  const counts = occupancy[kind];
  return counts ? { counts, squares: squares[kind], orbits: seen[kind] } : null;
}

/** The turn-on of a reference that asked the same of the same objects; undefined without. */
export function sameTurnOn(
  { name, of, threshold, against, edges }: TurnOnSnapshot,
  others: readonly TurnOnSnapshot[],
): TurnOnSnapshot | undefined {
  const isSame = (t: TurnOnSnapshot) =>
    t.of === of && t.threshold === threshold && t.against === against && areSame(t.edges, edges);
  return others.find((t) => t.name === name && isSame(t));
}

/**
 * A series before its reference, which is scaled to as many entries, and their ratio.
 * @param variance - of a bin of the reference over that of independent entries.
 */
export function comparedSeries(
  own: HistogramSeries,
  reference: readonly number[] | null,
  variance = 1,
): { readonly series: readonly HistogramSeries[]; readonly lower?: "ratio" } {
  const entries = reference ? total(reference) : 0;
  if (!reference || entries === 0) return { series: [own] };
  const scale = total(own.counts) / entries;
  const behind: HistogramSeries = {
    ...{ name: "reference", edges: own.edges, style: "fill" },
    counts: reference.map((n) => n * scale),
    errors: reference.map((n) => Math.sqrt(n * variance) * scale),
  };
  return { series: [behind, own], lower: "ratio" };
}

/**
 * By how many standard deviations each count differs from its reference, which is scaled to the
 * same total: |n - s m| / sqrt(n + s^2 m), 0 where both are empty.
 */
export function deviations(own: readonly number[], reference: readonly number[]): number[] {
  const scale = total(own) / (total(reference) || 1);
  return own.map((n, i) => {
    const m = reference[i];
    const error = Math.sqrt(n + scale * scale * m);
    return error > 0 ? Math.abs(n - scale * m) / error : 0;
  });
}
