import { DataError } from "../../base/errors.ts";
import {
  loadDocument,
  type Page,
  plainText,
  renderFigure,
  renderPage,
  serializeFigure,
} from "../../report/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Measured } from "../../stats/index.ts";
import { floorOf } from "../recalibration/floor.ts";
import { type ObjectKind, type Quantity, quantities } from "../recalibration/quantities.ts";
import { fingerprint, openRun, type RunFolder } from "../run-folder.ts";
import { version } from "../version.ts";
import { conclusion } from "./conclusion.ts";
import { parseStudy, recalibrationOf, type StudyConfig } from "./config.ts";
import { csvOf } from "./csv.ts";
import { isTuning } from "./job.ts";
import { level1Errors } from "./judge.ts";
import { studyPage } from "./page.ts";
import { createSelection } from "./plan.ts";
import { resultsIn } from "./results.ts";
import { prepareStudy } from "./run-job.ts";
import { type FailedJob, runJobs, type StudyEvent } from "./run-jobs.ts";
import {
  type Comparison,
  compare,
  errorsOrNull,
  frontOf,
  representatives,
  type Summary,
  summarize,
} from "./summary.ts";

/** One model in `metrics.json`; errors on the test part, null for what is not recalibrated. */
export interface StudyModelMetrics extends Readonly<Record<Quantity, Measured | null>> {
  readonly id: string;
  readonly name: string;
  /** Per inference, counted in the exported file, features and units included. */
  readonly flops: number;
  readonly macs: number;
  readonly exponentials: number;
  readonly parameters: number;
  /** By the report's formula, Table 8. */
  readonly reportFlops: number;
  readonly fitSeconds: number;
  /** Errors on the validation part, by which models were chosen. */
  readonly validation: Partial<Readonly<Record<Quantity, number>>>;
}

/** What `metrics.json` of a study holds and `--json` prints. */
export interface StudyMetrics {
  readonly task: string;
  readonly source: string;
  readonly simulated: boolean;
  readonly minimize: StudyConfig["minimize"];
  readonly quick: boolean;
  readonly rows: { readonly train: number; readonly validation: number; readonly test: number };
  /** Errors of the Level-1 measurement on the test part. */
  readonly l1: Readonly<Record<Quantity, Measured | null>>;
  /** Bayes floor of the same rows, where the generator is known. */
  readonly floor: Readonly<Record<Quantity, Measured | null>> | null;
  readonly models: readonly StudyModelMetrics[];
  /** Ids, chosen on the validation part. */
  readonly best: { readonly network: string | null; readonly falkon: string | null };
  readonly comparison: readonly Comparison[];
  /** Ids of the models that no cheaper one beats, per quantity, cheapest first. */
  readonly pareto: Partial<Readonly<Record<Quantity, readonly string[]>>>;
  readonly conclusion: string;
  readonly failed: readonly FailedJob[];
  readonly seconds: number;
}

export interface StudyOptions {
  readonly files: readonly string[];
  /** Folder of the run; must not hold another one. */
  readonly out: string;
  readonly config: Partial<StudyConfig>;
  /** Judges the exported models; the jobs make their own, one thread each. */
  readonly runtime: Runtime;
  /** Worker threads. */
  readonly workers: number;
  /** "networks", "falkon" or job ids, separated by commas; null (default): all. */
  readonly only?: string | null;
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: StudyEvent) => void;
}

/** `study` for muons. */
export const studyMuons = (options: StudyOptions) => study("muons", options);
/** `study` for jets. */
export const studyJets = (options: StudyOptions) => study("jets", options);

/**
 * The complete study of the report: networks and kernel machines side by side in worker threads,
 * tuned and chosen on the validation part, compared on the test part, with one page as the report.
 * A job that fails, or is cancelled by a file `cancel` in its folder, leaves the others alone.
 * @throws DataError, FormatError, ConfigError; CancelledError keeps what is done.
 */
export async function study(object: ObjectKind, options: StudyOptions): Promise<StudyMetrics> {
  const started = performance.now();
  const { files, signal, runtime, onEvent } = options;
  const settings = parseStudy(object, options.config);
  const isWanted = createSelection(options.only ?? null, settings);
  const stage = (name: string) => onEvent?.({ type: "stage", stage: name });
  stage("reading");
  const data = await prepareStudy(object, files, settings);
  const config = { ...settings, simulated: data.simulation !== null };
  const inputs = await Promise.all(files.map(fingerprint));
  const run = await openRun(options.out, { task: `study ${object}`, ...config, inputs }, options);
  const provenance = {
    forty: version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    inputs,
    seed: config.seed,
  };
  const results = resultsIn(run);
  const level1 = level1Errors(data);
  const { done, failed } = await runJobs(run, config, {
    threads: options.workers,
    setup: { object, files, config: settings, provenance },
    results,
    level1,
    isWanted,
    ...(signal ? { signal } : {}),
    ...(onEvent ? { onEvent } : {}),
  });

  stage("comparing");
  const floor = floorOf(data, recalibrationOf(object, config));
  const { seed } = config;
  const summary = await summarize(runtime, data, done, { results, level1, floor, seed });
  if (!summary)
    throw new DataError(
      `study: no job gave a model${failed.length > 0 ? `; ${failed[0].id}: ${failed[0].reason}` : ""}`,
    );
  const { network, falkon } = summary.best;
  const comparison = network && falkon ? compare(network, falkon) : [];
  const text = conclusion({ summary, comparison, data });
  const seconds = (performance.now() - started) / 1000;

  stage("reporting");
  const tuned = done.filter(isTuning);
  const found = { data, config, summary, comparison, conclusion: text, tuned, failed };
  await writePage(run, studyPage({ ...found, provenance }));
  const { train, validation, test } = data.counts;
  const metrics: StudyMetrics = {
    task: `study ${object}`,
    source: data.source.name,
    simulated: config.simulated,
    minimize: config.minimize,
    quick: config.quick,
    rows: { train, validation, test },
    ...measured(summary),
    best: {
      network: network?.result.job.id ?? null,
      falkon: falkon?.result.job.id ?? null,
    },
    comparison,
    conclusion: plainText(text),
    failed,
    seconds,
  };
  await run.write("metrics.json", `${JSON.stringify(metrics, null, 2)}\n`);
  return metrics;
}

/** The page, and its figures and tables as files of their own under the same numbers. */
async function writePage(run: RunFolder, page: Page): Promise<void> {
  const document = await loadDocument();
  const figures = page.sections.flatMap((section) => section.figures ?? []);
  const tables = page.sections.flatMap((section) => section.tables ?? []);
  for (const [i, figure] of figures.entries()) {
    const svg = serializeFigure(renderFigure(figure, { document }), { standalone: true });
    await run.write(`figures/figure-${i + 1}.svg`, svg);
  }
  for (const [i, table] of tables.entries())
    await run.write(`tables/table-${i + 1}.csv`, csvOf(table));
  await run.write("report.html", renderPage(page, { document }));
}

/** The numbers of all models. */
function measured(summary: Summary) {
  const { models, evaluation } = summary;
  const shown = representatives(summary);
  return {
    l1: errorsOrNull(evaluation.level1.errors),
    floor: evaluation.floor && errorsOrNull(evaluation.floor),
    models: models.map(
      ({ result, name, cost, candidate }): StudyModelMetrics => ({
        id: result.job.id,
        name,
        ...errorsOrNull(candidate.errors),
        ...cost,
        fitSeconds: result.fitSeconds,
        validation: result.validation,
      }),
    ),
    pareto: Object.fromEntries(
      quantities
        .filter((q) => evaluation.level1.errors[q])
        .map((q) => [q, frontOf(shown, q).map((m) => m.result.job.id)]),
    ),
  };
}
