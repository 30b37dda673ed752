import { parentPort, workerData } from "node:worker_threads";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import type { ScoutConfig } from "../../src/tasks/scout/config.ts";
import { addTallies, countsOf, createTallies } from "../../src/tasks/scout/results/tallies.ts";
import { createProcessor } from "../../src/tasks/scout/workers/process-block.ts";

/** What a thread does: the chain over and over. */
export interface ChainTask {
  readonly config: ScoutConfig;
  readonly model: Uint8Array;
  /** GMT orbits 1 ... n. */
  readonly payloads: readonly Uint8Array[];
  readonly seconds: number;
}

export interface ChainOutcome {
  readonly orbits: number;
  readonly muons: number;
  readonly seconds: number;
  /** Seconds by stage. */
  readonly stages: Readonly<Record<string, number>>;
}

const { config, model, payloads, seconds } = workerData as ChainTask;
const processor = await createProcessor(config, { model }, createNodeRuntime({ threads: 1 }));
const block = {
  ...{ run: 1, id: 0 },
  orbits: payloads.map((gmt, k) => ({ orbit: k + 1, lumi: 1, gmt })),
};
for (let k = 0; k < 20; k++) await processor.process(block);
parentPort?.postMessage("ready");
parentPort?.once("message", async () => {
  const start = performance.now();
  const tallies = createTallies();
  let elapsed = 0;
  do {
    addTallies(tallies, (await processor.process(block)).tallies);
    elapsed = (performance.now() - start) / 1e3;
  } while (elapsed < seconds);
  parentPort?.postMessage({
    orbits: tallies.counts.orbits,
    muons: tallies.counts["objects.muons"],
    seconds: elapsed,
    stages: countsOf(tallies, "seconds"),
  } satisfies ChainOutcome);
});
