import { describe, expect, test } from "vitest";
import { Reader } from "../../../src/data/root/buffer.ts";
import { packedBytes, parseRange, readPacked } from "../../../src/data/root/range.ts";

/** A value as exponent byte and mantissa, rounded as ROOT's TBufferFile::WriteFloat16 does. */
function truncated(value: number, bits: number): Uint8Array {
  const word = new DataView(new ArrayBuffer(4));
  word.setFloat32(0, Math.abs(value));
  const raw = word.getUint32(0);
  let mantissa = ((1 << (bits + 1)) - 1) & (raw >>> (23 - bits - 1));
  mantissa = Math.min((mantissa + 1) >> 1, (1 << bits) - 1);
  if (value < 0) mantissa |= 1 << (bits + 1);
  return Uint8Array.of((raw >>> 23) & 255, mantissa >> 8, mantissa & 255);
}

const reader = (bytes: Uint8Array) => new Reader(bytes, { where: "test" });

describe("packed floats", () => {
  test("a range becomes a step size, limits may be multiples of pi", () => {
    expect(parseRange("pt [0,100,16]")).toEqual({ min: 0, factor: 655.36, bits: 0 });
    expect(parseRange("x[n][3] [-pi,pi,8]")?.min).toBe(-Math.PI);
    expect(parseRange("x[n][3]")).toBeNull();
    expect(parseRange("[0,0,10]")).toEqual({ min: 0, factor: 0, bits: 10 });
    const quarter = reader(Uint8Array.of(0, 0, 0x40, 0));
    expect(readPacked(quarter, "Double32_t", parseRange("[0,100,16]"))).toBe(25);
  });

  test("truncated values are right to half a step of their mantissa", () => {
    for (const bits of [8, 10, 12]) {
      const range = { min: 0, factor: 0, bits };
      expect(packedBytes("Float16_t", range)).toBe(3);
      for (const value of [1, -1, 0.3, -1234.5, 1e-20, 700.25]) {
        const read = readPacked(reader(truncated(value, bits)), "Float16_t", range);
        expect(Math.abs(read / value - 1)).toBeLessThanOrEqual(2 ** -bits);
      }
    }
    expect(packedBytes("Double32_t", null)).toBe(4);
  });
});
