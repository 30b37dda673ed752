import { FormatError } from "../base/errors.ts";
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

/**
 * A tensor. We write `rawData`; other writers put the elements into the list of their type, 16-bit
 * floats as bits into `int32Data`, or into a file of their own (`dataLocation` 1).
 */
export interface TensorProto {
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly name?: string;
  readonly rawData?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly int32Data?: readonly number[];
  readonly int64Data?: readonly (number | bigint)[];
  readonly doubleData?: readonly number[];
  readonly uint64Data?: readonly (number | bigint)[];
  readonly dataLocation?: number;
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
  floatData: [4, "float", "repeated"],
  int32Data: [5, "int", "repeated"],
  int64Data: [7, "int", "repeated"],
  name: [8, "string"],
  rawData: [9, "bytes"],
  doubleData: [10, "double", "repeated"],
  uint64Data: [11, "int", "repeated"],
  dataLocation: [14, "int"],
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
