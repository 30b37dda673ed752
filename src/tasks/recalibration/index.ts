export {
  parseRecalibration,
  type RecalibrationConfig,
  recalibrationSchemas,
  tinyRecalibration,
} from "./config.ts";
export { type InferenceCost, inferenceCost } from "./cost.ts";
export type { Errors } from "./evaluate.ts";
export { type ModelColumns, readModelColumns } from "./metadata.ts";
export { network } from "./model.ts";
export { type Predicted, type PredictOptions, predictFile } from "./predict.ts";
export type { ObjectKind } from "./quantities.ts";
export {
  type RecalibrateOptions,
  type RecalibrationEvent,
  type RecalibrationMetrics,
  recalibrate,
  recalibrateJets,
  recalibrateMuons,
} from "./task.ts";
