import * as Plot from "@observablehq/plot";
import { ShapeError } from "../../base/errors.ts";
import type { Heatmap2dData } from "../figure-data.ts";
import { fitSize } from "../legend.ts";
import { noEntriesMark } from "../marks.ts";
import { drawPanel, type Panel, type RenderOptions } from "../panel.ts";
import { finish, svgElement } from "../svg.ts";
import { heatColor } from "../theme.ts";
import { axisTicks } from "../ticks.ts";

const levels = 24;

/** Two-dimensional histogram: one path per color level, so that 60 x 60 cells stay small. */
export function heatmap2d(data: Heatmap2dData, options: RenderOptions): SVGElement {
  const { document, width = 400, height = 330 } = options;
  const { xEdges, yEdges, counts } = data;
  const [nx, ny] = [xEdges.length - 1, yEdges.length - 1];
  if (counts.length !== nx * ny)
    throw new ShapeError(
      `heatmap2d: ${nx} x ${ny} cells need ${nx * ny} counts, got ${counts.length}`,
    );
  const x = { ...data.x, domain: data.x.domain ?? ([xEdges[0], xEdges[nx]] as const) };
  const y = { ...data.y, domain: data.y.domain ?? ([yEdges[0], yEdges[ny]] as const) };
  const marks = data.diagonal ? [diagonal(x.domain, y.domain)] : [];
  const positive = counts.filter((c) => c > 0);
  if (positive.length === 0) marks.push(noEntriesMark());
  const panel = drawPanel({ document, width, height, x, y, marks, tag: data.tag, marginRight: 72 });
  const range = colorRange(positive);
  const cells = svgElement(document, "g", {
    "aria-label": "cells",
    "shape-rendering": "crispEdges",
  });
  levelPaths(data, panel, range).forEach((path, k) => {
    if (path) cells.appendChild(svgElement(document, "path", { d: path, fill: levelColor(k) }));
  });
  panel.svg.insertBefore(cells, panel.svg.firstChild);
  panel.svg.appendChild(colorBar(document, { panel, range, width, label: data.colorLabel }));
  return finish(panel.svg, {
    width,
    height: panel.height,
    label: `${data.title}. ${data.caption}`,
  });
}

/** Smallest and largest content, at least one decade. */
function colorRange(positive: readonly number[]): readonly [number, number] {
  const low = positive.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = positive.reduce((a, b) => Math.max(a, b), 0);
  return positive.length === 0 ? [1, 10] : [low, Math.max(high, 10 * low)];
}

function levelColor(k: number): string {
  return heatColor((k + 0.5) / levels);
}

function levelPaths(
  { xEdges, yEdges, counts }: Heatmap2dData,
  { x, y, left, right, top, bottom }: Panel,
  [low, high]: readonly [number, number],
): string[] {
  const ny = yEdges.length - 1;
  const clamp = (v: number, from: number, to: number) =>
    Math.round(Math.min(to, Math.max(from, v)) * 10) / 10;
  const px = xEdges.map((e) => clamp(x(e), left, right));
  const py = yEdges.map((e) => clamp(y(e), top, bottom));
  const level = (c: number) =>
    c > 0
      ? Math.min(levels - 1, Math.floor((Math.log(c / low) / Math.log(high / low)) * levels))
      : -1;
  const paths = Array.from({ length: levels }, () => "");
  for (let i = 0; i < xEdges.length - 1; i++) {
    for (let j = 0; j < ny; ) {
      const k = level(counts[i * ny + j]);
      let end = j + 1; // cells of one color above each other become one box
      while (end < ny && level(counts[i * ny + end]) === k) end++;
      const [w, h] = [px[i + 1] - px[i], py[j] - py[end]].map((v) => Number(v.toFixed(1)));
      if (k >= 0 && w > 0 && h > 0) paths[k] += `M${px[i]},${py[end]}h${w}v${h}h${-w}z`;
      j = end;
    }
  }
  return paths;
}

function diagonal(
  xDomain: readonly [number, number],
  yDomain: readonly [number, number],
): Plot.Markish {
  const from = Math.max(xDomain[0], yDomain[0]);
  const to = Math.min(xDomain[1], yDomain[1]);
  const ends = [from, to];
  const at = (v: number) => v;
  const line = { x: at, y: at, strokeLinecap: "butt" } as const;
  return Plot.marks(
    Plot.line(ends, { ...line, stroke: "#fff", strokeWidth: 2.6, strokeOpacity: 0.75 }),
    Plot.line(ends, { ...line, stroke: "#000", strokeWidth: 1.2, strokeDasharray: "5 4" }),
  );
}

function colorBar(
  document: Document,
  bar: {
    readonly panel: Panel;
    readonly range: readonly [number, number];
    readonly width: number;
    readonly label: string;
  },
): SVGElement {
  const { panel, range, width, label } = bar;
  const [top, bottom] = [panel.top, panel.bottom];
  const left = panel.right + 10;
  const group = svgElement(document, "g", { "aria-label": "color scale" });
  const step = (bottom - top) / levels;
  for (let k = 0; k < levels; k++)
    group.appendChild(
      svgElement(document, "rect", {
        x: left,
        y: bottom - (k + 1) * step,
        width: 12,
        height: step + 0.3,
        fill: levelColor(k),
      }),
    );
  const at = (v: number) =>
    bottom - (Math.log(v / range[0]) / Math.log(range[1] / range[0])) * (bottom - top);
  const ticks = axisTicks(...range, { log: true });
  const text = (content: string, attributes: Record<string, string | number>) => {
    const element = svgElement(document, "text", attributes);
    element.textContent = content;
    group.appendChild(element);
  };
  for (const v of ticks.major) {
    group.appendChild(
      svgElement(document, "path", { d: `M${left + 12},${at(v)}h4`, stroke: "currentColor" }),
    );
    text(ticks.label(v), {
      x: left + 19,
      y: at(v),
      dy: "0.35em",
      "text-anchor": "start",
      "font-size": 12,
    });
  }
  text(label, {
    transform: `translate(${width - 4},${top}) rotate(-90)`,
    "text-anchor": "end",
    "font-size": fitSize(label, bottom - top, 13),
  });
  return group;
}
