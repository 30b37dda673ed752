import { parentPort, workerData } from "node:worker_threads";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import type { ScoutConfig } from "../../src/tasks/scout/config.ts";
import { addTallies, countsOf, createTallies } from "../../src/tasks/scout/results/tallies.ts";
import { createProcessor } from "../../src/tasks/scout/workers/process-block.ts";
import type { SharedOrbits } from "./orbits.ts";

/** What a thread does: the chain over and over; without a model it copies the bytes of the orbits. */
export interface ChainTask {
  readonly config: ScoutConfig;
  readonly model: Uint8Array | null;
  readonly data: SharedOrbits;
  readonly seconds: number;
}

export interface ChainOutcome {
  readonly orbits: number;
  readonly muons: number;
  readonly seconds: number;
  /** Seconds by stage. */
  readonly stages: Readonly<Record<string, number>>;
}

const { config, model, data, seconds } = workerData as ChainTask;
let tallies = createTallies();
const pass = model === null ? copyPass() : await chainPass(model);
for (let k = 0; k < 3; k++) await pass(); // compiled by then
parentPort?.postMessage("ready");
parentPort?.once("message", async () => {
  tallies = createTallies();
  const start = performance.now();
  let elapsed = 0;
  let passes = 0;
  do {
    await pass();
    passes++;
    elapsed = (performance.now() - start) / 1e3;
  } while (elapsed < seconds);
  parentPort?.postMessage({
    orbits: passes * data.orbits.length,
    muons: tallies.counts["objects.muons"] ?? 0,
    seconds: elapsed,
    stages: countsOf(tallies, "seconds"),
  } satisfies ChainOutcome);
});

async function chainPass(bytes: Uint8Array) {
  const processor = await createProcessor(
    config,
    { model: bytes },
    createNodeRuntime({ threads: 1 }),
  );
  const block = { run: 1, id: 0, orbits: data.orbits };
  return async () => {
    addTallies(tallies, (await processor.process(block)).tallies);
  };
}

function copyPass() {
  const from = new Uint8Array(data.buffer);
  const target = new Uint8Array(from.length);
  return async () => target.set(from);
}
