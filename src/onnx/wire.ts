import { FormatError } from "../base/errors.ts";

/**
 * Protocol-buffer wire format, driven by field tables: a message type is a record from property
 * name to `[field number, kind, repeated?]`. Only what ONNX needs.
 * @see https://protobuf.dev/programming-guides/encoding
 */
export type Kind =
  | "int"
  | "float"
  | "double"
  | "string"
  | "bytes"
  | { readonly [field: string]: Field };
export type Field = readonly [number: number, kind: Kind, repeated?: "repeated"];
export type MessageType = { readonly [field: string]: Field };

/** A message as plain data; absent fields are absent or undefined. */
export type Message = { readonly [field: string]: unknown };

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { fatal: true });

class Writer {
  private buffer = new Uint8Array(1024);
  private length = 0;

  private reserve(n: number): void {
    if (this.length + n <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + n));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  varint(value: number | bigint): void {
    let v = BigInt.asUintN(64, BigInt(value));
    this.reserve(10);
    do {
      const low = Number(v & 0x7fn);
      v >>= 7n;
      this.buffer[this.length++] = v > 0n ? low | 0x80 : low;
    } while (v > 0n);
  }

  float(value: number): void {
    this.reserve(4);
    new DataView(this.buffer.buffer).setFloat32(this.length, value, true);
    this.length += 4;
  }

  double(value: number): void {
    this.reserve(8);
    new DataView(this.buffer.buffer).setFloat64(this.length, value, true);
    this.length += 8;
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.reserve(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  finish(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}

/** Encodes a message by its field table; fields in table order, so equal data gives equal bytes. */
export function encode(type: MessageType, message: Message): Uint8Array {
  const out = new Writer();
  for (const [name, [number, kind, repeated]] of Object.entries(type)) {
    const value = message[name];
    if (value === undefined) continue;
    for (const item of repeated ? (value as readonly unknown[]) : [value]) {
      if (kind === "int") {
        out.varint(number << 3);
        out.varint(item as number | bigint);
      } else if (kind === "float") {
        out.varint((number << 3) | 5);
        out.float(item as number);
      } else if (kind === "double") {
        out.varint((number << 3) | 1);
        out.double(item as number);
      } else {
        out.varint((number << 3) | 2);
        if (kind === "string") out.bytes(utf8.encode(item as string));
        else if (kind === "bytes") out.bytes(item as Uint8Array);
        else out.bytes(encode(kind, item as Message));
      }
    }
  }
  return out.finish();
}

/**
 * Decodes a message by its field table. Unknown fields are skipped; repeated fields are always
 * arrays. Integers are numbers where exact, else bigints.
 * @throws FormatError with the byte offset where the bytes do not parse.
 */
export function decode(type: MessageType, bytes: Uint8Array): Record<string, unknown> {
  const fields = new Map(Object.entries(type).map(([name, f]) => [f[0], { name, f }]));
  const message: Record<string, unknown> = {};
  for (const [name, [, , repeated]] of Object.entries(type)) if (repeated) message[name] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const need = (n: number) => {
    if (n < 0 || at + n > bytes.length)
      throw new FormatError(
        `onnx: bad message at byte ${at}: needs ${n} bytes, ${bytes.length - at} left`,
      );
  };
  const varint = (): bigint => {
    const { value, next } = varintAt(bytes, at);
    at = next;
    return value;
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    const known = fields.get(tag >> 3);
    let raw: Uint8Array | bigint | number;
    if (wire === 0) raw = varint();
    else if (wire === 5 || wire === 1) {
      const width = wire === 5 ? 4 : 8;
      need(width);
      raw = wire === 5 ? view.getFloat32(at, true) : view.getFloat64(at, true);
      at += width;
    } else if (wire === 2) {
      const length = Number(varint());
      need(length);
      raw = bytes.subarray(at, at + length);
      at += length;
    } else throw new FormatError(`onnx: bad wire type ${wire} at byte ${at}`);
    if (!known) continue;
    const { name, f } = known;
    const kind = f[1];
    const own = kind === "int" ? 0 : kind === "float" ? 5 : kind === "double" ? 1 : 2;
    if (wire !== own && wire !== 2)
      throw new FormatError(
        `onnx: field "${name}" has wire type ${wire} at byte ${at}, expected ${own}`,
      );
    let values: readonly unknown[];
    if (!(raw instanceof Uint8Array)) values = [typeof raw === "bigint" ? exact(raw) : raw];
    else if (kind === "string") values = [fromUtf8.decode(raw)];
    else if (kind === "bytes") values = [raw];
    else if (typeof kind === "object") values = [decode(kind, raw)];
    else values = kind === "int" ? packedInts(raw) : packedFloats(raw, kind);
    if (f[2]) for (const value of values) (message[name] as unknown[]).push(value);
    else if (values.length > 0) message[name] = values[values.length - 1];
  }
  return message;
}

/** The signed 64-bit integer at a position, and where the next value starts. */
function varintAt(bytes: Uint8Array, start: number): { value: bigint; next: number } {
  let value = 0n;
  for (let i = 0; i < 10 && start + i < bytes.length; i++) {
    const b = bytes[start + i];
    value |= BigInt(b & 0x7f) << BigInt(7 * i);
    if (b < 0x80) return { value: BigInt.asIntN(64, value), next: start + i + 1 };
  }
  throw new FormatError(`onnx: bad integer at byte ${start}`);
}

/** A number where it is exact, else the bigint. */
function exact(v: bigint): number | bigint {
  return v === BigInt(Number(v)) ? Number(v) : v;
}

function packedInts(raw: Uint8Array): (number | bigint)[] {
  const values: (number | bigint)[] = [];
  for (let at = 0; at < raw.length; ) {
    const { value, next } = varintAt(raw, at);
    values.push(exact(value));
    at = next;
  }
  return values;
}

function packedFloats(raw: Uint8Array, kind: "float" | "double"): number[] {
  const width = kind === "float" ? 4 : 8;
  if (raw.length % width !== 0)
    throw new FormatError(
      `onnx: packed ${kind}s take ${raw.length} bytes, not a multiple of ${width}`,
    );
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const read = (at: number) =>
    kind === "float" ? view.getFloat32(at, true) : view.getFloat64(at, true);
  return Array.from({ length: raw.length / width }, (_, i) => read(width * i));
}
