import { concat, type Table } from "./table.ts";

/** Tables of any size as tables of `rows` rows in the same order (the last one shorter). */
export async function* regroup(
  tables: AsyncIterable<Table>,
  rows: number,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<Table> {
  let pending: Table[] = [];
  let waiting = 0;
  let left = limit;
  for await (const table of tables) {
    const end = Math.min(table.rows, left);
    left -= end;
    let from = 0;
    while (waiting + end - from >= rows) {
      const to = from + rows - waiting;
      yield joined([...pending, rowRange(table, from, to)]);
      [pending, waiting, from] = [[], 0, to];
    }
    if (from < end) {
      pending.push(rowRange(table, from, end));
      waiting += end - from;
    }
    if (left === 0) break;
  }
  if (waiting > 0) yield joined(pending);
}

function joined(tables: readonly Table[]): Table {
  return tables.length === 1 ? tables[0] : concat(tables);
}

function rowRange(table: Table, from: number, to: number): Table {
  if (from === 0 && to === table.rows) return table;
  const columns = table.columns.map((c) => ({
    ...c,
    values: c.values.slice(from, to),
    ...(c.missing && { missing: c.missing.slice(from, to) }),
  }));
  return { rows: to - from, columns };
}
