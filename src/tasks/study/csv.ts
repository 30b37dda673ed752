import { plainText, type TableData } from "../../report/index.ts";

/** A table as CSV, full precision; a measured column is followed by its uncertainties. */
export function csvOf({ columns, rows }: TableData): string {
  const isMeasured = columns.map((_, j) =>
    rows.some((row) => row[j] !== null && typeof row[j] === "object"),
  );
  const head = columns.flatMap(({ name, unit }, j) => {
    const title = quoted(plainText(unit ? `${name} [${unit}]` : name));
    return isMeasured[j]
      ? [title, quoted(`${plainText(unit ? `${name} [${unit}]` : name)} uncertainty`)]
      : [title];
  });
  const body = rows.map((row) =>
    columns.flatMap((_, j) => {
      const cell = row[j] ?? null;
      if (cell !== null && typeof cell === "object") return [cell.value, cell.uncertainty];
      const text = cell === null ? "" : typeof cell === "string" ? quoted(plainText(cell)) : cell;
      return isMeasured[j] ? [text, ""] : [text];
    }),
  );
  return [head, ...body].map((line) => `${line.join(",")}\n`).join("");
}

const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
