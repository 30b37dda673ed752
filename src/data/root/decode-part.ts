import type { Basket } from "./basket.ts";
import { Reader } from "./buffer.ts";
import { type ColumnValues, elements } from "./element.ts";
import type { EntryLayout, Stored } from "./layout.ts";
import { readPacked } from "./range.ts";

/** Entries [from, to) of a basket. */
export interface BasketPart {
  readonly basket: Basket;
  readonly from: number;
  readonly to: number;
}

/** The layouts of a kind. */
export type Layout<K> = Extract<EntryLayout, { kind: K }>;

type Copy = (at: number, n: number, out: ColumnValues, to: number) => void;

/** Copies stored values of a basket from a byte on; inside the data, which the caller checks. */
export function copier({ data, where }: Basket, stored: Stored): Copy {
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

/** Bytes of the version and byte count before an object, where they are stored. */
export function headerBytes(view: DataView, start: number, end: number): number {
  return end - start >= 6 && view.getUint32(start) === (0x40000000 | (end - start - 4)) >>> 0
    ? 6
    : 0;
}
