import type { HistogramSeries } from "../../../report/index.ts";

/** Entries between the edges. */
export const total = (counts: readonly number[]) => counts.reduce((sum, n) => sum + n, 0);

/** Whether two lists of edges are the same. */
export const areSame = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((edge, i) => edge === b[i]);

/** A series before its reference, which is scaled to as many entries, and their ratio. */
export function comparedSeries(
  own: HistogramSeries,
  reference: readonly number[] | null,
): { readonly series: readonly HistogramSeries[]; readonly lower?: "ratio" } {
  const entries = reference ? total(reference) : 0;
  if (!reference || entries === 0) return { series: [own] };
  const scale = total(own.counts) / entries;
  const behind: HistogramSeries = {
    ...{ name: "reference", edges: own.edges, style: "fill" },
    counts: reference.map((n) => n * scale),
    errors: reference.map((n) => Math.sqrt(n) * scale),
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
