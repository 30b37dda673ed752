import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError, DataError } from "../../../base/errors.ts";
import type { Feed, FeedOptions } from "./feed.ts";
import { createQueues } from "./run-files.ts";
import { isRawName, startOfRaw } from "./run-raw.ts";

const lookMs = 100;

/**
 * Orbits of the files in a folder, those of a source in the order of their names, as they appear. It
 * ends when there was no new file for `idleSeconds`.
 */
export async function* followFolder(
  folder: string,
  idleSeconds: number,
  options: FeedOptions,
): Feed {
  if (!existsSync(folder)) throw new DataError(`${folder}: no such folder; check scout.folder`);
  const taken = new Set<string>();
  const queues = createQueues(options);
  const open = new Set<number>();
  try {
    for (let idleSince = Date.now(); ; ) {
      if (options.signal?.aborted) throw new CancelledError("scout: cancelled");
      const names = readdirSync(folder).filter((name) => isRawName(name) && !taken.has(name));
      for (const name of names.sort()) {
        taken.add(name);
        await queues.add(await startOfRaw(join(folder, name)));
      }
      for (const source of queues.sources()) {
        if (open.has(source)) continue;
        open.add(source);
        yield { type: "open", source };
      }
      const item = await queues.next();
      if (item !== null) yield item;
      if (item !== null || names.length > 0) idleSince = Date.now();
      else if (Date.now() - idleSince < 1e3 * idleSeconds) await sleep(lookMs);
      else {
        const left = queues.sources();
        if (left.length === 0) return;
        const silent = [...open].filter((source) => !left.includes(source));
        for (const source of silent) {
          open.delete(source); // the others wait for it no longer
          yield { type: "end", source };
        }
        idleSince = Date.now();
      }
    }
  } finally {
    await queues.close();
  }
}
