import { DataError } from "../../base/errors.ts";
import type { RootColumn } from "./column.ts";
import type { ElementType } from "./element.ts";
import { ByteWriter } from "./write-buffer.ts";
import { innerSize, leafTypes, type RootField } from "./write-schema.ts";

/** The values of some entries of a branch, ready to be compressed. */
export interface Basket {
  readonly firstEntry: number;
  readonly entries: number;
  /** Big-endian values, then the offsets of the entries where they vary in size. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What follows the key's fields in the key: the TBasket. */
  readonly tail: Uint8Array;
}

/** Collects the entries of one branch and cuts them into baskets. */
export interface BasketMaker {
  /** Adds the entries of a column; yields each basket as it fills. */
  add(column: RootColumn): Generator<Basket>;
  /** The entries that are left, or null where there are none. */
  rest(): Basket | null;
  /** Largest number in one entry so far: of elements, or of bytes of a string with its zero. */
  readonly longest: number;
}

/** Bytes of a TBasket's fields: version, four numbers and a flag. */
export const basketTail = 19;
const basketVersion = 3;
const largestBasket = 1 << 30;
const encoder = new TextEncoder();

/** Where a basket ends: at whichever comes first. One entry always fits. */
export interface BasketLimits {
  /** Bytes before compression. */
  readonly bytes: number;
  readonly entries: number;
}

/** A basket maker for a field; `keyLength` is the bytes of each basket's key with its tail. */
export function basketMaker(
  field: RootField,
  keyLength: number,
  limits: BasketLimits,
): BasketMaker {
  const inner = innerSize(field);
  const { bytes: size } = leafTypes[field.type];
  const elementBytes = size * inner;
  const isVariable = field.counter !== undefined || field.type === "string";
  let buffer = new Uint8Array(0);
  let used = 0;
  let entries = 0;
  let firstEntry = 0;
  let starts = new Int32Array(0);
  let longest = 0;

  const reserve = (more: number) => {
    const needed = used + more;
    if (needed <= buffer.length) return;
    if (needed > largestBasket)
      throw new DataError(
        `branch "${field.name}": ${more} bytes in one entry; a basket holds ${largestBasket}`,
      );
    const room = Math.max(needed, Math.min(limits.bytes, 2 * buffer.length));
    // Whole multiples of 8, so that it can be seen as an array of any type.
    const grown = new Uint8Array(8 * Math.ceil(room / 8));
    grown.set(buffer.subarray(0, used));
    buffer = grown;
  };
  const begin = (at: number) => {
    if (entries >= starts.length) {
      const grown = new Int32Array(Math.max(256, 2 * entries));
      grown.set(starts);
      starts = grown;
    }
    starts[entries++] = keyLength + at;
  };
  /** Whether an entry that ends at byte `end` belongs into the next basket. */
  const isFull = (end: number) =>
    entries > 0 &&
    (entries >= limits.entries || end + (isVariable ? 4 * entries : 0) > limits.bytes);

  const cut = (): Basket => {
    const last = keyLength + used;
    const out = buffer.subarray(0, used);
    const bytes = isVariable ? withOffsets(out, starts, entries) : out;
    const tail = new ByteWriter();
    tail.i16(basketVersion);
    tail.i32(Math.max(limits.bytes, last));
    tail.i32(isVariable ? entries + 1 : elementBytes);
    tail.i32(entries);
    tail.i32(last);
    tail.u8(0);
    const basket = { firstEntry, entries, bytes, tail: tail.bytes };
    firstEntry += entries;
    // The bytes may still wait for compression or the disk: the next basket needs a place of its own.
    buffer = new Uint8Array(0);
    used = 0;
    entries = 0;
    return basket;
  };

  function* addFlat(values: NumberArray): Generator<Basket> {
    const total = values.length / inner;
    for (let row = 0; row < total; ) {
      if (isFull(used + elementBytes)) yield cut();
      const room = Math.max(1, Math.floor((limits.bytes - used) / elementBytes));
      const n = Math.min(total - row, limits.entries - entries, room);
      reserve(n * elementBytes);
      putBigEndian(field.type, values, row * inner, n * inner, buffer, used);
      used += n * elementBytes;
      entries += n;
      row += n;
    }
  }

  function* addJagged(values: NumberArray, offsets: Uint32Array): Generator<Basket> {
    const total = offsets.length - 1;
    for (let row = 0; row < total; ) {
      const from = row;
      let end = used;
      for (; row < total; row++) {
        const length = offsets[row + 1] - offsets[row];
        if (isFull(end + length * elementBytes)) break;
        begin(end);
        end += length * elementBytes;
        if (length > longest) longest = length;
      }
      const first = offsets[from] * inner;
      const count = offsets[row] * inner - first;
      reserve(end - used);
      putBigEndian(field.type, values, first, count, buffer, used);
      used = end;
      if (row < total) yield cut();
    }
  }

  function* addText(values: readonly string[]): Generator<Basket> {
    for (const text of values) {
      const bytes = encoder.encode(text);
      const head = bytes.length < 255 ? 1 : 5;
      if (isFull(used + head + bytes.length)) yield cut();
      reserve(head + bytes.length);
      begin(used);
      buffer[used] = Math.min(bytes.length, 255);
      if (head > 1) new DataView(buffer.buffer).setInt32(used + 1, bytes.length);
      buffer.set(bytes, used + head);
      used += head + bytes.length;
      longest = Math.max(longest, bytes.length + 1);
    }
  }

  return {
    add: ({ values, offsets }) => {
      if (Array.isArray(values)) return addText(values);
      const numbers = values as NumberArray;
      return offsets === undefined ? addFlat(numbers) : addJagged(numbers, offsets);
    },
    rest: () => (entries > 0 ? cut() : null),
    get longest() {
      return longest;
    },
  };
}

/** The values, then how many offsets follow (one more than entries), the offsets and a zero. */
function withOffsets(values: Uint8Array, starts: Int32Array, entries: number) {
  const out = new Uint8Array(values.length + 4 * (entries + 2));
  out.set(values);
  const view = new DataView(out.buffer, values.length);
  view.setInt32(0, entries + 1);
  for (let i = 0; i < entries; i++) view.setInt32(4 * (i + 1), starts[i]);
  return out;
}

type NumberArray = Exclude<RootColumn["values"], string[]>;

/**
 * Copies `count` values from `from` on to byte `at` of the target, which is a multiple of their
 * size, in the other byte order. The machine is taken to be little-endian, as all that run
 * JavaScript engines today are.
 */
function putBigEndian(
  type: ElementType,
  values: NumberArray,
  from: number,
  count: number,
  target: Uint8Array<ArrayBuffer>,
  at: number,
): void {
  const size = values.BYTES_PER_ELEMENT;
  const { buffer } = values;
  const start = values.byteOffset + from * size;
  if (size === 1) {
    target.set(new Uint8Array(buffer, start, count), at);
    if (type === "bool") for (let i = at; i < at + count; i++) if (target[i] > 1) target[i] = 1;
  } else if (size === 2) {
    const source = new Uint16Array(buffer, start, count);
    const to = new Uint16Array(target.buffer, at, count);
    for (let i = 0; i < count; i++) to[i] = (source[i] << 8) | (source[i] >> 8);
  } else if (size === 4) {
    const source = new Uint32Array(buffer, start, count);
    const to = new Uint32Array(target.buffer, at, count);
    for (let i = 0; i < count; i++) to[i] = swapped(source[i]);
  } else {
    const source = new Uint32Array(buffer, start, 2 * count);
    const to = new Uint32Array(target.buffer, at, 2 * count);
    for (let i = 0; i < 2 * count; i += 2) {
      to[i] = swapped(source[i + 1]);
      to[i + 1] = swapped(source[i]);
    }
  }
}

function swapped(x: number): number {
  return (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24);
}
