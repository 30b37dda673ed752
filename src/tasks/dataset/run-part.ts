import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { deserialize, serialize } from "node:v8";
import { CancelledError, DataError } from "../../base/errors.ts";
import { createTableWriter, schemaOf, type TableWriter } from "../../data/index.ts";
import { openRoot } from "../../data/root/file.ts";
import { openFileSource } from "../../data/root/source-node.ts";
import type { DecompressPool } from "../../data/root/worker-pool.ts";
import { writeWhole } from "../run-folder.ts";
import { addCounts, noCounts } from "./counts.ts";
import { type EventFile, openEvents } from "./events.ts";
import { jetRows } from "./jet-rows.ts";
import { muonRows } from "./muon-rows.ts";
import { quickFingerprint } from "./run-inputs.ts";
import { type DoneFile, partName } from "./run-manifest.ts";
import type { DatasetSettings } from "./settings.ts";
import { addStatistics, type MatchStatistics, noStatistics } from "./statistics.ts";
import { openTableEvents } from "./table-events.ts";

/** Events that are in memory at a time. */
const eventsPerBatch = 20_000;

interface PartOptions {
  readonly folder: string;
  /** Shared by all files: threads start once. */
  readonly decompress: DecompressPool["decompress"];
  readonly signal: AbortSignal;
  /** Of the files before; null for the first. */
  readonly format: string | null;
  /** Files whose parts are there. */
  readonly before: readonly DoneFile[];
  /** Called with the share of the events that are done, below 1. */
  readonly onShare: (share: number) => void;
}

/**
 * Reads one file, if that is not done already, and leaves its rows in a part of `folder`, and
 * beside it the pt ratios of all pairs as float32 and their distributions. The part appears last
 * and whole, so that what is there is done.
 */
export async function makePart(
  path: string,
  settings: DatasetSettings,
  { folder, decompress, signal, format, before, onShare }: PartOptions,
): Promise<DoneFile> {
  const fingerprint = await quickFingerprint(path);
  const part = partName(path, fingerprint);
  const done = before.find((file) => file.part === part);
  if (done !== undefined) return { ...done, path };
  const { source, close } = await openInput(path, settings, decompress);
  const rowsOf = settings.object === "muons" ? muonRows : jetRows;
  let counts = noCounts;
  let writer: TableWriter | null = null;
  const ratios: Float32Array[] = [];
  let statistics = noStatistics(settings.object, settings.maxDeltaR);
  try {
    if (format !== null && source.format !== format)
      throw new DataError(
        `${path}: is of format ${source.format}, the files before are of ${format}; make a dataset of each`,
      );
    for await (const batch of source.batches(eventsPerBatch, signal)) {
      onShare(counts.events / source.events);
      const matched = rowsOf(batch, settings);
      counts = addCounts(counts, matched.counts);
      ratios.push(matched.ratios);
      statistics = addStatistics(statistics, matched);
      writer ??= await createTableWriter(join(folder, part), schemaOf(matched.table));
      if (matched.counts.rows > 0) await writer.append(matched.table);
      await setImmediate(); // lets Ctrl-C through
      if (signal.aborted) throw new CancelledError("dataset: cancelled");
    }
    await writeWhole(ratiosPath(folder, part), joined(ratios));
    await writeWhole(statisticsPath(folder, part), serialize(statistics));
    if (writer === null) await writeWhole(join(folder, part), "");
    await writer?.close();
    const { format: found, simulation } = source;
    return { path, fingerprint, format: found, simulation, part, counts };
  } catch (error) {
    await writer?.abort();
    throw error;
  } finally {
    await close();
  }
}

/** The events of a ROOT file or of a flat table, by its name. */
async function openInput(
  path: string,
  settings: DatasetSettings,
  decompress: DecompressPool["decompress"],
): Promise<{ source: EventFile; close: () => Promise<void> }> {
  if (/\.(parquet|csv|csv\.gz)$/i.test(path))
    return { source: await openTableEvents(path, settings), close: async () => {} };
  const file = await openRoot(await openFileSource(path), { decompress });
  try {
    return { source: await openEvents(file, settings), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Distributions of the pairs of a part. */
export async function readStatistics(folder: string, part: string): Promise<MatchStatistics> {
  return deserialize(await readFile(statisticsPath(folder, part)));
}

const statisticsPath = (folder: string, part: string) => join(folder, `${part}.statistics`);

/** Level-1 over offline pt of the pairs of a part. */
export async function readRatios(folder: string, part: string): Promise<Float32Array> {
  const bytes = await readFile(ratiosPath(folder, part));
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

const ratiosPath = (folder: string, part: string) => join(folder, `${part}.ratios`);

function joined(pieces: readonly Float32Array[]): Uint8Array {
  const all = new Float32Array(pieces.reduce((n, piece) => n + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return new Uint8Array(all.buffer);
}
