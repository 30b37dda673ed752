import * as Plot from "@observablehq/plot";
import type { AxisData } from "./figure-data.ts";
import { drawLegend, fitSize, type LegendEntry, layOutLegend, textWidth } from "./legend.ts";
import { svgElement } from "./svg.ts";
import { axisTicks, type Ticks } from "./ticks.ts";

/** How figures are drawn. */
export interface RenderOptions {
  /** The page's document, or the one of `loadDocument()`. */
  readonly document: Document;
  /** Pixels of the drawing's own coordinates; text is 12 to 13 of them high. */
  readonly width?: number;
  readonly height?: number;
}

/** An axis whose range is settled. */
export interface ResolvedAxis extends AxisData {
  readonly domain: readonly [number, number];
  /** Ticks at whole numbers only. */
  readonly integer?: boolean;
}

export interface PanelOptions {
  readonly document: Document;
  readonly width: number;
  readonly height: number;
  readonly x: ResolvedAxis;
  readonly y: ResolvedAxis;
  readonly marks: readonly Plot.Markish[];
  readonly legend?: readonly LegendEntry[];
  readonly tag?: string | undefined;
  readonly marginRight?: number;
  /** Pixels left of the frame; by default what the labels of y need. */
  readonly marginLeft?: number;
  /** Names instead of numbers at y, one per unit from the top of the axis down. */
  readonly categories?: readonly string[];
  /** Draws tick labels and title of x; false in an upper panel. */
  readonly xLabels?: boolean;
  readonly yTickCount?: number;
}

/** A drawn frame with its axes, legend and marks, and the pixel position of values. */
export interface Panel {
  readonly svg: SVGElement;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  /** Of the whole drawing: what was asked for, and room for legend rows beyond the first. */
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const leastMarginLeft = 56;
/** Names at y have at most this share of the width. */
const mostNames = 0.4;

/**
 * Draws one frame in the manner of CMS figures: ticks inward on all four sides, axis titles at
 * their ends, legend and tag above the frame, where they cover nothing.
 */
export function drawPanel(options: PanelOptions): Panel {
  const { document, width, x, y, marks, tag, categories, xLabels = true } = options;
  const marginLeft = options.marginLeft ?? leftMargin(options);
  const marginRight = options.marginRight ?? 14;
  const frameWidth = width - marginLeft - marginRight;
  const legend = layOutLegend(options.legend ?? [], frameWidth + marginRight - 4);
  const height = options.height + Math.max(0, legend.height - 20);
  const tagHeight = tag ? 17 : 0;
  const marginTop = 8 + tagHeight + legend.height;
  const marginBottom = xLabels ? 39 : 8;
  const xTicks = axisTicks(...x.domain, { log: x.log === true, integer: x.integer === true });
  const yTicks = axisTicks(...y.domain, { log: y.log === true, count: options.yTickCount ?? 5 });
  const svg = Plot.plot({
    document,
    width,
    height,
    marginLeft,
    marginRight,
    marginTop,
    marginBottom,
    className: "forty",
    x: { type: x.log ? "log" : "linear", domain: [...x.domain], label: null, axis: null },
    y: { type: y.log ? "log" : "linear", domain: [...y.domain], label: null, axis: null },
    marks: [
      ...marks,
      Plot.frame({ stroke: "currentColor" }),
      ...xAxis(xTicks, xLabels),
      ...(categories ? nameAxis(categories, marginLeft - 12) : yAxis(yTicks)),
      xLabels
        ? axisTitle(x, frameWidth, { frameAnchor: "bottom-right", textAnchor: "end", dy: 34 })
        : null,
      categories
        ? null
        : axisTitle(y, height - marginTop - marginBottom, {
            frameAnchor: "top-left",
            textAnchor: "end",
            lineAnchor: "top",
            rotate: -90,
            dx: -(marginLeft - 4),
          }),
    ],
  }) as unknown as SVGElement & Plot.Plot;
  svg.appendChild(drawLegend(document, legend, { x: marginLeft, y: 4 + tagHeight }));
  if (tag) {
    const text = svgElement(document, "text", {
      x: marginLeft,
      y: 14,
      "text-anchor": "start",
      "font-weight": "bold",
      "font-size": 12,
    });
    text.textContent = tag;
    svg.appendChild(text);
  }
  const scale = (name: "x" | "y") => {
    const { apply } = svg.scale(name) as { apply: (value: number) => number };
    return apply;
  };
  return {
    svg,
    x: scale("x"),
    y: scale("y"),
    height,
    left: marginLeft,
    top: marginTop,
    right: width - marginRight,
    bottom: height - marginBottom,
  };
}

/** Room for the title of y beside its longest tick label, or for the names. */
function leftMargin({ width, y, categories, yTickCount = 5 }: PanelOptions): number {
  if (categories) {
    const longest = Math.max(...categories.map((name) => textWidth(name)));
    return Math.min(mostNames * width, longest + 16);
  }
  const { major, label } = axisTicks(...y.domain, { log: y.log === true, count: yTickCount });
  const longest = Math.max(0, ...major.map((value) => textWidth(label(value))));
  return Math.max(leastMarginLeft, longest + 26);
}

/** "p_{T} [GeV]": the label with its unit. */
export function withUnit({ label, unit }: AxisData): string {
  return unit ? `${label} [${unit}]` : label;
}

function axisTitle(axis: AxisData, room: number, options: Plot.TextOptions): Plot.Markish {
  const fontSize = fitSize(withUnit(axis), room, 13);
  return Plot.text([withUnit(axis)], { fontSize, fill: "currentColor", ...options });
}

function xAxis({ major, minor, label }: Ticks, labels: boolean): Plot.Markish[] {
  const bare = { fill: "none", label: null } as const;
  return [
    Plot.axisX(minor, { ...bare, tickSize: -3 }),
    Plot.axisX(minor, { ...bare, tickSize: -3, anchor: "top" }),
    Plot.axisX(major, { ...bare, tickSize: -6, anchor: "top" }),
    Plot.axisX(major, { ...bare, tickSize: -6 }),
    labels ? Plot.axisX(major, { ...texts, text: label }) : null,
  ];
}

function yAxis({ major, minor, label }: Ticks): Plot.Markish[] {
  const bare = { fill: "none", label: null } as const;
  return [
    Plot.axisY(minor, { ...bare, tickSize: -3 }),
    Plot.axisY(minor, { ...bare, tickSize: -3, anchor: "right" }),
    Plot.axisY(major, { ...bare, tickSize: -6, anchor: "right" }),
    Plot.axisY(major, { ...bare, tickSize: -6 }),
    Plot.axisY(major, { ...texts, text: label }),
  ];
}

/** Name k stands beside y = -(k + 1/2). */
function nameAxis(names: readonly string[], room: number): Plot.Markish[] {
  return names.map((name, k) =>
    Plot.text([name], {
      frameAnchor: "left",
      y: [-(k + 0.5)],
      dx: -8,
      textAnchor: "end",
      fontSize: fitSize(name, room, 12),
      fill: "currentColor",
    }),
  );
}

const texts = { stroke: "none", label: null, tickSize: 0, tickPadding: 6, fontSize: 12 } as const;

/** Puts panels of equal width below each other into one drawing. */
export function stackPanels(
  document: Document,
  panels: readonly Panel[],
): { readonly svg: SVGElement; readonly height: number } {
  const outer = svgElement(document, "svg", {});
  let y = 0;
  for (const { svg, height } of panels) {
    const group = svgElement(document, "g", {
      transform: `translate(0,${y})`,
      "text-anchor": "middle",
    });
    for (const child of Array.from(svg.childNodes)) group.appendChild(child);
    outer.appendChild(group);
    y += height;
  }
  return { svg: outer, height: y };
}
