export * from "./recalibration/index.ts";
export * from "./study/index.ts";
