export * from "./drift/index.ts";
export * from "./recalibration/index.ts";
export * from "./study/index.ts";
