import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { FormatError } from "../../base/errors.ts";
import type { Method } from "./codecs.ts";
import { type DecompressJob, decompressMany, methodOf } from "./compression.ts";
import type { WorkerReply, WorkerTask } from "./worker-message.ts";

/** Threads that unpack. Idle ones do not keep the process alive. */
export interface DecompressPool {
  /** Threads running: 0 before the first large work, and where none can run. */
  readonly running: number;
  /** Unpacks jobs; results in their order. Throws the first `FormatError`. */
  decompress(jobs: readonly DecompressJob[]): Promise<Uint8Array[]>;
  close(): Promise<void>;
}

/** Settings of a pool. */
export interface PoolOptions {
  /** Worker threads; default one per core, 8 at most. */
  readonly threads?: number;
  /** Work of all calls, estimated, from which on threads are worth their start; default 500 ms. */
  readonly worthwhileMs?: number;
}

/** Work that is worth the copies to threads that run already. */
const copiesMs = 10;

/** Unpacked bytes per millisecond, as measured on one core. */
const bytesPerMs: Readonly<Record<Method, number>> = {
  zlib: 250_000,
  "old zlib": 250_000,
  lzma: 35_000,
  lz4: 900_000,
  zstd: 300_000,
};

/** Unpacked bytes of one message: large against its cost, small against a cluster. */
const batchBytes = 1 << 20;

/**
 * A pool of threads, started when the first large work comes. Where threads cannot run (no file to
 * start them from, as in a bundle), everything is unpacked in the calling thread.
 */
export function createDecompressPool({
  threads = Math.min(8, availableParallelism()),
  worthwhileMs = 500,
}: PoolOptions = {}): DecompressPool {
  let starting: Promise<Thread[]> | null = null;
  let running = 0;
  let doneMs = 0;
  return {
    get running() {
      return running;
    },
    async decompress(jobs) {
      const ms = workMs(jobs);
      doneMs += ms;
      const isWorthwhile = doneMs >= worthwhileMs && ms >= Math.min(worthwhileMs, copiesMs);
      if (threads < 2 || jobs.length < 2 || !isWorthwhile) return decompressMany(jobs);
      starting ??= startThreads(threads);
      const started = await starting;
      running = started.length;
      if (started.length === 0) return decompressMany(jobs);
      return spread(started, jobs);
    },
    async close() {
      const started = (await starting) ?? [];
      starting = null;
      running = 0;
      await Promise.all(started.map((thread) => thread.close()));
    },
  };
}

/** Time in this thread, from the unpacked bytes. */
function workMs(jobs: readonly DecompressJob[]): number {
  let ms = 0;
  for (const { bytes, size } of jobs) {
    const method = bytes.length === size ? null : methodOf(bytes);
    if (method !== null) ms += size / bytesPerMs[method];
  }
  return ms;
}

/** Threads take batch after batch, so that slow ones hold up none. */
async function spread(threads: Thread[], jobs: readonly DecompressJob[]): Promise<Uint8Array[]> {
  const results = new Array<Uint8Array>(jobs.length);
  const batches = batchesOf(jobs, results);
  let next = 0;
  await Promise.all(
    threads.map(async (thread) => {
      while (next < batches.length) {
        const batch = batches[next++];
        const unpacked = await thread.run(batch.map((i) => jobs[i])).catch((error) => {
          next = batches.length;
          throw error;
        });
        for (const [k, i] of batch.entries()) results[i] = unpacked[k];
      }
    }),
  );
  return results;
}

/** Jobs by their numbers, about `batchBytes` together; stored ones are done here. */
function batchesOf(jobs: readonly DecompressJob[], results: Uint8Array[]): number[][] {
  const batches: number[][] = [];
  let room = 0;
  for (const [i, { bytes, size }] of jobs.entries()) {
    if (bytes.length === size) {
      results[i] = bytes;
      continue;
    }
    if (room <= 0) {
      batches.push([]);
      room = batchBytes;
    }
    batches[batches.length - 1].push(i);
    room -= size;
  }
  return batches;
}

interface Thread {
  run(jobs: readonly DecompressJob[]): Promise<readonly Uint8Array[]>;
  close(): Promise<unknown>;
}

async function startThreads(n: number): Promise<Thread[]> {
  const started = await Promise.allSettled(Array.from({ length: n }, startThread));
  return started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

interface Waiting {
  readonly resolve: (unpacked: readonly Uint8Array[]) => void;
  readonly reject: (error: Error) => void;
}

/** Built code starts its neighbor; from the TypeScript sources that needs a loader. */
function createWorker(): Worker {
  const isBuilt = import.meta.url.endsWith(".js");
  return new Worker(new URL(isBuilt ? "./worker.js" : "./worker-source.mjs", import.meta.url));
}

async function startThread(): Promise<Thread> {
  const worker = createWorker();
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const free: Uint8Array<ArrayBuffer>[] = [];
  worker.on("message", ({ id, packed, unpacked, error }: WorkerReply) => {
    free.push(packed);
    const job = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (error === null) job?.resolve(unpacked);
    else job?.reject(new FormatError(error));
  });
  worker.on("error", fail);
  worker.on("exit", () => fail(new FormatError("decompression: a worker thread has ended")));
  const send = (jobs: readonly DecompressJob[]) =>
    new Promise<readonly Uint8Array[]>((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      worker.ref();
      const task: WorkerTask = {
        id,
        jobs: jobs.map(({ bytes, size, where }) => ({ length: bytes.length, size, where })),
        packed: joined(jobs, free.pop()),
      };
      worker.postMessage(task, [task.packed.buffer]);
    });
  await send([]); // it runs, or this throws
  return {
    run: send,
    close: () => worker.terminate(),
  };
}

/** The bytes of all jobs one behind the other, in the buffer given where they fit. */
function joined(
  jobs: readonly DecompressJob[],
  given: Uint8Array<ArrayBuffer> = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  const total = jobs.reduce((n, { bytes }) => n + bytes.length, 0);
  const packed = given.length < total ? new Uint8Array(Math.ceil(1.5 * total)) : given;
  let at = 0;
  for (const { bytes } of jobs) {
    packed.set(bytes, at);
    at += bytes.length;
  }
  return packed;
}
