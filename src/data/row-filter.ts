import type { ColumnInfo, Database } from "./duckdb.ts";
import { type Source, selectionError } from "./source.ts";
import { selectColumns, type Table } from "./table.ts";

/** An SQL condition on tables in memory. */
export interface RowFilter {
  /** Columns that the condition may look at. */
  readonly names: readonly string[];
  /** Ascending indices of the rows that pass; the table must hold `names`. */
  rows(table: Table): Promise<Int32Array>;
}

const rowName = "row of the batch";

/** A condition over the columns of a source. `DataError` where it cannot be used. */
export async function rowFilter(
  db: Database,
  source: Pick<Source, "path" | "columns" | "nested">,
  where: string,
): Promise<RowFilter> {
  const known = distinct(source.columns, where);
  await db.create("columns", known);
  await db.describe(`SELECT * FROM "columns" WHERE (${where}\n)`).catch((cause: Error) => {
    throw selectionError(source, where, cause);
  });
  const lower = where.toLowerCase();
  const used = known.filter((c) => lower.includes(c.name.toLowerCase()));
  const names = used.map((c) => c.name);
  const row: ColumnInfo = { name: rowName, type: "int32", unit: null };
  return {
    names,
    async rows(table) {
      const index = { ...row, values: Int32Array.from({ length: table.rows }, (_, i) => i) };
      const { columns } = selectColumns(table, names);
      await db.create("entries", [...used, row]);
      await db.insert("entries", { rows: table.rows, columns: [...columns, index] });
      const tail = `"entries" WHERE (${where}\n) ORDER BY "${rowName}"`;
      let kept: Int32Array = new Int32Array(0);
      for await (const passed of db.select([row], tail, Number.POSITIVE_INFINITY))
        kept = passed.columns[0].values as Int32Array;
      await db.run('DROP TABLE "entries"');
      return kept;
    },
  };
}

/** SQL tells no case: of names that differ by it only, that which the condition spells stays. */
function distinct(columns: readonly ColumnInfo[], where: string): ColumnInfo[] {
  const byName = new Map<string, ColumnInfo>();
  for (const column of columns) {
    const key = column.name.toLowerCase();
    if (!byName.has(key) || where.includes(column.name)) byName.set(key, column);
  }
  return [...byName.values()];
}
