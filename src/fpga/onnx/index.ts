export { evaluateNetwork } from "./evaluate.ts";
export { exportQonnx } from "./export.ts";
export { type ImportOptions, importOnnx } from "./import.ts";
