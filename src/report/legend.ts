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
  /** Begins a new row, to keep groups apart. */
  readonly startsRow?: boolean;
}

const rowHeight = 16;
const fontSize = 12;

/** Width of a text in pixels, estimated from above for a Helvetica-like font. */
export function textWidth(label: string, size = fontSize): number {
  let em = 0;
  for (const c of plainText(label))
    em += /[iljtf.,:;|()[\]\s']/.test(c) ? 0.32 : /[mwMW±]/.test(c) ? 0.86 : 0.58;
  return em * size;
}

/** The size at which a label fits into `room` pixels, at most `size` and at least 8. */
export function fitSize(label: string, room: number, size: number): number {
  return Math.max(8, Math.min(size, Math.floor((10 * size * room) / textWidth(label, size)) / 10));
}

/** One line of text in the legend; a continued line has no sample. */
interface Item {
  readonly text: string;
  readonly left: number;
  readonly row: number;
  readonly entry: LegendEntry | null;
}

/** Where everything in a legend goes, relative to its top left corner. */
export interface LegendLayout {
  readonly items: readonly Item[];
  readonly height: number;
}

/**
 * A legend in rows no wider than `width` pixels, so that it can stand above the frame and never
 * covers data; a name too long for one row is broken between words.
 */
export function layOutLegend(entries: readonly LegendEntry[], width: number): LegendLayout {
  const items: Item[] = [];
  let row = -1;
  let used = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const indent = sampleWidth(entry) + 6;
    const lines = breakLines(entry.name, width - indent);
    if (used + indent + textWidth(lines[0]) > width || entry.startsRow || lines.length > 1) {
      row++;
      used = 0;
    }
    lines.forEach((text, i) => {
      items.push({ text, left: used + indent, row: row + i, entry: i === 0 ? entry : null });
    });
    row += lines.length - 1;
    used = lines.length > 1 ? Number.POSITIVE_INFINITY : used + indent + textWidth(lines[0]) + 14;
  }
  return { items, height: row < 0 ? 0 : (row + 1) * rowHeight + 4 };
}

function breakLines(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = lines.length > 0 ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length > 0 && textWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** A symbol without a line needs less room. */
function sampleWidth({ sample, dash }: LegendEntry): number {
  return sample === "symbol" && !dash ? 12 : 24;
}

/** Draws a laid-out legend with its top left corner at (x, y). */
export function drawLegend(
  document: Document,
  { items }: LegendLayout,
  { x, y }: { readonly x: number; readonly y: number },
): SVGElement {
  const group = svgElement(document, "g", { "aria-label": "legend" });
  for (const { text, left, row, entry } of items) {
    const middle = y + row * rowHeight + rowHeight / 2;
    if (entry) {
      const from = x + left - 6 - sampleWidth(entry);
      for (const sample of samples(document, entry, from, middle)) group.appendChild(sample);
    }
    const label = svgElement(document, "text", {
      x: x + left,
      y: middle,
      dy: "0.35em",
      "font-size": fontSize,
      "text-anchor": "start",
      fill: "currentColor",
    });
    label.textContent = text;
    group.appendChild(label);
  }
  return group;
}

function samples(document: Document, entry: LegendEntry, x: number, y: number): SVGElement[] {
  const { color, sample } = entry;
  const width = sampleWidth(entry);
  if (sample === "fill")
    return [
      svgElement(document, "rect", {
        x: x + 1,
        y: y - 5,
        width: width - 2,
        height: 10,
        fill: color,
        "fill-opacity": 0.22,
        stroke: color,
      }),
    ];
  const line = svgElement(document, "path", {
    d: `M${x},${y}h${width}`,
    stroke: color,
    "stroke-width": 1.8,
    "stroke-dasharray": entry.dash ?? "none",
    fill: "none",
  });
  if (sample === "line") return [line];
  const mark = svgElement(document, "path", {
    d: entry.symbol ?? "",
    transform: `translate(${x + width / 2},${y})`,
    fill: entry.open ? "var(--forty-page, #ffffff)" : color,
    stroke: color,
    "stroke-width": 1.5,
  });
  return entry.dash ? [line, mark] : [mark];
}
