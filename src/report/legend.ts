import { plainText } from "./rich-text.ts";
import { svgElement } from "./svg.ts";

/** One line of a legend and how its sample looks. */
export interface LegendEntry {
  readonly name: string;
  readonly color: string;
  readonly dash?: string;
  /** Sample: a line, a shaded box, or a symbol (with a line through it where `dash` is set). */
  readonly sample: "line" | "fill" | "symbol";
  /** SVG path of the symbol, centered at 0. */
  readonly symbol?: string;
  readonly open?: boolean;
}

const rowHeight = 16;
const sampleWidth = 24;
const fontSize = 12;

/** Width of a text in pixels, estimated from above for a Helvetica-like font. */
export function textWidth(label: string, size = fontSize): number {
  let em = 0;
  for (const c of plainText(label))
    em += /[iljtf.,:;|()[\] ']/.test(c) ? 0.32 : /[mwMW±]/.test(c) ? 0.86 : 0.58;
  return em * size;
}

/** A legend broken into rows no wider than the frame, so that it never covers data. */
export function layOutLegend(
  entries: readonly LegendEntry[],
  width: number,
): { readonly rows: readonly (readonly LegendEntry[])[]; readonly height: number } {
  const rows: LegendEntry[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const need = entryWidth(entry);
    if (used + need > width) {
      rows.push([]);
      used = 0;
    }
    rows[rows.length - 1].push(entry);
    used += need;
  }
  return { rows, height: rows.length * rowHeight + (rows.length > 0 ? 4 : 0) };
}

function entryWidth({ name }: LegendEntry): number {
  return sampleWidth + 6 + textWidth(name) + 14;
}

/** Draws laid-out rows with their top left corner at (x, y). */
export function drawLegend(
  document: Document,
  rows: readonly (readonly LegendEntry[])[],
  { x, y }: { readonly x: number; readonly y: number },
): SVGElement {
  const group = svgElement(document, "g", { "aria-label": "legend" });
  rows.forEach((row, r) => {
    let left = x;
    for (const entry of row) {
      const middle = y + r * rowHeight + rowHeight / 2;
      for (const sample of samples(document, entry, left, middle)) group.appendChild(sample);
      const text = svgElement(document, "text", {
        x: left + sampleWidth + 6,
        y: middle,
        dy: "0.35em",
        "font-size": fontSize,
        "text-anchor": "start",
        fill: "currentColor",
      });
      text.textContent = entry.name;
      group.appendChild(text);
      left += entryWidth(entry);
    }
  });
  return group;
}

function samples(document: Document, entry: LegendEntry, x: number, y: number): SVGElement[] {
  const { color, sample } = entry;
  if (sample === "fill")
    return [
      svgElement(document, "rect", {
        x: x + 1,
        y: y - 5,
        width: sampleWidth - 2,
        height: 10,
        fill: color,
        "fill-opacity": 0.22,
        stroke: color,
      }),
    ];
  const line = svgElement(document, "path", {
    d: `M${x},${y}h${sampleWidth}`,
    stroke: color,
    "stroke-width": 1.8,
    "stroke-dasharray": entry.dash ?? "none",
    fill: "none",
  });
  if (sample === "line") return [line];
  const mark = svgElement(document, "path", {
    d: entry.symbol ?? "",
    transform: `translate(${x + sampleWidth / 2},${y})`,
    fill: entry.open ? "var(--forty-page, #ffffff)" : color,
    stroke: color,
    "stroke-width": 1.5,
  });
  return entry.dash ? [line, mark] : [mark];
}
