import fc from "fast-check";
import type { RootColumn } from "../../../src/data/root/column.ts";
import type { ElementType } from "../../../src/data/root/element.ts";
import { leafTypes } from "../../../src/data/root/write-schema.ts";

type Values = RootColumn["values"];

/** A column of any shape; entries of jagged ones have the given lengths. */
export function makeRootColumn(
  name: string,
  type: ElementType,
  values: readonly unknown[],
  { inner = [], counts }: { inner?: readonly number[]; counts?: readonly number[] } = {},
): RootColumn {
  const { array: Values } = leafTypes[type];
  const filled = Object.assign(new Values(values.length), values) as unknown as Values;
  if (counts === undefined) return { name, type, values: filled, inner };
  const offsets = new Uint32Array(counts.length + 1);
  counts.forEach((n, i) => {
    offsets[i + 1] = offsets[i] + n;
  });
  return { name, type, values: filled, inner, offsets };
}

/** Values that each type must bring back: ends of the range, NaN, infinities, subnormals. */
export const extremes: Readonly<Record<ElementType, readonly unknown[]>> = {
  bool: [0, 1],
  int8: [-128, 127, 0, -1],
  uint8: [0, 255, 128],
  int16: [-32768, 32767, -1, 258],
  uint16: [0, 65535, 258],
  int32: [-(2 ** 31), 2 ** 31 - 1, -1, 0x01020304],
  uint32: [0, 2 ** 32 - 1, 0x01020304],
  int64: [-(2n ** 63n), 2n ** 63n - 1n, -1n, 0x0102030405060708n],
  uint64: [0n, 2n ** 64n - 1n, 0x0102030405060708n],
  float32: [Number.NaN, Infinity, -Infinity, -0, Math.fround(0.1), 2 ** -149, Math.fround(3.4e38)],
  float64: [Number.NaN, Infinity, -Infinity, -0, 0.1, 5e-324, Number.MAX_VALUE],
  string: ["", "a", "x".repeat(254), "y".repeat(255), "z".repeat(70_000), "µ±√é", "two words"],
};

export const allTypes = Object.keys(extremes) as ElementType[];

/** Any value of a type. */
export function anyValue(type: ElementType): fc.Arbitrary<unknown> {
  if (type === "string") return fc.string({ unit: "grapheme", maxLength: 300 });
  if (type === "float64") return fc.double();
  if (type === "float32") return fc.float();
  if (type === "int64") return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  if (type === "uint64") return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const [low, high] = extremes[type] as readonly number[];
  return fc.integer({ min: low, max: high });
}

/** The entries as JSROOT gives them: scalars, or all numbers of an entry as one list. */
export function entriesOf({ values, inner, offsets }: RootColumn): unknown[] {
  const size = inner.reduce((n, d) => n * d, 1);
  const list: unknown[] = Array.from(values as Iterable<unknown>, asJs);
  if (offsets === undefined && inner.length === 0) return list;
  const starts = offsets ?? Uint32Array.from({ length: list.length / size + 1 }, (_, i) => i);
  return Array.from(starts.subarray(1), (end, i) => list.slice(starts[i] * size, end * size));
}

/**
 * JSROOT takes each byte of UTF-8 for a character, gives 64-bit integers as numbers where it can,
 * and adds 2^32 to negative ones whose lower half is below 2^31.
 */
function asJs(value: unknown): unknown {
  if (typeof value === "string") return Buffer.from(value).toString("latin1");
  if (typeof value !== "bigint") return value;
  const read = value < 0n && BigInt.asUintN(32, value) < 2n ** 31n ? value + 2n ** 32n : value;
  return Number.isSafeInteger(Number(read)) ? Number(read) : read;
}
