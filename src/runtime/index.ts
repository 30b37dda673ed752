export type { Device, LoadOptions, Runtime, Session, ValueInfo } from "./runtime.ts";
export { createNodeRuntime, type NodeRuntimeOptions } from "./ort-node.ts";
