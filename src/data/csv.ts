import { createReadStream } from "node:fs";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { FormatError } from "../base/errors.ts";
import { gzipError, type TableFormat } from "./detect.ts";
import { type Database, sqlName, sqlText } from "./duckdb.ts";
import type { ColumnType } from "./table.ts";

/** What the first line of a CSV file says. */
export interface CsvHeader {
  readonly names: readonly string[];
  /** The one of `,` `;` tab `|` that comes most often in the header line. */
  readonly delimiter: string;
}

/**
 * Reads the header line. `FormatError` where it is not one: all cells are numbers, a name is empty
 * or comes twice (case ignored, as SQL does).
 */
export function csvHeader(path: string, head: string): CsvHeader {
  const line = head.replace(/^\ufeff/, "").match(/^(?:"(?:[^"]|"")*"|[^"\r\n])*/)?.[0] ?? "";
  const count = (d: string) => line.split(d).length;
  const delimiter = [",", ";", "\t", "|"].reduce((a, b) => (count(b) > count(a) ? b : a));
  const names = splitCells(line, delimiter);
  if (names.every((name) => name.trim() !== "" && !Number.isNaN(Number(name))))
    throw new FormatError(
      `${path}: the first line must name the columns, got numbers: ${line.slice(0, 60)}; add a header line`,
    );
  const seen = new Set<string>();
  names.forEach((name, i) => {
    if (name === "")
      throw new FormatError(`${path}: column ${i + 1} has no name in the header line`);
    if (seen.has(name.toLowerCase()))
      throw new FormatError(`${path}: two columns are called "${name}" (case ignored); rename one`);
    seen.add(name.toLowerCase());
  });
  return { names, delimiter };
}

function splitCells(line: string, delimiter: string): string[] {
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '"') {
      if (quoted && line[i + 1] === '"') cell += line[++i];
      else quoted = !quoted;
    } else if (line[i] === delimiter && !quoted) {
      cells.push(cell);
      cell = "";
    } else cell += line[i];
  }
  return [...cells, cell];
}

const cellTypes = {
  float64: "DOUBLE",
  float32: "FLOAT",
  int32: "INTEGER",
  int64: "BIGINT",
  bool: "BOOLEAN",
  string: "VARCHAR",
} as const satisfies Record<ColumnType, string>;

/** The SQL source that reads a CSV file with the given type per column; nothing is guessed. */
export function csvSource(
  sqlPath: string,
  format: TableFormat,
  { names, delimiter }: CsvHeader,
  types: readonly ColumnType[],
): string {
  const columns = names.map((name, i) => `${sqlText(name)}: '${cellTypes[types[i]]}'`);
  return `read_csv(${sqlPath}, auto_detect = false, header = true, delim = ${sqlText(delimiter)},
    quote = '"', escape = '"', hive_partitioning = false,
    compression = '${format === "csv.gz" ? "gzip" : "none"}', columns = {${columns.join(", ")}})`;
}

/**
 * Types of CSV columns from every cell of the file (a sample would guess wrong in long files), and
 * the number of data rows. Columns that are not `needed` are left as strings. Empty cells are
 * missing and fit every type; an all-empty column is float64.
 */
export async function inferTypes(
  db: Database,
  textSource: string,
  names: readonly string[],
  needed: (name: string) => boolean,
): Promise<{ rows: number; types: ColumnType[] }> {
  const asked = names.filter(needed);
  const facts = await perColumn(db, textSource, asked, (x) => [
    `count(${x})`,
    `count(TRY_CAST(${x} AS DOUBLE))`,
    `max(abs(TRY_CAST(${x} AS DOUBLE)))`,
    `bool_or(contains(${x}, '.') OR contains(${x}, 'e') OR contains(${x}, 'E'))`,
  ]);
  const types = new Map(asked.map((name, i) => [name, typeOf(facts.columns[i])]));
  const texts = asked.filter((name) => types.get(name) === "string");
  if (texts.length > 0) {
    const words = await perColumn(db, textSource, texts, (x) => [
      `bool_and(${x} IN ('true', 'false', 'True', 'False', 'TRUE', 'FALSE'))`,
    ]);
    texts.forEach((name, i) => {
      if (words.columns[i][0] === true) types.set(name, "bool");
    });
  }
  return { rows: facts.rows, types: names.map((n) => types.get(n) ?? "string") };
}

/** Aggregates over each column in one pass, and the number of rows. */
async function perColumn(
  db: Database,
  source: string,
  names: readonly string[],
  aggregates: (x: string) => string[],
): Promise<{ rows: number; columns: unknown[][] }> {
  const lists = names.map((name) => aggregates(sqlName(name)));
  const [[rows, ...facts]] = await db.rows(
    `SELECT ${["count(*)", ...lists.flat()]} FROM ${source}`,
  );
  const width = facts.length / names.length;
  return {
    rows: Number(rows),
    columns: names.map((_, i) => facts.slice(i * width, (i + 1) * width)),
  };
}

function typeOf([filled, numbers, largest, hasPoint]: unknown[]): ColumnType {
  if (Number(numbers) < Number(filled)) return "string";
  if (Number(filled) === 0 || hasPoint === true) return "float64";
  if (Number(largest) < 2 ** 31) return "int32"; // NaN and infinity are not below
  return Number(largest) < 2 ** 63 ? "int64" : "float64";
}

/** Decompresses a gzip file to nothing: DuckDB checks neither its end nor its checksum. */
export async function verifyGzip(path: string): Promise<void> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const chunkSize = 1 << 20;
  await pipeline(
    createReadStream(path, { highWaterMark: chunkSize }),
    createGunzip({ chunkSize }),
    nowhere,
  ).catch((cause) => {
    throw gzipError(path, cause);
  });
}

/** Says in one line what DuckDB found wrong in a CSV file; null where it is something else. */
export function csvError(path: string, message: string): FormatError | null {
  const line = message.match(/CSV Error on Line: (\d+)/)?.[1];
  if (line === undefined) return null;
  const cells = message.match(/Expected Number of Columns: (\d+) Found: (\d+)/);
  const text = message.match(/Original Line: (.*)/)?.[1].slice(0, 80);
  if (cells !== null)
    return new FormatError(
      `${path}: line ${line} has ${cells[2]} cells, the header has ${cells[1]}: ${text}`,
    );
  if (message.includes("unterminated quote"))
    return new FormatError(`${path}: line ${line} opens a quote that never closes: ${text}`);
  if (message.includes("Invalid unicode"))
    return new FormatError(`${path}: line ${line} is not UTF-8 text: ${text}; convert the file`);
  return new FormatError(`${path}: line ${line} is not valid CSV: ${text}`);
}
