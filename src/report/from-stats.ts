import {
  binContents,
  binContents2d,
  binErrors,
  type EfficiencyBin,
  type Histogram,
  type Histogram2d,
  type Measured,
  type ProfileBin,
} from "../stats/index.ts";
import type { EfficiencySeries, HistogramSeries, ProfileSeries } from "./figure-data.ts";

/** A filled histogram as a series, with its errors unless told otherwise. */
export function histogramSeries(
  name: string,
  h: Histogram,
  { errors = true, style = "line" as "line" | "fill" | "points" } = {},
): HistogramSeries {
  return {
    name,
    edges: [...h.binning.edges],
    counts: [...binContents(h)],
    ...(errors ? { errors: [...binErrors(h)] } : {}),
    style,
  };
}

/** Share of the sum of weights that fell outside the edges. */
export function outsideShare({ sumW }: Histogram): number {
  const total = sumW.reduce((s, w) => s + w, 0);
  return total > 0 ? (sumW[0] + sumW[sumW.length - 1]) / total : 0;
}

/** Edges and contents of a two-dimensional histogram, as `heatmap2d` takes them. */
export function heatmapCells(h: Histogram2d): {
  xEdges: number[];
  yEdges: number[];
  counts: number[];
} {
  return { xEdges: [...h.x.edges], yEdges: [...h.y.edges], counts: [...binContents2d(h)] };
}

/** One quantity of a profile as a series; bins with fewer than `least` entries stay empty. */
export function profileSeries(
  name: string,
  bins: readonly ProfileBin[],
  {
    quantity,
    least = 10,
  }: {
    readonly quantity: "mean" | "std" | "rms" | "median" | "halfWidth";
    readonly least?: number;
  },
): ProfileSeries {
  const pick = (part: keyof Measured) =>
    bins.map((b) =>
      b.n >= least && Number.isFinite(b[quantity][part]) ? b[quantity][part] : null,
    );
  return {
    name,
    edges: [...bins.map((b) => b.low), bins[bins.length - 1].high],
    values: pick("value"),
    errors: pick("uncertainty"),
    centers: bins.map((b) => (b.n > 0 ? b.center : null)),
  };
}

/** Bins of a turn-on as a series; empty bins stay empty. */
export function efficiencySeries(bins: readonly EfficiencyBin[]): EfficiencySeries {
  return {
    centers: bins.map((b) => b.center),
    values: bins.map((b) => (b.total > 0 ? b.value : null)),
    low: bins.map((b) => b.low),
    high: bins.map((b) => b.high),
  };
}
