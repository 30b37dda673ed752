import { ConfigError, DataError } from "../base/errors.ts";
import { type ColumnInfo, type DatabaseOptions, openDatabase } from "./duckdb.ts";
import { openSource, readError, type Source } from "./source.ts";
import { type Table, unknownColumn } from "./table.ts";

export interface ReadOptions extends DatabaseOptions {
  /** Columns to read, in this order; all where not given. */
  readonly columns?: readonly string[] | undefined;
  /** Selection as an SQL condition over any columns of the file: `pt > 5 AND abs(eta) < 2.4`. */
  readonly where?: string | undefined;
  /** At most this many rows, the first that pass the selection. */
  readonly limit?: number | undefined;
}

/** What `inspectTable` tells: format, rows, columns, units and metadata of a file. */
export type TableInfo = Omit<Source, "sql">;

/**
 * Reads a .csv, .csv.gz or .parquet file into memory, rows in file order.
 *
 * CSV types come from all cells: integers become int32 or int64, empty cells are missing; units are
 * unknown (null). Unsigned and 64-bit Parquet integers become int64, dates text.
 * @throws FormatError for a missing, misnamed, foreign or broken file; DataError for a missing or
 * nested column, an unusable selection, or no row left.
 */
export async function readTable(path: string, options: ReadOptions = {}): Promise<Table> {
  for await (const table of readBatches(path, { ...options, batchRows: Number.POSITIVE_INFINITY }))
    return table;
  throw new DataError(`${path}: no rows`);
}

/**
 * Reads a file as consecutive tables of `batchRows` rows (default 65,536; the last one shorter) in
 * file order and bounded memory. An integer column is an Int32Array in batches without a missing
 * entry and a Float64Array in others; its `type` stays. Throws as `readTable` does.
 */
export async function* readBatches(
  path: string,
  options: ReadOptions & { readonly batchRows?: number } = {},
): AsyncGenerator<Table> {
  const { columns, where, limit, batchRows = 65_536 } = options;
  requireCount("limit", limit);
  requireCount("batchRows", batchRows);
  const db = await openDatabase(options);
  try {
    const condition = where?.trim() ? where : undefined;
    const source = await openSource(db, path, neededBy(columns, condition));
    const chosen = chooseColumns(source, columns);
    const filter = condition === undefined ? "" : ` WHERE (${condition}\n)`;
    if (condition !== undefined) {
      await db.describe(`SELECT * FROM ${source.sql}${filter}`).catch((cause: Error) => {
        throw selectionError(source, condition, cause);
      });
    }
    const tail = `${source.sql}${filter}${limit === undefined ? "" : ` LIMIT ${limit}`}`;
    let rows = 0;
    for await (const batch of db.select(chosen, tail, batchRows)) {
      rows += batch.rows;
      yield batch;
    }
    if (source.rows === 0)
      throw new DataError(`${path}: holds ${source.columns.length} columns but no rows`);
    if (rows === 0)
      throw new DataError(
        `${path}: no row passes "${condition}" (${source.rows} rows before); loosen the selection`,
      );
  } catch (cause) {
    throw readError(path, cause);
  } finally {
    db.close();
  }
}

/** Format, rows, column types, units and metadata of a file, without its rows. */
export async function inspectTable(
  path: string,
  options: DatabaseOptions = {},
): Promise<TableInfo> {
  const db = await openDatabase(options);
  try {
    const { sql: _, ...info } = await openSource(db, path);
    return info;
  } finally {
    db.close();
  }
}

/** Which columns a read looks at: typing the others of a CSV file would be for nothing. */
function neededBy(columns: readonly string[] | undefined, where: string | undefined) {
  if (columns === undefined) return () => true;
  const condition = where?.toLowerCase() ?? "";
  return (name: string) => columns.includes(name) || condition.includes(name.toLowerCase());
}

/** An unusable selection; names the text columns in it, as comparing those with numbers fails. */
function selectionError({ path, columns }: Source, condition: string, cause: Error): DataError {
  const texts = columns.filter((c) => c.type === "string" && condition.includes(c.name));
  const hint = texts.length > 0 ? `; columns of text: ${texts.map((c) => c.name).join(", ")}` : "";
  return new DataError(`${path}: cannot select "${condition}": ${cause.message}${hint}`, { cause });
}

function chooseColumns(source: Source, names: readonly string[] | undefined): ColumnInfo[] {
  const { path, columns, nested } = source;
  if (names === undefined) {
    if (nested.length > 0)
      throw new DataError(
        `${path}: columns that hold more than one value a row: ${nested.join(", ")}; choose columns among ${columns.map((c) => c.name).join(", ")}`,
      );
    return [...columns];
  }
  return names.map((name) => {
    const found = columns.find((c) => c.name === name);
    if (found !== undefined) return found;
    const list = nested.find((text) => text.startsWith(`${name} (`));
    if (list !== undefined)
      throw new DataError(
        `${path}: column ${list} holds more than one value a row; choose another`,
      );
    throw unknownColumn(
      path,
      name,
      columns.map((c) => c.name),
    );
  });
}

function requireCount(name: string, value: number | undefined): void {
  const usable =
    value === undefined ||
    value === Number.POSITIVE_INFINITY ||
    (Number.isInteger(value) && value > 0);
  if (!usable)
    throw new ConfigError(`readTable.${name}: expected a whole number > 0, got ${value}`);
}
