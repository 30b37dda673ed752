import { DataError } from "../base/errors.ts";
import { numericColumn, type Table } from "./table.ts";

/** How a check speaks of its table. */
export interface CheckOptions {
  /** What the table is, such as the name of its file; default the check's own name. */
  readonly name?: string;
  /** Rows of the file before the table's first one: row numbers count from there. Default 0. */
  readonly rowsBefore?: number;
}

/**
 * Every entry of the named columns must be finite. `DataError` counts NaN (missing) and infinite
 * entries per column and names the first data row of each, from 1.
 */
export function requireFinite(
  table: Table,
  names: readonly string[],
  { name: where = "requireFinite", rowsBefore = 0 }: CheckOptions = {},
): void {
  const faults = names.flatMap((name) => {
    const values = numbersOf(table, name, where);
    const missing = count(values, Number.isNaN);
    const infinite = count(values, (x) => x === Infinity || x === -Infinity);
    const first = ({ row }: { row: number }) => `first in row ${rowsBefore + row}`;
    const parts = [
      ...(missing.n > 0 ? [`${missing.n} NaN or missing, ${first(missing)}`] : []),
      ...(infinite.n > 0 ? [`${infinite.n} infinite, ${first(infinite)}`] : []),
    ];
    return parts.length > 0 ? [`"${name}" has ${parts.join(", and ")}`] : [];
  });
  if (faults.length > 0)
    throw new DataError(
      `${where}: of ${table.rows} rows, ${faults.join("; ")}; leave such rows out with a selection`,
    );
}

/** Every named column must hold two different values at least; `DataError` names those that do not. */
export function requireVaries(
  table: Table,
  names: readonly string[],
  { name: where = "requireVaries" }: CheckOptions = {},
): void {
  const faults = names.flatMap((name) => {
    const values = numbersOf(table, name, where);
    const varies = values.some((x) => !Object.is(x, values[0]) && x !== values[0]);
    return varies ? [] : [`"${name}" is ${values.length > 0 ? values[0] : "empty"}`];
  });
  if (faults.length > 0)
    throw new DataError(
      `${where}: the same value in all ${table.rows} rows: ${faults.join(", ")}; use rows in which it varies, or leave it out`,
    );
}

/**
 * Every entry must be a whole number in [min, max]; NaN is not. `DataError` counts the others and
 * gives row (from 1) and value of the first.
 */
export function requireIntegers(
  table: Table,
  { name, range: [min, max] }: { readonly name: string; readonly range: readonly [number, number] },
  { name: where = "requireIntegers", rowsBefore = 0 }: CheckOptions = {},
): void {
  const values = numbersOf(table, name, where);
  const outside = count(values, (x) => !(Number.isInteger(x) && x >= min && x <= max));
  if (outside.n > 0)
    throw new DataError(
      `${where}: column "${name}": ${outside.n} of ${table.rows} rows are not whole numbers in [${min}, ${max}], first ${values[outside.row - 1]} in row ${rowsBefore + outside.row}`,
    );
}

/** A column as numbers; an error names the table. */
function numbersOf(table: Table, name: string, where: string): Float64Array {
  try {
    return numericColumn(table, name);
  } catch (cause) {
    throw new DataError(`${where}: ${(cause as Error).message}`, { cause });
  }
}

/** How many values fail, and the first such row from 1. */
function count(values: Float64Array, isBad: (x: number) => boolean): { n: number; row: number } {
  let n = 0;
  let row = 0;
  for (let i = 0; i < values.length; i++) {
    if (!isBad(values[i])) continue;
    if (n === 0) row = i + 1;
    n++;
  }
  return { n, row };
}
