export { type CastResult, castInteger, castReal, createCast } from "./cast.ts";
export type { CastCounts } from "./counts.ts";
export {
  fixedNetwork,
  type InputScaling,
  type NetworkInput,
  type NetworkLayer,
  type NetworkScore,
  type NetworkTables,
} from "./fixed-network.ts";
export type { Values } from "./inputs.ts";
export { castLane, finestFraction, finestOf, inferLanes, positionsOf } from "./lanes.ts";
export { type Interpretation, interpret } from "./run.ts";
export { createEvaluator, type Evaluator } from "./wasm.ts";
