export { compareWithFloat, type OutputDifference, programInputs } from "./compare.ts";
export { correctBiases } from "./correct.ts";
export { ebops, type LayerEbops, laneBits, meanBits, spanBits, totalEbops } from "./ebops.ts";
export { lowerNetwork } from "./lower.ts";
export { planWidths } from "./plan.ts";
export type {
  InputScaling,
  PlanOptions,
  QuantizationPlan,
  TablePlan,
  Widths,
} from "./plan-types.ts";
export { prepare } from "./prepare.ts";
export { type Calibration, calibrate, type LaneRange } from "./ranges.ts";
export { type Budget, type BudgetOptions, type Candidate, planForBudget } from "./search.ts";
export { planUniform, type UniformOptions } from "./uniform.ts";
