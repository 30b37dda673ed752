/** Every op record, for tables that must cover all ops; no pass asks for one of them by name. */
export {
  addOp,
  andOp,
  divOp,
  equalOp,
  greaterEqualOp,
  greaterOp,
  lessEqualOp,
  lessOp,
  maximumOp,
  minimumOp,
  modOp,
  mulOp,
  orOp,
  powOp,
  subOp,
} from "./binary.ts";
export {
  argmaxOp,
  cumsumOp,
  gatherAlongOp,
  gatherOp,
  oneHotOp,
  scatterAddAlongOp,
  scatterAddOp,
  topKOp,
} from "./indexing.ts";
export { matmulOp } from "./matmul.ts";
export { affineOp, logSoftmaxOp, softmaxOp, standardizeOp } from "./normalize.ts";
export { maxOp, minOp, sumOp } from "./reduce.ts";
export { castOp, customGradientOp, stopGradientOp, whereOp } from "./select.ts";
export {
  axesSizeOp,
  broadcastLikeOp,
  broadcastToOp,
  concatOp,
  padOp,
  reshapeOp,
  sliceOp,
  splitOp,
  transposeOp,
} from "./shape.ts";
export { constantOp, inputOp } from "./source.ts";
export {
  absOp,
  clipOp,
  cosOp,
  erfOp,
  expOp,
  floorOp,
  geluOp,
  isNanOp,
  logOp,
  negOp,
  notOp,
  reluOp,
  roundOp,
  sigmoidOp,
  signOp,
  sinOp,
  softplusOp,
  sqrtOp,
  stepOp,
  tanhOp,
} from "./unary.ts";
