export { parseScout, type ScoutConfig, type ScoutSettings, scoutSchema } from "./config.ts";
export type { Alarm } from "./results/alarms.ts";
export type { AlgorithmRate, ScoutMetrics } from "./results/metrics.ts";
export { prometheusText } from "./results/prometheus.ts";
export type {
  HistogramSnapshot,
  MapSnapshot,
  Snapshot,
  SnapshotNumbers,
  StageRate,
} from "./results/snapshot.ts";
export { type DemoOptions, demo } from "./run-demo.ts";
export { type AlgorithmCounts, type MenuCounts, runMenu } from "./run-menu.ts";
export { type ReplayOptions, type ReplayProgress, replay } from "./run-replay.ts";
export { type ScoutOptions, scout } from "./run-scout.ts";
export {
  type SimulatedStream,
  type SimulateStreamOptions,
  simulateStream,
} from "./run-simulate.ts";
export type { SourceEvent } from "./sources/feed.ts";
