export { accumulateNormal, mergeNormal, type NormalEquations } from "./accumulate.ts";
export type { CenterChoice } from "./centers.ts";
export { type SolvedProblem, type SolveOptions, solveNormal } from "./direct.ts";
export {
  type Centers,
  type FalkonEvent,
  type FalkonFit,
  type FalkonOptions,
  fitFalkon,
  type IterativeOptions,
  type Phase,
} from "./fit.ts";
export { type Kernel, kernelMatrix, type Width } from "./kernel.ts";
export {
  fitLogisticFalkon,
  type LogisticFit,
  type LogisticOptions,
  type NewtonStep,
} from "./logistic.ts";
export { estimateMemory, type FitSize } from "./memory.ts";
export {
  decodeFalkon,
  encodeFalkon,
  exportFalkon,
  type FalkonExportSpec,
  type FalkonModel,
  falkonGraph,
  predictFalkon,
} from "./model.ts";
export {
  type DriftTestOptions,
  driftTest,
  type NewPhysicsTest,
  type NewPhysicsTestOptions,
  newPhysicsTest,
} from "./new-physics/new-physics-test.ts";
export {
  type NewPhysics,
  type NewPhysicsOptions,
  newPhysicsStatistic,
} from "./new-physics/statistic.ts";
export { type RefitOptions, refitFalkon } from "./refit.ts";
export { type Precision, type RowBlock, type RowSource, rowSource } from "./rows.ts";
export type { Conditioning, Convergence, Solution } from "./solve.ts";
export { type Tuned, type TuneOptions, tuneFalkon } from "./tune.ts";
