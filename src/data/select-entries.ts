import type { RootColumn } from "./root/column.ts";

type Values = RootColumn["values"];

/** Some entries of columns of any shape, in the order given, copied. */
export function selectEntries(
  columns: readonly RootColumn[],
  entries: ArrayLike<number>,
): RootColumn[] {
  return columns.map((column) => {
    const size = column.inner.reduce((n, d) => n * d, 1);
    const { offsets } = column;
    const spans = Array.from(entries, (e): [number, number] =>
      offsets === undefined
        ? [e * size, (e + 1) * size]
        : [offsets[e] * size, offsets[e + 1] * size],
    );
    const values = joined(column.values, spans);
    if (offsets === undefined) return { ...column, values };
    const kept = new Uint32Array(entries.length + 1);
    spans.forEach(([from, to], i) => {
      kept[i + 1] = kept[i] + (to - from) / size;
    });
    return { ...column, values, offsets: kept };
  });
}

function joined(values: Values, spans: readonly [number, number][]): Values {
  if (Array.isArray(values)) return spans.flatMap(([from, to]) => values.slice(from, to));
  const n = spans.reduce((sum, [from, to]) => sum + to - from, 0);
  const made = new (values.constructor as new (n: number) => Float64Array)(n);
  let at = 0;
  for (const [from, to] of spans) {
    made.set((values as Float64Array).subarray(from, to), at);
    at += to - from;
  }
  return made;
}
