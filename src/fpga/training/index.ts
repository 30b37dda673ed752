export { type Budget, budgetObjective } from "./budget.ts";
export { type DenseChain, type DenseLayer, findChain, type InputLane } from "./dense-chain.ts";
export { fakeQuantize } from "./fake-quantize.ts";
export { type PlanOptions, planQuantization, type QuantizationPlan } from "./plan.ts";
export {
  type QuantizedLayer,
  type QuantizedLayers,
  quantizedNodes,
  readLayers,
} from "./quantized-layers.ts";
export { quantizedNetwork, quantizedPass } from "./quantized-network.ts";
export { tailGraph } from "./tail-graph.ts";
export { trainQuantized } from "./train.ts";
export type {
  LossInput,
  QuantizedEpoch,
  QuantizedTraining,
  QuantizedTrainingOptions,
  TrainingRows,
  WidthBudget,
} from "./train-options.ts";
