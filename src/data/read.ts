import { ConfigError, DataError } from "../base/errors.ts";
import { formatOfName } from "./detect.ts";
import { type ColumnInfo, type Database, type DatabaseOptions, openDatabase } from "./duckdb.ts";
import { regroup } from "./regroup.ts";
import { openRootTable } from "./root-table.ts";
import { rowFilter } from "./row-filter.ts";
import { missingColumn, openSource, readError, type Source, selectionError } from "./source.ts";
import { selectColumns, selectRows, type Table } from "./table.ts";

export interface ReadOptions extends DatabaseOptions {
  /** Columns to read, in this order; all where not given. */
  readonly columns?: readonly string[] | undefined;
  /** Selection as an SQL condition over any columns of the file: `pt > 5 AND abs(eta) < 2.4`. */
  readonly where?: string | undefined;
  /** At most this many rows, the first that pass the selection. */
  readonly limit?: number | undefined;
  /** ROOT: a jagged collection ("Muon") whose objects are the rows, columns of the entry repeated. */
  readonly explode?: string | undefined;
  /** That no row is left is no error; default it is. */
  readonly allowEmpty?: boolean | undefined;
}

/** What `inspectTable` tells: format, rows, columns, units and metadata of a file. */
export type TableInfo = Omit<Source, "sql">;

/** Values of a ROOT tree read at a time where rows are filtered or exploded. */
const valuesAtOnce = 1 << 22;

/**
 * Reads a .csv, .csv.gz, .parquet or .root file into memory, rows in file order.
 *
 * CSV types come from all cells: integers become int32 or int64, empty cells are missing; units are
 * unknown (null). Unsigned and 64-bit Parquet integers become int64, dates text. Of a ROOT file one
 * tree is read, the only one, "Events" or that of "file.root:tree"; its jagged branches are left out, and
 * uint32 and uint64 become int64.
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
  const { where, limit, batchRows = 65_536 } = options;
  requireCount("limit", limit);
  requireCount("batchRows", batchRows);
  const condition = where?.trim() ? where : undefined;
  if (formatOfName(path) === "root")
    yield* rootBatches(path, { ...options, where: condition }, batchRows);
  else yield* fileBatches(path, { ...options, where: condition }, batchRows);
}

async function* fileBatches(
  path: string,
  { columns, where, limit, allowEmpty, ...options }: ReadOptions,
  batchRows: number,
): AsyncGenerator<Table> {
  const db = await openDatabase(options);
  try {
    const source = await openSource(db, path, neededBy(columns, where));
    const chosen = chooseColumns(source, columns);
    const filter = where === undefined ? "" : ` WHERE (${where}\n)`;
    if (where !== undefined) {
      await db.describe(`SELECT * FROM ${source.sql}${filter}`).catch((cause: Error) => {
        throw selectionError(source, where, cause);
      });
    }
    const tail = `${source.sql}${filter}${limit === undefined ? "" : ` LIMIT ${limit}`}`;
    let rows = 0;
    for await (const batch of db.select(chosen, tail, batchRows)) {
      rows += batch.rows;
      yield batch;
    }
    if (!allowEmpty) requireRows(source, rows, where);
  } catch (cause) {
    throw readError(path, cause);
  } finally {
    db.close();
  }
}

async function* rootBatches(
  path: string,
  { columns, where, limit, allowEmpty, ...options }: ReadOptions,
  batchRows: number,
): AsyncGenerator<Table> {
  const source = await openRootTable(path, options);
  let db: Database | null = null;
  try {
    const chosen = chooseColumns(source, columns).map((c) => c.name);
    if (where !== undefined) db = await openDatabase(options);
    const filter = db && where ? await rowFilter(db, source, where) : null;
    const names = [...new Set([...chosen, ...(filter?.names ?? [])])];
    const most = Math.max(1024, Math.floor(valuesAtOnce / names.length));
    const isWhole = filter === null && options.explode === undefined;
    const wanted = isWhole ? Math.min(batchRows, limit ?? batchRows) : Math.min(batchRows, most);
    const entries = Math.min(wanted, Math.max(1, source.rows));
    async function* kept() {
      for await (const table of source.batches(names, entries)) {
        const passed = filter === null ? table : selectRows(table, await filter.rows(table));
        yield selectColumns(passed, chosen);
      }
    }
    let rows = 0;
    for await (const batch of regroup(kept(), batchRows, limit)) {
      rows += batch.rows;
      yield batch;
    }
    if (!allowEmpty) requireRows(source, rows, where);
  } catch (cause) {
    throw readError(path, cause);
  } finally {
    db?.close();
    await source.close();
  }
}

function requireRows(
  { path, rows: before, columns }: Pick<Source, "path" | "rows" | "columns">,
  rows: number,
  where: string | undefined,
): void {
  if (before === 0) throw new DataError(`${path}: holds ${columns.length} columns but no rows`);
  if (rows === 0)
    throw new DataError(
      `${path}: no row passes "${where}" (${before} rows before); loosen the selection`,
    );
}

/** Format, rows, column types, units and metadata of a file, without its rows. */
export async function inspectTable(
  path: string,
  options: Pick<ReadOptions, "explode"> & DatabaseOptions = {},
): Promise<TableInfo> {
  if (formatOfName(path) === "root") {
    const { batches: _, close, ...info } = await openRootTable(path, options);
    await close();
    return info;
  }
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

function chooseColumns(
  source: Omit<Source, "sql">,
  names: readonly string[] | undefined,
): ColumnInfo[] {
  const { path, format, columns, nested } = source;
  if (names !== undefined)
    return names.map((name) => {
      const found = columns.find((c) => c.name === name);
      if (found === undefined) throw missingColumn(source, name);
      return found;
    });
  if (format === "root" && columns.length > 0) return [...columns];
  if (columns.length + nested.length === 0) throw new DataError(`${path}: holds no columns`);
  if (nested.length > 0)
    throw new DataError(
      `${path}: columns that hold more than one value a row: ${nested.slice(0, 40).join(", ")}; ${columns.length > 0 ? `choose columns among ${columns.map((c) => c.name).join(", ")}` : "there are no others"}`,
    );
  return [...columns];
}

function requireCount(name: string, value: number | undefined): void {
  const usable =
    value === undefined ||
    value === Number.POSITIVE_INFINITY ||
    (Number.isInteger(value) && value > 0);
  if (!usable)
    throw new ConfigError(`readTable.${name}: expected a whole number > 0, got ${value}`);
}
