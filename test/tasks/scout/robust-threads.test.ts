import type { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { parseScout } from "../../../src/tasks/scout/config.ts";
import type { OrbitBlock } from "../../../src/tasks/scout/orbit/block.ts";
import { addTallies, createTallies } from "../../../src/tasks/scout/results/tallies.ts";
import { createWorker, startBlockThreads } from "../../../src/tasks/scout/workers/run-threads.ts";
import type { WorkerSetup } from "../../../src/tasks/scout/workers/worker-message.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { blockOfOrbits, orbitsOf } from "./samples.ts";

const { path: folder } = temporaryFolder();
const base = orbitsOf(4);
const { orbits } = blockOfOrbits(base);
const block = (id: number): OrbitBlock => ({ run: 7, id, orbits });
const muons = base.reduce((n, { gmt }) => n + gmt.objects.muons.offsets[3564], 0);
const setup: WorkerSetup = {
  config: parseScout({ files: ["none.raw"], workers: 2 }),
  assets: {},
  folder,
};

test("a thread that dies is replaced: each block is done once, and nothing of it twice", async () => {
  const workers: Worker[] = [];
  const tallies = createTallies();
  const done: number[] = [];
  let restarts = 0;
  const threads = await startBlockThreads(
    {
      ...{ setup, threads: 2, queue: 1 },
      async onDone({ id }, result) {
        await new Promise((go) => setTimeout(go, 5)); // deaths while a result is saved, too
        done.push(id);
        addTallies(tallies, result);
      },
      onRestart: () => {
        restarts++;
      },
    },
    (given) => {
      const worker = createWorker(given);
      workers.push(worker);
      return worker;
    },
  );
  const blocks = 24;
  let kills = 0;
  for (let id = 0; id < blocks; id++) {
    await threads.submit(block(id));
    if (id % 8 === 3) {
      kills++;
      void workers[workers.length - 1 - (kills % 2)].terminate();
    }
  }
  await threads.finish();
  await threads.close();
  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: blocks }, (_, id) => id));
  expect(tallies.counts).toMatchObject({ orbits: 4 * blocks, "objects.muons": blocks * muons });
  expect(restarts).toBeGreaterThan(0);
  expect(restarts).toBeLessThanOrEqual(kills);
});

test("a block that ends three threads is named, with what to do", async () => {
  let started = 0;
  const threads = await startBlockThreads(
    { ...{ setup, threads: 1, queue: 0 }, async onDone() {} },
    (given) => {
      started++;
      const worker = createWorker(given);
      const post = worker.postMessage.bind(worker);
      worker.postMessage = (order: { readonly type: string }) => {
        if (order.type === "process") void worker.terminate();
        else post(order);
      };
      return worker;
    },
  );
  await threads.submit(block(12));
  await expect(threads.finish()).rejects.toThrow(
    /scout: block 12, orbits 1 to 4, ended 3 worker threads; is there enough memory\? try a smaller blockOrbits/,
  );
  expect(started).toBe(3);
  await threads.close();
});
