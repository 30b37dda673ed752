import type { DType, HostArray } from "../base/host-array.ts";

/** Where models run. Always chosen, never guessed. */
export type Device = "cpu" | "webgpu" | "cuda" | "wasm";

/** Settings of one session. */
export interface LoadOptions {
  /** Threads inside an operator; default: the runtime's own. Small networks run best on one. The
   * browser's are set once, for its runtime. */
  readonly threads?: number;
  /** Writes a trace of operator times to files that start with this path. */
  readonly profile?: string;
}

/** A named value that a model takes or gives. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** A loaded model. */
export interface Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /**
   * Computes the outputs for given inputs.
   * @param into - preallocated outputs, written in place: a loop then allocates nothing. Reuse
   *   the same `HostArray` objects from call to call; they are wrapped once.
   * @throws SessionError for an input that is missing, or an input or given output that does not fit;
   *   a named size must be the same in all of them.
   */
  run(
    feeds: Readonly<Record<string, HostArray>>,
    into?: Readonly<Record<string, HostArray>>,
  ): Promise<Record<string, HostArray>>;
  dispose(): Promise<void>;
}

/** Something that loads ONNX models. */
export interface Runtime {
  readonly device: Device;
  /** @throws SessionError where the model does not load on this device. */
  load(model: Uint8Array, options?: LoadOptions): Promise<Session>;
}
