import type { Reader } from "./buffer.ts";

/** A `TKey`: where and how a piece of the file is stored. */
export interface KeyHeader {
  /** Bytes in the file, this header included. */
  readonly bytes: number;
  /** Bytes of the object when unpacked. */
  readonly objectBytes: number;
  /** Bytes of this header. */
  readonly keyLength: number;
  readonly cycle: number;
  /** Offset in the file. */
  readonly seek: number;
  readonly className: string;
  readonly name: string;
  readonly title: string;
}

/** Reads a `TKey` at the position of the reader, which stays behind its title. */
export function readKey(reader: Reader): KeyHeader {
  const start = reader.position;
  const key = readKeyFields(reader);
  const { bytes, objectBytes, keyLength } = key;
  if (keyLength < reader.position - start || bytes < keyLength || objectBytes < 0)
    throw reader.error(
      `no key: ${bytes} bytes with a header of ${keyLength}, ${objectBytes} when unpacked`,
      start,
    );
  return key;
}

/** The same without checks: a basket kept inside its tree has a key that describes no bytes. */
export function readKeyFields(reader: Reader): KeyHeader {
  const bytes = reader.i32();
  const version = reader.i16();
  const objectBytes = reader.i32();
  reader.skip(4); // date and time
  const keyLength = reader.i16();
  const cycle = reader.i16();
  const big = version > 1000; // 64-bit offsets, ROOT TKey::ReadKeyBuffer
  const seek = big ? reader.i64() : reader.i32();
  reader.skip(big ? 8 : 4); // offset of the directory
  const className = reader.string();
  const name = reader.string();
  const title = reader.string();
  return { bytes, objectBytes, keyLength, cycle, seek, className, name, title };
}
