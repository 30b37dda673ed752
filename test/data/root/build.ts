import type { ByteSource } from "../../../src/data/root/source.ts";
import { checkRange } from "../../../src/data/root/source.ts";

/** An object to put into a built file. */
export interface BuiltKey {
  readonly name: string;
  readonly className: string;
  readonly cycle?: number;
  readonly payload: Uint8Array;
}

const text = new TextEncoder();

/** Big-endian bytes: numbers as [value, bytes], strings with a length byte. */
export function bytesOf(...parts: (readonly [number, number] | string | Uint8Array)[]): Uint8Array {
  const out: number[] = [];
  for (const part of parts) {
    if (typeof part === "string") out.push(part.length, ...text.encode(part));
    else if (part instanceof Uint8Array) out.push(...part);
    else {
      const [value, size] = part;
      for (let i = size - 1; i >= 0; i--) out.push(Number((BigInt(value) >> BigInt(8 * i)) & 255n));
    }
  }
  return Uint8Array.from(out);
}

/** A key with its payload behind it, 64-bit offsets where `big`. */
export function keyBytes(
  key: BuiltKey,
  seek: number,
  big: boolean,
  extra: Uint8Array = new Uint8Array(),
): Uint8Array {
  const names = bytesOf(key.className, key.name, "");
  const offset = big ? 8 : 4;
  const length = 18 + 2 * offset + names.length + extra.length;
  return bytesOf(
    [length + key.payload.length, 4],
    [big ? 1004 : 4, 2],
    [key.payload.length, 4],
    [0, 4],
    [length, 2],
    [key.cycle ?? 1, 2],
    [seek, offset],
    [0, offset],
    names,
    extra,
    key.payload,
  );
}

/** A ROOT file without streamer infos, as pieces at offsets; the objects lie from `start` on. */
export function buildFile(
  keys: readonly BuiltKey[],
  { start = 400, big = false } = {},
): Map<number, Uint8Array> {
  const pieces = new Map<number, Uint8Array>();
  const offset = big ? 8 : 4;
  const list: Uint8Array[] = [];
  let at = start;
  for (const key of keys) {
    const bytes = keyBytes(key, at, big);
    pieces.set(at, bytes);
    list.push(bytes.subarray(0, bytes.length - key.payload.length));
    at += bytes.length;
  }
  const directory = { name: "file", className: "TFile", payload: new Uint8Array() };
  const payload = bytesOf([keys.length, 4], ...list);
  const keyList = keyBytes({ ...directory, payload }, at, big);
  pieces.set(at, keyList);
  const end = at + keyList.length;
  pieces.set(
    0,
    bytesOf(
      Uint8Array.from(text.encode("root")),
      [big ? 1063000 : 63000, 4],
      [100, 4],
      [end, offset],
      [0, offset],
      [0, 4],
      [0, 4],
      [50, 4],
      [offset, 1],
      [1, 4],
      [0, offset],
      [0, 4],
    ),
  );
  pieces.set(
    150,
    bytesOf(
      [big ? 1005 : 5, 2],
      [0, 4],
      [0, 4],
      [keyList.length, 4],
      [50, 4],
      [100, offset],
      [0, offset],
      [at, offset],
    ),
  );
  return pieces;
}

/** A source that holds pieces at offsets and zeros elsewhere, as large as it must be. */
export function sparseSource(pieces: ReadonlyMap<number, Uint8Array>): ByteSource {
  const size = Math.max(...Array.from(pieces, ([at, bytes]) => at + bytes.length));
  return {
    name: "built.root",
    size,
    async read(offset, length) {
      checkRange("built.root", size, offset, length);
      const out = new Uint8Array(length);
      for (const [at, bytes] of pieces) {
        const from = Math.max(at, offset);
        const to = Math.min(at + bytes.length, offset + length);
        if (from < to) out.set(bytes.subarray(from - at, to - at), from - offset);
      }
      return out;
    },
    async close() {},
  };
}
