export { type DesignConfig, designSchema, parseDesign } from "./config.ts";
export { type Device, type DeviceName, devices } from "./devices.ts";
export type { FixedError } from "./judge.ts";
export type { DesignMetrics, SweepPoint } from "./metrics.ts";
export { type DesignEvent, type DesignOptions, design } from "./task.ts";
export type { Verdict } from "./verdict.ts";
