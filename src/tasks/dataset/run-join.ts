import { rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { DataError } from "../../base/errors.ts";
import {
  type Column,
  type ColumnInfo,
  createTableWriter,
  formatOfName,
  inspectTable,
  openDatabase,
  readBatches,
  sqlText,
  type Table,
} from "../../data/index.ts";
import { unitsKey } from "../../data/source.ts";

/** What to join. */
export interface Joining {
  /** Holds the parts, and what is written until it is whole. */
  readonly folder: string;
  /** Parquet files with the same columns and at least one row, in order. */
  readonly parts: readonly string[];
  readonly out: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The parts below one another, streamed: memory does not grow with their number. */
export async function joinParts({ folder, parts, out, metadata }: Joining): Promise<void> {
  const paths = parts.map((part) => join(folder, part));
  const whole = join(folder, "joined.parquet");
  const { columns } = await inspectTable(paths[0]);
  const units = columns.flatMap(({ name, unit }) => (unit === null ? [] : [[name, unit]]));
  const pairs = { ...metadata, [unitsKey]: JSON.stringify(Object.fromEntries(units)) };
  const list = Object.entries(pairs).map(([key, text]) => `${sqlText(key)}: ${sqlText(text)}`);
  const db = await openDatabase({ memoryLimitMB: 1000 });
  try {
    const source = `read_parquet([${paths.map(sqlPath).join(", ")}], hive_partitioning = false, union_by_name = true)`;
    await db.run(
      `COPY (SELECT * FROM ${source}) TO ${sqlText(whole)} (FORMAT parquet, COMPRESSION zstd, KV_METADATA {${list.join(", ")}})`,
    );
  } catch (cause) {
    throw new DataError(`${out}: cannot be written: ${(cause as Error).message}`, { cause });
  } finally {
    db.close();
  }
  if (formatOfName(out) === "parquet") return rename(whole, out);
  const converted = join(folder, basename(out));
  const schema = formatOfName(out) === "root" ? await rootSchema(whole, columns) : columns;
  const writer = await createTableWriter(converted, schema, { metadata });
  for await (const batch of readBatches(whole)) await writer.append(retyped(batch, schema));
  await writer.close();
  await rename(converted, out);
}

/** The columns of a file; integers of which some are missing become numbers, which can be NaN. */
async function rootSchema(path: string, columns: readonly ColumnInfo[]): Promise<ColumnInfo[]> {
  const lacking = new Set<string>();
  for await (const { columns: read } of readBatches(path))
    for (const { name, values } of read)
      if (values instanceof Float64Array && values.some(Number.isNaN)) lacking.add(name);
  return columns.map((column) =>
    lacking.has(column.name) ? { ...column, type: "float64" } : column,
  );
}

/** The table with the types of a schema. */
function retyped(table: Table, schema: readonly ColumnInfo[]): Table {
  const columns = table.columns.map((column, i): Column => {
    const { type } = schema[i];
    if (type === column.type) return column;
    return { ...column, type, values: Float64Array.from(column.values, Number) };
  });
  return { rows: table.rows, columns };
}

/** A path for DuckDB's readers, which would expand `*`, `?` and `[`. */
function sqlPath(path: string): string {
  return sqlText(path.replaceAll(/[*?[]/g, "[$&]"));
}
