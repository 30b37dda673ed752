import { Worker } from "node:worker_threads";
import { SessionError } from "../../../base/errors.ts";
import { type OrbitBlock, shareBlock } from "../orbit/block.ts";
import type { Tallies } from "../results/tallies.ts";
import type { WorkerNews, WorkerOrder, WorkerSetup } from "./worker-message.ts";
import type { Workers, WorkersOptions } from "./workers.ts";

/** A block that kills so many threads is not given to another. */
const mostDeaths = 3;

/** What a thread is at. */
interface Thread {
  block: OrbitBlock | null;
  /** True from its result on: then its death does not matter to the block. */
  isSaving: boolean;
  isReady: boolean;
}

/**
 * Starts the threads. One that dies is replaced, and its block done again: what it wrote of it has no
 * record, and is replaced. The first failure of any of them is thrown by all methods but `close`.
 * @param start - makes a thread (default: one of `worker.ts`).
 */
export async function startBlockThreads(
  { setup, threads, queue, onDone, onRestart }: WorkersOptions,
  start: (setup: WorkerSetup) => Worker = createWorker,
): Promise<Workers> {
  const waiting: OrbitBlock[] = [];
  const alive = new Map<Worker, Thread>();
  const saving = new Set<Promise<void>>();
  const deaths = new Map<number, number>();
  const memory = createMemory();
  let failure: Error | null = null;
  let wake: (() => void)[] = [];
  let isClosing = false;
  let early = 0; // threads in a row that ended before they were ready
  const changed = () => {
    for (const go of wake) go();
    wake = [];
  };
  /** Waits until `holds`, or throws the failure of a thread. */
  const until = async (holds: () => boolean) => {
    while (failure === null && !holds()) await new Promise<void>((go) => wake.push(go));
    if (failure !== null) throw failure;
  };
  const fail = (error: Error) => {
    failure ??= error;
    changed();
  };
  const idle = () => [...alive].find(([, { isReady, block }]) => isReady && block === null);
  const isWorking = () =>
    saving.size > 0 || [...alive.values()].some(({ block }) => block !== null);

  function deal(): void {
    for (let free = idle(); free !== undefined && waiting.length > 0; free = idle()) {
      const [worker, thread] = free;
      thread.block = waiting.shift() as OrbitBlock;
      worker.postMessage({ type: "process", block: thread.block } satisfies WorkerOrder);
    }
  }

  async function save(thread: Thread, tallies: Tallies): Promise<void> {
    const { run, id, orbits } = thread.block as OrbitBlock;
    thread.isSaving = true;
    await onDone({ run, id, orbits: orbits.map(({ orbit, lumi }) => ({ orbit, lumi })) }, tallies);
    deaths.delete(id);
    memory.giveBack(id);
    thread.block = null;
    thread.isSaving = false;
    deal();
    changed();
  }

  function hear(thread: Thread, news: WorkerNews): void {
    if (news.type === "failed") fail(new SessionError(news.reason));
    if (news.type === "ready") {
      thread.isReady = true;
      early = 0;
      deal();
      changed();
    }
    if (news.type !== "done") return;
    const saved = save(thread, news.tallies).catch(fail);
    saving.add(saved);
    void saved.finally(() => {
      saving.delete(saved);
      changed();
    });
  }

  /** Replaces a thread that has died; its block is the next to be done. */
  function replace({ block, isSaving, isReady }: Thread, cause: Error | null): void {
    const reason = cause ? `: ${cause.message}` : "";
    const problem = problemOf();
    if (problem !== null) {
      fail(new SessionError(`scout: ${problem}`));
      return;
    }
    if (block !== null && !isSaving) waiting.unshift(block);
    onRestart?.();
    add();

    function problemOf(): string | null {
      if (!isReady)
        return ++early < mostDeaths
          ? null
          : `${early} worker threads ended before their work${reason}`;
      if (block === null || isSaving) return null;
      const { id, orbits } = block;
      const times = (deaths.get(id) ?? 0) + 1;
      deaths.set(id, times);
      if (times < mostDeaths) return null;
      const [first, last] = [orbits[0].orbit, orbits[orbits.length - 1].orbit];
      return (
        `block ${id}, orbits ${first} to ${last}, ended ${times} worker threads${reason}; ` +
        "is there enough memory? try a smaller blockOrbits in a new run, or leave these orbits out"
      );
    }
  }

  function add(): void {
    const worker = start(setup);
    const thread: Thread = { block: null, isSaving: false, isReady: false };
    let cause: Error | null = null;
    alive.set(worker, thread);
    worker.on("message", (news: WorkerNews) => hear(thread, news));
    worker.on("error", (error: Error) => {
      cause = error; // its end comes next
    });
    worker.on("exit", () => {
      alive.delete(worker);
      if (!isClosing && failure === null) replace(thread, cause);
    });
  }

  for (let k = 0; k < threads; k++) add();
  await until(() => [...alive.values()].every(({ isReady }) => isReady)).catch(
    async (error: unknown) => {
      isClosing = true;
      await Promise.all([...alive.keys()].map((worker) => worker.terminate()));
      throw error;
    },
  );
  return {
    async submit(block) {
      await until(() => waiting.length < queue || idle() !== undefined);
      waiting.push(shareBlock(block, (bytes) => memory.take(block.id, bytes)));
      deal();
    },
    finish: () => until(() => waiting.length === 0 && !isWorking()),
    async close() {
      waiting.length = 0;
      isClosing = true;
      await Promise.all(
        Array.from(alive.keys(), async (worker) => {
          const ended = new Promise((resolve) => worker.once("exit", resolve));
          worker.postMessage({ type: "close" } satisfies WorkerOrder);
          await ended;
        }),
      );
      await Promise.all(saving); // the news of a block arrives before the end of its thread
    },
  };
}

/**
 * Memory for blocks, used again and again: what is shared with threads is freed late, since the garbage
 * collector does not see its size.
 */
function createMemory() {
  const used = new Map<number, SharedArrayBuffer>();
  const free: SharedArrayBuffer[] = [];
  return {
    take(id: number, bytes: number): SharedArrayBuffer {
      const fits = free.findIndex(({ byteLength }) => byteLength >= bytes);
      const found = fits >= 0 ? free.splice(fits, 1)[0] : null;
      if (found === null) free.pop(); // one that is too small makes room
      const buffer = found ?? new SharedArrayBuffer(Math.ceil(1.25 * bytes));
      used.set(id, buffer);
      return buffer;
    },
    giveBack(id: number): void {
      const buffer = used.get(id);
      if (buffer) free.push(buffer);
      used.delete(id);
    },
  };
}

/** Built code starts its neighbor; from the TypeScript sources that needs a loader. */
export function createWorker(setup: WorkerSetup): Worker {
  const isBuilt = import.meta.url.endsWith(".js");
  const url = new URL(isBuilt ? "./worker.js" : "./worker-source.mjs", import.meta.url);
  return new Worker(url, { workerData: setup });
}
