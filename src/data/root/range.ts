import type { Reader } from "./buffer.ts";

/** How a `Float16_t` or `Double32_t` is packed: from the comment "[min,max,bits]" of the member. */
export interface PackedRange {
  readonly min: number;
  /** Integer steps per unit; 0 where the value is stored as a floating-point number. */
  readonly factor: number;
  /** Mantissa bits; 0 where the value is not truncated. */
  readonly bits: number;
}

const limits: Readonly<Record<string, number>> = {
  pi: Math.PI,
  twopi: 2 * Math.PI,
  "2pi": 2 * Math.PI,
  "2*pi": 2 * Math.PI,
  "pi/2": Math.PI / 2,
  "pi/4": Math.PI / 4,
};

/**
 * The packing that a member's title or leaf title asks for.
 * @see ROOT core/meta/src/TStreamerElement.cxx, GetRange
 */
export function parseRange(title: string): PackedRange | null {
  const match = /\[([^[\],]*),([^[\],]*)(?:,([^[\],]*))?\]/.exec(title);
  if (match === null) return null;
  const min = limit(match[1]);
  const max = limit(match[2]);
  const given = Number.parseInt(match[3] ?? "32", 10);
  const bits = given >= 2 && given <= 32 ? given : 32;
  if (min < max) {
    const steps = bits < 32 ? 2 ** bits : 0xffffffff;
    return { min, factor: steps / (max - min), bits: 0 };
  }
  return { min: 0, factor: 0, bits: bits < 15 ? bits : 0 };
}

function limit(written: string): number {
  const word = written.trim().toLowerCase();
  const sign = word.startsWith("-") ? -1 : 1;
  const size = word.replace(/^[-+]/, "");
  return sign * (limits[size] ?? Number(size));
}

/** Bytes of one value: 4 as integer or float, 3 as exponent and truncated mantissa. */
export function packedBytes(kind: "Float16_t" | "Double32_t", range: PackedRange | null): number {
  return (range?.factor ?? 0) === 0 && mantissaBits(kind, range) > 0 ? 3 : 4;
}

/** One packed value. @see ROOT io/io/src/TBufferFile.cxx, ReadFloat16 and ReadDouble32 */
export function readPacked(
  reader: Reader,
  kind: "Float16_t" | "Double32_t",
  range: PackedRange | null,
): number {
  if (range !== null && range.factor !== 0) return reader.u32() / range.factor + range.min;
  const bits = mantissaBits(kind, range);
  if (bits === 0) return reader.f32();
  const exponent = reader.u8();
  const mantissa = reader.u16();
  word.setUint32(0, (exponent << 23) | ((mantissa & ((1 << (bits + 1)) - 1)) << (23 - bits)));
  const value = word.getFloat32(0);
  return (mantissa & (1 << (bits + 1))) !== 0 ? -value : value;
}

const word = new DataView(new ArrayBuffer(4));

function mantissaBits(kind: "Float16_t" | "Double32_t", range: PackedRange | null): number {
  return range?.bits || (kind === "Float16_t" ? 12 : 0);
}
