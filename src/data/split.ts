import { ConfigError, DataError } from "../base/errors.ts";
import { nearMiss } from "../base/near-miss.ts";
import { createRng } from "../base/rng.ts";
import { column, columnType, rowsWhere, type Table } from "./table.ts";

/** Ascending row indices per part. */
export type Split<Part extends string = string> = Readonly<Record<Part, Uint32Array>>;

/**
 * Splits rows at random. Fractions add up to 1 (or percentages to 100); part sizes are exact to
 * rounding (largest remainder), every row is in exactly one part, the same seed gives the same
 * split. `ConfigError` for bad fractions, `DataError` where a part would be empty.
 */
export function splitByFractions<Part extends string>(
  rows: number,
  fractions: Readonly<Record<Part, number>>,
  seed: number | string,
): Split<Part> {
  const parts = Object.keys(fractions) as Part[];
  const sizes = partSizes(
    rows,
    parts.map((part) => fractions[part]),
  );
  const empty = parts.find((part, i) => sizes[i] === 0 && fractions[part] > 0);
  if (empty !== undefined)
    throw new DataError(`splitByFractions: part "${empty}" would be empty (${rows} rows)`);
  const shuffled = createRng(seed).split("split").permutation(rows);
  let at = 0;
  const entries = parts.map((part, i) => {
    const indices = shuffled.slice(at, at + sizes[i]).sort();
    at += sizes[i];
    return [part, indices];
  });
  return Object.fromEntries(entries);
}

/** Whole sizes that add up to n, each within 1 of its share (Hamilton's method). */
function partSizes(n: number, fractions: readonly number[]): number[] {
  const sum = fractions.reduce((a, b) => a + b, 0);
  const whole = [1, 100].find((w) => Math.abs(sum / w - 1) < 1e-9);
  if (whole === undefined || fractions.some((f) => !(f >= 0)))
    throw new ConfigError(
      `splitByFractions: expected fractions >= 0 that add up to 1 (or 100), got ${fractions.join(", ")}`,
    );
  const shares = fractions.map((f) => (n * f) / whole);
  const sizes = shares.map(Math.floor);
  const order = shares
    .map((share, i) => ({ i, rest: share - sizes[i] }))
    .sort((a, b) => b.rest - a.rest || a.i - b.i);
  const left = n - sizes.reduce((a, b) => a + b, 0);
  for (let k = 0; k < left; k++) sizes[order[k].i]++;
  return sizes;
}

/**
 * Splits rows by what a column says: `{ train: ["train"], test: ["valid"] }`. Numbers are compared
 * as text ("1"), booleans as "true" and "false"; rows with a value that is not listed are in no
 * part. `DataError` for a value that does not occur, `ConfigError` for one listed twice.
 */
export function splitByColumn<Part extends string>(
  table: Table,
  name: string,
  valuesOf: Readonly<Record<Part, readonly string[]>>,
): Split<Part> {
  const labels = textLabels(table, name);
  const present = [...new Set(labels)].sort();
  const parts = Object.keys(valuesOf) as Part[];
  const partOf = new Map<string, Part>();
  for (const part of parts) {
    for (const value of valuesOf[part]) {
      if (partOf.has(value))
        throw new ConfigError(
          `splitByColumn: "${value}" is listed for ${partOf.get(value)} and ${part}`,
        );
      if (!present.includes(value)) throw absent(name, value, present);
      partOf.set(value, part);
    }
  }
  const entries = parts.map((p) => [p, rowsWhere(table, (row) => partOf.get(labels[row]) === p)]);
  return Object.fromEntries(entries);
}

function textLabels(table: Table, name: string): string[] {
  const found = column(table, name);
  if (Array.isArray(found.values)) return found.values;
  const values = found.values as ArrayLike<unknown>;
  const isBool = columnType(found) === "bool";
  return Array.from(values, (x) => (isBool && (x === 0 || x === 1) ? String(x === 1) : String(x)));
}

function absent(name: string, value: string, present: readonly string[]): DataError {
  const guess = nearMiss(value, present);
  const shown = present.slice(0, 12).join(", ") + (present.length > 12 ? ", …" : "");
  const hint = guess === null ? "" : `; did you mean "${guess}"?`;
  return new DataError(
    `splitByColumn: no "${value}" in column "${name}"; it holds ${shown}${hint}`,
  );
}
