import { ConfigError } from "../../base/errors.ts";
import { get, i32, increase, load, loopWhile, set, store } from "../scouting/wasm-assembler.ts";
import type { Arena } from "./arena.ts";
import type { TriggerObjects } from "./crossings.ts";
import type { LiveCrossings } from "./live-crossings.ts";
import type { RequirementTable } from "./requirement-tables.ts";
import { createRequirements, type RequirementSet, type SourceName } from "./requirements.ts";
import { createKernel, load16 } from "./wasm.ts";

/** Objects that are counted at most: "at least 1, 2, 3, 4". */
export const mostLevels = 4;

/** Objects of one source in one call of `evaluate`. */
export interface SourceData {
  /** [crossings + 1] */
  readonly offsets: Uint32Array;
  readonly columns: Readonly<Record<string, Int32Array>>;
}

/** The objects of one source with the requirements on them, as indices into tables. */
export interface Source {
  readonly name: SourceName;
  readonly requirements: RequirementSet;
  /** Columns for cuts between objects. */
  readonly pairColumns: Set<string>;
  /** All columns that are read. */
  needed: readonly string[];
  tables: readonly RequirementTable[];
  /** Where kernels find the addresses of the call. */
  cells: SourceCells;
  /** Fills the indices of n objects. */
  index: (n: number) => void;
  /** Of the call: crossing e has objects offsets[e] ... offsets[e + 1] - 1. */
  offsets: Uint32Array;
  columns: Readonly<Record<string, Int32Array>>;
  /** Of the call: for each table the index of each object. */
  indices: Uint16Array[];
  /** Of the call: crossing k of the list has objects starts[k] ... starts[k + 1] - 1. */
  starts: Int32Array;
}

/** Addresses of words that hold the addresses of the call. */
export interface SourceCells {
  readonly columns: Readonly<Record<string, number>>;
  /** By table. */
  readonly indices: readonly number[];
  /** Of scalars, the crossings themselves. */
  readonly starts: number;
}

/** A source without requirements yet. */
export function createSource(name: SourceName): Source {
  return {
    name,
    requirements: createRequirements(),
    pairColumns: new Set(),
    ...{ needed: [], tables: [], cells: { columns: {}, indices: [], starts: 0 } },
    index: () => {},
    ...{ offsets: new Uint32Array(1), columns: {}, indices: [], starts: new Int32Array(1) },
  };
}

/** Makes the tables, once all requirements are known. */
export function finishSource(source: Source, arena: Arena): void {
  const { requirements, pairColumns } = source;
  source.tables = requirements.tables();
  const cut = source.tables.flatMap(({ columns }) => columns.map(({ column }) => column));
  source.needed = [...new Set([...cut, ...pairColumns])];
  source.cells = {
    columns: Object.fromEntries(source.needed.map((column) => [column, arena.reserve(4)])),
    indices: source.tables.map(() => arena.reserve(4)),
    starts: arena.reserve(4),
  };
  source.index = createIndexer(source, arena);
}

/** Kernel: index[t][i] = the sum of classes[value & mask] over the columns of table t. */
function createIndexer({ tables, cells }: Source, arena: Arena): (n: number) => number {
  const [n, i] = [0, 1];
  const at = (cell: number, shift: number) =>
    i32.add(load(i32.const(cell)), i32.shl(get(i), i32.const(shift)));
  const body = tables.flatMap(({ columns }, t) => {
    const parts = columns.map(({ column, classes }) => {
      const value = load(at(cells.columns[column], 2));
      const place = i32.shl(i32.and(value, i32.const(classes.length - 1)), i32.const(1));
      return load16(place, arena.place(classes));
    });
    const index = parts.reduce((sum, part) => i32.add(sum, part));
    return [
      ...set(i, i32.const(0)),
      ...loopWhile(i32.ltS(get(i), get(n)), [
        ...store(2, at(cells.indices[t], 1), 0, index),
        ...increase(i, 1),
      ]),
    ];
  });
  return createKernel(arena.memory, {
    parameters: 1,
    locals: { i32: 1 },
    body: [...body, ...i32.const(0)],
  });
}

/** A word of up to 32 requirements on an object i: the AND of rows[t][indices[tables[t]][i]]. */
export interface Lookup {
  readonly tables: readonly number[];
  readonly rows: readonly Int32Array[];
}

/** The lookup of requirements, without tables that let all pass. */
export function lookupOf({ tables }: Source, numbers: readonly number[]): Lookup {
  const all = numbers.length === 32 ? -1 : 2 ** numbers.length - 1;
  const rows = tables.map((table) => table.row(numbers));
  const asked = rows.flatMap((row, t) => (row.some((word) => word !== all) ? [t] : []));
  const used = asked.length === 0 ? [0] : asked;
  return { tables: used, rows: used.map((t) => rows[t]) };
}

/** The requirements of a lookup that object i fulfils, as bits. */
export function fulfilled({ indices }: Source, { tables, rows }: Lookup, i: number): number {
  let mask = rows[0][indices[tables[0]][i]];
  for (let t = 1; t < tables.length; t++) mask &= rows[t][indices[tables[t]][i]];
  return mask;
}

/**
 * Takes the objects of a call; the views are made by what it returns, once all sources have their
 * space. `ConfigError` where a column is missing.
 */
export function loadSource(
  source: Source,
  objects: TriggerObjects,
  { arena, live }: { readonly arena: Arena; readonly live: LiveCrossings },
): () => void {
  const { name, tables, cells, needed } = source;
  const { crossings, scalars } = objects;
  const isScalar = name === "scalars";
  const from = isScalar ? { offsets: live.identity, columns: scalars } : objects[name];
  if (from === undefined) throw missing(name);
  const length = from.offsets[crossings];
  const size = isScalar ? live.empty + 1 : length; // behind the scalars of all crossings: zeros
  const startsAt = arena.take(4 * (live.count + 1));
  const places = needed.map((column) => {
    const values = from.columns[column];
    if (values === undefined) throw missing(`${name} ${column}`);
    return { column, values, address: arena.take(4 * size) };
  });
  const indicesAt = tables.map(() => arena.take(2 * size));
  return () => {
    const { memory, words } = arena;
    const set = (cell: number, address: number) => {
      words(cell, 1)[0] = address;
    };
    const columns: Record<string, Int32Array> = {};
    for (const { column, values, address } of places) {
      const copy = words(address, size);
      copy.set(values.length === length ? values : values.subarray(0, length));
      copy.fill(0, length);
      columns[column] = copy;
      set(cells.columns[column], address);
    }
    source.columns = columns;
    source.offsets = from.offsets;
    source.starts = words(startsAt, live.count + 1);
    fillStarts(source.starts, isScalar ? null : from.offsets, live);
    set(cells.starts, startsAt);
    source.indices = indicesAt.map((address, t) => {
      set(cells.indices[t], address);
      return new Uint16Array(memory.buffer, address, size);
    });
    source.index(size);
  };
}

/** Where the objects of listed crossings start; those between have none. */
function fillStarts(
  starts: Int32Array,
  offsets: Uint32Array | null,
  { list, count, crossings, isAll }: LiveCrossings,
): void {
  if (offsets === null) starts.set(list.subarray(0, count));
  else if (isAll) starts.set(offsets.subarray(0, count + 1));
  else {
    for (let k = 0; k < count; k++) starts[k] = offsets[Math.min(list[k], crossings)];
    starts[count] = offsets[crossings];
  }
}

const missing = (what: string) =>
  new ConfigError(`menu: the crossings have no ${what}, which the menu cuts on`);

/** Does object i fulfil the term? */
export function passTest(
  source: Source,
  term: Parameters<RequirementSet["add"]>[0],
): (i: number) => boolean {
  const lookup = lookupOf(source, [source.requirements.add(term)]);
  return (i) => fulfilled(source, lookup, i) === 1;
}
