import { DataError, FormatError, isFortyError } from "../base/errors.ts";
import { csvError, csvHeader, csvSource, inferTypes, verifyGzip } from "./csv.ts";
import { detectFormat, type TableFormat } from "./detect.ts";
import { type ColumnInfo, type Database, sqlText } from "./duckdb.ts";
import { type ColumnType, unknownColumn } from "./table.ts";

/** Parquet metadata key under which units are kept, as JSON from column name to unit. */
export const unitsKey = "forty.units";

/** What a table file holds, before any row of it is read. */
export interface Source {
  readonly path: string;
  readonly format: TableFormat;
  readonly rows: number;
  readonly columns: readonly ColumnInfo[];
  /** Columns that no flat table can hold (lists, structs, blobs), as "name (type)"; of a ROOT tree
   * those with several values an entry. */
  readonly nested: readonly string[];
  /** Parquet key-value metadata, or the texts of a ROOT file; empty for CSV. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What stands behind FROM in SQL. */
  readonly sql: string;
}

/**
 * Looks into a table file. CSV columns that are not `needed` are not examined and count as strings.
 * Throws `FormatError` where the content is not what the name says or is broken.
 */
export async function openSource(
  db: Database,
  path: string,
  needed: (name: string) => boolean = () => true,
): Promise<Source> {
  const { format, head } = await detectFormat(path);
  const source = format === "parquet" ? parquet(db, path) : csv(db, path, { format, head, needed });
  return source.catch((cause) => {
    throw readError(path, cause);
  });
}

/** An error of DuckDB as one about the file; errors of ours pass. */
export function readError(path: string, error: unknown): unknown {
  const inner: unknown = error instanceof DataError ? error.cause : null;
  if (isFortyError(inner) || !(inner instanceof Error)) return error;
  return (
    csvError(path, inner.message) ??
    new DataError(`${path}: ${(error as Error).message}`, { cause: inner })
  );
}

/** An unusable selection; names the columns in it that explain most failures. */
export function selectionError(
  { path, columns, nested }: Pick<Source, "path" | "columns" | "nested">,
  condition: string,
  cause: Error,
): DataError {
  const texts = columns.filter((c) => c.type === "string" && condition.includes(c.name));
  const lists = nested.filter((text) => condition.includes(text.slice(0, text.indexOf(" ("))));
  const hints = [
    ...(texts.length > 0 ? [`; columns of text: ${texts.map((c) => c.name).join(", ")}`] : []),
    ...(lists.length > 0
      ? [`; more than one value a row: ${lists.join(", ")}; explode its collection first`]
      : []),
  ];
  return new DataError(`${path}: cannot select "${condition}": ${cause.message}${hints.join("")}`, {
    cause,
  });
}

/** An error for a name that is no flat column: a nested one, or one that is not there. */
export function missingColumn(
  { path, format, columns, nested }: Pick<Source, "path" | "format" | "columns" | "nested">,
  name: string,
): DataError {
  const list = nested.find((text) => text.startsWith(`${name} (`));
  const names = columns.map((c) => c.name);
  const lists = nested.map((text) => text.slice(0, text.indexOf(" (")));
  if (list === undefined) return unknownColumn(path, name, names, lists);
  const remedy = format === "root" ? "choose another, or explode its collection" : "choose another";
  return new DataError(`${path}: column ${list} holds more than one value a row; ${remedy}`);
}

/** A path for DuckDB's readers, which would expand `*`, `?` and `[`. */
function sqlPath(path: string): string {
  return sqlText(path.replaceAll(/[*?[]/g, "[$&]"));
}

async function csv(
  db: Database,
  path: string,
  { format, head, needed }: { format: TableFormat; head: string; needed: (n: string) => boolean },
): Promise<Source> {
  if (format === "csv.gz") await verifyGzip(path);
  const header = csvHeader(path, head);
  const texts = header.names.map((): ColumnType => "string");
  const textSource = csvSource(sqlPath(path), format, header, texts);
  const { rows, types } = await inferTypes(db, textSource, header.names, needed);
  const columns = header.names.map((name, i) => ({ name, type: types[i], unit: null }));
  const sql = csvSource(sqlPath(path), format, header, types);
  return { path, format, rows, columns, nested: [], metadata: {}, sql };
}

async function parquet(db: Database, path: string): Promise<Source> {
  const sql = `read_parquet(${sqlPath(path)}, hive_partitioning = false)`;
  const described = await db.describe(`SELECT * FROM ${sql}`).catch((cause: Error) => {
    throw new FormatError(`${path}: not a readable Parquet file: ${cause.message}`, { cause });
  });
  const metadata = await parquetMetadata(db, path);
  const units = parseUnits(path, metadata[unitsKey]);
  const counted = await db.rows(`SELECT num_rows FROM parquet_file_metadata(${sqlPath(path)})`);
  const columns: ColumnInfo[] = [];
  const nested: string[] = [];
  for (const { name, sqlType } of described) {
    const type = flatType(sqlType);
    if (type === null) nested.push(`${name} (${sqlType})`);
    else columns.push({ name, type, unit: units[name] ?? null });
  }
  return { path, format: "parquet", rows: Number(counted[0][0]), columns, nested, metadata, sql };
}

async function parquetMetadata(db: Database, path: string): Promise<Record<string, string>> {
  const pairs = await db.rows(
    `SELECT decode(key), TRY(decode(value)) FROM parquet_kv_metadata(${sqlPath(path)})`,
  );
  return Object.fromEntries(pairs.filter(([, value]) => value !== null));
}

/** Units by column name, as kept in the metadata. `FormatError` where they are not JSON. */
export function parseUnits(path: string, text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: metadata "${unitsKey}" is not JSON: ${text.slice(0, 60)}`, {
      cause,
    });
  }
}

/** Column type of a SQL type; null for nested and binary ones. Dates and the like become text. */
function flatType(sqlType: string): ColumnType | null {
  if (/\[\d*\]$|^(STRUCT|MAP|UNION|BLOB|BIT|GEOMETRY|VARIANT)\b/.test(sqlType)) return null;
  if (sqlType === "BOOLEAN") return "bool";
  if (/^(U?TINYINT|U?SMALLINT|INTEGER)$/.test(sqlType)) return "int32";
  if (/^(UINTEGER|U?BIGINT)$/.test(sqlType)) return "int64";
  if (sqlType === "FLOAT") return "float32";
  if (/^(DOUBLE|DECIMAL|U?HUGEINT)/.test(sqlType)) return "float64";
  return "string";
}
