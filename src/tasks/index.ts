export * from "./drift/index.ts";
export * from "./fpga/index.ts";
export * from "./recalibration/index.ts";
export * from "./scout/index.ts";
export * from "./study/index.ts";
