import { parentPort, workerData } from "node:worker_threads";
import { createNodeRuntime } from "../../runtime/index.ts";
import { prepareStudy, runJob } from "./run-job.ts";
import type { WorkerNews, WorkerOrder, WorkerSetup } from "./worker-message.ts";

/** Reads the rows once, then does the jobs that `run-pool.ts` sends, one at a time. */
const port = parentPort;
const { object, files, config, provenance } = workerData as WorkerSetup;
const send = (news: WorkerNews) => port?.postMessage(news);
const runtime = createNodeRuntime({ device: "cpu", threads: 1 });
const rows = prepareStudy(object, files, config);
let stopping = new AbortController();

port?.on("message", async (order: WorkerOrder) => {
  if (order.type === "cancel") {
    stopping.abort();
    return;
  }
  stopping = new AbortController();
  const { job } = order;
  try {
    const outcome = await runJob(job, {
      runtime,
      data: await rows,
      config,
      provenance,
      signal: stopping.signal,
      onProgress: (progress) => send({ type: "progress", id: job.id, ...progress }),
    });
    send({ type: "done", id: job.id, ...outcome });
  } catch (error) {
    send({ type: "failed", id: job.id, reason: (error as Error).message });
  }
});

rows.catch(() => {}); // told by the first job
