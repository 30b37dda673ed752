import type * as OrtCommon from "onnxruntime-common";
import { SessionError } from "../base/errors.ts";
import { type DType, type HostArray, sizeOf, type TypedData } from "../base/host-array.ts";
import type { Device, LoadOptions, Runtime, Session, ValueInfo } from "./runtime.ts";

type Ort = Pick<typeof OrtCommon, "InferenceSession" | "Tensor">;
type OrtTensor = OrtCommon.Tensor;

/** A runtime over any build of ONNX Runtime, since node and web share one interface. */
export function createOrtRuntime(
  ort: Ort,
  device: Device,
  sessionOptions: (options: LoadOptions) => OrtCommon.InferenceSession.SessionOptions,
): Runtime {
  return {
    device,
    async load(model, options = {}) {
      try {
        const session = await ort.InferenceSession.create(model, sessionOptions(options));
        return createSession(ort, session, options.profile !== undefined);
      } catch (cause) {
        throw new SessionError(
          `runtime: the model does not load on ${device}: ${firstLine(cause)}`,
          {
            cause,
          },
        );
      }
    },
  };
}

function createSession(ort: Ort, session: OrtCommon.InferenceSession, profiled: boolean): Session {
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
  return {
    inputs,
    outputs,
    async run(feeds, into) {
      const wrappedFeeds: Record<string, OrtTensor> = {};
      for (const value of inputs) {
        const array = feeds[value.name];
        if (!array || !fits(array, value)) throw misfit(value, array, feeds);
        wrappedFeeds[value.name] = wrap(array);
      }
      try {
        if (into) {
          const fetches: Record<string, OrtTensor> = {};
          for (const name in into) fetches[name] = wrap(into[name]);
          await session.run(wrappedFeeds, fetches);
          return into;
        }
        const results = await session.run(wrappedFeeds);
        return Object.fromEntries(Object.entries(results).map(([name, t]) => [name, fromOrt(t)]));
      } catch (cause) {
        throw new SessionError(`runtime: the model failed: ${firstLine(cause)}`, { cause });
      }
    },
    async dispose() {
      if (profiled) session.endProfiling();
      await session.release();
    },
  };
}

function fits(array: HostArray, { dtype, shape }: ValueInfo): boolean {
  return (
    array.dtype === dtype &&
    array.shape.length === shape.length &&
    shape.every((d, i) => typeof d === "string" || d === array.shape[i])
  );
}

function misfit(value: ValueInfo, array: HostArray | undefined, feeds: object): SessionError {
  const wanted = `"${value.name}" ${value.dtype} [${value.shape.join(", ")}]`;
  return new SessionError(
    array
      ? `runtime: input ${wanted} was given ${array.dtype} [${array.shape.join(", ")}]`
      : `runtime: input ${wanted} is missing; given: ${Object.keys(feeds).join(", ") || "nothing"}`,
  );
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

function firstLine(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split("\n")[0];
}
