import { existsSync, readdirSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError, ConfigError, DataError, isFortyError } from "../../../base/errors.ts";
import { readOrbitFile } from "../../../cms/scouting/orbit.ts";
import { formatOfSource } from "../../../cms/scouting/sources.ts";
import type { ScoutConfig } from "../config.ts";
import { blockOf, type OrbitBlock, type RawOrbit, requireRun } from "../orbit/block.ts";

/** Sources that are read; others are refused. */
type SourceName = "gmt" | "calo";

export interface SourceOptions {
  readonly config: Pick<ScoutConfig, "files" | "folder" | "idleSeconds" | "blockOrbits">;
  /** Last orbit of the blocks that are done already, by id; they are not given again. */
  readonly done: ReadonlyMap<number, number>;
  /** Told of orbits that are in no block: "badFile", "late" (its block was dealt) or "twice". */
  readonly onDropped: (reason: string, orbits: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Blocks of orbits from raw files, one file in memory at a time. A block is given when every
 * source has gone past it, or at the end. A file that is damaged is dropped whole: as many orbits
 * as its header tells, or one.
 * @throws ConfigError for files of two runs or of no known source, CancelledError.
 */
export async function* readBlocks(options: SourceOptions): AsyncGenerator<OrbitBlock> {
  const { config, done, onDropped, signal } = options;
  const { blockOrbits } = config;
  const waiting = new Map<number, Map<number, RawOrbit>>();
  const dealt = new Map<number, number>(done);
  const reached = new Map<SourceName, number>();
  let run: number | null = null;
  const take = (id: number): OrbitBlock => {
    const orbits = [...(waiting.get(id)?.values() ?? [])].sort((a, b) => a.orbit - b.orbit);
    waiting.delete(id);
    dealt.set(id, orbits[orbits.length - 1].orbit);
    return { run: run ?? 0, id, orbits };
  };
  const ready = (before: number) => [...waiting.keys()].filter((id) => id < before).sort(ascending);

  for await (const path of filesOf(config, { reached, signal })) {
    const file = await readRaw(path, onDropped);
    if (file === null || file.frames.length === 0) continue;
    run ??= file.run;
    requireRun(file.run, run, path);
    const source = sourceOf(path, file.frames[0].source);
    for (const { orbit, payload } of file.frames) {
      const id = blockOf(orbit, blockOrbits);
      const last = dealt.get(id);
      if (last !== undefined) {
        if (!done.has(id) || orbit > last) onDropped("late", 1);
        continue;
      }
      const block = waiting.get(id) ?? new Map<number, RawOrbit>();
      waiting.set(id, block);
      const before = block.get(orbit) ?? { orbit, lumi: file.lumi };
      if (before[source] !== undefined) onDropped("twice", 1);
      else block.set(orbit, { ...before, [source]: payload });
    }
    const furthest = file.frames[file.frames.length - 1].orbit;
    reached.set(source, Math.max(reached.get(source) ?? 0, furthest));
    // an orbit behind the last one may still come, and that in the last block
    for (const id of ready(blockOf(Math.min(...reached.values()), blockOrbits))) yield take(id);
  }
  for (const id of ready(Number.POSITIVE_INFINITY)) yield take(id);
}

const ascending = (a: number, b: number) => a - b;

interface FileOptions {
  /** Filled with the sources that files have before they are read. */
  readonly reached: Map<SourceName, number>;
  readonly signal?: AbortSignal | undefined;
}

/** Paths in the order to read them: files by their first orbit, those of a folder by name. */
async function* filesOf(
  { files, folder, idleSeconds }: SourceOptions["config"],
  { reached, signal }: FileOptions,
): AsyncGenerator<string> {
  const stop = () => {
    if (signal?.aborted) throw new CancelledError("scout: cancelled");
  };
  if (folder === null) {
    const starts = await Promise.all(files.map(async (path) => ({ path, ...(await peek(path)) })));
    starts.sort((a, b) => a.orbit - b.orbit);
    for (const { path, source } of starts)
      if (source !== null) reached.set(sourceOf(path, source), 0);
    for (const { path } of starts) {
      stop();
      yield path;
    }
    return;
  }
  if (!existsSync(folder)) throw new DataError(`${folder}: no such folder; check scout.folder`);
  const taken = new Set<string>();
  const list = () => readdirSync(folder).filter((name) => /^[^.].*\.raw$/.test(name));
  for (const name of list()) {
    const { source } = await peek(join(folder, name));
    if (source !== null) reached.set(sourceOf(name, source), 0);
  }
  for (let idleSince = Date.now(); ; ) {
    stop();
    const next = list()
      .filter((name) => !taken.has(name))
      .sort()[0];
    if (next !== undefined) {
      taken.add(next);
      yield join(folder, next);
      idleSince = Date.now();
    } else if (Date.now() - idleSince >= 1e3 * idleSeconds) return;
    else await sleep(100);
  }
}

/** First orbit of a file and its source, from its first bytes; source null for an empty file. */
async function peek(path: string): Promise<{ orbit: number; source: number | null }> {
  const file = await open(path).catch((cause: Error) => {
    throw new DataError(`${path}: cannot be read: ${cause.message}; check the path`, { cause });
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(60), 0, 60, 0);
    if (bytesRead < 60 || buffer.toString("latin1", 0, 4) !== "RAW_")
      return { orbit: 0, source: null };
    return { orbit: buffer.readUInt32LE(44), source: buffer.readUInt32LE(56) };
  } finally {
    await file.close();
  }
}

function sourceOf(path: string, source: number): SourceName {
  const format = formatOfSource(source);
  if (format === "gmt" || format === "calo") return format;
  throw new ConfigError(
    `${path}: source ${source}${format ? ` (${format})` : ""} is not read yet; give files of source 1 (gmt) or 2 (calo)`,
  );
}

/** A raw file; null where it is damaged, which is told. */
async function readRaw(path: string, onDropped: SourceOptions["onDropped"]) {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new DataError(`${path}: cannot be read: ${cause.message}`, { cause });
  });
  try {
    return readOrbitFile(bytes, basename(path));
  } catch (error) {
    if (!isFortyError(error)) throw error;
    const isRaw = bytes.length >= 32 && bytes.toString("latin1", 0, 4) === "RAW_";
    if (!isRaw) throw error; // another kind of file: a slip of the user, not of the data
    onDropped("badFile", Math.max(1, bytes.readUInt32LE(12)));
    return null;
  }
}
