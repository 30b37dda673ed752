export { emitCpp } from "./cpp.ts";
export { muonWord } from "./muon-top.ts";
export { identifier } from "./names.ts";
export { type EmitOptions, emitSystemVerilog } from "./system-verilog.ts";
export { emitTestbench } from "./testbench.ts";
export type { TestVectors } from "./vectors.ts";
export type { EmittedFile } from "./wires.ts";
export { emitWordTop, type WordField, type WordLayout } from "./word-top.ts";
