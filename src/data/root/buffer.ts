import { FormatError } from "../../base/errors.ts";

const byteCountMask = 0x40000000;
const text = new TextDecoder();

/** What stands before a streamed object: its class version and where it ends. */
export interface ObjectHeader {
  readonly version: number;
  /** First byte behind the object; null where none is stored. */
  readonly end: number | null;
}

/** Where the bytes of a `Reader` come from. */
export interface ReaderOrigin {
  /** File and object, for messages. */
  readonly where: string;
  /** Offset in the file of byte 0, or null for decompressed bytes. */
  readonly offset?: number | null;
  /** Bytes of the key header before byte 0: object references count from its start. */
  readonly keyLength?: number;
}

/** Big-endian cursor over bytes. Every read is bounds-checked and throws `FormatError`. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly where: string;
  readonly keyLength: number;
  /** Next byte to read. */
  position = 0;
  readonly #offset: number | null;

  constructor(bytes: Uint8Array, origin: ReaderOrigin) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.where = origin.where;
    this.keyLength = origin.keyLength ?? 0;
    this.#offset = origin.offset ?? null;
  }

  get length(): number {
    return this.bytes.length;
  }

  get remaining(): number {
    return this.bytes.length - this.position;
  }

  /** Moves past n bytes and gives the position before them. */
  skip(n: number): number {
    const at = this.position;
    if (!(n >= 0 && n <= this.bytes.length - at))
      throw this.error(`needs ${n} bytes, ${this.remaining} are left`);
    this.position = at + n;
    return at;
  }

  /** Moves to a position inside the bytes (or just behind the last). */
  seek(position: number): void {
    if (!(position >= 0 && position <= this.bytes.length))
      throw this.error(`points to byte ${position} of ${this.bytes.length}`);
    this.position = position;
  }

  /** Moves to the end that an object's header gave; an object that ran past it is corrupt. */
  finish(end: number | null): void {
    if (end === null) return;
    if (end < this.position) throw this.error(`an object runs past its end at byte ${end}`);
    this.seek(end);
  }

  u8(): number {
    return this.bytes[this.skip(1)];
  }
  i8(): number {
    return this.view.getInt8(this.skip(1));
  }
  i16(): number {
    return this.view.getInt16(this.skip(2));
  }
  u16(): number {
    return this.view.getUint16(this.skip(2));
  }
  i32(): number {
    return this.view.getInt32(this.skip(4));
  }
  u32(): number {
    return this.view.getUint32(this.skip(4));
  }
  /** 64-bit integer as a number; beyond 2^53 it is rounded. */
  i64(): number {
    return Number(this.view.getBigInt64(this.skip(8)));
  }
  u64(): number {
    return Number(this.view.getBigUint64(this.skip(8)));
  }
  f32(): number {
    return this.view.getFloat32(this.skip(4));
  }
  f64(): number {
    return this.view.getFloat64(this.skip(8));
  }

  /** A view of the next n bytes, no copy. */
  take(n: number): Uint8Array {
    const at = this.skip(n);
    return this.bytes.subarray(at, at + n);
  }

  /** A `TString`: length byte (255: 32-bit length follows), then UTF-8. */
  string(): string {
    const short = this.u8();
    return text.decode(this.take(short === 255 ? this.u32() : short));
  }

  /** A zero-terminated string, as class names in object tags. */
  cstring(): string {
    const end = this.bytes.indexOf(0, this.position);
    if (end < 0) throw this.error("a string without end");
    const value = text.decode(this.bytes.subarray(this.position, end));
    this.position = end + 1;
    return value;
  }

  /** A count of items of at least `itemBytes` each; more than the bytes left can hold throws. */
  count(itemBytes: number, value = this.i32()): number {
    if (value < 0 || value * itemBytes > this.remaining)
      throw this.error(`a count of ${value}, while ${this.remaining} bytes are left`);
    return value;
  }

  /** Version of a class, with the byte count that may stand before it. */
  header(): ObjectHeader {
    const start = this.position;
    const count = this.u32();
    if ((count & byteCountMask) === 0) {
      this.position = start;
      return { version: this.i16(), end: null };
    }
    const end = start + 4 + (count & ~byteCountMask);
    if (end > this.bytes.length || end < start + 6)
      throw this.error(`an object said to end at byte ${end} of ${this.bytes.length}`);
    return { version: this.i16(), end };
  }

  /** A `FormatError` naming file, object and byte. */
  error(what: string, position = this.position): FormatError {
    const byte =
      this.#offset === null ? `unpacked byte ${position}` : `byte ${this.#offset + position}`;
    return new FormatError(`${this.where}, ${byte}: ${what}`);
  }
}
