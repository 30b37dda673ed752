import type { Measured } from "../stats/index.ts";
import { formatMeasured, formatNumber } from "./format.ts";
import { escapeHtml, plainText, richHtml } from "./rich-text.ts";

/** Text, number, number with uncertainty, or nothing. */
export type Cell = string | number | Measured | null;

export interface TableColumn {
  readonly name: string;
  readonly unit?: string;
  /** Which end is best; the best cells are highlighted. */
  readonly best?: "min" | "max";
}

/** A table as data; the first column names the row. */
export interface TableData {
  readonly title: string;
  readonly caption?: string;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly Cell[])[];
  /** Rows (from 0) that are compared against, not candidates for the highlight. */
  readonly reference?: readonly number[];
}

/** The table as HTML with its number, numerals aligned at the point and at ±. */
export function renderTable(table: TableData, number: number): string {
  const { title, caption, columns, rows, reference = [] } = table;
  const bodies = columns.map((column, j) => {
    const cells = rows.map((row) => row[j] ?? null);
    return columnCells(cells, bestRows(column, cells, reference));
  });
  const head = columns.map(({ name, unit }, j) => {
    const numeric = rows.some((row) => row[j] !== null && typeof row[j] !== "string");
    const shown = `${richHtml(name)}${unit ? ` <small>[${richHtml(unit)}]</small>` : ""}`;
    return `<th scope="col"${numeric ? ' class="number"' : ""}>${shown}</th>`;
  });
  const body = rows.map((_, i) => {
    const cells = bodies.map((cell, j) =>
      j === 0 ? cell[i].replace(/^<td/, '<th scope="row"').replace(/td>$/, "th>") : cell[i],
    );
    return `<tr${reference.includes(i) ? ' class="reference"' : ""}>${cells.join("")}</tr>`;
  });
  const marked = columns.some((c) => c.best)
    ? ' <span class="n">Bold: best, or within one standard uncertainty of it.</span>'
    : "";
  return `<div class="table"><p class="caption" id="table-${number}"><b>Table ${number}: ${richHtml(title)}.</b> ${caption ? richHtml(caption) : ""}${marked} <button type="button" class="save" data-save="csv" data-name="table-${number}" hidden>CSV</button></p><div class="scroll" role="region" aria-labelledby="table-${number}" tabindex="0"><table data-columns="${escapeHtml(csvHead(columns))}"><thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table></div></div>`;
}

function csvHead(columns: readonly TableColumn[]): string {
  return JSON.stringify(
    columns.map(({ name, unit }) => plainText(unit ? `${name} [${unit}]` : name)),
  );
}

/** Rows whose value is best or closer to the best than their combined uncertainty. */
function bestRows(
  { best }: TableColumn,
  cells: readonly Cell[],
  reference: readonly number[],
): ReadonlySet<number> {
  const known = cells.flatMap((cell, row) => {
    const measured = asMeasured(cell);
    return measured && Number.isFinite(measured.value) && !reference.includes(row)
      ? [{ row, ...measured }]
      : [];
  });
  if (!best || known.length < 2) return new Set();
  const winner = known.reduce((a, b) =>
    (best === "min" ? b.value < a.value : b.value > a.value) ? b : a,
  );
  const near = known.filter(
    (k) =>
      Math.abs(k.value - winner.value) <= Math.hypot(k.uncertainty || 0, winner.uncertainty || 0),
  );
  return new Set(near.map((k) => k.row));
}

function asMeasured(cell: Cell): Measured | null {
  if (typeof cell === "number") return { value: cell, uncertainty: 0 };
  return cell !== null && typeof cell === "object" ? cell : null;
}

/** Cells of one column, padded so that points and ± signs stand below each other. */
function columnCells(cells: readonly Cell[], best: ReadonlySet<number>): string[] {
  const shown = cells.map((cell) => {
    const measured = asMeasured(cell);
    if (!measured) return null;
    return typeof cell === "number"
      ? { value: formatNumber(cell), uncertainty: "" }
      : formatMeasured(measured);
  });
  const decimals = (text: string) => (text.includes(".") ? text.length - text.indexOf(".") : 0);
  const deepest = Math.max(0, ...shown.map((s) => (s ? decimals(s.value) : 0)));
  const widest = Math.max(0, ...shown.map((s) => s?.uncertainty.length ?? 0));
  return cells.map((cell, i) => {
    const text = shown[i];
    if (!text) {
      const plain = String(cell ?? "");
      const isWord = plain !== "" && plain.length < 16 && !plain.includes(" ");
      return `<td${isWord ? ' class="word"' : ""}>${richHtml(plain)}</td>`;
    }
    const measured = asMeasured(cell) as Measured;
    const data = ` data-value="${measured.value}"${text.uncertainty ? ` data-uncertainty="${measured.uncertainty}"` : ""}`;
    // A missing point is as wide as a punctuation space, a missing digit as a figure space.
    const missing = deepest - decimals(text.value);
    const fill =
      missing === deepest && deepest > 0
        ? `\u2008${"\u2007".repeat(missing - 1)}`
        : "\u2007".repeat(missing);
    const uncertainty = text.uncertainty
      ? ` <span class="pm">± ${text.uncertainty.padEnd(widest, "\u2007")}</span>`
      : widest > 0
        ? ` <span class="pm blank" aria-hidden="true">± ${"0".repeat(widest)}</span>`
        : "";
    return `<td class="number${best.has(i) ? " best" : ""}"${data}>${text.value}${fill}${uncertainty}</td>`;
  });
}
