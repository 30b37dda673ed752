export type { Alarm } from "./alarms.ts";
export { parseScout, type ScoutConfig, type ScoutSettings, scoutSchema } from "./config.ts";
export type { AlgorithmRate, ScoutMetrics } from "./metrics.ts";
export { prometheusText } from "./prometheus.ts";
export { type AlgorithmCounts, type MenuCounts, runMenu } from "./run-menu.ts";
export { type ScoutOptions, scout } from "./run-scout.ts";
export {
  type SimulatedStream,
  type SimulateStreamOptions,
  simulateStream,
} from "./run-simulate.ts";
export type {
  HistogramSnapshot,
  MapSnapshot,
  Snapshot,
  SnapshotNumbers,
  StageRate,
} from "./snapshot.ts";
