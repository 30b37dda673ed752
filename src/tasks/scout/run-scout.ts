import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CancelledError, DataError } from "../../base/errors.ts";
import { parseMenu } from "../../cms/menu/index.ts";
import { loadDocument, renderPage } from "../../report/index.ts";
import { createNodeRuntime } from "../../runtime/index.ts";
import {
  type Fingerprint,
  findModel,
  fingerprint,
  openRun,
  type RunFolder,
} from "../run-folder.ts";
import { version } from "../version.ts";
import { findAlarms } from "./alarms.ts";
import { blockName } from "./block.ts";
import { parseScout, type ScoutConfig } from "./config.ts";
import { type ScoutMetrics, scoutMetrics } from "./metrics.ts";
import { scoutPage } from "./page.ts";
import { prometheusText } from "./prometheus.ts";
import { readBlocks } from "./run-source.ts";
import { type BlockThreads, startBlockThreads } from "./run-threads.ts";
import { makeSnapshot, type Snapshot, snapshotNumbers } from "./snapshot.ts";
import { type Assets, createStages } from "./stages.ts";
import {
  addTallies,
  count,
  createTallies,
  type Tallies,
  type TalliesJson,
  talliesJson,
  talliesSince,
} from "./tallies.ts";

export interface ScoutOptions {
  /** As in a configuration file; see `scoutSchema`. */
  readonly settings: unknown;
  /** Folder of the run, new or empty. */
  readonly out: string;
  /** Goes on with an interrupted run: blocks that are done stay, all others are done anew. */
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  /** Called once a second, and at the end. */
  readonly onSnapshot?: (snapshot: Snapshot) => void;
}

/** What a finished block leaves, under `blocks/`: its orbits are in this and in no other file. */
interface BlockRecord {
  readonly run: number;
  readonly id: number;
  readonly firstOrbit: number;
  readonly lastOrbit: number;
  readonly tallies: TalliesJson;
}

const snapshotMs = 1000;

/**
 * Processes a stream of raw orbits into a run folder: `events/` kept crossings, `blocks/` what is
 * done, `metrics.json`, `metrics.prom`, `snapshot.json`, `events.jsonl`, `report.html`. Kept
 * crossings of a block are whole in their place before its record is; a record counts a block as
 * done. So a run may be killed at any moment: `resume` neither loses nor doubles an orbit.
 * @throws ConfigError, DataError, FormatError for unusable settings and files, SessionError where
 * a thread fails, CancelledError on `signal`.
 */
export async function scout(options: ScoutOptions): Promise<ScoutMetrics> {
  const { out, resume = false, signal, onSnapshot } = options;
  const config = parseScout(options.settings);
  const { assets, inputs } = await loadAssets(config);
  const reference = config.reference === null ? null : await readReference(config.reference);
  await checkStages(config, assets);
  const folder = await openRun(out, { task: "scout", version, ...config, inputs }, { resume });
  const { tallies, done, run: runBefore } = await readRecords(folder);
  const startThreads = () =>
    startBlockThreads({
      setup: { config, assets, folder: join(out, "events") },
      threads: config.workers,
      queue: config.queueBlocks,
      async onDone(block, result) {
        const { run, id, orbits } = block;
        const [firstOrbit, lastOrbit] = [orbits[0].orbit, orbits[orbits.length - 1].orbit];
        const record = { run, id, firstOrbit, lastOrbit, tallies: talliesJson(result) };
        await folder.write(`blocks/${blockName(id)}.json`, `${JSON.stringify(record)}\n`);
        addTallies(tallies, result);
        watch.orbits += result.counts.orbits;
        watch.lagSeconds = (performance.now() - (arrived.get(id) ?? 0)) / 1e3;
        arrived.delete(id);
      },
    });
  const arrived = new Map<number, number>();
  const watch = { orbits: 0, lagSeconds: 0 };
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1e3;
  let before = { seconds: 0, orbits: 0, tallies: copyOf(tallies) };

  /** The state since the last snapshot, and the files that tell of it. */
  async function look(isDone: boolean): Promise<Snapshot> {
    const now = { seconds: seconds(), orbits: watch.orbits, tallies: copyOf(tallies) };
    const window = isDone ? tallies : talliesSince(now.tallies, before.tallies);
    const since = isDone ? { seconds: 0, orbits: 0 } : before;
    before = now;
    const snapshot = makeSnapshot(config, now.tallies, {
      ...{ seconds: now.seconds, isDone, lagSeconds: watch.lagSeconds },
      windowOrbits: now.orbits - since.orbits,
      windowSeconds: now.seconds - since.seconds,
      alarms: reference ? findAlarms(window, reference, config.alarm) : [],
    });
    const numbers = snapshotNumbers(snapshot);
    folder.event({ type: "snapshot", ...numbers });
    await folder.write("snapshot.json", `${JSON.stringify(snapshot)}\n`);
    await folder.write("metrics.prom", prometheusText(numbers));
    onSnapshot?.(snapshot);
    return snapshot;
  }
  let threads: BlockThreads | null = null; // none where all is done already
  let looking: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(() => look(false));
    looking.catch(() => {}); // thrown below
  }, snapshotMs);

  try {
    const onDropped = (reason: string, n: number) => count(tallies, `dropped.${reason}`, n);
    let run = runBefore;
    for await (const block of readBlocks({ config, done, onDropped, signal })) {
      run = block.run;
      arrived.set(block.id, performance.now());
      threads ??= await startThreads();
      await threads.submit(block);
      if (signal?.aborted)
        throw new CancelledError("scout: cancelled; blocks that are done are kept");
    }
    await threads?.finish();
    clearInterval(timer);
    await looking;
    const snapshot = await look(true);
    const menuFile = config.stages.find((stage) => stage.kind === "menu")?.algorithms;
    const menu = menuFile ? parseMenu(new TextDecoder().decode(assets[menuFile]), menuFile) : null;
    const metrics = scoutMetrics({ config, run, snapshot, tallies, menu });
    await folder.write("metrics.json", `${JSON.stringify(metrics, null, 2)}\n`);
    const page = renderPage(
      scoutPage({ config, metrics, snapshot, provenance: { version, inputs } }),
      {
        document: await loadDocument(),
      },
    );
    await folder.write("report.html", page);
    return metrics;
  } finally {
    clearInterval(timer);
    await looking.catch(() => {});
    await threads?.close();
  }
}

/** Fails on what cannot work before there is a folder. */
async function checkStages(config: ScoutConfig, assets: Assets): Promise<void> {
  const stages = await createStages(config, assets, createNodeRuntime({ threads: 1 }));
  for (const stage of stages) await stage.dispose?.();
}

/** Deep enough for what is only added to. */
const copyOf = (tallies: Tallies): Tallies => addTallies(createTallies(), tallies);

/** What is done already; kept crossings without a record are half of a block, and removed. */
async function readRecords(folder: RunFolder) {
  const tallies = createTallies();
  const done = new Map<number, number>();
  let run: number | null = null;
  const at = (name: string) => join(folder.path, name);
  mkdirSync(at("blocks"), { recursive: true });
  mkdirSync(at("events"), { recursive: true });
  for (const name of readdirSync(at("blocks")).sort()) {
    const record = JSON.parse(await readFile(at(`blocks/${name}`), "utf8")) as BlockRecord;
    addTallies(tallies, record.tallies);
    done.set(record.id, record.lastOrbit);
    run = record.run;
  }
  const names = new Set([...done.keys()].map(blockName));
  for (const name of readdirSync(at("events")))
    if (!names.has(name.replace(/\.(root|parquet)$/, ""))) rmSync(at(`events/${name}`));
  return { tallies, done, run };
}

/** Files that stages name, and their fingerprints. */
async function loadAssets(config: ScoutConfig) {
  const assets: Record<string, Uint8Array> = {};
  const inputs: Fingerprint[] = [];
  for (const stage of config.stages) {
    if ("model" in stage) assets[stage.model] = await findModel(stage.model);
    if (stage.kind === "menu") assets[stage.algorithms] = await readText(stage.algorithms);
    const path = stage.kind === "menu" ? stage.algorithms : "model" in stage ? stage.model : null;
    if (path !== null) inputs.push(await fingerprint(await fileOf(path)));
  }
  return { assets: assets satisfies Assets, inputs };
}

async function readText(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: Error) => {
    throw new DataError(`${path}: cannot be read: ${cause.message}; check the path`, { cause });
  });
}

/** The model of a run folder, or the file itself. */
async function fileOf(path: string): Promise<string> {
  const inRun = join(path, "model.onnx");
  return (await readFile(inRun).catch(() => null)) === null ? path : inRun;
}

/** Tallies of a finished run. */
async function readReference(path: string): Promise<Tallies> {
  const text = new TextDecoder().decode(await readText(join(path, "metrics.json")));
  const { tallies } = JSON.parse(text) as Partial<ScoutMetrics>;
  if (!tallies)
    throw new DataError(`${path}: is no finished run of 'forty scout run'; check scout.reference`);
  return addTallies(createTallies(), tallies);
}
