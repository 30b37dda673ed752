import { FormatError } from "../base/errors.ts";
import { allocate, type DType, type HostArray, sizeOf } from "../base/host-array.ts";
import { decode, encode, type MessageType } from "./wire.ts";

/**
 * The part of ONNX that we write and read, as plain data.
 * Field numbers: onnx/onnx.proto, IR version 10.
 */
export interface ModelProto {
  readonly irVersion: number;
  readonly opsetImport: readonly { readonly domain?: string; readonly version: number }[];
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly graph: GraphProto;
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
}

export interface GraphProto {
  readonly name: string;
  readonly node: readonly NodeProto[];
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
  readonly docString?: string;
}

export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly opType: string;
  readonly domain?: string;
  readonly attribute: readonly AttributeProto[];
}

export interface AttributeProto {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
}

export interface TensorProto {
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly name?: string;
  readonly rawData?: Uint8Array;
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape?: {
        readonly dim: readonly { readonly dimValue?: number; readonly dimParam?: string }[];
      };
    };
  };
}

const tensorFields: MessageType = {
  dims: [1, "int", "repeated"],
  dataType: [2, "int"],
  name: [8, "string"],
  rawData: [9, "bytes"],
};
const attributeFields: MessageType = {
  name: [1, "string"],
  f: [2, "float"],
  i: [3, "int"],
  s: [4, "bytes"],
  t: [5, tensorFields],
  floats: [7, "float", "repeated"],
  ints: [8, "int", "repeated"],
  type: [20, "int"],
};
const nodeFields: MessageType = {
  input: [1, "string", "repeated"],
  output: [2, "string", "repeated"],
  name: [3, "string"],
  opType: [4, "string"],
  attribute: [5, attributeFields, "repeated"],
  domain: [7, "string"],
};
const valueInfoFields: MessageType = {
  name: [1, "string"],
  type: [
    2,
    {
      tensorType: [
        1,
        {
          elemType: [1, "int"],
          shape: [2, { dim: [1, { dimValue: [1, "int"], dimParam: [2, "string"] }, "repeated"] }],
        },
      ],
    },
  ],
};
const modelFields: MessageType = {
  irVersion: [1, "int"],
  producerName: [2, "string"],
  producerVersion: [3, "string"],
  graph: [
    7,
    {
      node: [1, nodeFields, "repeated"],
      name: [2, "string"],
      initializer: [5, tensorFields, "repeated"],
      docString: [10, "string"],
      input: [11, valueInfoFields, "repeated"],
      output: [12, valueInfoFields, "repeated"],
    },
  ],
  opsetImport: [8, { domain: [1, "string"], version: [2, "int"] }, "repeated"],
  metadataProps: [14, { key: [1, "string"], value: [2, "string"] }, "repeated"],
};

/** Serializes a model; equal models give equal bytes. */
export function encodeModel(model: ModelProto): Uint8Array {
  return encode(modelFields, model as unknown as Record<string, unknown>);
}

/** Parses a model. @throws FormatError where the bytes are not an ONNX model. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  let model: ModelProto;
  try {
    model = decode(modelFields, bytes) as unknown as ModelProto;
  } catch (cause) {
    throw new FormatError(`onnx: not an ONNX model: ${(cause as Error).message}`, { cause });
  }
  if (!model.graph || !model.irVersion || model.opsetImport.length === 0)
    throw new FormatError("onnx: not an ONNX model: no graph, IR version or operator set found");
  return model;
}

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

const bytesPerElement: Readonly<Record<DType, number>> = {
  float32: 4,
  uint8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float64: 8,
};

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

/** A tensor with raw data as a host array. @throws FormatError for types we do not store. */
export function fromTensorProto(tensor: TensorProto): HostArray {
  const dtype = dtypeOfElement(tensor.dataType);
  if (!dtype || !tensor.rawData)
    throw new FormatError(
      `onnx: tensor "${tensor.name}" has element type ${tensor.dataType} or no raw data`,
    );
  const size = sizeOf(tensor.dims);
  const needed = size * bytesPerElement[dtype];
  if (tensor.dims.some((d) => !(d >= 0)) || needed !== tensor.rawData.length)
    throw new FormatError(
      `onnx: tensor "${tensor.name}" [${tensor.dims}] needs ${needed} bytes, has ${tensor.rawData.length}`,
    );
  const data = allocate(dtype, size);
  new Uint8Array(data.buffer as ArrayBuffer).set(tensor.rawData);
  return { dtype, shape: tensor.dims, data };
}
