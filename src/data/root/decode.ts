import { FormatError, invariant } from "../../base/errors.ts";
import { checkedStarts, type EntryStarts } from "./basket.ts";
import type { ColumnBuilder } from "./column.ts";
import { decodeLists } from "./decode-lists.ts";
import { type BasketPart, copier, headerBytes, type Layout } from "./decode-part.ts";
import type { EntryLayout, Stored } from "./layout.ts";

/** Adds the entries to a column. Throws `FormatError` naming basket and entry. */
export function decode(part: BasketPart, layout: EntryLayout, out: ColumnBuilder): void {
  if (layout.kind === "fixed") decodeFixed(part, layout, out);
  else if (layout.kind === "counted") decodeCounted(part, layout, out);
  else if (layout.kind === "vector" && layout.depth === 1 && layout.stored !== null)
    decodeVector(part, layout.stored, out);
  else out.add(decodeLists(part, layout));
}

function decodeFixed(part: BasketPart, layout: Layout<"fixed">, out: ColumnBuilder): void {
  const { basket, from, to } = part;
  const { stored, count, stride, offset } = layout;
  const { data, entries, where } = basket;
  if (data.length !== entries * stride)
    throw new FormatError(
      `${where}: ${data.length} bytes for ${entries} entries of ${stride} bytes`,
    );
  const n = to - from;
  const copy = copier(basket, stored);
  const at = out.extend(n, n * count);
  const { array } = out.numbers;
  if (stride === count * stored.bytes) copy(from * stride, n * count, array, at);
  else for (let i = 0; i < n; i++) copy((from + i) * stride + offset, count, array, at + i * count);
}

function decodeCounted(part: BasketPart, layout: Layout<"counted">, out: ColumnBuilder): void {
  const { basket, from, to } = part;
  const { stored, count, lead } = layout;
  if (basket.starts === null || from === to) {
    checkedStarts(basket); // throws where there should be some
    return;
  }
  const item = stored.bytes * count;
  const offsets = offsetsOf(out);
  const entry = out.done;
  const first = offsets[entry];
  const ends = offsets.subarray(entry, entry + to - from + 1);
  const isQuick = lead === 0 && shiftedEnds(part, basket.starts, item, ends);
  if (!isQuick) checkedEnds(part, item, lead, ends);
  const { view, base } = basket.starts;
  const startOf = (i: number) => view.getInt32(4 * i) - base;
  const copy = copier(basket, stored);
  const at = out.extend(to - from, ((ends[to - from] - first) >>> 0) * count);
  const { array } = out.numbers;
  if (lead === 0) copy(startOf(from), out.numbers.length - at, array, at);
  else
    for (let i = from; i < to; i++) {
      const before = ends[i - from];
      const n = (ends[i - from + 1] - before) * count;
      copy(startOf(i) + lead, n, array, at + (before - first) * count);
    }
}

/**
 * Number of items up to the end of each entry, on top of `ends[0]`, where an item has 2^n bytes:
 * one pass over the starts as stored and without branches, since it takes as long as copying the
 * values. False where the starts are flawed or an item has another size.
 */
function shiftedEnds(
  { basket: { data, entries }, from, to }: BasketPart,
  { view, base }: EntryStarts,
  item: number,
  ends: Uint32Array,
): boolean {
  const shift = 31 - Math.clz32(item);
  const begin = view.getInt32(4 * from);
  if (item !== 1 << shift || begin < base) return false;
  const wrong = ~(0x7fffffff & -item); // bits of a size that is negative or no multiple
  const stored = Math.min(to, entries - 1);
  let start = begin;
  let items = ends[0] | 0;
  let flaws = 0;
  for (let i = from + 1; i <= stored; i++) {
    const next = view.getInt32(4 * i);
    const bytes = (next - start) | 0;
    flaws |= bytes & wrong;
    items = (items + (bytes >> shift)) | 0;
    ends[i - from] = items;
    start = next;
  }
  const border = data.length + base;
  const end = to < entries ? start : border;
  if (to === entries) ends[to - from] = items + ((end - start) >> shift);
  const total = (ends[to - from] - ends[0]) >>> 0;
  return flaws === 0 && start <= border && total * item === end - begin;
}

/** The same for any layout. Throws `FormatError` where the starts are flawed. */
function checkedEnds(
  { basket, from, to }: BasketPart,
  item: number,
  lead: number,
  ends: Uint32Array,
) {
  const starts = checkedStarts(basket);
  for (let i = from; i < to; i++) {
    const bytes = Math.max(0, starts[i + 1] - starts[i] - lead);
    const n = Math.floor(bytes / item);
    if (n * item !== bytes)
      throw new FormatError(`${basket.where}, entry ${i}: ${bytes} bytes for items of ${item}`);
    ends[i - from + 1] = ends[i - from] + n;
  }
}

function offsetsOf({ offsets }: ColumnBuilder): Uint32Array {
  invariant(offsets !== null, "entries of varying size in a flat column");
  return offsets;
}

function decodeVector({ basket, from, to }: BasketPart, stored: Stored, out: ColumnBuilder): void {
  const { data, where } = basket;
  const starts = checkedStarts(basket);
  const offsets = offsetsOf(out);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const places = new Uint32Array(to - from);
  const entry = out.done;
  const first = offsets[entry];
  let total = 0;
  for (let i = from; i < to; i++) {
    const at = starts[i] + headerBytes(view, starts[i], starts[i + 1]);
    const bytes = starts[i + 1] - at;
    const n = bytes >= 4 ? view.getUint32(at) : -1;
    if (bytes !== 4 + n * stored.bytes)
      throw new FormatError(
        `${where}, entry ${i}: ${n} values of ${stored.bytes} bytes in ${bytes}`,
      );
    places[i - from] = at + 4;
    total += n;
    offsets[entry + i - from + 1] = first + total;
  }
  const copy = copier(basket, stored);
  const at = out.extend(to - from, total);
  const { array } = out.numbers;
  for (let i = 0; i < places.length; i++) {
    const before = offsets[entry + i];
    copy(places[i], offsets[entry + i + 1] - before, array, at + before - first);
  }
}
