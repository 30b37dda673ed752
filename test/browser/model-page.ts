import { float32 } from "../../src/base/host-array.ts";
import { createWebRuntime } from "../../src/runtime/ort-web.ts";

/** Runs a served model in the browser; called by the test through the page. */
async function runModel(url: string, values: number[], shape: number[]): Promise<number[]> {
  const model = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const session = await createWebRuntime({ wasmPath: "/ort/" }).load(model);
  const { y } = await session.run({ x: float32(values, shape) });
  await session.dispose();
  return Array.from(y.data as Float32Array);
}

Object.assign(globalThis, { runModel });
