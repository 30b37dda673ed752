import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { DataError } from "../../../base/errors.ts";
import { createNodeRuntime } from "../../../runtime/index.ts";
import { blockName } from "../orbit/block.ts";
import { createParquetWriter, createRootWriter } from "../output/run-writers.ts";
import { count } from "../results/tallies.ts";
import { createProcessor } from "./process-block.ts";
import type { WorkerNews, WorkerOrder, WorkerSetup } from "./worker-message.ts";

/** Processes the blocks that `run-threads.ts` sends, one at a time. */
const port = parentPort;
const { config, assets, folder } = workerData as WorkerSetup;
const { output } = config;
const send = (news: WorkerNews) => port?.postMessage(news);
const fail = (error: unknown) => send({ type: "failed", reason: (error as Error).message });

let orders: Promise<void> = Promise.resolve();

try {
  const processor = await createProcessor(config, assets, createNodeRuntime({ threads: 1 }));
  const writer = output === "parquet" ? await createParquetWriter() : createRootWriter();
  port?.on("message", (order: WorkerOrder) => {
    orders = orders.then(() => (order.type === "process" ? work(order) : close())).catch(fail);
  });
  send({ type: "ready" });

  async function work({ block }: Extract<WorkerOrder, { type: "process" }>): Promise<void> {
    const { tallies, kept } = await processor.process(block);
    if (kept !== null && kept.rows > 0) {
      const start = performance.now();
      const path = join(folder, `${blockName(block.id)}.${output}`);
      await writer.write(path, kept).catch((cause: Error) => {
        throw writeError(path, cause);
      });
      count(tallies, "seconds.write", (performance.now() - start) / 1e3);
      count(tallies, "items.write", kept.rows);
    }
    send({ type: "done", id: block.id, tallies });
  }

  async function close(): Promise<void> {
    await processor.dispose();
    writer.close();
    port?.close();
  }
} catch (error) {
  fail(error);
}

/** Says what to do about a full disk; other reasons stand as they are. */
function writeError(path: string, cause: Error): Error {
  if (!/ENOSPC|no space left/i.test(cause.message)) return cause;
  const what = "no space left on the disk; free some and go on with --resume";
  return new DataError(`run: cannot write ${path}: ${what}`, { cause });
}
