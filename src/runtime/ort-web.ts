import * as ort from "onnxruntime-web";
import { ConfigError } from "../base/errors.ts";
import { createOrtRuntime, requireThreads } from "./ort.ts";
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
  if (device === "webgpu" && !globalThis.navigator?.gpu)
    throw new ConfigError('runtime.device: no WebGPU here; use "wasm"');
  requireThreads(threads);
  ort.env.wasm.numThreads = threads;
  if (wasmPath !== undefined) ort.env.wasm.wasmPaths = wasmPath;
  return createOrtRuntime(ort, {
    device,
    writesInPlace: false, // given outputs are copied into the WASM heap, never back
    sessionOptions: () => ({ executionProviders: [device] }),
  });
}
