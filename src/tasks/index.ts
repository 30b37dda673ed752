export * from "./recalibration/index.ts";
