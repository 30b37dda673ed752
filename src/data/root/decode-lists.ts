import { FormatError } from "../../base/errors.ts";
import { type Basket, checkedStarts } from "./basket.ts";
import { Reader } from "./buffer.ts";
import type { Chunk } from "./column.ts";
import { type BasketPart, copier, headerBytes, type Layout } from "./decode-part.ts";
import { type ColumnValues, elements } from "./element.ts";
import type { Stored } from "./layout.ts";

/**
 * Layouts whose number of values is known only when the last of them is reached: lists of lists,
 * texts, status bits. Throws `FormatError` naming basket and entry.
 */
export function decodeLists(
  { basket, from, to }: BasketPart,
  layout: Layout<"vector" | "lists" | "text" | "bits">,
): Chunk {
  switch (layout.kind) {
    case "vector":
      return layout.depth === 1
        ? decodeTextLists(basket, from, to)
        : decodeNested({ basket, from, to }, layout.stored, true);
    case "lists":
      return decodeNested({ basket, from, to }, layout.stored, false);
    case "text":
      return decodeText(basket, layout.several, from, to);
    case "bits":
      return decodeBits(basket, layout.several, from, to);
  }
}

/** Lists of values one after the other: of a vector of vectors (counted), or to the entry's end. */
function decodeNested(
  { basket, from, to }: BasketPart,
  stored: Stored | null,
  counted: boolean,
): Chunk {
  const starts = checkedStarts(basket);
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
  const starts = checkedStarts(basket);
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
  const starts = checkedStarts(basket);
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
  const starts = basket.starts === null ? evenStarts(basket) : checkedStarts(basket);
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
