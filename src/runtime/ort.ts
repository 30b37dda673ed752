import type * as OrtCommon from "onnxruntime-common";
import { ConfigError, SessionError } from "../base/errors.ts";
import { type DType, type HostArray, sizeOf, type TypedData } from "../base/host-array.ts";
import type { Device, LoadOptions, Runtime, Session, ValueInfo } from "./runtime.ts";

type Ort = Pick<typeof OrtCommon, "InferenceSession" | "Tensor">;
type OrtTensor = OrtCommon.Tensor;

/** A build of ONNX Runtime and how it differs from the others. */
export interface Build {
  readonly device: Device;
  sessionOptions(options: LoadOptions): OrtCommon.InferenceSession.SessionOptions;
  /** True where `run` fills given outputs; else its results are copied into them. */
  readonly writesInPlace: boolean;
  /** Part of the message with which a machine without the device refuses any model. */
  readonly unavailable?: RegExp;
}

/** A runtime over any build of ONNX Runtime, since node and web share one interface. */
export function createOrtRuntime(ort: Ort, build: Build): Runtime {
  const { device } = build;
  return {
    device,
    async load(model, options = {}) {
      requireThreads(options.threads);
      try {
        const session = await ort.InferenceSession.create(model, build.sessionOptions(options));
        return createSession(ort, session, { ...options, writesInPlace: build.writesInPlace });
      } catch (cause) {
        const missing = build.unavailable?.exec(firstLine(cause));
        throw new SessionError(
          missing
            ? `runtime.device: "${device}" does not work on this machine: ${missing[0]}; use "cpu"`
            : `runtime: the model does not load on ${device}: ${firstLine(cause)}`,
          { cause },
        );
      }
    },
  };
}

/** @throws ConfigError unless it is a positive integer or left out. */
export function requireThreads(threads: number | undefined): void {
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0))
    throw new ConfigError(`runtime.threads: expected a positive integer, got ${threads}`);
}

function createSession(
  ort: Ort,
  session: OrtCommon.InferenceSession,
  { profile, writesInPlace }: { profile?: string; writesInPlace: boolean },
): Session {
  const wrapped = new WeakMap<HostArray, OrtTensor>();
  const wrap = (array: HostArray): OrtTensor => {
    let tensor = wrapped.get(array);
    if (!tensor) {
      tensor = new ort.Tensor(array.dtype as "float32", array.data as Float32Array, array.shape);
      wrapped.set(array, tensor);
    }
    return tensor;
  };
  const inputs = session.inputMetadata.map(toValueInfo);
  const outputs = session.outputMetadata.map(toValueInfo);
  const outputOf = new Map(outputs.map((value) => [value.name, value]));
  let isDisposed = false;
  return {
    inputs,
    outputs,
    async run(feeds, into) {
      if (isDisposed) throw new SessionError("runtime: the session is disposed");
      const sizes: Sizes = {};
      const wrappedFeeds: Record<string, OrtTensor> = {};
      for (const value of inputs) {
        const array = feeds[value.name];
        if (!array) throw missing(value, feeds);
        if (!fits(array, value, sizes)) throw misfit("input", array, value, sizes);
        wrappedFeeds[value.name] = wrap(array);
      }
      for (const name in into) {
        const value = outputOf.get(name);
        if (!value) throw unknownOutput(name, outputs);
        if (!fits(into[name], value, sizes)) throw misfit("output", into[name], value, sizes);
      }
      try {
        if (into && writesInPlace) {
          const fetches: Record<string, OrtTensor> = {};
          for (const name in into) fetches[name] = wrap(into[name]);
          await session.run(wrappedFeeds, fetches);
          return into;
        }
        const wanted = into ? Object.keys(into) : outputs.map(({ name }) => name);
        const results = await session.run(wrappedFeeds, wanted);
        const arrays = Object.entries(results).map(([name, t]) => [name, fromOrt(t)] as const);
        if (!into) return Object.fromEntries(arrays);
        for (const [name, array] of arrays) fill(name, into[name], array);
        return into;
      } catch (cause) {
        throw new SessionError(`runtime: the model failed: ${firstLine(cause)}`, { cause });
      }
    },
    async dispose() {
      if (isDisposed) return;
      isDisposed = true;
      if (profile !== undefined) session.endProfiling();
      await session.release();
    },
  };
}

/** Named sizes as the arrays of one run have them. */
type Sizes = Record<string, number>;

/** True where dtype and shape are the declared ones; one name has one size in all arrays. */
function fits(array: HostArray, { dtype, shape }: ValueInfo, sizes: Sizes): boolean {
  if (array.dtype !== dtype || array.shape.length !== shape.length) return false;
  return shape.every((d, i) => {
    if (typeof d === "number") return d === array.shape[i];
    if (d === "") return true; // open, without a name
    sizes[d] ??= array.shape[i];
    return sizes[d] === array.shape[i];
  });
}

const describe = (value: ValueInfo) => `"${value.name}" ${value.dtype} [${value.shape.join(", ")}]`;

function missing(value: ValueInfo, feeds: object): SessionError {
  const given = Object.keys(feeds).join(", ") || "nothing";
  return new SessionError(`runtime: input ${describe(value)} is missing; given: ${given}`);
}

function misfit(kind: string, array: HostArray, value: ValueInfo, sizes: Sizes): SessionError {
  const known = value.shape.filter((d) => typeof d === "string" && d in sizes);
  const where = known.map((d) => ` with ${d} = ${sizes[d]}`).join("");
  return new SessionError(
    `runtime: ${kind} ${describe(value)}${where} was given ${array.dtype} [${array.shape.join(", ")}]`,
  );
}

function unknownOutput(name: string, outputs: readonly ValueInfo[]): SessionError {
  const known = outputs.map((value) => value.name).join(", ");
  return new SessionError(`runtime: the model has no output "${name}"; it has: ${known}`);
}

function toValueInfo(meta: OrtCommon.InferenceSession.ValueMetadata): ValueInfo {
  if (!meta.isTensor) throw new SessionError(`runtime: "${meta.name}" is not a tensor`);
  return { name: meta.name, dtype: meta.type as DType, shape: meta.shape };
}

function fromOrt(tensor: OrtTensor): HostArray {
  const data = tensor.data as TypedData;
  if (data.length !== sizeOf(tensor.dims))
    throw new SessionError("runtime: output of the wrong size");
  return { dtype: tensor.type as DType, shape: tensor.dims, data };
}

/** Copies a result into the array given for it. */
function fill(name: string, { shape, data }: HostArray, result: HostArray): void {
  if (shape.join() !== result.shape.join())
    throw new SessionError(`output "${name}" is [${result.shape}], was given [${shape}] to fill`);
  (data as Float32Array).set(result.data as Float32Array);
}

function firstLine(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split("\n")[0];
}
