export { type AttributeValue, type EmittedValue, Emitter, opsetVersion } from "./emitter.ts";
export {
  type AttributeProto,
  decodeModel,
  dtypeOfElement,
  elementTypes,
  encodeModel,
  fromTensorProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  toTensorProto,
  type ValueInfoProto,
} from "./model.ts";
