import { parentPort, workerData } from "node:worker_threads";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import type { ScoutConfig } from "../../src/tasks/scout/config.ts";
import {
  addTallies,
  countsOf,
  createTallies,
  type Tallies,
} from "../../src/tasks/scout/results/tallies.ts";
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
  /** Orbits and muons of one pass over the data. */
  readonly orbits: number;
  readonly muons: number;
  /** When the start was, and when each pass ended, ms since the epoch. */
  readonly ends: readonly number[];
  /** Median seconds of a pass by stage. */
  readonly stages: Readonly<Record<string, number>>;
}

const { config, model, data, seconds } = workerData as ChainTask;
const pass = model === null ? copyPass() : await chainPass(model);
for (let k = 0; k < 5; k++) await pass(); // compiled by then
parentPort?.postMessage("ready");
parentPort?.once("message", async () => {
  const now = () => performance.timeOrigin + performance.now();
  const ends = [now()];
  const times: Record<string, number[]> = {};
  let muons = 0;
  do {
    const tallies = await pass();
    ends.push(now());
    muons = tallies.counts["objects.muons"] ?? 0;
    for (const [name, time] of Object.entries(countsOf(tallies, "seconds"))) {
      times[name] ??= [];
      times[name].push(time);
    }
  } while (ends[ends.length - 1] < ends[0] + 1e3 * seconds);
  const { length } = data.orbits;
  const stages = Object.fromEntries(
    Object.entries(times).map(([name, all]) => [name, all.sort((a, b) => a - b)[all.length >> 1]]),
  );
  parentPort?.postMessage({ orbits: length, muons, ends, stages } satisfies ChainOutcome);
});

async function chainPass(bytes: Uint8Array): Promise<() => Promise<Tallies>> {
  const runtime = createNodeRuntime({ threads: 1 });
  const processor = await createProcessor(config, { model: bytes }, runtime);
  const block = { run: 1, id: 0, orbits: data.orbits };
  const total = createTallies();
  return async () => {
    const { tallies } = await processor.process(block);
    addTallies(total, tallies); // as a run does
    return tallies;
  };
}

function copyPass(): () => Promise<Tallies> {
  const from = new Uint8Array(data.buffer);
  const target = new Uint8Array(from.length);
  return async () => {
    target.set(from);
    return createTallies();
  };
}
