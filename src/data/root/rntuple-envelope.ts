import { FormatError } from "../../base/errors.ts";
import type { Checksums } from "./checksum.ts";
import type { Piece } from "./fetch.ts";

const text = new TextDecoder();
const checksumBytes = 8;

/** Kinds of envelopes. */
export const envelopeType = { header: 1, footer: 2, pageList: 3 } as const;

/** An envelope of RNTuple, opened. */
export interface Envelope {
  /** Stands behind type and length. */
  readonly reader: LittleReader;
  /** XXH3 of the envelope, which others refer to. */
  readonly checksum: bigint;
}

/**
 * Opens an envelope: type, length and checksum must fit.
 * @see RNTuple Binary Format Specification 1.0, "Envelopes"
 */
export function openEnvelope(
  bytes: Uint8Array,
  type: number,
  { where, checksums }: { where: string; checksums: Checksums },
): Envelope {
  const reader = new LittleReader(bytes, where);
  const found = reader.u16();
  const length = reader.u32() + reader.u16() * 2 ** 32;
  if (found !== type || length !== bytes.length || length < 2 * checksumBytes)
    throw new FormatError(
      `${where}: an envelope of type ${found} with ${length} bytes, expected type ${type} ` +
        `with ${bytes.length}`,
    );
  const end = length - checksumBytes;
  const stored = reader.view.getBigUint64(end, true);
  if (checksums.xxh3(bytes.subarray(0, end)) !== stored)
    throw new FormatError(`${where}: the checksum does not match; the file is corrupt`);
  return {
    reader: new LittleReader(bytes.subarray(0, end), where, checksumBytes),
    checksum: stored,
  };
}

/** Little-endian cursor over the bytes of an envelope; every read is bounds-checked. */
export class LittleReader {
  readonly view: DataView;
  readonly #bytes: Uint8Array;
  readonly #where: string;
  #position: number;

  constructor(bytes: Uint8Array, where: string, position = 0) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bytes = bytes;
    this.#where = where;
    this.#position = position;
  }

  u16(): number {
    return this.view.getUint16(this.#skip(2), true);
  }
  u32(): number {
    return this.view.getUint32(this.#skip(4), true);
  }
  i32(): number {
    return this.view.getInt32(this.#skip(4), true);
  }
  /** 64-bit integers as numbers; beyond 2^53 they are rounded. */
  u64(): number {
    return Number(this.bits64());
  }
  i64(): number {
    return Number(this.view.getBigInt64(this.#skip(8), true));
  }
  f64(): number {
    return this.view.getFloat64(this.#skip(8), true);
  }
  bits64(): bigint {
    return this.view.getBigUint64(this.#skip(8), true);
  }

  string(): string {
    const length = this.u32();
    const at = this.#skip(length);
    return text.decode(this.#bytes.subarray(at, at + length));
  }

  /** A record frame; fields behind those that `read` knows are skipped. */
  record<T>(read: () => T): T {
    const end = this.#frame(1);
    const value = read();
    this.#seek(end);
    return value;
  }

  /** A list frame of items, and what `tail` reads behind them within the frame. */
  list<T>(read: (i: number) => T): T[];
  list<T, U>(read: (i: number) => T, tail: (items: T[]) => U): U;
  list<T, U>(read: (i: number) => T, tail?: (items: T[]) => U): T[] | U {
    const end = this.#frame(-1);
    const n = this.u32();
    if (n > this.#bytes.length - this.#position) throw this.error(`a list of ${n} items`);
    const items = Array.from({ length: n }, (_, i) => read(i));
    const value = tail ? tail(items) : items;
    this.#seek(end);
    return value;
  }

  /** Where a block lies in the file. */
  locator(): Piece {
    const start = this.#position;
    const size = this.i32();
    if (size >= 0) return { bytes: size, seek: this.u64() };
    const type = (size >>> 24) & 0x7f;
    if (type !== 1) throw this.error(`a locator of type ${type}, which is not for files`);
    const piece = { bytes: this.u64(), seek: this.u64() };
    this.#seek(start + (size & 0xffff));
    return piece;
  }

  /** Feature flags; none is defined, so any says that the file is beyond this reader. */
  features(): void {
    for (let more = true; more; ) {
      const flags = this.bits64();
      more = flags >> 63n === 1n;
      if ((flags & 0x7fff_ffff_ffff_ffffn) !== 0n)
        throw this.error(`feature flags 0x${flags.toString(16)}; none is known to this reader`);
    }
  }

  error(what: string): FormatError {
    return new FormatError(`${this.#where}, unpacked byte ${this.#position}: ${what}`);
  }

  /** The end of a frame of n > 0 (record) or n < 0 (list). */
  #frame(sign: number): number {
    const start = this.#position;
    const size = this.i64() * sign;
    if (!(size >= 8 && start + size <= this.#bytes.length))
      throw this.error(`a frame of ${size * sign} bytes`);
    return start + size;
  }

  #skip(n: number): number {
    const at = this.#position;
    if (at + n > this.#bytes.length)
      throw this.error(`needs ${n} bytes, ${this.#bytes.length - at} are left`);
    this.#position = at + n;
    return at;
  }

  #seek(position: number): void {
    if (position < this.#position) throw this.error(`a frame that ends before, at ${position}`);
    this.#position = position;
  }
}
