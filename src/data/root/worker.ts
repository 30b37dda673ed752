import { parentPort } from "node:worker_threads";
import { decompressMany } from "./compression.ts";
import { joinParts, type WorkerReply, type WorkerTask } from "./worker-message.ts";

/** Unpacks what `worker-pool.ts` sends; an error goes back as its message. */
parentPort?.on("message", async ({ id, jobs, packed }: WorkerTask) => {
  let reply: WorkerReply;
  try {
    let at = 0;
    const parts = await decompressMany(
      jobs.map(({ length, size, where }) => {
        const bytes = packed.subarray(at, at + length);
        at += length;
        return { bytes, size, where };
      }),
    );
    reply = { id, unpacked: joinParts(parts), error: null };
  } catch (error) {
    reply = { id, unpacked: new Uint8Array(0), error: (error as Error).message };
  }
  parentPort?.postMessage(reply, [reply.unpacked.buffer]);
});
