import * as ort from "onnxruntime-node";
import { ConfigError } from "../base/errors.ts";
import { createOrtRuntime, requireThreads } from "./ort.ts";
import type { Device, Runtime } from "./runtime.ts";

/** Settings of the runtime in Node. */
export interface NodeRuntimeOptions {
  /** `cpu` (default), or a GPU: `webgpu` (in the package), `cuda` (libraries installed by hand). */
  readonly device?: Device;
  /** Default threads inside an operator; default: all cores. */
  readonly threads?: number;
}

/**
 * ONNX Runtime in Node. On a GPU every operator must run there: one that cannot is an error,
 * never a silent step back to the CPU.
 */
export function createNodeRuntime({ device = "cpu", threads }: NodeRuntimeOptions = {}): Runtime {
  const available = ort.listSupportedBackends().map((b) => b.name);
  if (!available.includes(device))
    throw new ConfigError(
      `runtime.device: "${device}" is not in this build of ONNX Runtime; available: ${available.join(", ")}`,
    );
  requireThreads(threads);
  ort.env.logLevel = "fatal"; // errors arrive as exceptions
  return createOrtRuntime(ort, {
    device,
    writesInPlace: true,
    unavailable: /Failed to get a WebGPU adapter: .*|Failed to load shared library/,
    sessionOptions: (options) => {
      const intra = options.threads ?? threads;
      return {
        executionProviders: [device],
        graphOptimizationLevel: "all",
        logSeverityLevel: 4,
        ...(intra === undefined ? {} : { intraOpNumThreads: intra }),
        ...(options.profile ? { enableProfiling: true, profileFilePrefix: options.profile } : {}),
        ...(device === "cpu" ? {} : { extra: { session: { disable_cpu_ep_fallback: "1" } } }),
      };
    },
  });
}
