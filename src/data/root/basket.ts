import { FormatError } from "../../base/errors.ts";
import { Reader } from "./buffer.ts";
import type { DecompressJob } from "./compression.ts";
import { elements } from "./element.ts";
import { readKey } from "./key.ts";
import { itemsIn, numberIn, numbersIn, type RootObject } from "./object.ts";

/** The baskets of a branch: which entries each holds and where it lies. */
export interface BasketTable {
  /** First entry of each basket, then the end of the last. */
  readonly entry: readonly number[];
  /** Offset in the file; 0 for a basket kept inside the tree. */
  readonly seek: readonly number[];
  readonly bytes: readonly number[];
  /** Baskets kept inside the tree. */
  readonly kept: readonly (RootObject | null)[];
}

/** The unpacked data of a basket. */
export interface Basket {
  /** Values of all entries, without key and offsets. */
  readonly data: Uint8Array;
  /** Byte where each entry starts, then the end; null where entries have one size. */
  readonly starts: Int32Array | null;
  readonly entries: number;
  readonly where: string;
}

/** The baskets of a branch. Throws `FormatError` where they do not follow one another. */
export function basketTable(branch: RootObject, where: string): BasketTable {
  const entries = numberIn(branch, "fEntries");
  const written = numberIn(branch, "fWriteBasket");
  const [first, offset, size] = ["fBasketEntry", "fBasketSeek", "fBasketBytes"].map((member) =>
    numbersIn(branch, member),
  );
  const kept = itemsIn(branch, "fBaskets");
  const table = {
    entry: [] as number[],
    seek: [] as number[],
    bytes: [] as number[],
    kept: [] as (RootObject | null)[],
  };
  let end = 0;
  for (let i = 0; i <= written && end < entries; i++) {
    const inside = kept[i]?.$class === "TBasket" && kept[i]?.buffer !== undefined ? kept[i] : null;
    const onDisk = i < first.length && offset[i] > 0;
    if (inside === null && !onDisk) continue;
    if (i < first.length && first[i] !== end)
      throw new FormatError(
        `${where}: basket ${i} starts at entry ${first[i]}, expected ${end}; the file is corrupt`,
      );
    const next = i < written && i + 1 < first.length ? first[i + 1] : entries;
    if (!(next >= end && next <= entries))
      throw new FormatError(
        `${where}: basket ${i} ends at entry ${next} of ${entries}; the file is corrupt`,
      );
    table.entry.push(end);
    table.seek.push(onDisk ? offset[i] : 0);
    table.bytes.push(onDisk ? size[i] : 0);
    table.kept.push(onDisk ? null : inside);
    end = next;
  }
  table.entry.push(end);
  return table;
}

/** A basket as read from the file: what to unpack and what its header says. */
export interface StoredBasket {
  readonly packed: DecompressJob;
  readonly keyLength: number;
  readonly entries: number;
  /** Bytes of data; offsets of the entries follow. */
  readonly border: number;
  /** Entry sizes are stored instead of offsets. */
  readonly sizes: boolean;
}

const sizesFlag = 1;

/** Reads the header of a basket. @see ROOT tree/tree/src/TBasket.cxx, ReadBasketBuffers */
export function storedBasket(bytes: Uint8Array, where: string, offset: number): StoredBasket {
  const reader = new Reader(bytes, { where, offset });
  const key = readKey(reader);
  if (key.bytes > bytes.length)
    throw reader.error(`a basket of ${key.bytes} bytes in ${bytes.length}`);
  reader.skip(6); // version, size of the buffer
  const flags = reader.i32() < 0 ? reader.u8() : 0;
  const entries = reader.i32();
  const border = reader.i32() - key.keyLength;
  if (entries < 0 || border < 0 || border > key.objectBytes)
    throw reader.error(`a basket of ${entries} entries in ${border} of ${key.objectBytes} bytes`);
  return {
    packed: { bytes: bytes.subarray(key.keyLength, key.bytes), size: key.objectBytes, where },
    keyLength: key.keyLength,
    entries,
    border,
    sizes: (flags & sizesFlag) !== 0,
  };
}

/** Data and entry starts of an unpacked basket. */
export function openBasket(stored: StoredBasket, unpacked: Uint8Array): Basket {
  const { border, entries, keyLength } = stored;
  const { where } = stored.packed;
  const data = unpacked.subarray(0, border);
  if (unpacked.length - border < 4) return { data, starts: null, entries, where };
  const reader = new Reader(unpacked, { where });
  reader.seek(border);
  const n = reader.count(4);
  if (n === 0) return { data, starts: null, entries, where };
  if (n < entries) throw reader.error(`${n} offsets of ${entries} entries`);
  const starts = new Int32Array(entries + 1);
  elements.int32.copy(reader.view, reader.skip(4 * entries), entries, starts, 0);
  if (stored.sizes) {
    starts[0] = keyLength;
    for (let i = 1; i < entries; i++) starts[i] += starts[i - 1];
  }
  checkStarts(starts, { keyLength, border, where });
  return { data, starts, entries, where };
}

/** A basket kept inside its tree. */
export function keptBasket(basket: RootObject, where: string): Basket {
  const keyLength = numberIn(basket, "fKeylen");
  const entries = numberIn(basket, "fNevBuf");
  const buffer = numbersIn(basket, "buffer") as Uint8Array;
  const data = buffer.subarray(keyLength);
  const { fEntryOffset } = basket;
  const offsets = fEntryOffset instanceof Int32Array ? fEntryOffset : null;
  if (entries < 0 || (offsets !== null && offsets.length < entries))
    throw new FormatError(`${where}: ${entries} entries with ${offsets?.length ?? 0} offsets`);
  if (offsets === null) return { data, starts: null, entries, where };
  const starts = new Int32Array(entries + 1);
  starts.set(offsets.subarray(0, entries));
  checkStarts(starts, { keyLength, border: data.length, where });
  return { data, starts, entries, where };
}

/**
 * Makes offsets in the buffer, in place, offsets in the data and sets the end behind the last.
 * Throws `FormatError` where they run backwards.
 */
function checkStarts(
  starts: Int32Array,
  { keyLength, border, where }: { keyLength: number; border: number; where: string },
): void {
  const entries = starts.length - 1;
  let last = 0;
  for (let i = 0; i < entries; i++) {
    const start = starts[i] - keyLength;
    if (start < last || start > border)
      throw new FormatError(
        `${where}: entry ${i} starts at byte ${start}, after ${last} and before ${border} ` +
          "expected; the file is corrupt",
      );
    starts[i] = start;
    last = start;
  }
  starts[entries] = border;
}
