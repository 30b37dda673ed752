/**
 * Rows of text in aligned columns, two blanks apart, without borders. Columns of numbers
 * (with uncertainty, percent sign or separators) are aligned to the right.
 */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = (i: number) => Math.max(...[header, ...rows].map((row) => row[i].length));
  const isNumeric = (i: number) =>
    rows.length > 0 && rows.every((row) => row[i] === "" || /^[-+±\d.,()%e ]+$/.test(row[i]));
  const columns = header.map((_, i) => ({ width: width(i), right: isNumeric(i) }));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) =>
        columns[i].right ? cell.padStart(columns[i].width) : cell.padEnd(columns[i].width),
      )
      .join("  ")
      .trimEnd();
  return [header, ...rows].map(line).join("\n");
}

/** A count with thousands separators: 1,336,160. */
export function countText(n: number): string {
  return n.toLocaleString("en-US");
}

/** A number to six significant digits, without trailing zeros. */
export function numberText(x: number): string {
  return Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(6)));
}

/** Longest text shown in full, characters. */
const shownCharacters = 200;

/** A text cut to 200 characters, with its length where it was longer. */
export function shortened(text: string): string {
  if (text.length <= shownCharacters) return text;
  return `${text.slice(0, shownCharacters)} ... (${countText(text.length)} characters)`;
}
