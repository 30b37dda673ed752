import type * as Plot from "@observablehq/plot";
import { ConfigError } from "../../base/errors.ts";
import type { HistogramSeries, StepHistogramData } from "../figure-data.ts";
import type { LegendEntry } from "../legend.ts";
import {
  areaMark,
  bandMark,
  type ErrorPoint,
  levelMark,
  lineMark,
  noEntriesMark,
  outline,
  pointMarks,
} from "../marks.ts";
import {
  drawPanel,
  type PanelOptions,
  type RenderOptions,
  type ResolvedAxis,
  stackPanels,
} from "../panel.ts";
import { finish } from "../svg.ts";
import { symbolPath } from "../symbols.ts";
import { dashes, mutedColor, seriesColor } from "../theme.ts";

/** Overlaid histograms; with `lower`, a second panel with ratio or pull to the first series. */
export function stepHistogram(data: StepHistogramData, options: RenderOptions): SVGElement {
  const { document, width = 400, height = data.lower ? 390 : 310 } = options;
  const x = histogramX(data.x, data.series);
  const y = histogramY(data.y, data.series);
  const legend = data.series.map(legendEntry);
  const marks = data.series.flatMap((series, i) => seriesMarks(series, i, { x, y }));
  if (data.series.every((s) => s.counts.every((c) => !c))) marks.push(noEntriesMark());
  const label = `${data.title}. ${data.caption}`;
  if (!data.lower) {
    const panel = drawPanel({ document, width, height, x, y, marks, legend, tag: data.tag });
    return finish(panel.svg, { width, height: panel.height, label });
  }
  const heights = [Math.round(height * 0.68), height - Math.round(height * 0.68)];
  const upper = drawPanel({
    document,
    width,
    height: heights[0],
    x,
    y,
    marks,
    legend,
    tag: data.tag,
    xLabels: false,
  });
  const lower = lowerPanel(
    data,
    { document, width, height: heights[1], marginLeft: upper.left },
    x,
  );
  const stacked = stackPanels(document, [upper, lower]);
  return finish(stacked.svg, { width, height: stacked.height, label });
}

/** The x axis over all edges, unless a domain is given. */
export function histogramX(
  axis: StepHistogramData["x"],
  series: readonly HistogramSeries[],
): ResolvedAxis {
  const edges = series.flatMap((s) => [s.edges[0], s.edges[s.edges.length - 1]]);
  return { ...axis, domain: axis.domain ?? [Math.min(...edges), Math.max(...edges)] };
}

/** From 0 (linear) or half the smallest content (log) to a little above the largest. */
export function histogramY(
  axis: StepHistogramData["y"],
  series: readonly HistogramSeries[],
): ResolvedAxis {
  if (axis.domain) return { ...axis, domain: axis.domain };
  const tops = series.flatMap((s) => s.counts.map((c, i) => c + (s.errors?.[i] || 0)));
  const top = Math.max(...tops.filter(Number.isFinite), 0) || 1;
  if (!axis.log) return { ...axis, domain: [0, top * 1.08] };
  const positive = series.flatMap((s) => s.counts.filter((c) => c > 0));
  return { ...axis, domain: [Math.min(...positive, top) / 2, top * 2] };
}

/** The look of series i in the legend. */
export function legendEntry(series: HistogramSeries, i: number): LegendEntry {
  const color = seriesColor(i);
  if (series.style === "fill") return { name: series.name, color: mutedColor, sample: "fill" };
  if (series.style === "points")
    return { name: series.name, color, sample: "symbol", symbol: symbolPath(i, 3) };
  return { name: series.name, color, dash: dashes[i % dashes.length], sample: "line" };
}

/** Outline, area or points of series i, with error bars where errors are given. */
export function seriesMarks(
  series: HistogramSeries,
  i: number,
  axes: { readonly x: ResolvedAxis; readonly y: ResolvedAxis },
): Plot.Markish[] {
  const { edges, counts, errors, style = "line" } = series;
  const points = outline(edges, counts, axes);
  const color = style === "fill" ? mutedColor : seriesColor(i);
  const dash = dashes[i % dashes.length];
  if (style === "points")
    return pointMarks(errorPoints(edges, counts, errors), axes, { color, symbol: i });
  const line = lineMark(
    points,
    { color, dash: style === "fill" ? "none" : dash },
    style === "fill" ? 1 : 1.8,
  );
  const bars = errors ? pointMarks(errorPoints(edges, counts, errors), axes, { color }, 0) : [];
  return style === "fill"
    ? [areaMark(points, { color }, axes.y.domain[0]), line, ...bars]
    : [line, ...bars];
}

function errorPoints(
  edges: readonly number[],
  values: readonly number[],
  errors: readonly number[] | undefined,
): ErrorPoint[] {
  return values.map((y, i) => {
    const e = errors?.[i] ?? 0;
    return { x: (edges[i] + edges[i + 1]) / 2, y, low: y - e, high: y + e };
  });
}

function lowerPanel(
  { series, lower }: StepHistogramData,
  size: Pick<PanelOptions, "document" | "width" | "height" | "marginLeft">,
  x: ResolvedAxis,
) {
  const [base, ...others] = series;
  for (const other of others)
    if (other.edges.length !== base.edges.length || other.edges.some((e, i) => e !== base.edges[i]))
      throw new ConfigError(
        `stepHistogram: ${lower} panel: "${other.name}" and "${base.name}" have different edges`,
      );
  const y: ResolvedAxis =
    lower === "pull"
      ? { label: "Pull", domain: [-4.5, 4.5] }
      : {
          label: base.name.length > 10 ? "Ratio" : `Ratio to ${base.name}`,
          domain: ratioRange(base, others),
        };
  const axes = { x, y };
  const baseError = (i: number) => base.errors?.[i] ?? 0;
  const marks = others.flatMap((other, k) => {
    const points = other.counts.map((c, i): ErrorPoint => {
      const at = (base.edges[i] + base.edges[i + 1]) / 2;
      const e = other.errors?.[i] ?? 0;
      const value =
        lower === "pull" ? (c - base.counts[i]) / Math.hypot(e, baseError(i)) : c / base.counts[i];
      const half = lower === "pull" ? 1 : e / base.counts[i];
      return { x: at, y: value, low: value - half, high: value + half };
    });
    return pointMarks(points, axes, { color: seriesColor(k + 1), symbol: k + 1 }, 2.2);
  });
  // The reference's own uncertainty is a band around one, not mixed into the points.
  const band = base.counts.flatMap((c, i) => {
    const relative = lower === "ratio" && c > 0 ? baseError(i) / c : Number.NaN;
    const [low, high] = [1 - relative, 1 + relative].map((v) =>
      Math.min(y.domain[1], Math.max(y.domain[0], v)),
    );
    return [{ from: base.edges[i], to: base.edges[i + 1], low, high }];
  });
  return drawPanel({
    ...size,
    x,
    y,
    yTickCount: 4,
    marks: [
      bandMark(band.filter((b) => b.high > b.low)),
      levelMark(lower === "pull" ? 0 : 1, { color: mutedColor }),
      ...marks,
    ],
  });
}

/** Symmetric around 1, wide enough for nine tenths of the points, at most ±1. */
function ratioRange(base: HistogramSeries, others: readonly HistogramSeries[]): [number, number] {
  const distances = others
    .flatMap((o) => o.counts.map((c, i) => Math.abs(c / base.counts[i] - 1)))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const reach = distances[Math.floor(0.9 * (distances.length - 1))] ?? 0.1;
  const half = [0.055, 0.11, 0.22, 0.55].find((h) => h > 1.2 * reach) ?? 0.99;
  return [1 - half, 1 + half];
}
