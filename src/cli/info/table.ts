import { CancelledError } from "../../base/errors.ts";
import { type Column, inspectTable, readBatches } from "../../data/index.ts";
import type { Description } from "../info.ts";
import type { Session } from "../session.ts";
import { countText, numberText, shortened, textTable } from "../text-table.ts";

/** What the values of a column span. Missing entries and infinities are counted apart. */
interface Span {
  missing: number;
  infinite: number;
  min: number;
  max: number;
  /** The first different texts, one more than are shown. */
  readonly texts: Set<string>;
}

/** Different texts of a column that are listed. */
const shownTexts = 4;

/** Rows, columns, types, units, missing entries and ranges of a table file, from all its rows. */
export async function describeTable(session: Session, path: string): Promise<Description> {
  const table = await inspectTable(path);
  const spans = table.columns.map((): Span => {
    return { missing: 0, infinite: 0, min: Infinity, max: -Infinity, texts: new Set() };
  });
  const names = table.columns.map((c) => c.name);
  const progress = session.progress("info", table.rows);
  let rows = 0;
  if (table.rows > 0 && names.length > 0)
    for await (const batch of readBatches(path, { columns: names })) {
      batch.columns.forEach((column, i) => {
        addColumn(spans[i], column);
      });
      rows += batch.rows;
      progress.update(rows);
      if (session.signal.aborted) throw new CancelledError("info: cancelled");
    }
  progress.finish();
  const columns = table.columns.map((column, i) => ({ ...column, ...plainSpan(spans[i]) }));
  const { format, nested, metadata } = table;
  const lines = [
    `${path}: ${format}, ${countText(table.rows)} rows, ${columns.length} columns`,
    textTable(
      ["column", "type", "unit", "missing", "range"],
      table.columns.map(({ name, type, unit }, i) => [
        name,
        type,
        unit ?? "",
        countText(spans[i].missing),
        rangeText(spans[i]),
      ]),
    ),
    ...(nested.length > 0 ? [`more than one value a row: ${nested.join(", ")}`] : []),
    ...Object.entries(metadata)
      .filter(([key]) => key !== "forty.units") // shown with the columns
      .map(([key, value]) => `${key}: ${shortened(value)}`),
  ];
  return {
    text: lines.join("\n"),
    data: { file: path, format, rows: table.rows, columns, nested, metadata },
  };
}

function addColumn(span: Span, { values, missing }: Column): void {
  if (Array.isArray(values)) {
    values.forEach((text, i) => {
      if (missing?.[i]) span.missing++;
      else if (span.texts.size <= shownTexts) span.texts.add(text);
    });
    return;
  }
  for (let i = 0; i < values.length; i++) {
    const x = Number(values[i]);
    if (Number.isNaN(x)) span.missing++;
    else if (Math.abs(x) === Infinity) span.infinite++;
    else {
      if (x < span.min) span.min = x;
      if (x > span.max) span.max = x;
    }
  }
}

function plainSpan({ missing, infinite, min, max, texts }: Span): object {
  if (texts.size > 0) return { missing, values: [...texts].slice(0, shownTexts) };
  const range = min <= max ? { min, max } : {};
  return { missing, ...(infinite > 0 ? { infinite } : {}), ...range };
}

function rangeText({ infinite, min, max, texts }: Span): string {
  if (texts.size > 0) {
    const shown = [...texts].slice(0, shownTexts).join(", ");
    return texts.size > shownTexts ? `${shown}, ...` : shown;
  }
  const range = min <= max ? `${numberText(min)} to ${numberText(max)}` : "";
  return infinite > 0 ? `${range} and ${countText(infinite)} infinite`.trim() : range;
}
