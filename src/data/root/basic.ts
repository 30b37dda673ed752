import type { Reader } from "./buffer.ts";

/** Values of an array member. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** Reads one value of a basic member type; 64-bit integers as numbers. */
export const basicReaders: readonly ((reader: Reader) => number)[] = Object.assign([], {
  1: (r: Reader) => r.i8(),
  2: (r: Reader) => r.i16(),
  3: (r: Reader) => r.i32(),
  4: (r: Reader) => r.i64(),
  5: (r: Reader) => r.f32(),
  6: (r: Reader) => r.i32(),
  8: (r: Reader) => r.f64(),
  10: (r: Reader) => r.i8(),
  11: (r: Reader) => r.u8(),
  12: (r: Reader) => r.u16(),
  13: (r: Reader) => r.u32(),
  14: (r: Reader) => r.u64(),
  16: (r: Reader) => r.i64(),
  17: (r: Reader) => r.u64(),
  18: (r: Reader) => r.u8(),
});

/** Least bytes of a value of a basic member type. */
export const basicBytes: readonly number[] = Object.assign([], {
  1: 1,
  2: 2,
  3: 4,
  4: 8,
  5: 4,
  6: 4,
  8: 8,
  9: 3,
  10: 1,
  11: 1,
  12: 2,
  13: 4,
  14: 8,
  15: 4,
  16: 8,
  17: 8,
  18: 1,
  19: 3,
});

/** Arrays for values of a basic member type. */
export const arrays: readonly ((n: number) => NumberArray)[] = Object.assign([], {
  1: (n: number) => new Int8Array(n),
  2: (n: number) => new Int16Array(n),
  3: (n: number) => new Int32Array(n),
  4: (n: number) => new Float64Array(n),
  5: (n: number) => new Float32Array(n),
  6: (n: number) => new Int32Array(n),
  8: (n: number) => new Float64Array(n),
  9: (n: number) => new Float64Array(n),
  10: (n: number) => new Int8Array(n),
  11: (n: number) => new Uint8Array(n),
  12: (n: number) => new Uint16Array(n),
  13: (n: number) => new Uint32Array(n),
  14: (n: number) => new Float64Array(n),
  16: (n: number) => new Float64Array(n),
  17: (n: number) => new Float64Array(n),
  18: (n: number) => new Uint8Array(n),
  19: (n: number) => new Float32Array(n),
});
