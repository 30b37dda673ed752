export {
  type FixedFormat,
  fixed,
  fractionOf,
  type Overflow,
  overflows,
  parseFormat,
  printFormat,
  type Rounding,
  rangeOf,
  roundings,
  ufixed,
} from "./format.ts";
export {
  type CastCounts,
  type CastResult,
  castInteger,
  castReal,
  createCast,
  createEvaluator,
  type Evaluator,
  fixedNetwork,
  type Interpretation,
  inferLanes,
  interpret,
  type NetworkInput,
  type NetworkLayer,
  type NetworkScore,
  type NetworkTables,
} from "./interpret/index.ts";
export {
  type BuildOptions,
  buildNetlist,
  type Price,
  pipelineNetlist,
  price,
  type Resources,
} from "./logic/index.ts";
export type { LogicNode, Netlist, Pipeline, SerialBlock } from "./netlist.ts";
export type { FloatInput, FloatNetwork, FloatNode, FloatOutput } from "./network.ts";
export { evaluateNetwork, exportQonnx, type ImportOptions, importOnnx } from "./onnx/index.ts";
export type {
  FixedOp,
  FixedProgram,
  Lane,
  Lanes,
  ProgramInput,
  ProgramOutput,
  Strategy,
} from "./program.ts";
export {
  type Calibration,
  type Candidate,
  calibrate,
  compareWithFloat,
  correctBiases,
  ebops,
  type LaneRange,
  type LayerEbops,
  lowerNetwork,
  meanBits,
  type OutputDifference,
  planForBudget,
  planUniform,
  programInputs,
  type QuantizationPlan,
  totalEbops,
} from "./quantize/index.ts";
export {
  findChain,
  type LossInput,
  type QuantizedEpoch,
  type QuantizedTraining,
  type QuantizedTrainingOptions,
  type TrainingRows,
  trainQuantized,
  type WidthBudget,
} from "./training/index.ts";
