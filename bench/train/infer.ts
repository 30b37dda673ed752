/** Inference of an exported network: `infer.ts WIDTHxDEPTH THREADS SECONDS`. JSON, muons/s. */
import { float32 } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { createPredictor, exportModel } from "../../src/nn/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import { network } from "../../src/tasks/index.ts";

const [shape, threads, seconds] = process.argv.slice(2);
const rng = createRng(1);
const model = network(shape, 4, 3);
const bytes = exportModel({
  model,
  variables: model.init(rng),
  inputs: { x: { dtype: "float32", shape: [4] } },
});
const runtime = createNodeRuntime({ threads: Number(threads) });
const predictor = await createPredictor(runtime, bytes);
const rows = 1 << 20;
const x = float32(
  Float32Array.from({ length: rows * 4 }, () => rng.uniform()),
  [rows, 4],
);
await predictor.predict({ x });
const rates: number[] = [];
const end = performance.now() + Number(seconds) * 1000;
while (performance.now() < end) {
  const start = performance.now();
  await predictor.predict({ x });
  rates.push(rows / ((performance.now() - start) / 1000));
}
rates.sort((a, b) => a - b);
console.log(JSON.stringify({ muonsPerSecond: rates[rates.length >> 1] }));
