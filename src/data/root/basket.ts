import { FormatError } from "../../base/errors.ts";
import { Reader } from "./buffer.ts";
import type { DecompressJob } from "./compression.ts";
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
  /** Where each entry starts, as stored; null where entries have one size. */
  readonly starts: EntryStarts | null;
  readonly entries: number;
  readonly where: string;
}

/** Where the entries of a basket start, not yet checked. */
export interface EntryStarts {
  /** A big-endian 32-bit integer for each entry. */
  readonly view: DataView;
  /** What they count from: bytes before the data, those of the key. */
  readonly base: number;
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
  readonly where: string;
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
    packed: {
      bytes: bytes.subarray(key.keyLength, key.bytes),
      size: key.objectBytes,
      where: `${where}, from byte ${offset + key.keyLength}`,
    },
    where,
    keyLength: key.keyLength,
    entries,
    border,
    sizes: (flags & sizesFlag) !== 0,
  };
}

/** Data and entry starts of an unpacked basket. */
export function openBasket(stored: StoredBasket, unpacked: Uint8Array): Basket {
  const { border, entries, keyLength, where } = stored;
  const data = unpacked.subarray(0, border);
  if (unpacked.length - border < 4) return { data, starts: null, entries, where };
  const reader = new Reader(unpacked, { where });
  reader.seek(border);
  const n = reader.count(4);
  if (n === 0) return { data, starts: null, entries, where };
  if (n < entries) throw reader.error(`${n} offsets of ${entries} entries`);
  const { buffer, byteOffset } = reader.take(4 * entries);
  const view = new DataView(buffer, byteOffset, 4 * entries);
  if (!stored.sizes) return { data, starts: { view, base: keyLength }, entries, where };
  let start = 0;
  const starts = storedStarts(entries, (i) => {
    start = i === 0 ? 0 : start + view.getInt32(4 * i);
    return start;
  });
  return { data, starts, entries, where };
}

/** A basket kept inside its tree. */
export function keptBasket(basket: RootObject, where: string): Basket {
  const base = numberIn(basket, "fKeylen");
  const entries = numberIn(basket, "fNevBuf");
  const buffer = numbersIn(basket, "buffer") as Uint8Array;
  const data = buffer.subarray(base);
  const { fEntryOffset } = basket;
  const offsets = fEntryOffset instanceof Int32Array ? fEntryOffset : null;
  if (entries < 0 || (offsets !== null && offsets.length < entries))
    throw new FormatError(`${where}: ${entries} entries with ${offsets?.length ?? 0} offsets`);
  if (offsets === null) return { data, starts: null, entries, where };
  return { data, starts: storedStarts(entries, (i) => offsets[i] - base), entries, where };
}

/** Starts in the data, counted from its first byte, as they would be stored. */
export function storedStarts(entries: number, startOf: (entry: number) => number): EntryStarts {
  const view = new DataView(new ArrayBuffer(4 * entries));
  for (let i = 0; i < entries; i++) view.setInt32(4 * i, startOf(i));
  return { view, base: 0 };
}

/**
 * The byte of the data where each entry starts, then the end. Throws `FormatError` where they run
 * backwards or are not stored.
 */
export function checkedStarts({ data, starts, entries, where }: Basket): Int32Array {
  if (starts === null && entries > 0)
    throw new FormatError(`${where}: entries of varying size without offsets are not read`);
  const checked = new Int32Array(entries + 1);
  let last = 0;
  for (let i = 0; starts !== null && i < entries; i++) {
    const start = starts.view.getInt32(4 * i) - starts.base;
    if (start < last || start > data.length)
      throw new FormatError(
        `${where}: entry ${i} starts at byte ${start}, after ${last} and before ${data.length} ` +
          "expected; the file is corrupt",
      );
    checked[i] = start;
    last = start;
  }
  checked[entries] = data.length;
  return checked;
}
