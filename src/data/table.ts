import { DataError } from "../base/errors.ts";
import { nearMiss } from "../base/near-miss.ts";

/** What a column means in a file; the arrays that hold it are listed at `Column.values`. */
export type ColumnType = "float64" | "float32" | "int32" | "int64" | "bool" | "string";

export type ColumnValues =
  | Float64Array
  | Float32Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | string[];

/**
 * One named column [rows].
 *
 * `values`: a Uint8Array holds booleans (0 and 1). A missing number is NaN; an integer or boolean
 * column with missing entries is therefore a Float64Array, whose `type` still says what it is.
 */
export interface Column {
  readonly name: string;
  /** Unit as text ("GeV"), null where unknown or dimensionless. */
  readonly unit: string | null;
  readonly values: ColumnValues;
  /** Type in a file, where the array alone does not tell it; see `columnType`. */
  readonly type?: ColumnType;
  /** Strings only: 1 where the entry is missing (then its value is ""), absent where none is. */
  readonly missing?: Uint8Array;
}

/** Named typed columns of equal length. Values are shared, never changed in place. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** A column from values; the unit defaults to none. */
export function makeColumn(name: string, values: ColumnValues, unit: string | null = null): Column {
  return { name, unit, values };
}

/** A table from columns; `DataError` where lengths differ or a name comes twice. */
export function makeTable(columns: readonly Column[]): Table {
  const rows = columns.length > 0 ? columns[0].values.length : 0;
  const seen = new Set<string>();
  for (const { name, values } of columns) {
    if (values.length !== rows)
      throw new DataError(
        `makeTable: column "${name}" has ${values.length} rows, "${columns[0].name}" has ${rows}`,
      );
    if (seen.has(name)) throw new DataError(`makeTable: two columns are called "${name}"`);
    seen.add(name);
  }
  return { rows, columns };
}

/** The type of a column in a file: its own word, else what its array says. */
export function columnType({ type, values }: Column): ColumnType {
  if (type !== undefined) return type;
  if (values instanceof Float64Array) return "float64";
  if (values instanceof Float32Array) return "float32";
  if (values instanceof Int32Array) return "int32";
  if (values instanceof BigInt64Array) return "int64";
  return values instanceof Uint8Array ? "bool" : "string";
}

/** Most names that a message lists. */
const listedNames = 40;

/** Message for a name that is not there: what there is, and the likeliest slip, which may also be
 * of `alsoLikely`. */
export function unknownColumn(
  where: string,
  name: string,
  names: readonly string[],
  alsoLikely: readonly string[] = [],
): DataError {
  const guess = nearMiss(name, [...names, ...alsoLikely]);
  const hint = guess === null ? "" : `; did you mean "${guess}"?`;
  const more = names.length > listedNames ? ` and ${names.length - listedNames} more` : "";
  const there = `${names.slice(0, listedNames).join(", ")}${more}`;
  return new DataError(`${where}: no column "${name}"; there are ${there}${hint}`);
}

/** The column of that name; `DataError` listing what there is where it is missing. */
export function column(table: Table, name: string): Column {
  const found = table.columns.find((c) => c.name === name);
  if (found !== undefined) return found;
  const names = table.columns.map((c) => c.name);
  throw unknownColumn("column", name, names);
}

/**
 * A numeric or boolean column as float64 [rows], shared where it already is; integers beyond 2^53
 * are rounded. `DataError` naming the first text entry where the column holds strings.
 */
export function numericColumn(table: Table, name: string): Float64Array {
  const { values } = column(table, name);
  if (values instanceof Float64Array) return values;
  if (values instanceof BigInt64Array) return Float64Array.from(values, Number);
  if (!Array.isArray(values)) return Float64Array.from(values);
  const bad = values.findIndex((text) => text.trim() === "" || Number.isNaN(Number(text)));
  const example = bad < 0 ? "" : `, row ${bad + 1} is "${values[bad]}"`;
  throw new DataError(
    `column "${name}": expected numbers, got type string${example}; correct the file or choose another column`,
  );
}

/** The table with columns added, or replaced where the name is taken. */
export function withColumns(table: Table, columns: readonly Column[]): Table {
  const added = new Map(columns.map((c) => [c.name, c]));
  const kept = table.columns.map((c) => added.get(c.name) ?? c);
  const taken = new Set(table.columns.map((c) => c.name));
  return makeTable([...kept, ...columns.filter((c) => !taken.has(c.name))]);
}

/** The named columns, in that order. */
export function selectColumns(table: Table, names: readonly string[]): Table {
  return { rows: table.rows, columns: names.map((name) => column(table, name)) };
}

/** Rows by 0-based index, in the order given; `DataError` for an index outside the table. */
export function selectRows(table: Table, indices: ArrayLike<number>): Table {
  for (let i = 0; i < indices.length; i++)
    if (!(indices[i] >= 0 && indices[i] < table.rows))
      throw new DataError(`selectRows: no row ${indices[i]} in a table of ${table.rows} rows`);
  const columns = table.columns.map((c) => ({
    ...c,
    values: gather(c.values, indices),
    ...(c.missing === undefined ? {} : { missing: gather(c.missing, indices) }),
  }));
  return { rows: indices.length, columns };
}

function gather<V extends ColumnValues>(values: V, indices: ArrayLike<number>): V {
  const n = indices.length;
  const picked = Array.isArray(values)
    ? new Array<string>(n)
    : new (values.constructor as new (n: number) => Float64Array)(n);
  const source = values as Float64Array;
  for (let i = 0; i < n; i++) (picked as Float64Array)[i] = source[indices[i]];
  return picked as V;
}

/** Ascending 0-based indices of the rows for which `keep` holds. */
export function rowsWhere(table: Table, keep: (row: number) => boolean): Uint32Array {
  const found = new Uint32Array(table.rows);
  let n = 0;
  for (let row = 0; row < table.rows; row++) if (keep(row)) found[n++] = row;
  return found.slice(0, n);
}

/**
 * Tables below one another. All must have the same columns, with the same units, in any order;
 * different numeric arrays become float64. `DataError` otherwise.
 */
export function concat(tables: readonly Table[]): Table {
  if (tables.length === 0) throw new DataError("concat: no table given");
  const [first] = tables;
  for (const table of tables)
    if (table.columns.length !== first.columns.length)
      throw new DataError(
        `concat: tables have ${first.columns.length} and ${table.columns.length} columns`,
      );
  const rows = tables.reduce((n, t) => n + t.rows, 0);
  const columns = first.columns.map(({ name }) => stack(tables.map((t) => column(t, name))));
  return { rows, columns };
}

function stack(parts: readonly Column[]): Column {
  const [first] = parts;
  for (const { unit } of parts)
    if (unit !== first.unit)
      throw new DataError(`concat: column "${first.name}" has units ${first.unit} and ${unit}`);
  const types = new Set(parts.map(columnType));
  const sameArray = parts.every((p) => p.values.constructor === first.values.constructor);
  const strings = parts.filter((p) => Array.isArray(p.values)).length;
  if (strings > 0 && strings < parts.length)
    throw new DataError(`concat: column "${first.name}" is of types ${[...types].join(" and ")}`);
  const { type: _, missing: __, ...rest } = first;
  const type = types.size === 1 && first.type !== undefined ? { type: first.type } : {};
  const n = parts.reduce((sum, p) => sum + p.values.length, 0);
  if (strings > 0) {
    const values = parts.flatMap((p) => p.values as string[]);
    if (parts.every((p) => p.missing === undefined)) return { ...rest, ...type, values };
    const missing = new Uint8Array(n);
    fill(parts, (p, at) => p.missing !== undefined && missing.set(p.missing, at));
    return { ...rest, ...type, values, missing };
  }
  const Values = (sameArray ? first.values.constructor : Float64Array) as new (
    n: number,
  ) => Float64Array;
  const values = new Values(n);
  fill(parts, (p, at) => {
    const widen = !sameArray && p.values instanceof BigInt64Array;
    values.set((widen ? Float64Array.from(p.values, Number) : p.values) as Float64Array, at);
  });
  return { ...rest, ...type, values };
}

function fill(parts: readonly Column[], put: (part: Column, at: number) => void): void {
  let at = 0;
  for (const part of parts) {
    put(part, at);
    at += part.values.length;
  }
}
