export { createNodeRuntime, type NodeRuntimeOptions } from "./ort-node.ts";
export type { Device, LoadOptions, Runtime, Session, ValueInfo } from "./runtime.ts";
