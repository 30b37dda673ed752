import { join } from "node:path";
import { CancelledError } from "../../base/errors.ts";
import { parseMenu } from "../../cms/menu/index.ts";
import { loadDocument, renderPage } from "../../report/index.ts";
import { createNodeRuntime } from "../../runtime/index.ts";
import { openRun } from "../run-folder.ts";
import { version } from "../version.ts";
import { type BrokerWorkers, startBrokerWorkers } from "./broker/run-broker-workers.ts";
import { parseScout, type ScoutConfig } from "./config.ts";
import { compareTallies } from "./results/alarms.ts";
import { type ScoutMetrics, scoutMetrics } from "./results/metrics.ts";
import { scoutPage } from "./results/page.ts";
import { makeSnapshot, type Snapshot } from "./results/snapshot.ts";
import { addTallies, count } from "./results/tallies.ts";
import { loadAssets } from "./run-assets.ts";
import { startProgress } from "./run-progress.ts";
import { openRecords } from "./run-records.ts";
import { readReference } from "./run-reference.ts";
import type { SourceEvent } from "./sources/feed.ts";
import { readBlocks } from "./sources/run-blocks.ts";
import type { Assets } from "./stages/stage.ts";
import { createStages } from "./stages/stages.ts";
import { startBlockThreads } from "./workers/run-threads.ts";
import type { Workers, WorkersOptions } from "./workers/workers.ts";

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
  /** Told when it listens, and of senders that come and go. */
  readonly onSource?: (event: SourceEvent) => void;
}

/**
 * Processes a stream of raw orbits into a run folder: `events/` kept crossings, `blocks/` what is
 * done, `metrics.json`, `metrics.prom`, `snapshot.json`, `events.jsonl`, `report.html`. Kept
 * crossings of a block are whole in their place before its record is; a record counts a block as
 * done. So a run may be killed at any moment: `resume` neither loses nor doubles an orbit.
 * @throws ConfigError, DataError, FormatError for unusable settings and files, SessionError where
 * a thread fails, CancelledError on `signal`.
 */
export async function scout(options: ScoutOptions): Promise<ScoutMetrics> {
  const { out, resume = false, signal, onSnapshot, onSource } = options;
  const config = parseScout(options.settings);
  const { assets, inputs } = await loadAssets(config.stages);
  const reference =
    config.reference === null ? null : await readReference(config.reference, config.stages);
  await checkStages(config, assets);
  const folder = await openRun(out, { task: "scout", version, ...config, inputs }, { resume });
  const records = openRecords(folder);
  const { tallies, done } = records;
  let { run } = records;
  const work: WorkersOptions = {
    setup: { config, assets, folder: join(out, "events") },
    threads: config.workers,
    queue: config.queueBlocks,
    async onDone(block, result) {
      await records.write(block, result);
      addTallies(tallies, result);
      run = block.run;
      progress.finished(block.id, result.counts.orbits);
    },
    onRestart() {
      count(tallies, "restarts", 1);
      folder.event({ type: "restart" });
    },
  };
  const now = () => ({ run, workers: brokered?.seen().threads ?? config.workers });
  const progress = startProgress({ config, folder, tallies, reference, now, onSnapshot });
  const { broker } = config;
  let brokered: BrokerWorkers | null = null;
  let workers: Workers | null = null; // threads start with the first block

  try {
    const onDropped = (reason: string, n: number) => count(tallies, `dropped.${reason}`, n);
    const onMissing = (source: string, n: number) => count(tallies, `missing.${source}`, n);
    const onEvent = (event: SourceEvent) => {
      folder.event(event);
      onSource?.(event);
    };
    if (broker) {
      brokered = await startBrokerWorkers({ ...work, broker, run: folder, done, signal });
      workers = brokered;
    }
    const dealt = new Map([...(brokered?.dealt ?? []), ...done]);
    const source = { config, done: dealt, run, onDropped, onMissing, onEvent, signal };
    if (brokered && config.broker?.publishers) {
      const counts = await brokered.published(config.broker.publishers);
      addTallies(tallies, { counts, bins: {} });
    } else
      for await (const block of readBlocks(source)) {
        run = block.run;
        progress.arrived(block.id);
        workers ??= await startBlockThreads(work);
        await workers.submit(block);
        if (signal?.aborted)
          throw new CancelledError("scout: cancelled; blocks that are done are kept");
      }
    await workers?.finish();
    const comparison = reference ? compareTallies(tallies, reference) : [];
    const snapshot = await progress.end(comparison.filter(({ p }) => p <= config.alarm));
    const menuFile = config.stages.find((stage) => stage.kind === "menu")?.algorithms;
    const menu = menuFile ? parseMenu(new TextDecoder().decode(assets[menuFile]), menuFile) : null;
    const metrics = scoutMetrics({
      ...{ snapshot, tallies, menu, comparison },
      seen: progress.seen(),
    });
    await folder.write("metrics.json", `${JSON.stringify(metrics, null, 2)}\n`);
    const page = renderPage(
      scoutPage({
        ...{ config, metrics, snapshot, provenance: { version, inputs } },
        reference:
          reference &&
          makeSnapshot(config, reference, { ...snapshot, windowOrbits: 0, windowSeconds: 0 }),
      }),
      {
        document: await loadDocument(),
      },
    );
    await folder.write("report.html", page);
    return metrics;
  } finally {
    await progress.stop();
    await workers?.close();
  }
}

/** Fails on what cannot work before there is a folder. */
async function checkStages(config: ScoutConfig, assets: Assets): Promise<void> {
  const stages = await createStages(config.stages, assets, createNodeRuntime({ threads: 1 }));
  for (const stage of stages) await stage.dispose?.();
}
