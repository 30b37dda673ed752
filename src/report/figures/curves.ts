import * as Plot from "@observablehq/plot";
import type { CurvesData } from "../figure-data.ts";
import { type LegendEntry, textWidth } from "../legend.ts";
import { type ErrorPoint, levelMark, lineMark, pointMarks } from "../marks.ts";
import { drawPanel, type RenderOptions, type ResolvedAxis } from "../panel.ts";
import { finish } from "../svg.ts";
import { symbolPath } from "../symbols.ts";
import { dashes, mutedColor, seriesColor } from "../theme.ts";

/** Points with error bars against a setting or a cost, joined by lines unless told otherwise. */
export function curves(data: CurvesData, options: RenderOptions): SVGElement {
  const { document, width = 400, height = 310 } = options;
  const { series, levels = [] } = data;
  const x = spread(
    data.x,
    series.flatMap((s) => s.x),
  );
  const values = series.flatMap((s) =>
    s.y.flatMap((v, i) => [v - (s.errors?.[i] ?? 0), v + (s.errors?.[i] ?? 0)]),
  );
  const y = spread(data.y, [...values, ...levels.map((l) => l.value)]);
  const marks = series.flatMap((s, i) => {
    const style = { color: seriesColor(i), dash: dashes[i % dashes.length], symbol: i };
    const points = s.x.map((at, k): ErrorPoint => {
      const e = s.errors?.[k] ?? 0;
      return { x: at, y: s.y[k], low: s.y[k] - e, high: s.y[k] + e };
    });
    const line = points.map((p): readonly [number, number] => [p.x, p.y]);
    return [
      s.connect === false ? null : lineMark(line, style, 1.4),
      ...pointMarks(points, { x, y }, style, 3.4),
      ...(s.labels ?? []).map((label, k) => pointLabel(label, points[k], x)),
    ];
  });
  const legend = series.map(
    (s, i): LegendEntry => ({
      name: s.name,
      sample: "symbol",
      color: seriesColor(i),
      symbol: symbolPath(i, 3.4),
      ...(s.connect === false ? {} : { dash: dashes[i % dashes.length] }),
    }),
  );
  levels.forEach((level, i) => {
    marks.unshift(levelMark(level.value, { color: mutedColor, dash: dashes[i + 1] }));
    legend.push({ name: level.name, sample: "line", color: mutedColor, dash: dashes[i + 1] });
  });
  const panel = drawPanel({ document, width, height, x, y, marks, legend, tag: data.tag });
  return finish(panel.svg, {
    width,
    height: panel.height,
    label: `${data.title}. ${data.caption}`,
  });
}

/** Beside the point, on the side where the frame has room. */
function pointLabel(label: string, point: ErrorPoint, { domain: [low, high], log }: ResolvedAxis) {
  const at = log ? Math.log(point.x / low) / Math.log(high / low) : (point.x - low) / (high - low);
  const right = at * 330 + textWidth(label, 11) + 10 < 330;
  return Plot.text([label], {
    x: [point.x],
    y: [point.y],
    textAnchor: right ? "start" : "end",
    dx: right ? 8 : -8,
    fontSize: 11,
    fill: "currentColor",
  });
}

/** A range with some room around all finite values. */
function spread(axis: CurvesData["x"], values: readonly number[]): ResolvedAxis {
  if (axis.domain) return { ...axis, domain: axis.domain };
  const usable = values.filter((v) => Number.isFinite(v) && (!axis.log || v > 0));
  const [low, high] = usable.length > 0 ? [Math.min(...usable), Math.max(...usable)] : [1, 10];
  if (axis.log) {
    const factor = (high / low) ** 0.08 || 1;
    return { ...axis, domain: high > low ? [low / factor, high * factor] : [low / 2, high * 2] };
  }
  const room = 0.08 * (high - low || Math.abs(high) || 1);
  return { ...axis, domain: [low - room, high + room] };
}
