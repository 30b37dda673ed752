import { FormatError } from "../../base/errors.ts";

/** Random access to the bytes of a file, wherever it lies. */
export interface ByteSource {
  /** Path, address or name: what error messages call it. */
  readonly name: string;
  /** Bytes; exact up to 2^53. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; throws `FormatError` past the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Throws `FormatError` unless [offset, offset + length) lies inside the source. */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  const inside = offset >= 0 && length >= 0 && offset + length <= size;
  if (inside && Number.isSafeInteger(offset) && Number.isSafeInteger(length)) return;
  throw new FormatError(
    `${name}: bytes ${offset} to ${offset + length} lie outside the file of ${size} bytes; ` +
      "is it truncated?",
  );
}

/** A source over bytes already in memory. */
export function bytesSource(bytes: Uint8Array, name = "memory"): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(offset, length) {
      checkRange(name, bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    async close() {},
  };
}
