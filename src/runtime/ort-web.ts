import * as ort from "onnxruntime-web";
import { ConfigError } from "../base/errors.ts";
import { createOrtRuntime } from "./ort.ts";
import type { Device, Runtime } from "./runtime.ts";

/** Settings of the runtime in a browser. */
export interface WebRuntimeOptions {
  /** `wasm` (CPU, default) or `webgpu`. */
  readonly device?: Extract<Device, "wasm" | "webgpu">;
  /** Threads of the CPU build; more than one needs a cross-origin isolated page. Default 1. */
  readonly threads?: number;
  /** Folder URL that serves the runtime's `.wasm` files; default: beside the script. */
  readonly wasmPath?: string;
}

/** ONNX Runtime in a browser. */
export function createWebRuntime({
  device = "wasm",
  threads = 1,
  wasmPath,
}: WebRuntimeOptions = {}): Runtime {
  if (device === "webgpu" && !("gpu" in navigator))
    throw new ConfigError('runtime.device: this browser has no WebGPU; use "wasm"');
  ort.env.wasm.numThreads = threads;
  if (wasmPath !== undefined) ort.env.wasm.wasmPaths = wasmPath;
  return createOrtRuntime(ort, device, () => ({ executionProviders: [device] }));
}
