import { parentPort } from "node:worker_threads";
import { decompressMany } from "./compression.ts";
import type { WorkerReply, WorkerTask } from "./worker-message.ts";

/** Unpacks what `worker-pool.ts` sends; an error goes back as its message. */
parentPort?.on("message", async ({ id, jobs, packed }: WorkerTask) => {
  let reply: WorkerReply;
  try {
    let at = 0;
    const unpacked = await decompressMany(
      jobs.map(({ length, size, where }) => {
        const bytes = packed.subarray(at, at + length);
        at += length;
        return { bytes, size, where };
      }),
    );
    reply = { id, packed, unpacked, error: null };
  } catch (error) {
    reply = { id, packed, unpacked: [], error: (error as Error).message };
  }
  parentPort?.postMessage(reply, [packed, ...reply.unpacked.filter(isAlone)].map(bufferOf));
});

const bufferOf = ({ buffer }: Uint8Array) => buffer as ArrayBuffer;

/** Whether the buffer holds nothing else and so can move; Node's pool of small ones cannot. */
function isAlone({ buffer, length }: Uint8Array): boolean {
  return buffer.byteLength <= length + 64;
}
