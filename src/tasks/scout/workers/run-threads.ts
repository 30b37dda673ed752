import { Worker } from "node:worker_threads";
import { SessionError } from "../../../base/errors.ts";
import { type OrbitBlock, packBlock } from "../orbit/block.ts";
import type { Tallies } from "../results/tallies.ts";
import type { WorkerNews, WorkerOrder, WorkerSetup } from "./worker-message.ts";
import type { Workers, WorkersOptions } from "./workers.ts";

/** Starts the threads. The first failure of any of them is thrown by all methods but `close`. */
export async function startBlockThreads({
  setup,
  threads,
  queue,
  onDone,
}: WorkersOptions): Promise<Workers> {
  const waiting: OrbitBlock[] = [];
  const busy = new Map<Worker, OrbitBlock>();
  const idle: Worker[] = [];
  const saving = new Set<Promise<void>>();
  let failure: Error | null = null;
  let wake: (() => void)[] = [];
  const alive = new Set<Worker>();
  let isClosing = false;
  const changed = () => {
    for (const go of wake) go();
    wake = [];
  };
  /** Waits until `holds`, or throws the failure of a thread. */
  const until = async (holds: () => boolean) => {
    while (failure === null && !holds()) await new Promise<void>((go) => wake.push(go));
    if (failure !== null) throw failure;
  };
  const fail = (reason: string) => {
    failure ??= new SessionError(reason);
    changed();
  };
  const deal = () => {
    while (idle.length > 0 && waiting.length > 0) {
      const [worker, next] = [idle.pop() as Worker, waiting.shift() as OrbitBlock];
      const { block, buffer } = packBlock(next);
      const orbits = next.orbits.map(({ orbit, lumi }) => ({ orbit, lumi }));
      busy.set(worker, { ...next, orbits }); // not their bytes
      worker.postMessage({ type: "process", block } satisfies WorkerOrder, [buffer]);
    }
  };
  const save = async (worker: Worker, tallies: Tallies) => {
    const block = busy.get(worker) as OrbitBlock;
    await onDone(block, tallies);
    busy.delete(worker);
    idle.push(worker);
    deal();
    changed();
  };
  const workers = Array.from({ length: threads }, () => {
    const worker = createWorker(setup);
    worker.on("message", (news: WorkerNews) => {
      if (news.type === "failed") fail(news.reason);
      if (news.type === "ready") {
        idle.push(worker);
        deal();
        changed();
      }
      if (news.type === "done") {
        const saved = save(worker, news.tallies).catch((error: Error) => {
          failure ??= error;
          changed();
        });
        saving.add(saved);
        void saved.finally(() => saving.delete(saved));
      }
    });
    worker.on("error", (error: Error) => fail(`scout: a worker thread failed: ${error.message}`));
    worker.on("exit", () => {
      alive.delete(worker);
      if (!isClosing) fail("scout: a worker thread has ended; go on with --resume");
    });
    alive.add(worker);
    return worker;
  });
  await until(() => idle.length === threads).catch(async (error: unknown) => {
    await Promise.all(workers.map((worker) => worker.terminate()));
    throw error;
  });
  return {
    async submit(block) {
      await until(() => waiting.length < queue || idle.length > 0);
      waiting.push(block);
      deal();
    },
    finish: () => until(() => waiting.length === 0 && busy.size === 0),
    async close() {
      waiting.length = 0;
      isClosing = true;
      await Promise.all(
        Array.from(alive, async (worker) => {
          const ended = new Promise((resolve) => worker.once("exit", resolve));
          worker.postMessage({ type: "close" } satisfies WorkerOrder);
          await ended;
        }),
      );
      await Promise.all(saving); // the news of a block arrives before the end of its thread
    },
  };
}

/** Built code starts its neighbor; from the TypeScript sources that needs a loader. */
function createWorker(setup: WorkerSetup): Worker {
  const isBuilt = import.meta.url.endsWith(".js");
  const url = new URL(isBuilt ? "./worker.js" : "./worker-source.mjs", import.meta.url);
  return new Worker(url, { workerData: setup });
}
