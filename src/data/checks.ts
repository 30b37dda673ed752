import { DataError } from "../base/errors.ts";
import { numericColumn, type Table } from "./table.ts";

/**
 * Every entry of the named columns must be finite. `DataError` counts NaN (missing) and infinite
 * entries per column and names the first data row of each, from 1.
 */
export function requireFinite(table: Table, names: readonly string[]): void {
  const faults = names.flatMap((name) => {
    const values = numericColumn(table, name);
    const missing = count(values, Number.isNaN);
    const infinite = count(values, (x) => x === Infinity || x === -Infinity);
    const parts = [
      ...(missing.n > 0 ? [`${missing.n} NaN or missing, first in row ${missing.row}`] : []),
      ...(infinite.n > 0 ? [`${infinite.n} infinite, first in row ${infinite.row}`] : []),
    ];
    return parts.length > 0 ? [`"${name}" has ${parts.join(", and ")}`] : [];
  });
  if (faults.length > 0)
    throw new DataError(
      `requireFinite: of ${table.rows} rows, ${faults.join("; ")}; leave such rows out with a selection`,
    );
}

/** Every named column must hold two different values at least; `DataError` names those that do not. */
export function requireVaries(table: Table, names: readonly string[]): void {
  const faults = names.flatMap((name) => {
    const values = numericColumn(table, name);
    const varies = values.some((x) => !Object.is(x, values[0]) && x !== values[0]);
    return varies ? [] : [`"${name}" is ${values.length > 0 ? values[0] : "empty"}`];
  });
  if (faults.length > 0)
    throw new DataError(
      `requireVaries: the same value in all ${table.rows} rows: ${faults.join(", ")}; leave it out`,
    );
}

/**
 * Every entry must lie in [min, max]; NaN does not. `DataError` counts the others and gives row
 * (from 1) and value of the first.
 */
export function requireRange(table: Table, name: string, min: number, max: number): void {
  const values = numericColumn(table, name);
  const outside = count(values, (x) => !(x >= min && x <= max));
  if (outside.n > 0)
    throw new DataError(
      `requireRange: column "${name}": ${outside.n} of ${table.rows} rows outside [${min}, ${max}], first in row ${outside.row}: ${values[outside.row - 1]}`,
    );
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
