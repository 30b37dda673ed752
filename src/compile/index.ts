export type { DimBindings } from "./bind.ts";
export { type CompileSpec, compile } from "./compile.ts";
