import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import type { FigureData } from "../../../report/index.ts";
import { occupancyVariance } from "../results/occupancy-variance.ts";
import type { Correlation } from "../stages/occupancy.ts";
import { comparedSeries, type Occupancy, total } from "./compare.ts";

/** Crossings of an orbit, 1 ... 3564, both ends included. */
export interface CrossingRange {
  readonly first: number;
  readonly last: number;
}

export const wholeOrbit: CrossingRange = { first: 1, last: crossingsPerOrbit };

/** More bins than this cannot be told apart. */
const mostBins = 400;
/** Up to this many, each has room for its error bar. */
const mostBars = 150;

/** Objects per crossing along (a part of) the orbit; a crossing to a bin where there is room. */
export function occupancyFigure(
  {
    kind,
    orbits,
    own,
    other,
  }: {
    readonly kind: string;
    readonly orbits: number;
    readonly own: Occupancy;
    /** The reference. */
    readonly other: Occupancy | null;
  },
  { first, last }: CrossingRange,
): FigureData {
  const width = Math.ceil((last - first + 1) / mostBins);
  const bins = Math.ceil((last - first + 1) / width);
  const edges = Array.from(
    { length: bins + 1 },
    (_, i) => Math.min(first + i * width, last + 1) - 0.5,
  );
  const sums = (all: readonly number[]) =>
    edges.slice(1).map((to, i) => total(all.slice(edges[i] - 0.5, to - 0.5)));
  // Per crossing, so that a last bin of fewer crossings is as high as the others.
  const norms = edges.slice(1).map((to, i) => 1 / ((to - edges[i]) * Math.max(1, orbits)));
  const counts = sums(own.counts);
  const variance = occupancyVariance([own]);
  const { series, lower } = comparedSeries(
    { name: kind, edges, counts, errors: counts.map((n) => Math.sqrt(n * variance)) },
    other && sums(other.counts),
    other ? occupancyVariance([other]) : 1,
  );
  const grouped = width === 1 ? "" : `, ${width} crossings to a bin`;
  return {
    ...{ kind: "stepHistogram", title: `Occupancy of ${kind} along the orbit`, n: total(counts) },
    caption: `Mean per crossing${grouped}: trains of bunches and the gaps between.`,
    x: { label: "bx", domain: [first - 0.5, last + 0.5] },
    y: { label: `${kind} per crossing` },
    series: series.map(({ errors = [], ...s }) => ({
      ...{ ...s, counts: s.counts.map((n, i) => n * norms[i]) },
      ...((bins <= mostBars || lower) && { errors: errors.map((e, i) => e * norms[i]) }),
    })),
    ...(lower && { lower }),
  };
}

/** Pairs of crossings with muons over those of independent crossings; null without any. */
export function correlationFigure(
  correlations: readonly Correlation[],
  reference: readonly Correlation[] | null,
): FigureData | null {
  const seen = (list: readonly Correlation[]) => list.filter(({ expected }) => expected > 0);
  if (seen(correlations).length === 0) return null;
  const points = (name: string, list: readonly Correlation[]) => ({
    name,
    x: list.map((c) => c.distance),
    y: list.map((c) => c.ratio),
    errors: list.map((c) => c.uncertainty),
  });
  return {
    ...{ kind: "curves", title: "Muons in neighboring crossings" },
    caption: "Pairs of crossings with muons over those expected of independent crossings.",
    x: { label: "distance", unit: "crossings" },
    y: { label: "observed / expected" },
    series: [
      points("this run", seen(correlations)),
      ...(reference ? [points("reference", seen(reference))] : []),
    ],
    levels: [{ name: "independent", value: 1 }],
  };
}
