import { DTypeError, ShapeError } from "./errors.ts";

/** Element types of tensors. `bool` is stored as bytes 0 and 1. */
export type DType = "float32" | "float64" | "int32" | "int64" | "uint8" | "bool";

export type TypedData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** A dense row-major array on the host: what goes into and comes out of every run. */
export interface HostArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedData;
}

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** Wraps data without copying; throws `ShapeError` where the length does not fit. */
export function hostArray(dtype: DType, shape: readonly number[], data: TypedData): HostArray {
  if (data.length !== sizeOf(shape))
    throw new ShapeError(
      `hostArray: shape [${shape}] needs ${sizeOf(shape)} elements, got ${data.length}`,
    );
  if (!(data instanceof constructors[dtype]))
    throw new DTypeError(`hostArray: ${dtype} cannot be stored in a ${data.constructor.name}`);
  return { dtype, shape, data };
}

/** A float32 array from numbers; the shape defaults to one axis. */
export function float32(
  values: ArrayLike<number>,
  shape: readonly number[] = [values.length],
): HostArray {
  const data = values instanceof Float32Array ? values : Float32Array.from(values);
  return hostArray("float32", shape, data);
}

/** A new array of zeros. */
export function zerosHost(dtype: DType, shape: readonly number[]): HostArray {
  return { dtype, shape, data: allocate(dtype, sizeOf(shape)) };
}

/** Typed storage for n elements. */
export function allocate(dtype: DType, n: number): TypedData {
  return new constructors[dtype](n);
}

/** Stores numbers under a dtype: integers truncate toward zero, bool is "not zero". */
export function fromNumbers(
  dtype: DType,
  shape: readonly number[],
  values: ArrayLike<number>,
): HostArray {
  const data = allocate(dtype, values.length);
  if (data instanceof BigInt64Array) {
    for (let i = 0; i < values.length; i++) data[i] = BigInt(Math.trunc(values[i]));
  } else if (dtype === "bool") {
    for (let i = 0; i < values.length; i++) data[i] = values[i] !== 0 ? 1 : 0;
  } else {
    data.set(values as ArrayLike<number> & TypedDataNumbers);
  }
  return hostArray(dtype, shape, data);
}

type TypedDataNumbers = Float32Array;

/** The elements as float64 (int64 beyond 2^53 loses precision). */
export function toNumbers(array: HostArray): Float64Array {
  if (array.data instanceof Float64Array) return array.data;
  if (array.data instanceof BigInt64Array) return Float64Array.from(array.data, Number);
  return Float64Array.from(array.data);
}
