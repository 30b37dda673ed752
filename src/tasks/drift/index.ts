export {
  type ColumnTest,
  type DriftHooks,
  type DriftRequest,
  type DriftSummary,
  detectDrift,
} from "./run-drift.ts";
export { type DriftSettings, driftDefaults, pText } from "./settings.ts";
