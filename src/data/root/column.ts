import { FormatError } from "../../base/errors.ts";
import { type ColumnValues, type ElementType, elements, type NumberType } from "./element.ts";

/** Values of a branch for a range of entries. */
export interface RootColumn {
  readonly name: string;
  readonly type: ElementType;
  /** All values in order; flat: entries x inner, jagged: items x inner. Bool as 0 and 1. */
  readonly values: ColumnValues | string[];
  /** First item of each entry, then their number [entries + 1]; absent for flat columns. */
  readonly offsets?: Uint32Array;
  /** Fixed inner axes of an item, as [3] of `x[n][3]`; empty for scalars. */
  readonly inner: readonly number[];
  /** First value of each item, then their number [items + 1]; for vectors of vectors. */
  readonly innerOffsets?: Uint32Array;
}

/** Values of some entries that follow one another. */
export interface Chunk {
  readonly entries: number;
  readonly values: ColumnValues | string[];
  /** Items of each entry, for jagged branches. */
  readonly counts: Uint32Array | null;
  /** Values of each item, for doubly jagged branches. */
  readonly innerCounts: Uint32Array | null;
}

/** What a column will be, before its values are known. */
export interface ColumnShape extends Pick<RootColumn, "name" | "type" | "inner"> {
  readonly jagged: boolean;
  readonly nested: boolean;
  /** Entries in all. */
  readonly entries: number;
}

/** A column that fills in the order of its entries. */
export class ColumnBuilder {
  /** Entries so far. */
  done = 0;
  /** As in the column, filled up to `done`; null for flat columns. */
  readonly offsets: Uint32Array | null;
  /** Values so far and room for more; unused for strings. */
  readonly numbers: GrowingNumbers;
  readonly #shape: ColumnShape;
  readonly #texts: string[] = [];
  readonly #inner: GrowingNumbers;

  constructor(shape: ColumnShape) {
    const { name, type, entries, inner, jagged } = shape;
    const isText = type === "string";
    const known = isText || jagged ? 0 : inner.reduce((n, size) => n * size, entries);
    this.#shape = shape;
    this.offsets = jagged ? new Uint32Array(entries + 1) : null;
    this.numbers = new GrowingNumbers(name, isText ? "uint8" : type, known);
    this.#inner = new GrowingNumbers(name, "uint32", 1);
    this.#inner.extend(1, 1);
  }

  /** Takes further entries as done. @returns where in `numbers` their values are to be put. */
  extend(entries: number, values: number): number {
    this.done += entries;
    return this.numbers.extend(values, this.done / this.#shape.entries);
  }

  /** Adds a chunk. An array that holds all values is kept, not copied. */
  add({ entries, values, counts, innerCounts }: Chunk): void {
    if (counts !== null && this.offsets !== null) addUp(counts, this.offsets, this.done);
    const share = (this.done + entries) / this.#shape.entries;
    if (innerCounts !== null) {
      const at = this.#inner.extend(innerCounts.length, share);
      addUp(innerCounts, this.#inner.array as Uint32Array, at - 1);
    }
    if (Array.isArray(values)) for (const text of values) this.#texts.push(text);
    else this.numbers.append(values, share);
    this.done += entries;
  }

  column(): RootColumn {
    const { name, type, inner, nested } = this.#shape;
    const values = type === "string" ? this.#texts : this.numbers.finish();
    return {
      name,
      type,
      inner,
      values,
      ...(this.offsets !== null && { offsets: this.offsets }),
      ...(nested && { innerOffsets: this.#inner.finish() as Uint32Array }),
    };
  }
}

/** Sums of the counts from `sums[at]` on, put behind it. */
function addUp(counts: Uint32Array, sums: Uint32Array, at: number): void {
  let total = sums[at];
  for (let i = 0; i < counts.length; i++) sums[at + i + 1] = total += counts[i];
}

/** Room beyond what is expected, so that a guess from the first entries mostly does. */
const spare = 1.03;

/** Numbers of which more come. */
class GrowingNumbers {
  /** The numbers so far, then room. */
  array: ColumnValues;
  length = 0;
  readonly #branch: string;
  readonly #type: NumberType;

  constructor(branch: string, type: NumberType, room: number) {
    this.#branch = branch;
    this.#type = type;
    this.array = this.#make(room);
  }

  /** Room for n more; `share` of all entries is there then. @returns the index of the first. */
  extend(n: number, share: number): number {
    const at = this.length;
    const needed = at + n;
    if (needed > this.array.length) {
      // The entries to come are taken to hold as much as those before, within reason.
      const guess = share < 1 ? Math.ceil(Math.min(64, spare / share) * needed) : needed;
      const grown = this.#make(guess);
      grown.set(this.array.subarray(0, at) as never); // of the same type
      this.array = grown;
    }
    this.length = needed;
    return at;
  }

  append(values: ColumnValues, share: number): void {
    if (this.length === 0 && share >= 1) {
      this.array = values;
      this.length = values.length;
    } else {
      const at = this.extend(values.length, share);
      this.array.set(values as never, at);
    }
  }

  /** All of them; in an array of their own where much room is left. */
  finish(): ColumnValues {
    const { array, length } = this;
    if (array.length === length) return array;
    return 0.9 * array.length < length ? array.subarray(0, length) : array.slice(0, length);
  }

  #make(n: number): ColumnValues {
    try {
      return elements[this.#type].make(n);
    } catch (cause) {
      throw new FormatError(
        `branch "${this.#branch}": no memory for ${n} values; read it in batches`,
        { cause },
      );
    }
  }
}
