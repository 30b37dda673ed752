import { ConfigError, DataError } from "../../base/errors.ts";
import { ByteWriter } from "./write-buffer.ts";

/** Beyond this byte positions have eight bytes (TFile::kStartBigFile). */
export const startOfBig = 2_000_000_000;

/** What a key says of its record. */
export interface KeyFields {
  readonly className: string;
  readonly name: string;
  readonly title: string;
  /** Byte of the key of the directory that holds the record; 0 for the file itself. */
  readonly directory: number;
  readonly cycle: number;
}

/** Where a record lies and how large it is. */
export interface KeyPlace {
  readonly at: number;
  /** Bytes of the payload in the file. */
  readonly stored: number;
  /** Bytes of the payload before compression; default `stored`. */
  readonly size?: number;
  /** Whether positions have eight bytes; default where the record lies beyond 2 GB. */
  readonly isBig?: boolean;
  /** Bytes that follow the fields and count as part of the key; default none. */
  readonly tail?: number;
  /** Time as `datime` packs it. */
  readonly datime: number;
}

const keyVersion = 4;
const longestKey = 32_767;

/** The fields of a TKey. @see ROOT io/doc/TFile/datarecord.md */
export function keyBytes(fields: KeyFields, place: KeyPlace): Uint8Array {
  const { at, stored, size = stored, isBig = at > startOfBig, tail = 0 } = place;
  const length = keyLength(fields, isBig) + tail;
  if (length > longestKey)
    throw new DataError(
      `"${fields.name.slice(0, 40)}...": names and title take ${length} bytes, a key holds ${longestKey}`,
    );
  const out = new ByteWriter();
  out.i32(length + stored);
  out.i16(keyVersion + (isBig ? 1000 : 0));
  out.i32(size);
  out.i32(place.datime);
  out.i16(length);
  out.i16(fields.cycle);
  putPosition(out, at, isBig);
  putPosition(out, fields.directory, isBig);
  out.text(fields.className);
  out.text(fields.name);
  out.text(fields.title);
  return out.bytes;
}

/** Bytes of the fields of a TKey. */
export function keyLength(
  { className, name, title }: Pick<KeyFields, "className" | "name" | "title">,
  isBig: boolean,
): number {
  return (isBig ? 34 : 26) + textLength(className) + textLength(name) + textLength(title);
}

/** Bytes of a TString. */
export function textLength(text: string): number {
  const n = new TextEncoder().encode(text).length;
  return n + (n < 255 ? 1 : 5);
}

/** A position in the file, in four or eight bytes. */
export function putPosition(out: ByteWriter, at: number, isBig: boolean): void {
  if (isBig) out.i64(at);
  else out.i32(at);
}

/** A time as TDatime packs it; `ConfigError` outside of 1995 to 2058. */
export function datime(time: Date): number {
  const years = time.getUTCFullYear() - 1995;
  if (!(years >= 0 && years < 64))
    throw new ConfigError(`time: a ROOT file holds years 1995 to 2058, got ${time.toISOString()}`);
  const day = (years << 26) | ((time.getUTCMonth() + 1) << 22) | (time.getUTCDate() << 17);
  return day | (time.getUTCHours() << 12) | (time.getUTCMinutes() << 6) | time.getUTCSeconds();
}
