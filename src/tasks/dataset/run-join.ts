import { rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { DataError } from "../../base/errors.ts";
import {
  createTableWriter,
  formatOfName,
  inspectTable,
  openDatabase,
  readBatches,
  sqlText,
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
  const writer = await createTableWriter(converted, columns, { metadata });
  for await (const batch of readBatches(whole)) await writer.append(batch);
  await writer.close();
  await rename(converted, out);
}

/** A path for DuckDB's readers, which would expand `*`, `?` and `[`. */
function sqlPath(path: string): string {
  return sqlText(path.replaceAll(/[*?[]/g, "[$&]"));
}
