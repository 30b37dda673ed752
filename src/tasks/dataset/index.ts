export { type DatasetCounts, type Table5Line, table5 } from "./counts.ts";
export {
  type DatasetHooks,
  type DatasetRequest,
  type DatasetSummary,
  datasetKey,
  makeDataset,
} from "./run-dataset.ts";
export { type DatasetSettings, defaultSettings } from "./settings.ts";
