import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { CancelledError, SessionError } from "../../base/errors.ts";
import type { Job, JobOutcome, JobProgress } from "./job.ts";
import type { WorkerNews, WorkerOrder, WorkerSetup } from "./worker-message.ts";

export interface PoolOptions {
  /** Worker threads. */
  readonly threads: number;
  readonly setup: WorkerSetup;
  /** Stops all jobs. */
  readonly signal?: AbortSignal;
  /** Whether one job should be stopped; asked for running ones, twice a second. */
  readonly isCancelled?: (job: Job) => boolean;
  readonly onStart?: (job: Job) => void;
  readonly onProgress?: (job: Job, progress: JobProgress) => void;
  /** What a job gave; awaited before its worker goes on. */
  readonly onDone: (job: Job, outcome: JobOutcome) => Promise<void>;
  readonly onFailed: (job: Job, reason: string) => void;
}

/** Worker threads that take jobs one after the other; a job that fails takes no other one with it. */
export interface JobPool {
  /** @throws CancelledError when the signal fires, after the running jobs have stopped. */
  run(jobs: readonly Job[]): Promise<void>;
  close(): Promise<void>;
}

/** Makes a pool; threads start with the first jobs and stay for later ones. */
export function createJobPool(options: PoolOptions): JobPool {
  const idle: JobThread[] = [];
  const started = new Set<JobThread>();
  let isClosed = false;
  return {
    async run(jobs) {
      const waiting = [...jobs];
      const threads = Math.min(options.threads, jobs.length);
      await Promise.all(Array.from({ length: threads }, () => takeAll(waiting)));
      if (options.signal?.aborted) throw new CancelledError("study: cancelled");
    },
    async close() {
      isClosed = true;
      await Promise.all(Array.from(started, (thread) => thread.close()));
    },
  };

  function start(): JobThread {
    const thread = startThread(options.setup);
    started.add(thread);
    return thread;
  }

  async function takeAll(waiting: Job[]): Promise<void> {
    let thread: JobThread | null = null;
    for (let job = waiting.shift(); job && !options.signal?.aborted; job = waiting.shift()) {
      thread ??= idle.pop() ?? start();
      options.onStart?.(job);
      const outcome = await runOne(thread, job, options);
      if (isClosed) return; // another job's result could not be written
      if ("reason" in outcome) {
        options.onFailed(job, outcome.reason);
        // one that has ended is of no more use
        if (!thread.isAlive()) thread = null;
      } else await options.onDone(job, outcome);
    }
    if (thread) idle.push(thread);
  }
}

/** Whether a file is there; it is not any more afterwards. */
export function takeFile(...path: readonly string[]): boolean {
  const file = join(...path);
  if (!existsSync(file)) return false;
  rmSync(file, { force: true });
  return true;
}

const cancelCheckMs = 500;

async function runOne(
  thread: JobThread,
  job: Job,
  { signal, isCancelled, onProgress }: PoolOptions,
): Promise<JobOutcome | { readonly reason: string }> {
  const cancel = () => thread.cancel();
  const timer = setInterval(() => {
    if (isCancelled?.(job)) cancel();
  }, cancelCheckMs);
  signal?.addEventListener("abort", cancel);
  try {
    return await thread.run(job, (progress) => onProgress?.(job, progress));
  } catch (error) {
    return { reason: (error as Error).message };
  } finally {
    clearInterval(timer);
    signal?.removeEventListener("abort", cancel);
  }
}

interface JobThread {
  run(job: Job, onProgress: (progress: JobProgress) => void): Promise<JobOutcome>;
  cancel(): void;
  isAlive(): boolean;
  close(): Promise<unknown>;
}

/** Built code starts its neighbor; from the TypeScript sources that needs a loader. */
function createWorker(setup: WorkerSetup): Worker {
  const isBuilt = import.meta.url.endsWith(".js");
  const url = new URL(isBuilt ? "./worker.js" : "./worker-source.mjs", import.meta.url);
  return new Worker(url, { workerData: setup });
}

function startThread(setup: WorkerSetup): JobThread {
  const worker = createWorker(setup);
  let isAlive = true;
  let current: Promise<unknown> = Promise.resolve();
  let listener: { onNews(news: WorkerNews): void; onEnd(error: Error): void } | null = null;
  const end = (error: Error) => {
    isAlive = false;
    listener?.onEnd(error);
  };
  worker.on("message", (news: WorkerNews) => listener?.onNews(news));
  worker.on("error", end);
  worker.on("exit", (code) => end(new SessionError(`study: a worker thread ended with ${code}`)));
  const send = (order: WorkerOrder) => worker.postMessage(order);
  return {
    isAlive: () => isAlive,
    cancel: () => send({ type: "cancel" }),
    // in the midst of native work the end of a thread would be that of the process
    async close() {
      send({ type: "cancel" });
      await current.catch(() => {});
      await worker.terminate();
    },
    run(job, onProgress) {
      const outcome = new Promise<JobOutcome>((resolve, reject) => {
        if (!isAlive) reject(new SessionError("study: a worker thread has ended"));
        listener = {
          onEnd: reject,
          onNews(news) {
            if (news.type === "progress") onProgress(news);
            if (news.type === "done") resolve({ result: news.result, model: news.model });
            if (news.type === "failed") reject(new SessionError(news.reason));
          },
        };
        send({ type: "run", job });
      });
      current = outcome;
      return outcome;
    },
  };
}
