import { FormatError } from "../base/errors.ts";
import { allocate, type DType, type HostArray, sizeOf } from "../base/host-array.ts";
import type { TensorProto } from "./model.ts";

/** ONNX element type codes (TensorProto.DataType). */
export const elementTypes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

/** The dtype of an ONNX element type code, or null where we have none. */
export function dtypeOfElement(code: number): DType | null {
  const entry = Object.entries(elementTypes).find(([, c]) => c === code);
  return entry ? (entry[0] as DType) : null;
}

/** A host array as a tensor (raw little-endian data). */
export function toTensorProto(name: string, value: HostArray): TensorProto {
  const { buffer, byteOffset, byteLength } = value.data;
  return {
    name,
    dims: value.shape,
    dataType: elementTypes[value.dtype],
    rawData: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
  };
}

type Lists = "floatData" | "int32Data" | "int64Data" | "doubleData" | "uint64Data";

/** How the elements of a type are stored, and the dtype that holds them all. */
interface Element {
  readonly dtype: DType;
  readonly bytes: number;
  /** List of the elements where there is no raw data. */
  readonly list: Lists;
  /** Reads one element of raw data; absent where the host holds the same bytes. */
  readonly read?: (view: DataView, at: number) => number | bigint;
  /** The number that an entry of the list stands for; absent where it is the entry. */
  readonly fromEntry?: (entry: number) => number;
}

/** By type code: onnx/onnx.proto, TensorProto.DataType and the comments of its fields. */
const elements: Readonly<Record<number, Element>> = {
  1: { dtype: "float32", bytes: 4, list: "floatData" },
  2: { dtype: "uint8", bytes: 1, list: "int32Data" },
  3: { dtype: "int32", bytes: 1, list: "int32Data", read: (v, at) => v.getInt8(at) },
  4: { dtype: "int32", bytes: 2, list: "int32Data", read: (v, at) => v.getUint16(at, true) },
  5: { dtype: "int32", bytes: 2, list: "int32Data", read: (v, at) => v.getInt16(at, true) },
  6: { dtype: "int32", bytes: 4, list: "int32Data" },
  7: { dtype: "int64", bytes: 8, list: "int64Data" },
  9: { dtype: "bool", bytes: 1, list: "int32Data" },
  10: {
    dtype: "float32",
    bytes: 2,
    list: "int32Data",
    read: (v, at) => halfFloat(v.getUint16(at, true)),
    fromEntry: halfFloat,
  },
  11: { dtype: "float64", bytes: 8, list: "doubleData" },
  12: { dtype: "int64", bytes: 4, list: "uint64Data", read: (v, at) => v.getUint32(at, true) },
  13: { dtype: "int64", bytes: 8, list: "uint64Data", read: (v, at) => v.getBigUint64(at, true) },
  16: {
    dtype: "float32",
    bytes: 2,
    list: "int32Data",
    read: (v, at) => brainFloat(v.getUint16(at, true)),
    fromEntry: brainFloat,
  },
};

/** The number that 16 bits of IEEE 754 binary16 stand for. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 0x3ff) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

/** bfloat16: the upper half of a float32. */
function brainFloat(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}

/**
 * A tensor as a host array. 8- and 16-bit integers come back as int32 (uint8 as itself), unsigned
 * 32- and 64-bit integers as int64, 16-bit floats as float32.
 * @throws FormatError for other types, tensors stored in other files and contents that do not fit.
 */
export function fromTensorProto(tensor: TensorProto): HostArray {
  const { dims, dataType } = tensor;
  const rawData = tensor.rawData?.length ? tensor.rawData : undefined;
  const where = `onnx: tensor "${tensor.name ?? ""}"`;
  const element = elements[dataType];
  if (!element)
    throw new FormatError(
      `${where} has element type ${dataType}; floats, integers and bool of 8 to 64 bits are read`,
    );
  if (tensor.dataLocation === 1)
    throw new FormatError(
      `${where} lies in another file (external data); save the model as one file`,
    );
  const { dtype, bytes, list, read, fromEntry } = element;
  if (!dims.every((d) => Number.isSafeInteger(d) && d >= 0))
    throw new FormatError(`${where} has the shape [${dims}]; expected whole numbers from 0`);
  const size = sizeOf(dims);
  const entries = tensor[list] ?? [];
  const [has, needs, unit] = rawData
    ? [rawData.length, size * bytes, "bytes"]
    : [entries.length, size, "elements"];
  if (needs !== has) throw new FormatError(`${where} [${dims}] needs ${needs} ${unit}, has ${has}`);
  const data = allocate(dtype, size);
  if (rawData && !read) new Uint8Array(data.buffer as ArrayBuffer).set(rawData);
  else {
    const view = rawData && new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    for (let i = 0; i < size; i++) {
      const entry = view ? read!(view, i * bytes) : entries[i];
      if (data instanceof BigInt64Array) data[i] = BigInt(entry);
      else data[i] = view || !fromEntry ? Number(entry) : fromEntry(Number(entry));
      if (list === "uint64Data" && data[i] < 0)
        throw new FormatError(`${where} holds an integer of 2^63 or more at element ${i}`);
    }
  }
  return { dtype, shape: dims, data };
}
