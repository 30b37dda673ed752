/** Rows of cells as lines with aligned columns; a column is as wide as its longest cell. */
export function columns(rows: readonly (readonly string[])[], indent: string): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) =>
    `${indent}${row.map((c, i) => c.padEnd(widths[i])).join(" ")}`.trimEnd(),
  );
}

/** Items with commas between, in lines of at most `width` characters. */
export function wrapped(items: readonly string[], indent: string, width = 100): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const [i, item] of items.entries()) {
    const text = i < items.length - 1 ? `${item},` : item;
    if (line !== indent && line.length + 1 + text.length > width) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? text : ` ${text}`;
  }
  if (line !== indent) lines.push(line);
  return lines;
}

/** Lines of a comment, long ones broken between words. */
export function comment(lines: readonly string[], mark = "//"): string[] {
  return lines.flatMap((line) => {
    const hanging = /^ */.exec(line)![0];
    const out: string[] = [];
    let current = hanging;
    for (const word of line.trim().split(" ")) {
      if (current !== hanging && mark.length + current.length + word.length + 2 > 100) {
        out.push(current);
        current = `${hanging}  `;
      }
      current += current.trim() === "" ? word : ` ${word}`;
    }
    return [...out, current].map((text) => `${mark} ${text}`.trimEnd());
  });
}
