import { type ColumnValues, elements, type NumberType } from "./element.ts";
import type { NtupleColumn } from "./rntuple-schema.ts";

/** How the elements of a column type are stored. */
interface Encoding {
  readonly element: NumberType;
  /** Bits in a page; 0 where the column says. */
  readonly bits: number;
  readonly packing: "plain" | "split" | "bits" | "half" | "splitHalf" | "truncated" | "quantized";
  /** What the split integers stand for. */
  readonly integers?: "zigzag" | "delta";
}

const plain = (element: NumberType, bits: number): Encoding => ({
  element,
  bits,
  packing: "plain",
});
const split = (element: NumberType, bits: number): Encoding => ({
  element,
  bits,
  packing: "split",
});
const zigzag = (element: NumberType, bits: number): Encoding => ({
  ...split(element, bits),
  integers: "zigzag",
});
const delta = (element: NumberType, bits: number): Encoding => ({
  ...split(element, bits),
  integers: "delta",
});

/** By column type. @see RNTuple Binary Format Specification 1.0, "Column Description" */
const encodings: readonly (Encoding | null)[] = [
  { element: "bool", bits: 1, packing: "bits" },
  plain("uint8", 8), // Byte
  plain("int8", 8), // Char
  plain("int8", 8),
  plain("uint8", 8),
  plain("int16", 16),
  plain("uint16", 16),
  plain("int32", 32),
  plain("uint32", 32),
  plain("int64", 64),
  plain("uint64", 64),
  { element: "float32", bits: 16, packing: "half" },
  plain("float32", 32),
  plain("float64", 64),
  plain("uint32", 32), // Index32
  plain("uint64", 64), // Index64
  null, // Switch
  zigzag("int16", 16),
  split("uint16", 16),
  zigzag("int32", 32),
  split("uint32", 32),
  zigzag("int64", 64),
  split("uint64", 64),
  { element: "float32", bits: 16, packing: "splitHalf" },
  split("float32", 32),
  split("float64", 64),
  delta("uint32", 32),
  delta("uint64", 64),
  { element: "float32", bits: 0, packing: "truncated" },
  { element: "float32", bits: 0, packing: "quantized" },
];

/** Column types of offsets. */
export const indexTypes: readonly number[] = [0x0e, 0x0f, 0x1a, 0x1b];

/** Type of the elements of a column as numbers; null for types that are not read. */
export function elementOf({ type, bits }: NtupleColumn): NumberType | null {
  const encoding = encodings[type];
  if (!encoding) return null;
  const fits = encoding.bits === 0 ? bits >= 1 && bits <= 32 : bits === encoding.bits;
  return fits ? encoding.element : null;
}

/** Bytes of a page of n elements. */
export function pageBytes({ bits }: NtupleColumn, n: number): number {
  return Math.ceil((n * bits) / 8);
}

/**
 * The n elements of an unpacked page. Index columns keep their bits; typed arrays are little-endian
 * as is every machine that runs JavaScript engines.
 * @param bytes - `pageBytes` of them.
 */
export function decodePage(column: NtupleColumn, bytes: Uint8Array, n: number): ColumnValues {
  const { element, bits, packing, integers } = encodings[column.type] as Encoding;
  switch (packing) {
    case "bits": {
      const flags = new Uint8Array(n);
      for (let i = 0; i < n; i++) flags[i] = (bytes[i >> 3] >> (i & 7)) & 1;
      return flags;
    }
    case "half":
    case "splitHalf": {
      const halves = new Uint16Array(n);
      const out = new Uint8Array(halves.buffer);
      if (packing === "splitHalf") unsplit(bytes, out, 2);
      else out.set(bytes);
      return Float32Array.from(halves, fromHalf);
    }
    case "truncated":
      return new Float32Array(
        unpackBits(bytes, n, column.bits).map((b) => b << (32 - column.bits)).buffer,
      );
    case "quantized": {
      const [low, high] = column.range;
      const step = (high - low) / (2 ** column.bits - 1);
      return Float32Array.from(unpackBits(bytes, n, column.bits), (b) => low + b * step);
    }
  }
  const values = elements[element].make(n);
  const out = new Uint8Array(values.buffer);
  if (packing === "plain") out.set(bytes);
  else unsplit(bytes, out, bits / 8);
  if (integers === "zigzag") unzigzag(values as Int16Array | Int32Array | BigInt64Array);
  if (integers === "delta") sumUp(values as Uint32Array | BigUint64Array);
  return values;
}

/** All first bytes, then all second bytes, ... back to elements of `size` bytes. */
function unsplit(bytes: Uint8Array, out: Uint8Array, size: number): void {
  const n = out.length / size;
  for (let b = 0; b < size; b++)
    for (let i = 0, from = b * n, to = b; i < n; i++, from++, to += size) out[to] = bytes[from];
}

/** 0, 1, 2, 3, 4 stand for 0, -1, 1, -2, 2. */
function unzigzag(values: Int16Array | Int32Array | BigInt64Array): void {
  if (values instanceof BigInt64Array) {
    const words = new Uint32Array(values.buffer);
    for (let i = 0; i < words.length; i += 2) {
      const sign = -(words[i] & 1);
      const high = words[i + 1];
      words[i] = ((words[i] >>> 1) | (high << 31)) ^ sign;
      words[i + 1] = (high >>> 1) ^ sign;
    }
  } else if (values instanceof Int16Array)
    for (let i = 0; i < values.length; i++)
      values[i] = ((values[i] & 0xffff) >>> 1) ^ -(values[i] & 1);
  else for (let i = 0; i < values.length; i++) values[i] = (values[i] >>> 1) ^ -(values[i] & 1);
}

function sumUp(values: Uint32Array | BigUint64Array): void {
  if (values instanceof BigUint64Array)
    for (let i = 1; i < values.length; i++) values[i] += values[i - 1];
  else for (let i = 1; i < values.length; i++) values[i] += values[i - 1];
}

/** Integers of some bits each, the lowest bit first. */
function unpackBits(bytes: Uint8Array, n: number, bits: number): Uint32Array {
  const out = new Uint32Array(n);
  for (let i = 0, at = 0; i < n; i++) {
    let value = 0;
    for (let done = 0; done < bits; ) {
      const take = Math.min(8 - (at & 7), bits - done);
      value |= ((bytes[at >> 3] >> (at & 7)) & ((1 << take) - 1)) << done;
      done += take;
      at += take;
    }
    out[i] = value;
  }
  return out;
}

/** IEEE 754 half precision. */
function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
