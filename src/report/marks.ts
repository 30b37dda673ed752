import * as Plot from "@observablehq/plot";
import type { ResolvedAxis } from "./panel.ts";
import { plotSymbol } from "./symbols.ts";
import { mutedColor, pageColor } from "./theme.ts";

/** How a series is drawn. */
export interface MarkStyle {
  readonly color: string;
  readonly dash?: string;
  readonly symbol?: number;
  readonly open?: boolean;
}

type Point = readonly [x: number, y: number];

/** Brings a value into the axis, so that nothing is drawn outside the frame. */
export function clampTo({ domain: [low, high] }: ResolvedAxis, value: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Corners of a histogram's outline, closed down to the axis at both ends. */
export function outline(
  edges: readonly number[],
  values: readonly (number | null)[],
  { x, y }: { readonly x: ResolvedAxis; readonly y: ResolvedAxis },
): Point[] {
  const points: Point[] = [[edges[0], y.domain[0]]];
  values.forEach((value, i) => {
    if (edges[i + 1] <= x.domain[0] || edges[i] >= x.domain[1]) return;
    const height = clampTo(y, value ?? Number.NaN);
    points.push([edges[i], height], [edges[i + 1], height]);
  });
  points.push([edges[values.length], y.domain[0]]);
  return points.map(([px, py]) => [clampTo(x, px), py]);
}

/** A line through points; a NaN interrupts it. */
export function lineMark(
  points: readonly Point[],
  { color, dash = "none" }: MarkStyle,
  width = 1.8,
): Plot.Markish {
  return Plot.line(points, {
    x: (p: Point) => p[0],
    y: (p: Point) => p[1],
    stroke: color,
    strokeWidth: width,
    strokeDasharray: dash,
    strokeLinejoin: "miter",
  });
}

/** A shaded area between points and the lower end of the axis. */
export function areaMark(
  points: readonly Point[],
  { color }: MarkStyle,
  base: number,
): Plot.Markish {
  return Plot.areaY(points, {
    x: (p: Point) => p[0],
    y1: base,
    y2: (p: Point) => p[1],
    fill: color,
    fillOpacity: 0.22,
  });
}

/** A point with vertical bar [low, high] and, where given, the bin [from, to] it stands for. */
export interface ErrorPoint {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
  readonly from?: number;
  readonly to?: number;
}

/** Symbols with their error bars; points outside the axes are left out, bars end at the frame. */
export function pointMarks(
  points: readonly ErrorPoint[],
  axes: { readonly x: ResolvedAxis; readonly y: ResolvedAxis },
  { color, symbol = 0, open = false }: MarkStyle,
  radius = 3,
): Plot.Markish[] {
  const { x, y } = axes;
  const inside = (v: number, axis: ResolvedAxis) => v >= axis.domain[0] && v <= axis.domain[1];
  const known = points.filter((p) => Number.isFinite(p.y) && inside(p.x, x));
  const barred = known.filter(
    (p) => p.low <= y.domain[1] && p.high >= y.domain[0] && p.high > p.low,
  );
  const shown = known.filter((p) => inside(p.y, y));
  const binned = shown.filter((p) => p.from !== undefined && p.to !== undefined);
  return [
    Plot.ruleX(barred, {
      x: "x",
      y1: (p: ErrorPoint) => clampTo(y, p.low),
      y2: (p: ErrorPoint) => clampTo(y, p.high),
      stroke: color,
      strokeWidth: 1.3,
    }),
    Plot.ruleY(binned, {
      y: "y",
      x1: (p: ErrorPoint) => clampTo(x, p.from ?? p.x),
      x2: (p: ErrorPoint) => clampTo(x, p.to ?? p.x),
      stroke: color,
      strokeWidth: 1.3,
    }),
    Plot.dot(shown, {
      x: "x",
      y: "y",
      r: radius,
      symbol: plotSymbol(symbol),
      fill: open ? pageColor : color,
      stroke: color,
      strokeWidth: 1.4,
    }),
  ];
}

/** A horizontal line at a value, over the whole frame. */
export function levelMark(value: number, { color, dash = "none" }: MarkStyle): Plot.Markish {
  return Plot.ruleY([value], { stroke: color, strokeDasharray: dash, strokeWidth: 1.3 });
}

/** Shaded boxes, the uncertainty of a reference. */
export function bandMark(
  boxes: readonly {
    readonly from: number;
    readonly to: number;
    readonly low: number;
    readonly high: number;
  }[],
): Plot.Markish {
  return Plot.rect(boxes, {
    x1: "from",
    x2: "to",
    y1: "low",
    y2: "high",
    fill: mutedColor,
    fillOpacity: 0.25,
  });
}

/** Says that a figure is empty, which could otherwise be taken for a fault. */
export function noEntriesMark(): Plot.Markish {
  return Plot.text(["No entries"], { frameAnchor: "middle", fill: mutedColor, fontSize: 14 });
}
