import { ConfigError, DataError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import type { RootColumn } from "./column.ts";
import type { ElementType } from "./element.ts";

/** One branch to be written. */
export interface RootField {
  readonly name: string;
  readonly type: ElementType;
  /** Fixed inner dimensions; default none, one value an entry. */
  readonly inner?: readonly number[] | undefined;
  /**
   * Makes the branch jagged: name of the branch that counts its elements in each entry, as
   * "nMuon". Several branches may share one; it is made of them where the schema does not list it.
   */
  readonly counter?: string | undefined;
}

/** How ROOT holds a type: letter in the branch's title, class of the leaf, bytes of a value. */
export interface LeafType {
  readonly letter: string;
  readonly leaf: string;
  readonly bytes: number;
  readonly array: new (n: number) => { readonly length: number };
}

/** @see ROOT TTree::Branch for the letters; capitals are signed */
export const leafTypes: Readonly<Record<ElementType, LeafType>> = {
  bool: { letter: "O", leaf: "TLeafO", bytes: 1, array: Uint8Array },
  int8: { letter: "B", leaf: "TLeafB", bytes: 1, array: Int8Array },
  uint8: { letter: "b", leaf: "TLeafB", bytes: 1, array: Uint8Array },
  int16: { letter: "S", leaf: "TLeafS", bytes: 2, array: Int16Array },
  uint16: { letter: "s", leaf: "TLeafS", bytes: 2, array: Uint16Array },
  int32: { letter: "I", leaf: "TLeafI", bytes: 4, array: Int32Array },
  uint32: { letter: "i", leaf: "TLeafI", bytes: 4, array: Uint32Array },
  int64: { letter: "L", leaf: "TLeafL", bytes: 8, array: BigInt64Array },
  uint64: { letter: "l", leaf: "TLeafL", bytes: 8, array: BigUint64Array },
  float32: { letter: "F", leaf: "TLeafF", bytes: 4, array: Float32Array },
  float64: { letter: "D", leaf: "TLeafD", bytes: 8, array: Float64Array },
  string: { letter: "C", leaf: "TLeafC", bytes: 1, array: Array },
};

/** Types that can count elements. */
const counterTypes: readonly ElementType[] = [
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
];

/** Number of values in one element of a field. */
export function innerSize({ inner = [] }: Pick<RootField, "inner">): number {
  return inner.reduce((n, d) => n * d, 1);
}

/**
 * The fields in the order of the branches, each counter before the first that needs it.
 * `ConfigError` for names twice or unfit for a branch, unknown types, bad dimensions and counters
 * that do not count.
 */
export function checkedSchema(where: string, schema: readonly RootField[]): RootField[] {
  if (schema.length === 0) throw new ConfigError(`${where}: a tree needs at least one branch`);
  const byName = new Map(schema.map((field) => [field.name, field]));
  const names = schema.map((field) => field.name);
  const twice = schema.find(({ name }, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new ConfigError(`${where}: two branches are called "${twice.name}"`);
  const ordered = new Map<string, RootField>();
  for (const field of schema) {
    checkField(where, field);
    const { counter } = field;
    if (counter === undefined) ordered.set(field.name, field);
    else {
      const listed = byName.get(counter) ?? { name: counter, type: "int32" };
      checkCounter(where, listed);
      ordered.set(counter, listed);
      ordered.set(field.name, field);
    }
  }
  return [...ordered.values()];
}

function checkField(where: string, { name, type, inner = [], counter }: RootField): void {
  if (!/^[^[\]/\s.:;]+$/.test(name))
    throw new ConfigError(
      `${where}: a branch cannot be called "${name}"; leave out blanks and / [ ] . : ;`,
    );
  if (!(type in leafTypes)) {
    const guess = nearMiss(type, Object.keys(leafTypes));
    const hint = guess === null ? "" : `; did you mean "${guess}"?`;
    throw new ConfigError(
      `${where}: branch "${name}" has unknown type "${type}"; there are ${Object.keys(leafTypes).join(", ")}${hint}`,
    );
  }
  const bad = inner.find((d) => !(Number.isInteger(d) && d > 0));
  if (bad !== undefined)
    throw new ConfigError(
      `${where}: branch "${name}" has inner dimension ${bad}; give integers > 0`,
    );
  if (type === "string" && (inner.length > 0 || counter !== undefined))
    throw new ConfigError(`${where}: branch "${name}": a string branch holds one string an entry`);
}

function checkCounter(where: string, { name, type, inner = [], counter }: RootField): void {
  if (!counterTypes.includes(type) || inner.length > 0 || counter !== undefined)
    throw new ConfigError(
      `${where}: branch "${name}" cannot count elements; a counter is one integer an entry`,
    );
}

/**
 * The schema of given columns. Jagged columns share a counter by the part of their name before the
 * first "_" ("Muon_pt" is counted by "nMuon") where all of that name have equal lengths; the others
 * have one each.
 */
export function schemaOfColumns(columns: readonly RootColumn[]): RootField[] {
  const groups = new Map<string, Uint32Array | null>();
  for (const { name, offsets } of columns) {
    if (offsets === undefined) continue;
    const group = groupOf(name);
    const other = groups.get(group);
    groups.set(group, other === undefined || (other && areEqual(other, offsets)) ? offsets : null);
  }
  return columns.map(({ name, type, inner, offsets }) => {
    if (offsets === undefined) return { name, type, inner };
    return { name, type, inner, counter: `n${groups.get(groupOf(name)) ? groupOf(name) : name}` };
  });
}

function groupOf(name: string): string {
  return name.split("_")[0] || name;
}

export function areEqual(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * The columns by field, with those of counters that were not given made from what they count, and
 * the number of entries. `DataError` where a column is missing, unknown, of another type or length
 * than the others, or its offsets do not fit its values or its counter.
 */
export function checkedColumns(
  where: string,
  fields: readonly RootField[],
  columns: readonly RootColumn[],
): { rows: number; columns: RootColumn[] } {
  const given = new Map(columns.map((c) => [c.name, c]));
  const names = fields.map((field) => field.name);
  const extra = columns.find((c) => !names.includes(c.name));
  if (extra !== undefined) {
    const guess = nearMiss(extra.name, names);
    const hint = guess === null ? "" : `; did you mean "${guess}"?`;
    throw new DataError(`${where}: no branch "${extra.name}" in the schema${hint}`);
  }
  const offsets = new Map<string, Uint32Array>();
  let first: { name: string; rows: number } | null = null;
  for (const field of fields) {
    const found = given.get(field.name);
    if (found === undefined) {
      if (fields.some((f) => f.counter === field.name)) continue;
      throw new DataError(`${where}: no column for branch "${field.name}"`);
    }
    const rows = checkColumn(where, field, found);
    first ??= { name: field.name, rows };
    if (rows !== first.rows)
      throw new DataError(
        `${where}: column "${field.name}" has ${rows} entries, "${first.name}" has ${first.rows}`,
      );
    if (field.counter === undefined || found.offsets === undefined) continue;
    const counted = offsets.get(field.counter) ?? found.offsets;
    if (!areEqual(counted, found.offsets))
      throw new DataError(
        `${where}: column "${field.name}" has other lengths than those which "${field.counter}" counts already; give it a counter of its own`,
      );
    offsets.set(field.counter, counted);
  }
  const rows = first?.rows ?? 0;
  const all = fields.map((field) => {
    const found = given.get(field.name);
    const counted = offsets.get(field.name);
    if (counted === undefined) return found as RootColumn;
    return found === undefined ? counts(field, counted) : checkCounts(where, found, counted);
  });
  return { rows, columns: all };
}

/** Entries of a column that fits its field. */
function checkColumn(where: string, field: RootField, column: RootColumn): number {
  const { name, type } = field;
  const { values, offsets } = column;
  const { array: Values } = leafTypes[type];
  const inner = innerSize(field);
  if (column.type !== type || !(values instanceof Values))
    throw new DataError(
      `${where}: column "${name}": expected ${type} in ${Values.name}, got ${column.type} in ${values.constructor.name}`,
    );
  if (innerSize(column) !== inner)
    throw new DataError(
      `${where}: column "${name}" has inner dimensions [${column.inner}], the schema [${field.inner ?? []}]`,
    );
  if ((offsets === undefined) !== (field.counter === undefined))
    throw new DataError(
      `${where}: column "${name}" is ${offsets ? "jagged" : "flat"}, in the schema it is not`,
    );
  if (offsets === undefined) {
    if (values.length % inner !== 0)
      throw new DataError(
        `${where}: column "${name}" has ${values.length} values, not a multiple of [${field.inner}]`,
      );
    return values.length / inner;
  }
  for (let i = 1; i < offsets.length; i++)
    if (offsets[i] < offsets[i - 1])
      throw new DataError(
        `${where}: column "${name}": offsets run backwards at entry ${i - 1}: ${offsets[i - 1]}, then ${offsets[i]}`,
      );
  if (offsets[0] !== 0 || offsets[offsets.length - 1] * inner !== values.length)
    throw new DataError(
      `${where}: column "${name}": offsets go from ${offsets[0]} to ${offsets.at(-1)}, the values from 0 to ${values.length / inner}`,
    );
  return offsets.length - 1;
}

/** A counter's column from the offsets that it counts. */
function counts({ name, type }: RootField, offsets: Uint32Array): RootColumn {
  const n = offsets.length - 1;
  const isWide = leafTypes[type].bytes === 8;
  const values = new leafTypes[type].array(n) as Int32Array;
  for (let i = 0; i < n; i++) {
    const count = offsets[i + 1] - offsets[i];
    values[i] = (isWide ? BigInt(count) : count) as number;
  }
  return { name, type, values, inner: [] };
}

function checkCounts(where: string, column: RootColumn, offsets: Uint32Array): RootColumn {
  for (let i = 0; i + 1 < offsets.length; i++) {
    const count = offsets[i + 1] - offsets[i];
    if (Number(column.values[i]) !== count)
      throw new DataError(
        `${where}: counter "${column.name}" is ${column.values[i]} in entry ${i}, which has ${count} elements; leave the counter out to have it made`,
      );
  }
  return column;
}
