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
/** As `fit` does it: several steps of a small batch in one run. */
const stepsPerRun = batch <= 2048 ? 4 : 1;
const block = batch * stepsPerRun;
const blocks = Array.from(
  { length: Math.floor(rows / block) },
  (_, i): Record<string, HostArray> => {
    const cut = (data: Float32Array, n: number) =>
      float32(data.subarray(i * block * n, (i + 1) * block * n), [block, n]);
    return { x: cut(x, 4), y: cut(y, 3) };
  },
);
const rates = new Array<number>(stepsPerRun).fill(1e-3);

const objective = supervised(network(`${width}x${depth}`, 4, 3), mse());
const trainer = await createTrainer(runtime, {
  objective,
  variables: objective.init(rng.split("weights")),
  optimizer: adam(),
  columns: columnsOf(blocks[0]),
  batchSize: batch,
  threads,
});

async function pass(untilMs: number): Promise<number> {
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < untilMs)
    for (let i = 0; i < 4; i++, done++) await trainer.step(blocks[done % blocks.length], rates);
  return (done * block) / ((performance.now() - start) / 1000);
}

await pass(Math.min(1000, seconds * 250));
const measured: number[] = [];
for (let i = 0; i < 8; i++) measured.push(await pass((seconds * 1000) / 8));
await trainer.dispose();
measured.sort((a, b) => a - b);
console.log(JSON.stringify({ samplesPerSecond: measured[measured.length >> 1] }));
