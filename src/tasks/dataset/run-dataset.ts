import { mkdir, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { CancelledError, ConfigError, DataError, isFortyError } from "../../base/errors.ts";
import {
  readJetSimulationLabel,
  readMuonSimulationLabel,
  simulationKey,
  simulationMetadata,
} from "../../cms/simulate/simulation-label.ts";
import { formatOfName } from "../../data/index.ts";
import { createDecompressPool, type DecompressPool } from "../../data/root/worker-pool.ts";
import { loadDocument, renderPage } from "../../report/index.ts";
import { writeWhole } from "../run-folder.ts";
import { version } from "../version.ts";
import { addCounts, type DatasetCounts, noCounts, table5 } from "./counts.ts";
import { streamedMedian } from "./median.ts";
import { matchingPage } from "./page.ts";
import { inputFiles } from "./run-inputs.ts";
import { joinParts } from "./run-join.ts";
import {
  type DoneFile,
  doneBefore,
  type FailedFile,
  manifestPath,
  partsFolder,
  writeManifest,
} from "./run-manifest.ts";
import { makePart, readRatios, readStatistics } from "./run-part.ts";
import { checkSettings, type DatasetSettings } from "./settings.ts";
import { mergeStatistics } from "./statistics.ts";

/** Parquet metadata key under which the provenance of a dataset is kept, as JSON. */
export const datasetKey = "forty.dataset";

/** What to read and where to write. */
export interface DatasetRequest {
  /** Files, or patterns with `*`. */
  readonly inputs: readonly string[];
  /** .parquet or .root (keep units and provenance), .csv or .csv.gz. */
  readonly out: string;
  readonly settings: DatasetSettings;
  /** An .html file to write beside: counts and distributions. */
  readonly report?: string;
  /** Goes on with what an interrupted call left. */
  readonly resume?: boolean;
}

export interface DatasetHooks {
  /** Ctrl-C: what is done is kept for `resume`. */
  readonly signal?: AbortSignal;
  /** Files done, with the part of the present one, and files in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What `forty dataset` tells; pt in GeV, shares 0 to 1. */
export interface DatasetSummary {
  readonly file: string;
  readonly object: DatasetSettings["object"];
  readonly events: number;
  readonly l1Objects: number;
  readonly offlineObjects: number;
  readonly matched: number;
  readonly rows: number;
  /** Muon pairs of equal charge; null for jets. */
  readonly chargesAgree: number | null;
  /** Median of Level-1 over offline pt of the pairs. */
  readonly medianPtRatio: number;
  /** Table 5 of the report; null for muons. */
  readonly table5: ReturnType<typeof table5> | null;
  readonly files: readonly ({ readonly file: string } & Pick<
    DatasetCounts,
    "events" | "l1Objects" | "offlineObjects" | "matched" | "rows"
  >)[];
  readonly settings: DatasetSettings;
  readonly manifest: string;
}

/**
 * Matches the Level-1 objects of many files to their offline partners and writes the pairs as one
 * table. Works file by file; memory is that of a batch of events and does not grow with the
 * number of files. Throws `DataError` naming every file that could not be used, after all others
 * are done and kept for `resume`, and where there is no event or no pair at all.
 */
export async function makeDataset(
  { inputs, out, settings, report, resume = false }: DatasetRequest,
  { signal = new AbortController().signal, onProgress = () => {} }: DatasetHooks = {},
): Promise<DatasetSummary> {
  checkSettings(settings);
  if (report !== undefined && !report.endsWith(".html"))
    throw new ConfigError(`${report}: unknown ending; name the report .html`);
  const ending = formatOfName(out);
  if (ending === null)
    throw new ConfigError(`${out}: unknown ending; name the file .parquet, .root, .csv or .csv.gz`);
  const paths = await inputFiles(inputs);
  if (paths.some((path) => resolve(path) === resolve(out)))
    throw new ConfigError(`${out}: is also read; give the result another name`);
  const before = await doneBefore(out, settings, resume);
  const folder = partsFolder(out);
  if (!resume) await rm(folder, { recursive: true, force: true });
  await writeManifest(out, { settings, complete: false, files: before, failed: [] });
  await mkdir(folder, { recursive: true });
  const discard = async () => {
    await rm(folder, { recursive: true, force: true });
    await rm(manifestPath(out), { force: true });
  };
  const pool = createDecompressPool();
  const { files, failed } = await eachFile(
    { paths, settings, out, before, decompress: pool.decompress },
    { signal, onProgress },
  ).finally(() => pool.close());
  if (failed.length > 0) {
    if (files.length === 0) await discard();
    throw failure(failed, files.length);
  }
  const counts = files.reduce((sum, file) => addCounts(sum, file.counts), noCounts);
  if (counts.matched === 0) {
    await discard();
    throw nothing(counts, settings);
  }
  const medianPtRatio = await streamedMedian(async function* () {
    for (const { part } of files) yield await readRatios(folder, part);
  });
  const filled = files.filter((file) => file.counts.rows > 0).map(({ part }) => part);
  const origin = provenance(files, settings, counts);
  const metadata = { [datasetKey]: JSON.stringify(origin), ...labelOf(settings.object, files) };
  if (signal.aborted) throw cancelled(files.length, paths.length);
  const summary = summaryOf(files, { out, settings, counts, medianPtRatio });
  if (report !== undefined) {
    const pieces = await Promise.all(files.map(({ part }) => readStatistics(folder, part)));
    const statistics = pieces.reduce(mergeStatistics);
    const page = matchingPage({ summary, statistics, provenance: origin });
    await writeWhole(report, renderPage(page, { document: await loadDocument() }));
  }
  await joinParts({ folder, parts: filled, out, metadata });
  await writeManifest(out, { settings, complete: true, files, failed: [] });
  await rm(folder, { recursive: true, force: true });
  return summary;
}

function summaryOf(
  files: readonly DoneFile[],
  {
    out,
    settings,
    counts,
    medianPtRatio,
  }: Pick<Work, "out" | "settings"> & { counts: DatasetCounts; medianPtRatio: number },
): DatasetSummary {
  const seen = ({ events, l1Objects, offlineObjects, matched, rows }: DatasetCounts) => ({
    events,
    l1Objects,
    offlineObjects,
    matched,
    rows,
  });
  const isMuons = settings.object === "muons";
  return {
    file: out,
    object: settings.object,
    ...seen(counts),
    chargesAgree: isMuons ? counts.chargesAgree : null,
    medianPtRatio,
    table5: isMuons ? null : table5(counts),
    files: files.map((file) => ({ file: file.path, ...seen(file.counts) })),
    settings,
    manifest: manifestPath(out),
  };
}

interface Work {
  readonly paths: readonly string[];
  readonly settings: DatasetSettings;
  readonly out: string;
  readonly before: readonly DoneFile[];
  readonly decompress: DecompressPool["decompress"];
}

/** Does every file that is not done; those that fail are told at the end, so the others count. */
async function eachFile(
  { paths, settings, out, before, decompress }: Work,
  { signal, onProgress }: Required<DatasetHooks>,
): Promise<{ files: DoneFile[]; failed: FailedFile[] }> {
  const folder = partsFolder(out);
  const files: DoneFile[] = [];
  const failed: FailedFile[] = [];
  const shared = { folder, signal, before, decompress };
  for (const [i, path] of paths.entries()) {
    if (signal.aborted) throw cancelled(files.length, paths.length);
    try {
      const format = files[0]?.format ?? null;
      const onShare = (share: number) => onProgress(i + share, paths.length);
      files.push(await makePart(path, settings, { ...shared, format, onShare }));
    } catch (error) {
      if (signal.aborted) throw cancelled(files.length, paths.length);
      if (!isOfFile(error)) throw error;
      failed.push({ path, error: error.message });
    }
    await writeManifest(out, { settings, complete: false, files, failed });
    onProgress(i + 1, paths.length);
  }
  return { files, failed };
}

/** The label of simulated files. @throws DataError where some are not, or simulated otherwise. */
function labelOf(
  object: DatasetSettings["object"],
  files: readonly DoneFile[],
): Record<string, string> {
  const labels = files.map(({ path, simulation }) => {
    const metadata = simulation === null ? {} : { [simulationKey]: simulation };
    const read = object === "muons" ? readMuonSimulationLabel : readJetSimulationLabel;
    return { path, parameters: read(path, metadata) };
  });
  const [first] = labels;
  const other = labels.find(
    ({ parameters }) => JSON.stringify(parameters) !== JSON.stringify(first.parameters),
  );
  if (other)
    throw new DataError(
      `dataset: ${first.path} and ${other.path} are not of the same ${first.parameters && other.parameters ? "simulation" : "kind: one is simulated, one is not"}; make a dataset of each`,
    );
  return first.parameters ? simulationMetadata({ object, parameters: first.parameters }) : {};
}

/** Said in every dataset, since the report and CMSSW differ by one step. */
const ptConvention = "pt = 0.5 GeV hwPtL1 (muons: CMSSW's hwPt - 1), pt = 0.5 GeV hwPt (jets)";

/** Where the rows come from. */
function provenance(
  files: readonly DoneFile[],
  settings: DatasetSettings,
  { events, matched, rows }: DatasetCounts,
): object {
  const inputs = files.map(({ fingerprint, format, counts }) => ({
    ...fingerprint,
    format,
    events: counts.events,
    matched: counts.matched,
  }));
  return { version, settings, events, matched, rows, ptConvention, inputs };
}

function cancelled(done: number, total: number): CancelledError {
  return new CancelledError(`dataset: cancelled; ${done} of ${total} files are done and kept`);
}

/** Bad content and unreadable files are a matter of one file, all else of the whole. */
function isOfFile(error: unknown): error is Error {
  if (!(error instanceof Error) || error.name === "CancelledError") return false;
  return (
    isFortyError(error) || /^(ENOENT|EACCES|EISDIR|EIO)$/.test(String(Reflect.get(error, "code")))
  );
}

function failure(failed: readonly FailedFile[], done: number): DataError {
  const list = failed.map(({ path, error }) =>
    error.includes(path) ? error : `${path}: ${error}`,
  );
  if (failed.length === 1 && done === 0) return new DataError(list[0]);
  const others = done === 1 ? "the other one is" : `the other ${done} are`;
  const remedy =
    done === 0 ? "" : `; ${others} kept: correct or leave out the bad and add --resume`;
  return new DataError(
    `dataset: ${failed.length} of ${failed.length + done} files cannot be used: ${list.join("; ")}${remedy}`,
  );
}

function nothing(
  counts: DatasetCounts,
  { bx, maxDeltaR, minOfflinePt }: DatasetSettings,
): DataError {
  if (counts.events === 0) return new DataError("dataset: no event in any file");
  return new DataError(
    `dataset: no match in ${counts.events} events with ${counts.l1Objects} Level-1 objects in crossing ${bx} ` +
      `and ${counts.offlineObjects} offline ones above ${minOfflinePt} GeV, closer than ${maxDeltaR}; loosen these`,
  );
}
