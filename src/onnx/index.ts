export { type AttributeValue, type EmittedValue, Emitter, opsetVersion } from "./emitter.ts";
export {
  type AttributeProto,
  decodeModel,
  encodeModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./model.ts";
export { dtypeOfElement, elementTypes, fromTensorProto, toTensorProto } from "./tensor.ts";
