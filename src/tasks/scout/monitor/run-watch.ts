import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Snapshot, SnapshotNumbers } from "../results/snapshot.ts";
import { createHistory, type History } from "./history.ts";
import type { HistoryPoint, Status } from "./messages.ts";

/** What a look at the folder found. */
export interface Change {
  /** Another run is in the folder: all that was known is forgotten. */
  readonly isOtherRun: boolean;
  readonly points: readonly HistoryPoint[];
  /** Null where it is the one of the last look. */
  readonly snapshot: Snapshot | null;
}

/** A run folder that somebody else may be writing, in any state of its files. */
export interface RunWatch {
  readonly history: History;
  readonly snapshot: Snapshot | null;
  status(): Status;
  /** Reads what is new; never throws for files that are missing, cut off or not JSON. */
  look(): Promise<Change>;
}

/** Without a new snapshot for so long, a run is stalled. */
const stalledSeconds = 5;

/** What a snapshot of another version may lack. */
const nothing: Snapshot = {
  ...{ seconds: 0, isDone: false, run: null, lumis: null, workers: 0 },
  ...{ orbits: 0, crossings: 0, objects: {}, kept: 0, selected: {}, dropped: {} },
  ...{ missing: {}, restarts: 0, note: "" },
  ...{ realTimeFactor: 0, lagSeconds: 0, stages: [], alarms: [] },
  ...{ histograms: [], maps: [], turnOns: [], correlations: [], algorithms: [] },
  ...{ occupancy: {}, squares: {}, seen: {} },
};

const chunkBytes = 1 << 20;

/** Watches a run folder by looking at it: renamed files and network disks give no other sign. */
export function watchRun(folder: string): RunWatch {
  let history = createHistory();
  let snapshot: Snapshot | null = null;
  let changedAt = 0; // ms
  let read = 0; // bytes of events.jsonl that are in the history
  const seen = { config: "", snapshot: "" };
  return {
    get history() {
      return history;
    },
    get snapshot() {
      return snapshot;
    },
    status() {
      if (snapshot === null) return { state: "waiting", ageSeconds: 0 };
      const ageSeconds = Math.max(0, Date.now() - changedAt) / 1e3;
      const isStalled = ageSeconds > stalledSeconds;
      return {
        state: snapshot.isDone ? "finished" : isStalled ? "stalled" : "live",
        ageSeconds,
      };
    },
    async look() {
      const config = (await identityOf(join(folder, "config.json"))).text;
      // A file that is gone may be back: a disk was out of reach.
      const isOtherRun = seen.config !== "" && config !== "" && config !== seen.config;
      if (isOtherRun) forget();
      seen.config = config || seen.config;
      const points = await readEvents();
      return { isOtherRun, points, snapshot: await readSnapshot() };
    },
  };

  function forget(): void {
    history = createHistory();
    snapshot = null;
    read = 0;
    seen.snapshot = "";
  }

  /** Whole lines since the last look; a last line without an end waits for it. */
  async function readEvents(): Promise<HistoryPoint[]> {
    const file = await open(join(folder, "events.jsonl")).catch(() => null);
    if (!file) return [];
    try {
      const points: HistoryPoint[] = [];
      for await (const lines of newLines(file, read)) {
        read += lines.length;
        for (const line of lines.toString("utf8").split("\n")) {
          const numbers = parse<{ type?: string } & SnapshotNumbers>(line);
          if (numbers?.type === "snapshot") points.push(history.add({ ...nothing, ...numbers }));
        }
      }
      return points;
    } finally {
      await file.close();
    }
  }

  async function readSnapshot(): Promise<Snapshot | null> {
    const path = join(folder, "snapshot.json");
    const { text, mtimeMs } = await identityOf(path);
    if (text === "" || text === seen.snapshot) return null;
    const found = parse<Snapshot>(await readFile(path, "utf8").catch(() => ""));
    if (!found) return null; // half-written by a stranger: again at the next look
    changedAt = seen.snapshot === "" ? mtimeMs : Date.now();
    seen.snapshot = text;
    snapshot = { ...nothing, ...found };
    return snapshot;
  }
}

/** Bytes from `start` to the last end of a line, in pieces that end with a line. */
async function* newLines(file: FileHandle, start: number): AsyncGenerator<Buffer> {
  let buffer = Buffer.alloc(chunkBytes);
  let held = 0; // bytes of a line whose end was not read yet
  for (let at = start; ; ) {
    const room = buffer.length - held;
    const { bytesRead } = await file.read(buffer, held, room, at).catch(() => ({ bytesRead: 0 }));
    if (bytesRead === 0) return;
    at += bytesRead;
    const filled = held + bytesRead;
    const end = buffer.lastIndexOf(10, filled - 1) + 1;
    if (end > 0) yield buffer.subarray(0, end);
    held = filled - end;
    const next = held === buffer.length ? Buffer.alloc(2 * buffer.length) : buffer;
    buffer.copy(next, 0, end, filled);
    buffer = next;
  }
}

/** Changes with every replacement of a file; empty where there is none. */
async function identityOf(path: string): Promise<{ text: string; mtimeMs: number }> {
  const info = await stat(path).catch(() => null);
  if (!info?.isFile()) return { text: "", mtimeMs: 0 };
  return { text: `${info.ino} ${info.size} ${info.mtimeMs}`, mtimeMs: info.mtimeMs };
}

/** A JSON object, or null. */
function parse<T extends object>(text: string): T | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as T) : null;
  } catch {
    return null;
  }
}
