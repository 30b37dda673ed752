export { parseScout, type ScoutConfig, type ScoutSettings, scoutSchema } from "./config.ts";
export type { AlgorithmCounts, MenuCounts } from "./menu/counts.ts";
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
export { type DemoOptions, scoutDemo } from "./run-demo.ts";
export { type MenuRunOptions, runMenu } from "./run-menu.ts";
export { type ReplayOptions, type ReplayProgress, replayStream } from "./run-replay.ts";
export { type ScoutOptions, scout } from "./run-scout.ts";
export {
  type SimulatedStream,
  type SimulateStreamOptions,
  simulateStream,
} from "./run-simulate.ts";
export type { SourceEvent } from "./sources/feed.ts";
