export { batchBuffers, columnsOf, type Data, epochOrder, gatherRows } from "./batches.ts";
export {
  type Checkpoint,
  decodeCheckpoint,
  type EpochRecord,
  encodeCheckpoint,
} from "./checkpoint.ts";
export { createPredictor, type ExportSpec, exportModel, type Predictor } from "./export.ts";
export { fit } from "./fit.ts";
export type { FitEvent, FitOptions, FitResult, Learner, StopReason } from "./fit-options.ts";
export {
  type Affine,
  type Applied,
  type Bound,
  type Context,
  foldBatchNorm,
  isKernel,
  type Layer,
  type Variables,
} from "./layer.ts";
export { activation, identity, lambda } from "./layers/activation.ts";
export { type DenseOptions, dense } from "./layers/dense.ts";
export { dropout } from "./layers/dropout.ts";
export { type BatchNormOptions, batchNorm, layerNorm } from "./layers/normalize.ts";
export { sequential } from "./layers/sequential.ts";
export { type Entry, type Layout, layoutOf, pack, unpack, unpackGraph } from "./layout.ts";
export {
  binaryCrossEntropy,
  type ColumnOptions,
  focal,
  huber,
  type Loss,
  logcosh,
  mae,
  mse,
  quantile,
  relative,
  softmaxCrossEntropy,
  weightedMean,
} from "./losses.ts";
export { type AdamOptions, adam, adamW } from "./optim/adam.ts";
export type { CommonOptions, Optimizer, ParameterGroup } from "./optim/optimizer.ts";
export { type SgdOptions, sgd } from "./optim/sgd.ts";
export { l1, l2, type Penalty } from "./penalties.ts";
export {
  constantRate,
  cosine,
  type PlateauOptions,
  type Progress,
  plateau,
  type Schedule,
  stepDecay,
  warmup,
} from "./schedules.ts";
export {
  type Batch,
  type Columns,
  type ColumnType,
  evalGraph,
  type Objective,
  type StateLayout,
  stateLayout,
  supervised,
  trainGraph,
} from "./train-step.ts";
export { createTrainer, type Trainer, type TrainerSpec } from "./trainer.ts";
export { leaf, leaves, mapTree, subtree, type Tree, treeOf } from "./tree.ts";
