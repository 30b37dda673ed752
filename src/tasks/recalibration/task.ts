import { CancelledError, DivergedError } from "../../base/errors.ts";
import { createPredictor, type FitEvent } from "../../nn/index.ts";
import { loadDocument, renderPage } from "../../report/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { fingerprint, openRun } from "../run-folder.ts";
import { version } from "../version.ts";
import { parseRecalibration, type RecalibrationConfig } from "./config.ts";
import { inferenceCost } from "./cost.ts";
import { type Errors, evaluate, floorResiduals } from "./evaluate.ts";
import { exportLearned, learn } from "./learn.ts";
import { modelMetadata } from "./metadata.ts";
import { inputName } from "./model.ts";
import { type Passing, passing, reportPage } from "./page.ts";
import { type Dataset, inputMatrix, prepareMuons, type RowCounts, take } from "./prepare.ts";
import { quantityText, type Values } from "./quantities.ts";

/** What `metrics.json` holds and `--json` prints. */
export interface RecalibrationMetrics {
  readonly task: "recalibrate muons";
  readonly source: string;
  readonly simulated: boolean;
  readonly model: string;
  readonly minimize: RecalibrationConfig["minimize"];
  readonly rows: RowCounts;
  /** On the test part: rms of Δφ [rad], of Δη, of pt/reference - 1, and the core width of the ratio. */
  readonly before: Errors;
  readonly after: Errors;
  readonly floor: Errors | null;
  readonly overFloor: Errors | null;
  /** Shares of all test muons above thresholds; null without pt. */
  readonly passing: readonly Passing[] | null;
  /** Per inference, counted in the exported file, and by the report's formula. */
  readonly flops: number;
  readonly macs: number;
  readonly parameters: number;
  readonly reportFlops: number;
  /** Epochs done, and the one whose weights are kept, from 1. */
  readonly epochs: number;
  readonly bestEpoch: number | null;
  /** Loss of the training and validation part per epoch. */
  readonly losses: readonly { readonly train: number; readonly validation: number | null }[];
  readonly seconds: number;
}

/** Stages and epochs of a run, as plain data. */
export type RecalibrationEvent = { readonly type: "stage"; readonly stage: string } | FitEvent;

export interface RecalibrateOptions {
  readonly files: readonly string[];
  /** Folder of the run; must not hold another one. */
  readonly out: string;
  readonly config: Partial<RecalibrationConfig>;
  /** Makes the runtime of the configured device. */
  readonly runtime: Runtime;
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RecalibrationEvent) => void;
}

const checkpointFile = "checkpoint/training.bin";

/**
 * Recalibrates Level-1 muons: reads and cleans, trains, compares with L1 on the test part, exports
 * ONNX and writes the report, all in the run's folder.
 * @throws DataError, FormatError, ConfigError; DivergedError and CancelledError keep the checkpoint.
 */
export async function recalibrateMuons(options: RecalibrateOptions): Promise<RecalibrationMetrics> {
  const started = performance.now();
  const settings = parseRecalibration(options.config);
  const stage = (name: string) => options.onEvent?.({ type: "stage", stage: name });
  stage("reading");
  const data = await prepareMuons(options.files, settings);
  const config = { ...settings, simulated: data.simulation !== null };
  const floor = floorResiduals(data, config);
  const inputs = await Promise.all(options.files.map(fingerprint));
  const run = await openRun(options.out, { task: "recalibrate muons", ...config, inputs }, options);
  const provenance = {
    forty: version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    device: options.runtime.device,
    inputs,
    seed: config.seed,
  };

  stage("training");
  const resume = run.resuming ? await run.read(checkpointFile) : null;
  const learned = await learn(options.runtime, data, config, {
    save: (bytes) => run.write(checkpointFile, bytes),
    onEvent: (event) => {
      run.event(event);
      options.onEvent?.(event);
    },
    ...(options.signal ? { signal: options.signal } : {}),
    ...(resume ? { resume } : {}),
  });

  stage("exporting");
  requireGoing(options.signal);
  const bytes = exportLearned(data, config, learned, modelMetadata(data, config, provenance));

  stage("evaluating");
  const all = await applyModel(options.runtime, bytes, data);
  const calibrated = testPart(all, data);
  requireFiniteValues(calibrated, learned.fit.steps);
  await run.write("model.onnx", bytes);
  const evaluation = evaluate(data, calibrated, { seed: config.seed, floor });
  const turnOn = turnOnPts(data, all);
  const cost = inferenceCost(bytes, {
    shape: config.model,
    features: learned.featureNames.length,
    outputs: data.quantities.length,
  });
  const seconds = (performance.now() - started) / 1000;
  const metrics: RecalibrationMetrics = {
    task: "recalibrate muons",
    source: data.source.name,
    simulated: config.simulated,
    model: config.model,
    minimize: config.minimize,
    rows: data.counts,
    before: evaluation.before,
    after: evaluation.after,
    floor: evaluation.floor,
    overFloor: evaluation.overFloor,
    passing: turnOn && passing(turnOn),
    ...cost,
    epochs: learned.fit.history.length,
    bestEpoch: learned.fit.best ? learned.fit.best.epoch + 1 : null,
    losses: learned.fit.history.map(({ loss, validationLoss }) => ({
      train: loss,
      validation: validationLoss,
    })),
    seconds,
  };

  stage("reporting");
  requireGoing(options.signal);
  const page = reportPage({
    data,
    config,
    evaluation,
    cost,
    fit: learned.fit,
    turnOn,
    seconds,
    provenance,
  });
  await run.write("report.html", renderPage(page, { document: await loadDocument() }));
  await run.write("metrics.json", `${JSON.stringify(metrics, null, 2)}\n`);
  return metrics;
}

/** A training can run away with a finite loss: then its exponentials overflow. */
function requireFiniteValues(calibrated: Values, steps: number): void {
  for (const [q, values] of Object.entries(calibrated)) {
    const bad = values.reduce((n, x) => n + Number(!Number.isFinite(x)), 0);
    if (bad > 0)
      throw new DivergedError(
        `recalibrate: ${bad} of ${values.length} calibrated ${q} of test muons are not finite after ${steps} steps; lower the learning rate`,
        steps,
      );
  }
}

/** Stops between stages; the checkpoint of the finished training is there. */
function requireGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError("recalibrate: cancelled after the training");
}

/** Calibrated values of all test rows, by the exported file alone. */
async function applyModel(runtime: Runtime, model: Uint8Array, data: Dataset): Promise<Values> {
  const predictor = await createPredictor(runtime, model);
  const outputs = await predictor.predict({
    [inputName]: inputMatrix(data.source, data.table, data.testAll),
  });
  await predictor.dispose();
  return Object.fromEntries(
    data.quantities.map((q) => [
      q,
      Float64Array.from(outputs[quantityText[q].output].data as Float32Array),
    ]),
  );
}

/** Of predictions for all test rows, those inside the pt window. */
function testPart(all: Values, data: Dataset): Values {
  const position = new Map<number, number>();
  data.testAll.forEach((row, i) => {
    position.set(row, i);
  });
  const at = data.parts.test.map((row) => position.get(row) as number);
  return Object.fromEntries(data.quantities.map((q) => [q, take(all[q] as Float64Array, at)]));
}

/** pt of all test muons; outside the window the trigger keeps the L1 value. */
function turnOnPts(data: Dataset, all: Values) {
  if (!all.pt || !data.offline.pt || !data.level1.pt) return null;
  const inside = new Set(data.parts.test);
  const before = take(data.level1.pt, data.testAll);
  const calibrated = all.pt;
  return {
    offline: take(data.offline.pt, data.testAll),
    before,
    after: before.map((pt, i) => (inside.has(data.testAll[i]) ? calibrated[i] : pt)),
  };
}
