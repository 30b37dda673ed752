/** Types of column values. */
export type ElementType =
  | "bool"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float32"
  | "float64"
  | "string";

/** Types that are numbers in typed arrays. */
export type NumberType = Exclude<ElementType, "string">;

export type ColumnValues =
  | Float64Array
  | Float32Array
  | Int32Array
  | BigInt64Array
  | BigUint64Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** Copies n big-endian values from a byte position into an array from an index on. */
type Copy = (view: DataView, at: number, n: number, out: ColumnValues, to: number) => void;

interface Element {
  readonly bytes: number;
  readonly make: (n: number) => ColumnValues;
  readonly copy: Copy;
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
/** From this many values on, Node's native byte swap is worth its call; measured. */
const nativeFrom = 48;

/** Storage of each type; one loop each, so that the engine sees one kind of array in it. */
export const elements: Readonly<Record<NumberType, Element>> = {
  bool: { bytes: 1, make: (n) => new Uint8Array(n), copy: copyBytes },
  uint8: { bytes: 1, make: (n) => new Uint8Array(n), copy: copyBytes },
  int8: { bytes: 1, make: (n) => new Int8Array(n), copy: copyBytes },
  int16: element(
    2,
    (n) => new Int16Array(n),
    (view, at, n, out, to) => {
      for (let i = 0; i < n; i++) out[to + i] = view.getInt16(at + 2 * i);
    },
  ),
  uint16: element(
    2,
    (n) => new Uint16Array(n),
    (view, at, n, out, to) => {
      for (let i = 0; i < n; i++) out[to + i] = view.getUint16(at + 2 * i);
    },
  ),
  int32: element(
    4,
    (n) => new Int32Array(n),
    (view, at, n, out, to) => {
      for (let i = 0; i < n; i++) out[to + i] = view.getInt32(at + 4 * i);
    },
  ),
  uint32: element(
    4,
    (n) => new Uint32Array(n),
    (view, at, n, out, to) => {
      for (let i = 0; i < n; i++) out[to + i] = view.getUint32(at + 4 * i);
    },
  ),
  float32: element(
    4,
    (n) => new Float32Array(n),
    (view, at, n, out, to) => {
      for (let i = 0; i < n; i++) out[to + i] = view.getFloat32(at + 4 * i);
    },
  ),
  float64: element(
    8,
    (n) => new Float64Array(n),
    (view, at, n, out, to) => {
      for (let i = 0; i < n; i++) out[to + i] = view.getFloat64(at + 8 * i);
    },
  ),
  int64: element(8, (n) => new BigInt64Array(n), copyWords),
  uint64: element(8, (n) => new BigUint64Array(n), copyWords),
};

/** A type whose long runs of values are copied as bytes and swapped natively, where there is Node. */
function element(bytes: 2 | 4 | 8, make: Element["make"], loop: Copy): Element {
  const isNative = littleEndian && typeof Buffer === "function";
  const copy: Copy = (view, at, n, out, to) => {
    if (!isNative || n < nativeFrom) return loop(view, at, n, out, to);
    const target = Buffer.from(out.buffer, out.byteOffset + bytes * to, bytes * n);
    target.set(new Uint8Array(view.buffer, view.byteOffset + at, bytes * n));
    if (bytes === 2) target.swap16();
    else if (bytes === 4) target.swap32();
    else target.swap64();
  };
  return { bytes, make, copy };
}

function copyBytes(view: DataView, at: number, n: number, out: ColumnValues, to: number): void {
  const bytes = new Uint8Array(out.buffer, out.byteOffset + to, n);
  bytes.set(new Uint8Array(view.buffer, view.byteOffset + at, n));
}

/** 64-bit integers as two words each: no BigInt is made. */
function copyWords(view: DataView, at: number, n: number, out: ColumnValues, to: number): void {
  const words = new Uint32Array(out.buffer, out.byteOffset + 8 * to, 2 * n);
  const [low, high] = littleEndian ? [4, 0] : [0, 4];
  for (let i = 0; i < n; i++) {
    words[2 * i] = view.getUint32(at + 8 * i + low);
    words[2 * i + 1] = view.getUint32(at + 8 * i + high);
  }
}

/** Basic member types of streamer infos by code. @see TVirtualStreamerInfo::EReadWrite */
export const elementByCode: Readonly<Record<number, NumberType | undefined>> = {
  1: "int8",
  2: "int16",
  3: "int32",
  4: "int64",
  5: "float32",
  6: "int32",
  8: "float64",
  9: "float64",
  10: "int8",
  11: "uint8",
  12: "uint16",
  13: "uint32",
  14: "uint64",
  16: "int64",
  17: "uint64",
  18: "bool",
  19: "float32",
};

/** C++ names of basic types, as in `vector<...>`. */
export const elementByName: Readonly<Record<string, ElementType | undefined>> = {
  bool: "bool",
  Bool_t: "bool",
  char: "int8",
  "signed char": "int8",
  Char_t: "int8",
  int8_t: "int8",
  "unsigned char": "uint8",
  UChar_t: "uint8",
  uint8_t: "uint8",
  short: "int16",
  Short_t: "int16",
  int16_t: "int16",
  "unsigned short": "uint16",
  UShort_t: "uint16",
  uint16_t: "uint16",
  int: "int32",
  Int_t: "int32",
  int32_t: "int32",
  "unsigned int": "uint32",
  unsigned: "uint32",
  UInt_t: "uint32",
  uint32_t: "uint32",
  long: "int64",
  Long_t: "int64",
  "long long": "int64",
  Long64_t: "int64",
  int64_t: "int64",
  "unsigned long": "uint64",
  ULong_t: "uint64",
  "unsigned long long": "uint64",
  ULong64_t: "uint64",
  uint64_t: "uint64",
  float: "float32",
  Float_t: "float32",
  double: "float64",
  Double_t: "float64",
  string: "string",
  TString: "string",
};
