import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  FLOAT,
  INTEGER,
  VARCHAR,
} from "@duckdb/node-api";
import { DataError } from "../base/errors.ts";
import { columnBuilder } from "./column-builder.ts";
import { type Column, type ColumnType, columnType, type Table } from "./table.ts";

const duckTypes = {
  float64: DOUBLE,
  float32: FLOAT,
  int32: INTEGER,
  int64: BIGINT,
  bool: BOOLEAN,
  string: VARCHAR,
} as const satisfies Record<ColumnType, unknown>;

/** Rows of one vector chunk of DuckDB. */
const chunkRows = 2048;

/** Name, type and unit of a column, without values. */
export interface ColumnInfo {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit: string | null;
}

export interface DatabaseOptions {
  /** Worker threads; all cores where not given. */
  readonly threads?: number | undefined;
  /** Memory in MB (10^6 bytes) beyond which DuckDB spills to disk; 80 % of the machine's. */
  readonly memoryLimitMB?: number | undefined;
  /** Folder for spilling, made when needed; none where not given: then work that outgrows
   * the limit fails. */
  readonly spillFolder?: string | undefined;
}

/** An embedded in-memory database. Errors are `DataError` with DuckDB's words in one line. */
export interface Database {
  /** Runs one statement and drops its result. */
  run(sql: string): Promise<void>;
  /** All rows as plain values, for small results. */
  rows(sql: string): Promise<unknown[][]>;
  /** Names and SQL types of what a query returns; nothing is run. */
  describe(sql: string): Promise<{ name: string; sqlType: string }[]>;
  /**
   * The rows of `SELECT columns FROM tail` in order, as tables of `batchRows` rows (the last
   * one shorter); each column is cast to the type asked for.
   */
  select(columns: readonly ColumnInfo[], tail: string, batchRows: number): AsyncGenerator<Table>;
  /** Makes an empty table. */
  create(name: string, columns: readonly ColumnInfo[]): Promise<void>;
  /** Adds rows to a table; NaN and missing strings become NULL. */
  insert(name: string, table: Table): Promise<void>;
  close(): void;
}

/** Opens an empty database in memory; nothing is fetched from the network. */
export async function openDatabase(options: DatabaseOptions = {}): Promise<Database> {
  const instance = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    temp_directory: options.spillFolder ?? "",
    ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
    ...(options.memoryLimitMB === undefined ? {} : { memory_limit: `${options.memoryLimitMB}MB` }),
  }).catch(fail);
  const connection = await instance.connect();
  return {
    run: async (sql) => void (await connection.run(sql).catch(fail)),
    rows: async (sql) => (await connection.runAndReadAll(sql).catch(fail)).getRowsJS(),
    describe: async (sql) => {
      const statement = await connection.prepare(sql).catch(fail);
      return Array.from({ length: statement.columnCount }, (_, i) => ({
        name: statement.columnName(i),
        sqlType: statement.columnType(i).toString(),
      }));
    },
    select: (columns, tail, batchRows) => select(connection, columns, tail, batchRows),
    create: async (name, columns) => {
      const list = columns.map((c) => `${sqlName(c.name)} ${duckTypes[c.type]}`);
      await connection.run(`CREATE TABLE ${sqlName(name)} (${list.join(", ")})`).catch(fail);
    },
    insert: (name, table) => insert(connection, name, table).catch(fail),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function* select(
  connection: DuckDBConnection,
  columns: readonly ColumnInfo[],
  tail: string,
  batchRows: number,
): AsyncGenerator<Table> {
  const list = columns.map((c) => `CAST(${sqlName(c.name)} AS ${duckTypes[c.type]})`);
  const statement = await connection.prepare(`SELECT ${list.join(", ")} FROM ${tail}`).catch(fail);
  const result = await statement.stream().catch(fail);
  const builders = columns.map((c) => columnBuilder(c.name, c.type, c.unit));
  let rows = 0;
  const flush = (): Table => {
    const batch = { rows, columns: builders.map((b) => b.finish()) };
    rows = 0;
    return batch;
  };
  for (;;) {
    const chunk = await result.fetchChunk().catch(fail);
    if (chunk === null || chunk.rowCount === 0) break;
    const { rowCount } = chunk;
    for (let from = 0; from < rowCount; ) {
      const n = Math.min(rowCount - from, batchRows - rows);
      for (let i = 0; i < builders.length; i++)
        builders[i].append(chunk.getColumnVector(i), from, n);
      from += n;
      rows += n;
      if (rows === batchRows) yield flush();
    }
  }
  if (rows > 0) yield flush();
}

async function insert(connection: DuckDBConnection, name: string, table: Table): Promise<void> {
  const appender = await connection.createAppender(name);
  const types = table.columns.map((c) => duckTypes[columnType(c)]);
  for (let from = 0; from < table.rows; from += chunkRows) {
    const n = Math.min(chunkRows, table.rows - from);
    const chunk = DuckDBDataChunk.create(types, n);
    table.columns.forEach((c, i) => {
      chunk.setColumnValues(i, duckValues(c, from, from + n));
    });
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

type DuckScalar = number | bigint | boolean | string | null;

/** Entries [from, to) of a column as DuckDB takes them. */
function duckValues(column: Column, from: number, to: number): DuckScalar[] {
  const { values, missing } = column;
  if (Array.isArray(values)) {
    const texts = values.slice(from, to);
    return missing === undefined ? texts : texts.map((s, i) => (missing[from + i] ? null : s));
  }
  if (values instanceof BigInt64Array) return Array.from(values.subarray(from, to));
  const type = columnType(column);
  return Array.from(values.subarray(from, to), (x, i) => {
    if (Number.isNaN(x)) return null;
    if (type === "int64") return BigInt(x);
    if (type !== "bool") return x;
    if (x !== 0 && x !== 1)
      throw new DataError(
        `column "${column.name}": expected booleans (0 or 1), got ${x} in row ${from + i + 1} of the batch; hold integers in an Int32Array`,
      );
    return x === 1;
  });
}

/** A name quoted for SQL. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Text quoted for SQL. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** What a DuckDB message says, in one line: without advice, settings and the quoted statement. */
export function essential(message: string): string {
  const cut = message.split(/\n+(?:LINE \d+:|Possible |\s*file = )/)[0];
  return cut
    .replace(/^(?:\w+ )?Error: /, "")
    .replace(/^(?:\w+ )*Error: /, "")
    .replace(/\s+/g, " ")
    .trim();
}

function fail(cause: unknown): never {
  if (cause instanceof DataError) throw cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  throw new DataError(essential(message), { cause });
}
