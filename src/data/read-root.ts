import { DataError, invariant } from "../base/errors.ts";
import { nearMiss } from "../base/near-miss.ts";
import { detectFormat, splitTreePath } from "./detect.ts";
import type { ColumnInfo } from "./duckdb.ts";
import type { RootColumn } from "./root/column.ts";
import type { ElementType } from "./root/element.ts";
import { openRoot, type RootFile, type RootKey } from "./root/file.ts";
import { ObjectReader, stringIn } from "./root/object.ts";
import { ntupleClass, readNtuple } from "./root/rntuple.ts";
import { openFileSource } from "./root/source-node.ts";
import type { BranchInfo, RootTree } from "./root/tree.ts";
import { parseUnits, type Source, unitsKey } from "./source.ts";
import { type Column, type ColumnType, type ColumnValues, makeTable, type Table } from "./table.ts";

/** A tree of a ROOT file as a flat table. */
export interface RootTable extends Omit<Source, "sql"> {
  /** Rows of some flat columns in order, as tables from `entries` entries of the tree each. */
  batches(names: readonly string[], entries: number): AsyncGenerator<Table>;
  close(): Promise<void>;
}

const treeClasses = ["TTree", "TNtuple", "TNtupleD", ntupleClass];

/** Opens a ROOT file on disk. `FormatError` where it is missing, truncated or something else. */
export async function openRootFile(path: string): Promise<RootFile> {
  const { file } = splitTreePath(path);
  await detectFormat(file);
  return openRoot(await openFileSource(file));
}

/** Paths of the trees and RNTuples of a file, in its order. */
export function treePaths(file: RootFile): string[] {
  const keys = file.keys().filter((key) => treeClasses.includes(key.className));
  return [...new Set(keys.map((key) => key.path))];
}

/** A TTree or RNTuple by its path and cycle, the newest by default. */
export function openAnyTree(file: RootFile, path: string, cycle?: number): Promise<RootTree> {
  const isNtuple = file.key(path, cycle).className === ntupleClass;
  return isNtuple ? readNtuple(file, path, cycle) : file.tree(path, cycle);
}

/** Where the objects that are texts hold them. */
const textMembers: Readonly<Record<string, string>> = { TNamed: "fTitle", TObjString: "fString" };

/** The TNamed and TObjString objects of the top directory, their texts by name. */
export async function namedTexts(file: RootFile): Promise<Record<string, string>> {
  const isText = (key: RootKey) => key.className in textMembers && key.path === key.name;
  const texts: Record<string, string> = {};
  for (const path of new Set(
    file
      .keys()
      .filter(isText)
      .map((key) => key.path),
  )) {
    const key = file.key(path);
    if (!isText(key)) continue; // another object of that name is newer
    const reader = new ObjectReader(await file.payload(key), file.streamers);
    texts[path] = stringIn(reader.object(key.className), textMembers[key.className]);
  }
  return texts;
}

/**
 * Opens a tree of a ROOT file: that behind the colon of "nano.root:Events" (";2" behind it asks for
 * a cycle), else the only one.
 * Branches with one value an entry are columns. With `explode`, rows are the objects of a jagged
 * collection instead ("Muon" for Muon_pt, Muon_eta, ..., or the branch that counts them), and
 * columns of the entry are repeated.
 * Throws `DataError` where the tree is to be named, or no such tree or collection is there.
 */
export async function openRootTable(
  path: string,
  { explode }: { readonly explode?: string | undefined } = {},
): Promise<RootTable> {
  const file = await openRootFile(path);
  try {
    const [, name = "", cycle] = /^(.*?)(?:;(\d+))?$/.exec(treeOf(file, path)) ?? [];
    const tree = await openAnyTree(file, name, cycle === undefined ? undefined : Number(cycle));
    const metadata = await namedTexts(file);
    const units = parseUnits(path, metadata[unitsKey]);
    const shapes = await columnShapes(tree);
    const members = explode === undefined ? [] : membersOf(path, tree, shapes, explode);
    const columns: ColumnInfo[] = [];
    const nested: string[] = [];
    for (const branch of tree.branches) {
      const { name } = branch;
      const shape = shapes.get(name);
      const isColumn = shape !== undefined && (!shape.jagged || members.includes(name));
      if (isColumn)
        columns.push({ name, type: columnTypes[shape.type], unit: units[name] ?? null });
      else nested.push(`${name} (${branchType(branch)})`);
    }
    const anchor = members.at(0) ?? null;
    const unitOf = new Map(columns.map((c) => [c.name, c.unit]));
    async function* batches(names: readonly string[], entries: number): AsyncGenerator<Table> {
      const wanted = anchor === null || names.includes(anchor) ? names : [...names, anchor];
      for await (const read of tree.batches(wanted, entries)) {
        const flat = anchor === null ? read : exploded(path, read, wanted.indexOf(anchor));
        const own = flat.slice(0, names.length);
        yield makeTable(own.map((c) => tableColumn(path, c, unitOf.get(c.name) ?? null)));
      }
    }
    const rows = anchor === null ? tree.entries : await countItems(tree, anchor);
    const close = () => file.close();
    return { path, format: "root", rows, columns, nested, metadata, batches, close };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Type of a branch for people: "float32[nMuon]", "float32[3]", "vector<int>", "bool". */
export function branchType({ typeName, jagged, counter, inner, readable }: BranchInfo): string {
  const items = jagged && !typeName.includes("<") ? `[${counter ?? ""}]` : "";
  const text = `${typeName}${items}${inner.map((n) => `[${n}]`).join("")}`;
  return readable === true ? text : `${text}, not read`;
}

function treeOf(file: RootFile, path: string): string {
  const named = splitTreePath(path).tree;
  if (named !== null) return named;
  const depth = (one: string) => one.split("/").length;
  const paths = treePaths(file).sort((a, b) => depth(a) - depth(b));
  if (paths.length === 1) return paths[0];
  if (paths.length > 1)
    throw new DataError(
      `${path}: holds ${paths.length} trees: ${paths.join(", ")}; name one, as ${path}:${paths[0]}`,
    );
  const classes = [...new Set(file.keys().map((key) => key.className))];
  throw new DataError(
    `${path}: holds no tree${classes.length > 0 ? `, only ${classes.join(", ")}` : ""}`,
  );
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

type Shape = Pick<RootColumn, "type"> & { readonly jagged: boolean };

/** Type of the values of all branches with one value an entry or an item; nothing is read. */
async function columnShapes({ branches, ...tree }: RootTree): Promise<Map<string, Shape>> {
  const names = branches.flatMap(({ name, readable, inner }) =>
    readable === true && inner.length === 0 ? [name] : [],
  );
  const empty = await tree.read(names, { start: 0, stop: 0 });
  const single = empty.filter((column) => column.innerOffsets === undefined);
  return new Map(
    single.map(({ name, type, offsets }) => [name, { type, jagged: offsets !== undefined }]),
  );
}

/** Branches of a jagged collection: those a branch counts, or with the name before "_" or ".". */
function membersOf(
  path: string,
  { branches }: RootTree,
  shapes: ReadonlyMap<string, Shape>,
  collection: string,
): string[] {
  const jagged = branches.filter(({ name }) => shapes.get(name)?.jagged);
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

/** The part of a branch name before its first "_" or "." ("Muon" of "Muon_pt"), else all of it. */
export function collectionOf(name: string): string {
  return name.split(/[_.]/, 1)[0] || name;
}

async function countItems(tree: RootTree, name: string): Promise<number> {
  let items = 0;
  for await (const [{ offsets }] of tree.batches([name], 1 << 16)) items += offsets?.at(-1) ?? 0;
  return items;
}

/** Jagged columns item after item, flat ones repeated for each item of their entry. */
function exploded(path: string, columns: readonly RootColumn[], anchor: number): RootColumn[] {
  const { name, offsets } = columns[anchor];
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

function repeated(values: RootColumn["values"], offsets: Uint32Array): RootColumn["values"] {
  const n = offsets[offsets.length - 1];
  const made = Array.isArray(values)
    ? new Array<string>(n)
    : new (values.constructor as new (n: number) => Float64Array)(n);
  const [from, to] = [values as Float64Array, made as Float64Array];
  for (let i = 0; i + 1 < offsets.length; i++) to.fill(from[i], offsets[i], offsets[i + 1]);
  return made;
}

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
