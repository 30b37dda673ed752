import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { SessionError } from "../../../base/errors.ts";
import { blockName, type OrbitBlock } from "../orbit/block.ts";
import type { Tallies } from "../results/tallies.ts";
import { startBlockThreads } from "../workers/run-threads.ts";
import type { Workers } from "../workers/workers.ts";
import type { Job } from "./job.ts";

/** What a block gave. */
export interface ThreadResult {
  /** Without bytes. */
  readonly orbits: OrbitBlock["orbits"];
  readonly tallies: Tallies;
  /** File of the kept crossings, where there are any. */
  readonly file: Uint8Array | null;
}

/** A thread that outlives the blocks it fails on. */
export interface BlockThread {
  /** One block at a time. @throws SessionError with the reason where the block fails. */
  process(block: OrbitBlock): Promise<ThreadResult>;
  close(): Promise<void>;
}

/**
 * @param folder - to be made, for files on their way.
 * @param onRestart - told when the thread is replaced, since it died or failed on a block.
 * @throws SessionError where none can start.
 */
export async function startBlockThread(
  { config, assets }: Job,
  folder: string,
  onRestart: () => void,
): Promise<BlockThread> {
  await mkdir(folder);
  let done: Omit<ThreadResult, "file"> | null = null;
  const start = (): Promise<Workers> =>
    startBlockThreads({
      ...{ setup: { config, assets, folder }, threads: 1, queue: 0 },
      async onDone({ orbits }, tallies) {
        done = { orbits, tallies };
      },
      onRestart,
    });
  let thread = await start();
  const work = async (block: OrbitBlock) => {
    done = null;
    await thread.submit(block);
    await thread.finish();
    if (done === null) throw new SessionError(`scout: block ${block.id} gave nothing`);
    return done as Omit<ThreadResult, "file">;
  };
  const takeFile = async (path: string) => {
    if (!existsSync(path)) return null;
    const bytes = await readFile(path);
    await rm(path);
    return bytes;
  };
  return {
    async process(block) {
      const path = join(folder, `${blockName(block.id)}.${config.output}`);
      try {
        return { ...(await work(block)), file: await takeFile(path) };
      } catch (error) {
        await thread.close();
        await rm(path, { force: true });
        onRestart();
        thread = await start();
        throw error;
      }
    },
    close: () => thread.close(),
  };
}
