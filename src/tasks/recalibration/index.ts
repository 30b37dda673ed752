export {
  parseRecalibration,
  type RecalibrationConfig,
  recalibrationSchema,
  tinyRecalibration,
} from "./config.ts";
export { type InferenceCost, inferenceCost } from "./cost.ts";
export type { Errors } from "./evaluate.ts";
export { type ModelColumns, readModelColumns } from "./metadata.ts";
export { network } from "./model.ts";
export { type PredictOptions, predictFile } from "./predict.ts";
export {
  type RecalibrateOptions,
  type RecalibrationEvent,
  type RecalibrationMetrics,
  recalibrateMuons,
} from "./task.ts";
