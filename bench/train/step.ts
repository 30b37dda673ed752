/**
 * One measured training, in a process of its own so that it can be pinned to cores:
 * `step.ts WIDTH DEPTH BATCH THREADS SECONDS [PROFILE]`. Prints one JSON object with samples/s.
 */
import { float32, type HostArray } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { adam, columnsOf, createTrainer, mse, supervised } from "../../src/nn/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import { network } from "../../src/tasks/index.ts";

const [width, depth, batch, threads, seconds] = process.argv.slice(2).map(Number);
const profile = process.argv[7];
const rng = createRng(1);
const plain = createNodeRuntime({ threads });
const runtime = profile
  ? { ...plain, load: (model: Uint8Array, o = {}) => plain.load(model, { ...o, profile }) }
  : plain;

const rows = Math.max(batch * 8, 65536);
const x = Float32Array.from({ length: rows * 4 }, () => rng.uniform());
const y = Float32Array.from({ length: rows * 3 }, () => rng.normal());
const batches = Array.from(
  { length: Math.floor(rows / batch) },
  (_, i): Record<string, HostArray> => {
    const cut = (data: Float32Array, n: number) =>
      float32(data.subarray(i * batch * n, (i + 1) * batch * n), [batch, n]);
    return { x: cut(x, 4), y: cut(y, 3) };
  },
);

const objective = supervised(network(`${width}x${depth}`, 4, 3), mse());
const trainer = await createTrainer(runtime, {
  objective,
  variables: objective.init(rng.split("weights")),
  optimizer: adam(),
  columns: columnsOf(batches[0]),
  batchSize: batch,
  threads,
});

async function pass(untilMs: number): Promise<number> {
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < untilMs)
    for (let i = 0; i < 4; i++, done++) await trainer.step(batches[done % batches.length]);
  return (done * batch) / ((performance.now() - start) / 1000);
}

await pass(Math.min(1000, seconds * 250));
const rates: number[] = [];
for (let i = 0; i < 8; i++) rates.push(await pass((seconds * 1000) / 8));
await trainer.dispose();
rates.sort((a, b) => a - b);
console.log(JSON.stringify({ samplesPerSecond: rates[rates.length >> 1] }));
