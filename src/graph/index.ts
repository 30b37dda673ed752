export { printGraph } from "./print.ts";
export { type Rule, rewrite, substitute } from "./rewrite.ts";
export {
  broadcastShapes,
  elementCount,
  fixedDim,
  formatShape,
  reducedShape,
  resolveAxes,
  resolveAxis,
  sameShape,
} from "./shape.ts";
export {
  type Attrs,
  type AttrValue,
  apply,
  applyMulti,
  type CustomRule,
  type Dim,
  type LowerContext,
  Node,
  type OpDef,
  type Shape,
  Tensor,
  type TensorType,
  type VjpContext,
} from "./tensor.ts";
export { verify } from "./verify.ts";
export { countUses, toposort } from "./walk.ts";
