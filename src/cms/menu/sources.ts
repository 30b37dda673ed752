import { ConfigError } from "../../base/errors.ts";
import type { TriggerObjects } from "./crossings.ts";
import type { ObjectTerm } from "./language.ts";
import { transposeBits } from "./menu-bits.ts";
import {
  createRequirements,
  type RequirementSet,
  type RequirementTable,
  type SourceData,
  type SourceName,
  sourceData,
} from "./requirements.ts";

/** Objects that are counted at most: "at least 1, 2, 3, 4". */
const mostLevels = 4;

/**
 * The objects of one source with their requirements, and for a block of 32 crossings the bits
 * of all objects, and of all crossings "at least so many objects fulfil the requirement".
 */
export interface Source {
  readonly name: SourceName;
  readonly requirements: RequirementSet;
  /** Columns for cuts between objects. */
  readonly pairColumns: Set<string>;
  /** Most objects that a condition counts. */
  levels: number;
  words: number;
  tables: readonly RequirementTable[];
  data: SourceData;
  /** Bits of the objects of the chunk: [words, objects], object `first` at the start. */
  masks: Int32Array;
  /** Table indices of the objects of the chunk, one array a table. */
  indices: Int32Array[];
  first: number;
  size: number;
  /** Bits of the crossings of the block, of all sources: from `base` on [levels, words, 32]. */
  bits: Int32Array;
  base: number;
  /** Which rows of 32 bits any condition reads [levels, words]. */
  used: Uint8Array;
}

/** A source without requirements yet. */
export function createSource(name: SourceName): Source {
  return {
    name,
    requirements: createRequirements(),
    pairColumns: new Set(),
    levels: 1,
    words: 1,
    tables: [],
    data: { offsets: new Uint32Array(1), columns: {} },
    masks: new Int32Array(0),
    indices: [],
    first: 0,
    size: 0,
    bits: new Int32Array(0),
    base: 0,
    used: new Uint8Array(0),
  };
}

/** Notes a requirement of a condition with so many objects. */
export function addRequirement(source: Source, term: ObjectTerm, objects: number): void {
  source.requirements.add(term);
  source.levels = Math.max(source.levels, Math.min(mostLevels, objects));
}

/** Makes the tables and the place of the bits, once all requirements of all sources are known. */
export function finishSources(sources: Iterable<Source>): Int32Array {
  let size = 0;
  for (const source of sources) {
    source.words = source.requirements.words();
    source.tables = source.requirements.tables();
    source.used = new Uint8Array(source.levels * source.words);
    source.base = size;
    size += source.levels * source.words * 32;
  }
  const bits = new Int32Array(size);
  for (const source of sources) source.bits = bits;
  return bits;
}

/** Takes the objects of a call; `ConfigError` where a column is missing. */
export function loadSource(source: Source, objects: TriggerObjects): void {
  const parts = source.tables.flatMap(({ columns }) => columns);
  const columns = [...parts.map(({ column }) => column), ...source.pairColumns];
  const data = sourceData(objects, source.name, new Set(columns));
  if (typeof data === "string")
    throw new ConfigError(`menu: the crossings have no ${data}, which the menu cuts on`);
  source.data = data;
}

/** Where in `bits` "at least `level` objects fulfil requirement `bit`" is; from now on filled. */
export function slotOf({ base, words, used }: Source, bit: number, level: number): number {
  used[(level - 1) * words + (bit >>> 5)] = 1;
  return base + (level - 1) * words * 32 + bit;
}

/** The bits of the objects of the n crossings from `start` on. */
export function maskChunk(source: Source, start: number, n: number): void {
  const { words, data, tables } = source;
  source.first = data.offsets[start];
  source.size = data.offsets[start + n] - source.first;
  if (source.masks.length < source.size * words) {
    source.masks = new Int32Array(2 * source.size * words);
    source.indices = tables.map(() => new Int32Array(2 * source.size));
  }
  if (source.size === 0) return;
  fillIndices(source);
  for (let word = 0; word < words; word++) maskObjects(source, word);
}

/** The bits of the n crossings, at most 32, from `start` on, which lie in the chunk. */
export function fillBlock(source: Source, start: number, n: number): void {
  const { words, bits, base, used } = source;
  for (let word = 0; word < words; word++) countObjects(source, word, { start, n });
  for (let row = 0; row < used.length; row++)
    if (used[row] === 1) transposeBits(bits, base + row * 32);
}

/** Table indices of the objects, which all words share. */
function fillIndices({ tables, indices, data, first, size }: Source): void {
  for (let t = 0; t < tables.length; t++) {
    const index = indices[t];
    const { columns } = tables[t];
    for (let c = 0; c < columns.length; c++) {
      const { column, mask, shift } = columns[c];
      const values = data.columns[column];
      if (c === 0) for (let k = 0; k < size; k++) index[k] = values[first + k] & mask;
      else for (let k = 0; k < size; k++) index[k] |= (values[first + k] & mask) << shift;
    }
  }
}

/** The bits of one word of all objects: the AND of the tables, two in the first pass. */
function maskObjects({ masks, tables, indices, size: n }: Source, word: number): void {
  const to = word * n;
  const first = tables[0];
  const second = tables[tables.length > 1 ? 1 : 0];
  const [rowA, rowB] = [word * first.size, word * second.size];
  const [tableA, tableB] = [first.table, second.table];
  const [indexA, indexB] = [indices[0], indices[tables.length > 1 ? 1 : 0]];
  for (let k = 0; k < n; k++) masks[to + k] = tableA[rowA + indexA[k]] & tableB[rowB + indexB[k]];
  for (let t = 2; t < tables.length; t++) {
    const { table, size } = tables[t];
    const index = indices[t];
    const row = word * size;
    for (let k = 0; k < n; k++) masks[to + k] &= table[row + index[k]];
  }
}

/** Saturating counters of all 32 requirements of a word at once, crossing by crossing. */
function countObjects(
  { masks, data, first, size, words, bits, base, used }: Source,
  word: number,
  { start, n }: { readonly start: number; readonly n: number },
): void {
  const { offsets } = data;
  let top = used.length / words;
  while (top > 1 && used[(top - 1) * words + word] === 0) top--;
  const shift = word * size - first;
  const stride = words * 32;
  for (let e = 0; e < 32; e++) {
    let one = 0;
    let two = 0;
    let three = 0;
    let four = 0;
    const end = e < n ? shift + offsets[start + e + 1] : 0;
    for (let k = e < n ? shift + offsets[start + e] : 0; k < end; k++) {
      const mask = masks[k];
      four |= three & mask;
      three |= two & mask;
      two |= one & mask;
      one |= mask;
    }
    const at = base + word * 32 + e;
    bits[at] = one;
    if (top > 1) bits[at + stride] = two;
    if (top > 2) bits[at + 2 * stride] = three;
    if (top > 3) bits[at + 3 * stride] = four;
  }
}

/** Does an object fulfil the term? By the chunk's masks, or by the tables for other crossings. */
export function passTest(source: Source, term: ObjectTerm): (i: number) => boolean {
  const bit = source.requirements.add(term);
  const word = bit >>> 5;
  const shift = bit & 31;
  if (term.bx === 0)
    return (i) => ((source.masks[word * source.size + i - source.first] >>> shift) & 1) === 1;
  return (i) =>
    source.tables.every(({ columns, size, table }) => {
      let index = 0;
      for (const part of columns)
        index |= (source.data.columns[part.column][i] & part.mask) << part.shift;
      return ((table[word * size + index] >>> shift) & 1) === 1;
    });
}
