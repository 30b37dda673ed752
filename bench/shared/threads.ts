import { once } from "node:events";
import { Worker } from "node:worker_threads";

/**
 * What a script says of a task on so many threads. Each thread says when it is ready, all start
 * together at "go", and each says one outcome.
 */
export async function outcomesOf<Outcome>(
  script: string,
  task: unknown,
  threads: number,
): Promise<Outcome[]> {
  const workers = Array.from({ length: threads }, () => new Worker(script, { workerData: task }));
  const next = async (worker: Worker) => (await once(worker, "message"))[0] as Outcome;
  try {
    await Promise.all(workers.map(next));
    for (const worker of workers) worker.postMessage("go");
    return await Promise.all(workers.map(next));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
