/**
 * Bit-exact inference of a 4-32-32-32-3 network with weights and activations of 6 bits: the
 * WebAssembly evaluator against the plain interpreter.
 *
 * `npm run bench fpga-interpreter [-- --rows 1000000 --plain-rows 100000 --threads 2 --rounds 5]`
 * Integers in, integers out, reading and writing them included. Every thread has a module and rows
 * of its own; rounds go in turns, rates are medians. Wanted: 5 million inferences/s on two cores.
 */
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import type { Outcome, Task } from "./fpga-interpreter/worker.ts";

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    "plain-rows": { type: "string", default: "100000" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "5" },
  },
});
const rounds = Number(options.rounds);
const tasks: readonly Task[] = [
  { kind: "wasm", rows: Number(options.rows) },
  { kind: "plain", rows: Number(options["plain-rows"]) },
];

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const built = here("../node_modules/.cache/forty-bench-fpga");

/** Threads run as JavaScript, as in the built package. */
await build({
  entryPoints: [here("fpga-interpreter/worker.ts")],
  outdir: built,
  bundle: true,
  format: "esm",
  platform: "node",
  logLevel: "error",
});

const ask = (worker: Worker, task: Task) =>
  new Promise<Outcome>((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (outcome: Outcome) => {
      worker.off("error", reject);
      resolve(outcome);
    });
    worker.postMessage(task);
  });
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
const millions = (rate: number) => (rate / 1e6).toFixed(2);

const workers = Array.from(
  { length: Number(options.threads) },
  () => new Worker(join(built, "worker.js")),
);
try {
  console.log(
    `Node ${process.version}, ${availableParallelism()} cores, ${rounds} rounds; million inferences/s`,
  );
  for (const count of [...new Set([1, workers.length])]) {
    const rates: Record<Task["kind"], number[]> = { wasm: [], plain: [] };
    for (let round = -1; round < rounds; round++)
      for (const task of tasks) {
        const outcomes = await Promise.all(workers.slice(0, count).map((w) => ask(w, task)));
        for (const { kind } of outcomes)
          if (kind !== task.kind) throw new Error(`wanted ${task.kind}, ran ${kind}`);
        if (round < 0) continue; // to warm up
        rates[task.kind].push(outcomes.reduce((sum, o) => sum + task.rows / o.seconds, 0));
      }
    const ratio = median(rates.wasm.map((rate, i) => rate / rates.plain[i]));
    console.log(
      `${count} thread${count > 1 ? "s" : ""}: WebAssembly ${millions(median(rates.wasm))} ` +
        `(${rates.wasm.map(millions).join(", ")}), plain ${millions(median(rates.plain))}, ratio ${ratio.toFixed(0)}`,
    );
  }
} finally {
  await Promise.all(workers.map((worker) => worker.terminate()));
  rmSync(built, { recursive: true, force: true });
}
