import { invariant } from "../../../base/errors.ts";
import type { LabeledFrame } from "../../../cms/scouting/orbit-reader.ts";
import type { Feed, FeedItem, FeedOptions } from "./feed.ts";
import { type RawStart, readRaw, startOfRaw } from "./run-raw.ts";

/** Orbits of files, each source in ascending orbits, that furthest behind first. */
export async function* readFiles(files: readonly string[], options: FeedOptions): Feed {
  const starts = await Promise.all(files.map(startOfRaw));
  starts.sort((a, b) => (a.first?.orbit ?? 0) - (b.first?.orbit ?? 0));
  const queues = createQueues(options);
  try {
    for (const start of starts) await queues.add(start);
    for (const source of queues.sources()) yield { type: "open", source };
    for (let item = await queues.next(); item !== null; item = await queues.next()) {
      yield item;
      if (!queues.sources().includes(item.source)) yield { type: "end", source: item.source };
    }
    invariant(queues.sources().length === 0, "the file furthest behind is not read");
  } finally {
    await queues.close();
  }
}

/** Files of several sources, a file of each open at a time. */
export interface Queues {
  /** Puts a file behind those of its source; one without orbits is done with. */
  add(start: RawStart): Promise<void>;
  /** The next orbits of the source furthest behind; null where none has any that may be read. */
  next(): Promise<Extract<FeedItem, { type: "frames" }> | null>;
  /** Sources with orbits left. */
  sources(): number[];
  /** Closes the files. */
  close(): Promise<void>;
}

interface Queue {
  readonly starts: RawStart[];
  current: AsyncGenerator<LabeledFrame[], void> | null;
  /** Orbit that it has come to. */
  orbit: number;
  frames: readonly LabeledFrame[] | null;
}

export function createQueues({ onDropped, mayRead }: FeedOptions): Queues {
  const queues = new Map<number, Queue>();

  /** Has the next frames at hand; false at the end. */
  async function fill(queue: Queue): Promise<boolean> {
    while (queue.frames === null) {
      const start = queue.starts[0];
      if (start === undefined) return false;
      queue.current ??= readRaw(start, onDropped);
      const { done, value } = await queue.current.next();
      if (done) {
        queue.starts.shift();
        queue.current = null;
      } else queue.frames = value ?? null;
    }
    return true;
  }

  return {
    async add(start) {
      if (start.first === null) {
        for await (const _ of readRaw(start, onDropped)); // nothing, or what is wrong
        return;
      }
      const { source, orbit } = start.first;
      const queue = queues.get(source) ?? { starts: [], current: null, orbit, frames: null };
      queues.set(source, queue);
      queue.starts.push(start);
      await fill(queue);
    },
    async next() {
      const order = [...queues].sort(([, a], [, b]) => a.orbit - b.orbit);
      for (const [source, queue] of order) {
        if (queue.frames === null || !mayRead(source)) continue;
        const { frames } = queue;
        queue.orbit = frames[frames.length - 1].orbit;
        queue.frames = null;
        await fill(queue);
        return { type: "frames", source, frames };
      }
      return null;
    },
    sources: () => [...queues].filter(([, { frames }]) => frames !== null).map(([id]) => id),
    async close() {
      for (const { current } of queues.values()) await current?.return();
    },
  };
}
