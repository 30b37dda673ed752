import { FormatError } from "../../base/errors.ts";
import type { Basket } from "./basket.ts";
import { Reader } from "./buffer.ts";
import { type ColumnValues, elements } from "./element.ts";
import type { EntryLayout, Stored } from "./layout.ts";
import { readPacked } from "./range.ts";

/** Values of some entries of one basket. */
export interface Chunk {
  readonly entries: number;
  readonly values: ColumnValues | string[];
  /** Items of each entry, for jagged branches. */
  readonly counts: Uint32Array | null;
  /** Values of each item, for doubly jagged branches. */
  readonly innerCounts: Uint32Array | null;
}

/** Entries [from, to) of a basket as values. Throws `FormatError` naming basket and entry. */
export function decode(basket: Basket, layout: EntryLayout, from: number, to: number): Chunk {
  switch (layout.kind) {
    case "fixed":
      return decodeFixed(basket, layout, from, to);
    case "counted":
      return decodeCounted(basket, layout, from, to);
    case "vector":
      return layout.depth === 1
        ? decodeVector(basket, layout.stored, from, to)
        : decodeLists(basket, layout.stored, { from, to }, true);
    case "lists":
      return decodeLists(basket, layout.stored, { from, to }, false);
    case "text":
      return decodeText(basket, layout.several, from, to);
    case "bits":
      return decodeBits(basket, layout.several, from, to);
  }
}

type Layout<K> = Extract<EntryLayout, { kind: K }>;

function decodeFixed(basket: Basket, layout: Layout<"fixed">, from: number, to: number): Chunk {
  const { stored, count, stride, offset } = layout;
  const { data, entries, where } = basket;
  if (data.length !== entries * stride)
    throw new FormatError(
      `${where}: ${data.length} bytes for ${entries} entries of ${stride} bytes`,
    );
  const n = to - from;
  const values = elements[stored.type].make(n * count);
  const copy = copier(basket, stored);
  if (stride === count * stored.bytes) copy(from * stride, n * count, values, 0);
  else for (let i = 0; i < n; i++) copy((from + i) * stride + offset, count, values, i * count);
  return { entries: n, values, counts: null, innerCounts: null };
}

type Copy = (at: number, n: number, out: ColumnValues, to: number) => void;

/** Copies stored values of a basket from a byte on; inside the data, which the caller checks. */
function copier({ data, where }: Basket, stored: Stored): Copy {
  const { packed, bytes, type } = stored;
  if (packed === null) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const { copy } = elements[type];
    return (at, n, out, to) => copy(view, at, n, out, to);
  }
  const reader = new Reader(data, { where });
  return (at, n, out, to) => {
    for (let i = 0; i < n; i++) {
      reader.seek(at + i * bytes);
      out[to + i] = readPacked(reader, packed.kind, packed.range);
    }
  };
}

function startsOf({ starts, where, entries }: Basket): Int32Array {
  if (starts !== null) return starts;
  if (entries === 0) return new Int32Array(1);
  throw new FormatError(`${where}: entries of varying size without offsets are not read`);
}

function decodeCounted(basket: Basket, layout: Layout<"counted">, from: number, to: number): Chunk {
  const { stored, count, lead } = layout;
  const starts = startsOf(basket);
  const item = stored.bytes * count;
  const shift = Math.log2(item);
  const isPower = Number.isInteger(shift); // a shift costs a tenth of a division
  const counts = new Uint32Array(to - from);
  let total = 0;
  for (let i = from; i < to; i++) {
    const bytes = starts[i + 1] - starts[i] - lead;
    if (bytes <= 0) continue;
    const n = isPower ? bytes >> shift : Math.floor(bytes / item);
    if (n * item !== bytes)
      throw new FormatError(`${basket.where}, entry ${i}: ${bytes} bytes for items of ${item}`);
    counts[i - from] = n;
    total += n;
  }
  const values = elements[stored.type].make(total * count);
  const copy = copier(basket, stored);
  if (lead === 0) copy(starts[from], total * count, values, 0);
  else {
    let to0 = 0;
    for (let i = from; i < to; i++) {
      const n = counts[i - from] * count;
      copy(starts[i] + lead, n, values, to0);
      to0 += n;
    }
  }
  return { entries: to - from, values, counts, innerCounts: null };
}

/** Bytes of the version and byte count before an object, where they are stored. */
function headerBytes(view: DataView, start: number, end: number): number {
  return end - start >= 6 && view.getUint32(start) === (0x40000000 | (end - start - 4)) >>> 0
    ? 6
    : 0;
}

function decodeVector(basket: Basket, stored: Stored | null, from: number, to: number): Chunk {
  if (stored === null) return decodeTextLists(basket, from, to);
  const { data, where } = basket;
  const starts = startsOf(basket);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const counts = new Uint32Array(to - from);
  const first = new Uint32Array(to - from);
  let total = 0;
  for (let i = from; i < to; i++) {
    const at = starts[i] + headerBytes(view, starts[i], starts[i + 1]);
    const bytes = starts[i + 1] - at;
    const n = bytes >= 4 ? view.getUint32(at) : -1;
    if (bytes !== 4 + n * stored.bytes)
      throw new FormatError(
        `${where}, entry ${i}: ${n} values of ${stored.bytes} bytes in ${bytes}`,
      );
    counts[i - from] = n;
    first[i - from] = at + 4;
    total += n;
  }
  const values = elements[stored.type].make(total);
  const copy = copier(basket, stored);
  let done = 0;
  for (let i = 0; i < counts.length; i++) {
    copy(first[i], counts[i], values, done);
    done += counts[i];
  }
  return { entries: counts.length, values, counts, innerCounts: null };
}

/** Lists of values one after the other: of a vector of vectors (counted), or to the entry's end. */
function decodeLists(
  basket: Basket,
  stored: Stored | null,
  range: { from: number; to: number },
  counted: boolean,
): Chunk {
  const { from, to } = range;
  const starts = startsOf(basket);
  const reader = new Reader(basket.data, { where: basket.where });
  const counts = new Uint32Array(to - from);
  const innerCounts: number[] = [];
  const gather = stored === null ? gatherText(reader) : gatherNumbers(basket, reader, stored);
  for (let i = from; i < to; i++) {
    const end = starts[i + 1];
    reader.seek(starts[i] + headerBytes(reader.view, starts[i], end));
    const lists = counted ? reader.count(4) : Number.POSITIVE_INFINITY;
    let k = 0;
    for (; k < lists && reader.position < end; k++) {
      const n = reader.count(stored?.bytes ?? 1);
      innerCounts.push(n);
      gather.list(n);
    }
    if (reader.position !== end || (counted && k !== lists))
      throw reader.error(`entry ${i} ends at byte ${end}, its lists elsewhere`);
    counts[i - from] = k;
  }
  const values = gather.values();
  return { entries: to - from, values, counts, innerCounts: Uint32Array.from(innerCounts) };
}

/** Takes lists from a reader as they come; all values at the end. */
interface Gather {
  list(n: number): void;
  values(): ColumnValues | string[];
}

function gatherText(reader: Reader): Gather {
  const values: string[] = [];
  return {
    list(n) {
      for (let k = 0; k < n; k++) values.push(reader.string());
    },
    values: () => values,
  };
}

/** Notes where the values lie and copies them when their number is known. */
function gatherNumbers(basket: Basket, reader: Reader, stored: Stored): Gather {
  const places: number[] = [];
  let total = 0;
  return {
    list(n) {
      places.push(reader.skip(n * stored.bytes), n);
      total += n;
    },
    values() {
      const values = elements[stored.type].make(total);
      const copy = copier(basket, stored);
      let done = 0;
      for (let i = 0; i < places.length; i += 2) {
        copy(places[i], places[i + 1], values, done);
        done += places[i + 1];
      }
      return values;
    },
  };
}

function decodeText(basket: Basket, several: boolean, from: number, to: number): Chunk {
  const starts = startsOf(basket);
  const reader = new Reader(basket.data, { where: basket.where });
  const counts = several ? new Uint32Array(to - from) : null;
  const values: string[] = [];
  for (let i = from; i < to; i++) {
    const end = starts[i + 1];
    reader.seek(starts[i] + headerBytes(reader.view, starts[i], end));
    const before = values.length;
    while (reader.position < end) values.push(reader.string());
    if (reader.position !== end || (!several && values.length - before > 1))
      throw reader.error(`entry ${i} ends at byte ${end}, its string elsewhere`);
    if (counts !== null) counts[i - from] = values.length - before;
    else if (values.length === before) values.push("");
  }
  return { entries: to - from, values, counts, innerCounts: null };
}

function decodeTextLists(basket: Basket, from: number, to: number): Chunk {
  const starts = startsOf(basket);
  const reader = new Reader(basket.data, { where: basket.where });
  const counts = new Uint32Array(to - from);
  const values: string[] = [];
  for (let i = from; i < to; i++) {
    const end = starts[i + 1];
    reader.seek(starts[i] + headerBytes(reader.view, starts[i], end));
    const n = reader.count(1);
    for (let k = 0; k < n; k++) values.push(reader.string());
    if (reader.position !== end)
      throw reader.error(`entry ${i} ends at byte ${end}, its strings elsewhere`);
    counts[i - from] = n;
  }
  return { entries: to - from, values, counts, innerCounts: null };
}

const isReferenced = 0x10;

function decodeBits(basket: Basket, several: boolean, from: number, to: number): Chunk {
  const { data, where } = basket;
  const starts = basket.starts ?? evenStarts(basket);
  const reader = new Reader(data, { where });
  const counts = several ? new Uint32Array(to - from) : null;
  const values: number[] = [];
  for (let i = from; i < to; i++) {
    const before = values.length;
    reader.seek(starts[i]);
    while (reader.position < starts[i + 1]) {
      const bits = reader.u32();
      if ((bits & isReferenced) !== 0) reader.skip(2);
      values.push(bits);
    }
    if (reader.position !== starts[i + 1]) throw reader.error(`entry ${i} ends elsewhere`);
    if (counts !== null) counts[i - from] = values.length - before;
  }
  return { entries: to - from, values: Uint32Array.from(values), counts, innerCounts: null };
}

/** Entries of one size: where each starts. */
function evenStarts({ data, entries, where }: Basket): Int32Array {
  if (data.length < 4 * entries)
    throw new FormatError(`${where}: ${data.length} bytes for ${entries} entries of 4`);
  return Int32Array.from({ length: entries + 1 }, (_, i) =>
    Math.floor((i * data.length) / entries),
  );
}
