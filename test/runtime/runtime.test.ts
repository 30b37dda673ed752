import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { type DType, float32 } from "../../src/base/host-array.ts";
import { compile } from "../../src/compile/index.ts";
import { decodeModel, encodeModel } from "../../src/onnx/index.ts";
import * as ops from "../../src/ops/index.ts";
import { createNodeRuntime, type Device } from "../../src/runtime/index.ts";
import { createWebRuntime } from "../../src/runtime/ort-web.ts";
import { failure } from "../compile/failure.ts";
import { doubling, runtimeContract } from "./contract.ts";

const all: readonly DType[] = ["float32", "float64", "int32", "int64", "uint8", "bool"];
const tiny = compile({ name: "tiny", outputs: { y: ops.exp(ops.input("x", "float32", [2])) } });

/** Why a device cannot be used here, or null. */
async function obstacle(device: Device): Promise<string | null> {
  try {
    await (await createNodeRuntime({ device }).load(tiny)).dispose();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
const obstacles = {
  webgpu: await obstacle("webgpu"),
  cuda: await obstacle("cuda"),
};

runtimeContract(createNodeRuntime({ threads: 1 }), all);
runtimeContract(createWebRuntime(), all);
for (const [device, dtypes] of [
  ["webgpu", ["float32"]],
  ["cuda", ["float32", "float64", "int64"]],
] as const) {
  const reason = obstacles[device];
  if (reason === null) runtimeContract(createNodeRuntime({ device }), dtypes);
  else {
    console.warn(`skipped: the contract on ${device}: ${reason}`);
    it.skipIf(reason !== null)(`the runtime on ${device} (${reason})`, () => {});
  }
}

describe("a device that is not here", () => {
  it("is an error of one line, never the CPU in its place", () => {
    for (const [device, reason] of Object.entries(obstacles)) {
      if (reason === null) continue;
      expect(reason).toMatch(
        new RegExp(`^runtime.device: "${device}" does not work on this machine: .*; use "cpu"$`),
      );
      expect(reason.length).toBeLessThan(160);
    }
  });

  it("is refused by name where the build does not know it", async () => {
    const create = () => createNodeRuntime({ device: "wasm" });
    expect(await failure(create)).toMatch(
      /^ConfigError: runtime.device: "wasm" is not in this build of ONNX Runtime; available: .*cpu/,
    );
    const navigated = () => createWebRuntime({ device: "webgpu" });
    expect(await failure(navigated)).toBe(
      'ConfigError: runtime.device: no WebGPU here; use "wasm"',
    );
  });

  it("cannot be replaced by the CPU: ONNX Runtime obeys the option that forbids it", async () => {
    const create = (disable: string) =>
      ort.InferenceSession.create(tiny, {
        executionProviders: ["cpu"],
        logSeverityLevel: 4,
        extra: { session: { disable_cpu_ep_fallback: disable } },
      });
    await expect(create("1")).rejects.toThrow("fallback to CPU EP has been explicitly disabled");
    await (await create("0")).release();
  });
});

describe("threads", () => {
  it("give the same result, whether set for the runtime or for a session", async () => {
    const a = ops.input("a", "float32", [200, 200]);
    const model = compile({ name: "threads", outputs: { y: ops.matmul(a, a) } });
    const feeds = {
      a: {
        dtype: "float32",
        shape: [200, 200],
        data: Float32Array.from({ length: 40_000 }, (_, i) => i % 7),
      },
    } as const;
    const results = [];
    for (const [ofRuntime, ofSession] of [[1], [2], [2, 1], [undefined, 2]]) {
      const runtime = createNodeRuntime(ofRuntime === undefined ? {} : { threads: ofRuntime });
      const options = ofSession === undefined ? {} : { threads: ofSession };
      const session = await runtime.load(model, options);
      results.push((await session.run(feeds)).y);
      await session.dispose();
    }
    for (const result of results) expect(result).toEqual(results[0]); // sums of whole numbers
  });

  it("must be a positive integer", async () => {
    expect(await failure(() => createNodeRuntime({ threads: 0 }))).toBe(
      "ConfigError: runtime.threads: expected a positive integer, got 0",
    );
    expect(await failure(() => createWebRuntime({ threads: 0.5 }))).toBe(
      "ConfigError: runtime.threads: expected a positive integer, got 0.5",
    );
  });
});

it("an open size without a name takes any number, and each its own", async () => {
  const { graph, ...rest } = decodeModel(doubling());
  const open = graph.input.map((value) => ({
    ...value,
    type: {
      tensorType: {
        ...value.type.tensorType,
        shape: { dim: value.type.tensorType.shape!.dim.map((d) => (d.dimParam ? {} : d)) },
      },
    },
  }));
  const session = await createNodeRuntime({ threads: 1 }).load(
    encodeModel({ ...rest, graph: { ...graph, input: open } }),
  );
  const { total } = await session.run({ x: float32([1, 2], [1, 2]), z: float32([0, 0, 0]) });
  expect(total.data[0]).toBe(6);
  await session.dispose();
});
