import { createReadStream, createWriteStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { ConfigError, DataError } from "../base/errors.ts";
import { formatOfName, splitTreePath, type TableFormat } from "./detect.ts";
import {
  type ColumnInfo,
  type Database,
  type DatabaseOptions,
  openDatabase,
  sqlText,
} from "./duckdb.ts";
import type { RootField } from "./root/write-schema.ts";
import { unitsKey } from "./source.ts";
import { column, columnType, makeTable, type Table } from "./table.ts";
import { rootTableWriter, rootTreeWriter, type TreeWriter } from "./write-root.ts";

export interface WriteOptions extends Omit<DatabaseOptions, "spillFolder"> {
  /** Provenance, kept as Parquet key-value metadata beside the units; CSV has no place for it. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Takes a table in pieces; the file appears under its name only when `close` is through. */
export interface TableWriter {
  /** Adds rows; the table must have the schema's columns and types, in any order. */
  append(table: Table): Promise<void>;
  /** Writes the file and moves it to its name. */
  close(): Promise<void>;
  /** Drops everything; no file is left. */
  abort(): Promise<void>;
}

/** Names, types and units of a table's columns. */
export function schemaOf(table: Table): ColumnInfo[] {
  return table.columns.map((c) => ({ name: c.name, type: columnType(c), unit: c.unit }));
}

/**
 * Writes .csv, .csv.gz, .parquet or .root (by the name), beside first and then renamed, so that no
 * half-written file is ever seen. NaN and missing strings become empty cells or NULL. CSV keeps no
 * units and no metadata, and an empty string there is a missing one. A ROOT file gets one TTree,
 * "Events" or that of "file.root:tree", and the metadata as TNamed; NaN stays, missing strings are
 * empty, missing whole numbers throw `DataError`.
 */
export async function writeTable(path: string, table: Table, options: WriteOptions = {}) {
  const writer = await createTableWriter(path, schemaOf(table), options);
  await writer.append(table);
  await writer.close();
}

/**
 * Opens a writer for tables larger than memory: what outgrows `memoryLimitMB` (default
 * 2000) is spilled to a folder beside the file. Any failure removes all that was written and throws `DataError`.
 */
export async function createTableWriter(
  path: string,
  schema: readonly ColumnInfo[],
  options: WriteOptions = {},
): Promise<TableWriter> {
  const format = formatOfName(path);
  if (format === null)
    throw new ConfigError(
      `${path}: unknown ending; name the file .csv, .csv.gz, .parquet or .root`,
    );
  if (schema.length === 0)
    throw new DataError(`${path}: a table without columns cannot be written`);
  const { file } = splitTreePath(path);
  const temporary = await claim(file);
  const plain = `${temporary}.csv`;
  const spillFolder = `${temporary}.spill`;
  if (format === "root") {
    await rm(temporary, { force: true }); // the writer makes its own
    const texts = { ...options.metadata, [unitsKey]: unitsText(schema) };
    return rootTableWriter(path, schema, { texts, fit: (table) => conform(table, schema) });
  }
  let db: Database | null = null;
  const abort = async () => {
    db?.close();
    db = null;
    await rm(temporary, { force: true });
    await rm(plain, { force: true });
    await rm(spillFolder, { force: true, recursive: true });
  };
  const guarded = async (work: (db: Database) => Promise<void>) => {
    if (db === null) throw new DataError(`${path}: the writer is closed`);
    try {
      await work(db);
    } catch (cause) {
      await abort();
      throw new DataError(`${path}: cannot be written: ${(cause as Error).message}`, { cause });
    }
  };
  try {
    const { threads, memoryLimitMB = 2000 } = options;
    db = await openDatabase({ threads, memoryLimitMB, spillFolder });
    await db.create("rows", schema);
  } catch (cause) {
    await abort();
    throw cause;
  }
  return {
    append: (table) => guarded((db) => db.insert("rows", conform(table, schema))),
    close: () =>
      guarded(async (db) => {
        const target = format === "csv.gz" ? plain : temporary;
        await db.run(`COPY "rows" TO ${sqlText(target)} (${copyOptions(format, schema, options)})`);
        if (format === "csv.gz") await gzip(plain, temporary);
        await rename(temporary, path);
        await abort();
      }),
    abort,
  };
}

/**
 * A writer of a ROOT tree with branches of any shape, "Events" or `tree`, or that of
 * "file.root:tree". Otherwise as `createTableWriter`.
 */
export async function createTreeWriter(
  path: string,
  fields: readonly (RootField & { readonly unit?: string | null })[],
  { metadata, tree }: Pick<WriteOptions, "metadata"> & { readonly tree?: string } = {},
): Promise<TreeWriter> {
  await rm(await claim(splitTreePath(path).file), { force: true });
  const schema = fields.map(({ name, unit = null }) => ({ name, unit }));
  return rootTreeWriter(path, fields, {
    texts: { ...metadata, [unitsKey]: unitsText(schema) },
    tree,
  });
}

/**
 * Makes a temporary file beside the path and gives its name, so that an unwritable folder shows
 * before any work is done.
 */
async function claim(path: string): Promise<string> {
  const temporary = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  const target = await stat(path).catch(() => null);
  if (target?.isDirectory()) throw new DataError(`${path}: is a folder; name a file in it`);
  const file = await open(temporary, "wx").catch((cause: NodeJS.ErrnoException) => {
    const folder = dirname(path);
    const reason =
      cause.code === "ENOENT" ? `there is no folder ${folder}; make it first` : cause.message;
    throw new DataError(`${path}: cannot be written: ${reason}`, { cause });
  });
  await file.close();
  return temporary;
}

/** The table with its columns in the schema's order; `DataError` where they do not fit. */
function conform(table: Table, schema: readonly ColumnInfo[]): Table {
  const columns = schema.map(({ name, type }) => {
    const found = column(table, name);
    if (columnType(found) !== type)
      throw new DataError(`column "${name}": expected type ${type}, got ${columnType(found)}`);
    return found;
  });
  if (columns.length < table.columns.length) {
    const names = new Set(schema.map((c) => c.name));
    const extra = table.columns.filter((c) => !names.has(c.name)).map((c) => c.name);
    throw new DataError(`columns ${extra.join(", ")} are not in the schema`);
  }
  return makeTable(columns);
}

/** Compresses a file with zlib, several times faster than DuckDB's own gzip. */
async function gzip(from: string, to: string): Promise<void> {
  const chunkSize = 1 << 20;
  await pipeline(
    createReadStream(from, { highWaterMark: chunkSize }),
    createGzip({ chunkSize }),
    createWriteStream(to),
  );
}

function copyOptions(
  format: TableFormat,
  schema: readonly ColumnInfo[],
  { metadata = {} }: WriteOptions,
): string {
  if (format !== "parquet") return "FORMAT csv, HEADER true, COMPRESSION none, USE_TMP_FILE false";
  const pairs = { ...metadata, [unitsKey]: unitsText(schema) };
  const list = Object.entries(pairs).map(([k, v]) => `${sqlText(k)}: ${sqlText(v)}`);
  return `FORMAT parquet, COMPRESSION zstd, KV_METADATA {${list.join(", ")}}, USE_TMP_FILE false`;
}

function unitsText(schema: readonly Pick<ColumnInfo, "name" | "unit">[]): string {
  const units = schema.flatMap(({ name, unit }) => (unit === null ? [] : [[name, unit]]));
  return JSON.stringify(Object.fromEntries(units));
}
