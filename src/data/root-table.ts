import { DataError, invariant } from "../base/errors.ts";
import { nearMiss } from "../base/near-miss.ts";
import type { ColumnInfo } from "./duckdb.ts";
import {
  type BranchShape,
  branchShapes,
  branchType,
  collectionOf,
  openNamedTree,
} from "./read-root.ts";
import type { RootColumn } from "./root/column.ts";
import type { ElementType } from "./root/element.ts";
import type { RootTree } from "./root/tree.ts";
import type { Source } from "./source.ts";
import { type Column, type ColumnType, type ColumnValues, makeTable, type Table } from "./table.ts";

/** A tree of a ROOT file as a flat table. */
export interface RootTable extends Omit<Source, "sql"> {
  /** Rows of some flat columns in order, as tables from `entries` entries of the tree each. */
  batches(names: readonly string[], entries: number): AsyncGenerator<Table>;
  close(): Promise<void>;
}

/** Columns that exploding adds: which entry an object is from, and its place there, from 0. */
const placeColumns: readonly ColumnInfo[] = [
  { name: "entry", type: "int64", unit: null },
  { name: "index", type: "int32", unit: null },
];

/**
 * Opens a tree of a ROOT file as a table, as `openNamedTree` finds it.
 * Branches with one value an entry are columns. With `explode`, rows are the objects of a jagged
 * collection instead ("Muon" for Muon_pt, Muon_eta, ..., or the branch that counts them), and
 * columns of the entry are repeated; the first two are then `entry` and `index`, the place of the
 * object in the file, unless branches are called so. Throws `DataError` where the tree is to be
 * named, or no such tree or collection is there.
 */
export async function openRootTable(
  path: string,
  { explode }: { readonly explode?: string | undefined } = {},
): Promise<RootTable> {
  const { tree, metadata, units, close } = await openNamedTree(path);
  try {
    const shapes = await branchShapes(tree);
    const members = explode === undefined ? [] : membersOf(path, tree, shapes, explode);
    const found: ColumnInfo[] = [];
    const nested: string[] = [];
    for (const branch of tree.branches) {
      const { name } = branch;
      const shape = shapes.get(name);
      const isColumn =
        shape !== undefined && isSingle(branch, shape) && (!shape.jagged || members.includes(name));
      if (isColumn) found.push({ name, type: columnTypes[shape.type], unit: units[name] ?? null });
      else nested.push(`${name} (${branchType(branch)})`);
    }
    const anchor = members.at(0) ?? null;
    const taken = new Set(found.map((c) => c.name));
    const places = anchor === null ? [] : placeColumns.filter(({ name }) => !taken.has(name));
    const unitOf = new Map(found.map((c) => [c.name, c.unit]));
    async function* batches(names: readonly string[], entries: number): AsyncGenerator<Table> {
      const added = places.map((c) => c.name).filter((name) => names.includes(name));
      const own = names.filter((name) => !added.includes(name));
      const wanted = anchor === null || own.includes(anchor) ? own : [...own, anchor];
      let entry = 0;
      for await (const read of tree.batches(wanted, entries)) {
        const at = anchor === null ? null : read[wanted.indexOf(anchor)];
        const flat = at === null ? read : exploded(path, read, at);
        const columns = flat
          .slice(0, own.length)
          .map((c) => tableColumn(path, c, unitOf.get(c.name) ?? null));
        const all = at === null ? columns : [...columns, ...placesOf(at, entry, added)];
        const byName = new Map(all.map((c) => [c.name, c]));
        yield makeTable(names.flatMap((name) => byName.get(name) ?? []));
        entry += entries;
      }
    }
    const rows = anchor === null ? tree.entries : await countItems(tree, anchor);
    const columns = [...places, ...found];
    return { path, format: "root", rows, columns, nested, metadata, batches, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** One value an entry, or an item. */
function isSingle({ inner }: { inner: readonly number[] }, { nested }: BranchShape): boolean {
  return inner.length === 0 && !nested;
}

/** Branches of a jagged collection: those a branch counts, or with the name before "_" or ".". */
function membersOf(
  path: string,
  { branches }: RootTree,
  shapes: ReadonlyMap<string, BranchShape>,
  collection: string,
): string[] {
  const jagged = branches.filter((branch) => {
    const shape = shapes.get(branch.name);
    return shape?.jagged && isSingle(branch, shape);
  });
  const counted = jagged.filter((branch) => branch.counter === collection);
  const named = jagged.filter((branch) => collectionOf(branch.name) === collection);
  const single = jagged.filter((branch) => branch.name === collection);
  const counter = named.find((branch) => branch.counter !== null)?.counter ?? null;
  const members = [counted, named.filter((branch) => branch.counter === counter), single];
  const found = members.find((list) => list.length > 0);
  if (found !== undefined) return found.map((branch) => branch.name);
  const names = [...new Set(jagged.map((branch) => collectionOf(branch.name)))];
  const guess = nearMiss(collection, names);
  const there = names.length > 0 ? `there are ${names.slice(0, 40).join(", ")}` : "there is none";
  throw new DataError(
    `${path}: no jagged collection "${collection}"; ${guess ? `did you mean "${guess}"?` : there}`,
  );
}

async function countItems(tree: RootTree, name: string): Promise<number> {
  let items = 0;
  for await (const [{ offsets }] of tree.batches([name], 1 << 16)) items += offsets?.at(-1) ?? 0;
  return items;
}

/** Jagged columns item after item, flat ones repeated for each item of their entry. */
function exploded(path: string, columns: readonly RootColumn[], anchor: RootColumn): RootColumn[] {
  const { name, offsets } = anchor;
  invariant(offsets !== undefined, `branch "${name}" without offsets`);
  return columns.map((column) => {
    if (column.offsets === undefined)
      return { ...column, values: repeated(column.values, offsets) };
    const own = column.offsets;
    if (offsets.every((at, i) => at === own[i])) return column;
    throw new DataError(
      `${path}: "${column.name}" and "${name}" differ in their numbers of items; choose columns of one collection`,
    );
  });
}

/** Columns `entry` and `index` of the items of a column whose first entry is `first`. */
function placesOf({ offsets }: RootColumn, first: number, names: readonly string[]): Column[] {
  invariant(offsets !== undefined, "a flat branch has no items");
  const n = offsets[offsets.length - 1];
  const entry = new BigInt64Array(n);
  const index = new Int32Array(n);
  for (let e = 0; e + 1 < offsets.length; e++) {
    entry.fill(BigInt(first + e), offsets[e], offsets[e + 1]);
    for (let i = offsets[e]; i < offsets[e + 1]; i++) index[i] = i - offsets[e];
  }
  const values = { entry, index };
  return placeColumns
    .filter(({ name }) => names.includes(name))
    .map((c) => ({ ...c, values: values[c.name as keyof typeof values] }));
}

function repeated(values: RootColumn["values"], offsets: Uint32Array): RootColumn["values"] {
  const n = offsets[offsets.length - 1];
  const made = Array.isArray(values)
    ? new Array<string>(n)
    : new (values.constructor as new (n: number) => Float64Array)(n);
  const [from, to] = [values as Float64Array, made as Float64Array];
  for (let i = 0; i + 1 < offsets.length; i++) to.fill(from[i], offsets[i], offsets[i + 1]);
  return made;
}

const columnTypes: Readonly<Record<ElementType, ColumnType>> = {
  bool: "bool",
  int8: "int32",
  uint8: "int32",
  int16: "int32",
  uint16: "int32",
  int32: "int32",
  uint32: "int64",
  int64: "int64",
  uint64: "int64",
  float32: "float32",
  float64: "float64",
  string: "string",
};

function tableColumn(
  path: string,
  { name, type, values }: RootColumn,
  unit: string | null,
): Column {
  return { name, unit, type: columnTypes[type], values: tableValues(path, { name, type, values }) };
}

/** The values in one of the arrays of a table, which has no small and no unsigned integers. */
function tableValues(
  path: string,
  { name, type, values }: Pick<RootColumn, "name" | "type" | "values">,
): ColumnValues {
  if (values instanceof BigUint64Array) {
    const signed = new BigInt64Array(values.buffer, values.byteOffset, values.length);
    const bad = signed.findIndex((x) => x < 0n);
    if (bad < 0) return signed;
    throw new DataError(
      `${path}: branch "${name}" holds ${values[bad]}, above 2^63, which no column takes; leave it out`,
    );
  }
  if (values instanceof Uint32Array) return BigInt64Array.from(values, BigInt);
  const isSmall =
    values instanceof Int8Array || values instanceof Int16Array || values instanceof Uint16Array;
  if (isSmall || (type === "uint8" && values instanceof Uint8Array)) return Int32Array.from(values);
  return values;
}
