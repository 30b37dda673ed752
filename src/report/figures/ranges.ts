import * as Plot from "@observablehq/plot";
import type { RangesData } from "../figure-data.ts";
import { drawPanel, type RenderOptions, type ResolvedAxis } from "../panel.ts";
import { finish } from "../svg.ts";
import { mutedColor, seriesColor } from "../theme.ts";
import { rowHeight } from "./bars.ts";

/** Boxes (quartiles) with whiskers (extremes) over the range that can hold the values. */
export function ranges(data: RangesData, options: RenderOptions): SVGElement {
  const { document, width = 400 } = options;
  const { rows } = data;
  const height = options.height ?? 70 + rowHeight * rows.length;
  const x = axisOf(data);
  const [least, most] = x.domain;
  const inside = (value: number) => Math.min(most, Math.max(least, value));
  const marks = rows.flatMap(({ box, range }, k) => {
    const bar = (from: number, to: number, half: number, options: Plot.RectOptions) =>
      Plot.rect([0], {
        x1: [inside(from)],
        x2: [inside(to)],
        y1: [-(k + 0.5 - half)],
        y2: [-(k + 0.5 + half)],
        ...options,
      });
    const shade = { fill: mutedColor, fillOpacity: 0.22 };
    return [
      range && bar(range[0], range[1], 0.42, shade),
      box && bar(box[0], box[4], 0.03, { fill: seriesColor(0) }),
      box && bar(box[1], box[3], 0.22, { fill: seriesColor(0), fillOpacity: 0.75 }),
      box && bar(box[2], box[2], 0.22, { stroke: "var(--forty-page, #ffffff)", strokeWidth: 2 }),
    ];
  });
  const panel = drawPanel({
    document,
    width,
    height,
    x,
    y: { label: "", domain: [-rows.length, 0] },
    marks,
    legend: [
      { name: data.rangeName, color: mutedColor, sample: "fill" },
      { name: data.boxName, color: seriesColor(0), sample: "fill" },
    ],
    tag: data.tag,
    categories: rows.map(({ label }) => label),
  });
  return finish(panel.svg, {
    width,
    height: panel.height,
    label: `${data.title}. ${data.caption}`,
  });
}

/** All boxes and ranges with some room; values that a logarithmic axis has no place for left out. */
function axisOf({ x, rows }: RangesData): ResolvedAxis {
  if (x.domain) return { ...x, domain: x.domain };
  const values = rows
    .flatMap(({ box, range }) => [...(box ?? []), ...(range ?? [])])
    .filter((v) => Number.isFinite(v) && (!x.log || v > 0));
  const [low, high] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [1, 10];
  if (x.log) return { ...x, domain: [low / 1.5, high * 1.5] };
  const room = 0.04 * (high - low || 1);
  return { ...x, domain: [low - room, high + room] };
}
