import { CancelledError, ConfigError, DataError, DivergedError } from "../../base/errors.ts";
import type { HostArray } from "../../base/host-array.ts";
import { createPredictor, type FitEvent, type FitResult, type Predictor } from "../../nn/index.ts";
import { loadDocument, renderPage } from "../../report/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { fingerprint, openRun, type RunFolder } from "../run-folder.ts";
import { version } from "../version.ts";
import {
  type JetRecalibrationConfig,
  parseRecalibration,
  type RecalibrationConfig,
} from "./config.ts";
import { inferenceCost } from "./cost.ts";
import { type Errors, evaluate, type Prediction } from "./evaluate.ts";
import { floorOf } from "./floor.ts";
import { jetBaselines, networkTables } from "./jet-baselines.ts";
import { exportLearned, type Learned, learn } from "./learn.ts";
import { modelMetadata, readModelColumns, taskName } from "./metadata.ts";
import { reportPage } from "./page.ts";
import { type Dataset, inputMatrix, prepareObjects, type RowCounts, take } from "./prepare.ts";
import { type ObjectKind, quantityText, type Values } from "./quantities.ts";
import { readCalibrations } from "./run-calibrations.ts";
import { type Passing, passing, type TurnOnPts } from "./trigger.ts";
import { type Sensitivity, sensitivities } from "./verdict.ts";

/** What `metrics.json` holds and `--json` prints. */
export interface RecalibrationMetrics {
  readonly task: string;
  readonly source: string;
  readonly simulated: boolean;
  readonly model: string;
  readonly minimize: RecalibrationConfig["minimize"];
  readonly rows: RowCounts;
  /** On the test part: rms of Δφ [rad], of Δη, of pt/reference - 1, and the core width of the ratio. */
  readonly before: Errors;
  readonly after: Errors;
  /** Error after over before with what the rows can tell of it. */
  readonly sensitivity: readonly Sensitivity[];
  readonly baselines: readonly {
    readonly name: string;
    readonly errors: Errors;
    readonly overFloor: Errors | null;
  }[];
  readonly floor: Errors | null;
  readonly overFloor: Errors | null;
  /** Shares of all test objects above thresholds; null without pt. */
  readonly passing: readonly Passing[] | null;
  /** Per inference, counted in the exported file, and by the report's formula. */
  readonly flops: number;
  readonly macs: number;
  readonly parameters: number;
  readonly reportFlops: number;
  /** Epochs done, and the one whose weights are kept, from 1; null where nothing was trained. */
  readonly epochs: number | null;
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
  /** A model trained elsewhere, to be judged on these files instead of training one. */
  readonly apply?: { readonly name: string; readonly model: Uint8Array };
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RecalibrationEvent) => void;
}

const checkpointFile = "checkpoint/training.bin";

/** `recalibrate` for muons. */
export const recalibrateMuons = (options: RecalibrateOptions) => recalibrate("muons", options);
/** `recalibrate` for jets. */
export const recalibrateJets = (options: RecalibrateOptions) => recalibrate("jets", options);

/**
 * Recalibrates Level-1 objects: reads and cleans, trains (or takes the model given), compares with
 * L1 on the test part, exports ONNX and writes the report, all in the run's folder.
 * @throws DataError, FormatError, ConfigError; DivergedError and CancelledError keep the checkpoint.
 */
export async function recalibrate(
  object: ObjectKind,
  options: RecalibrateOptions,
): Promise<RecalibrationMetrics> {
  const started = performance.now();
  const { apply, signal, runtime } = options;
  const settings = settingsOf(object, options);
  const stage = (name: string) => options.onEvent?.({ type: "stage", stage: name });
  stage("reading");
  const data = await prepareObjects(object, options.files, settings, { testOnly: !!apply });
  const given = await readCalibrations(calibrationFiles(settings));
  const config = { ...settings, simulated: data.simulation !== null };
  const floor = floorOf(data, config);
  const inputs = await Promise.all(options.files.map(fingerprint));
  const applied = apply ? { apply: apply.name } : {};
  const run = await openRun(
    options.out,
    { task: taskName(object), ...applied, ...config, inputs },
    options,
  );
  const provenance = {
    forty: version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    device: runtime.device,
    inputs,
    seed: config.seed,
    ...applied,
  };

  const learned = apply ? null : await train(run, data, config, { ...options, stage });
  stage("exporting");
  requireGoing(signal);
  const bytes = learned
    ? exportLearned(data, config, learned, modelMetadata(data, config, provenance))
    : (apply as { model: Uint8Array }).model;

  stage("evaluating");
  const predictor = await createPredictor(runtime, bytes);
  const all = await predictValues(predictor, data);
  const name = apply ? `Model ${apply.name.split(/[\\/]/).at(-1)}` : `Network ${config.model}`;
  const model = { name, values: testPart(all, data) };
  requireFiniteValues(model, object, learned?.fit.steps ?? 0);
  const isJets = object === "jets";
  const baselines = isJets ? jetBaselines(data, given) : null;
  const tables = isJets
    ? await networkTables((x) => predictPt(predictor, data, x), data, given)
    : null;
  await predictor.dispose();
  if (learned) await run.write("model.onnx", bytes);
  for (const [file, text] of Object.entries({ ...baselines?.files, ...tables?.files }))
    await run.write(file, text);
  const evaluation = evaluate(data, model, {
    seed: config.seed,
    floor,
    baselines: [...(baselines?.predictions ?? []), ...(tables?.predictions ?? [])],
  });
  const turnOn = turnOnPts(data, all);
  const cost = inferenceCost(bytes);
  const seconds = (performance.now() - started) / 1000;
  const metrics: RecalibrationMetrics = {
    task: taskName(object),
    source: data.source.name,
    simulated: config.simulated,
    model: apply ? apply.name : config.model,
    minimize: config.minimize,
    rows: data.counts,
    before: evaluation.level1.errors,
    after: evaluation.model.errors,
    sensitivity: sensitivities(evaluation, data.quantities),
    baselines: evaluation.baselines.map(({ name, errors, overFloor }) => ({
      name,
      errors,
      overFloor,
    })),
    floor: evaluation.floor,
    overFloor: evaluation.model.overFloor,
    passing: turnOn && passing(object, turnOn),
    ...cost,
    ...historyOf(learned?.fit),
    seconds,
  };

  stage("reporting");
  requireGoing(signal);
  const fit = learned?.fit ?? null;
  const page = reportPage({ data, config, evaluation, cost, fit, turnOn, seconds, provenance });
  await run.write("report.html", renderPage(page, { document: await loadDocument() }));
  await run.write("metrics.json", `${JSON.stringify(metrics, null, 2)}\n`);
  return metrics;
}

/** The settings; a model that is given brings its own, but for the pt window where one is asked for. */
function settingsOf(object: ObjectKind, { apply, config }: RecalibrateOptions) {
  if (!apply) return parseRecalibration(object, config);
  const model = readModelColumns(apply.name, apply.model);
  if (model.object !== object)
    throw new ConfigError(
      `${apply.name}: recalibrates ${model.object}; use 'forty recalibrate ${model.object}'`,
    );
  const { ptMin, ptMax, minimize, model: shape } = model.config;
  const proxy = model.inputs.find((c) => c.name === "nTowers" || c.name === "nVertices");
  const pileup = object === "jets" ? { pileup: proxy?.name ?? "none" } : {};
  // a kernel machine has no shape of a network
  const network = /^\d+x\d+$/.test(shape) ? { model: shape } : {};
  const own = { ptMin, ptMax, ...config, ...pileup, minimize, ...network };
  return parseRecalibration(object, own as Partial<RecalibrationConfig>);
}

function calibrationFiles(config: RecalibrationConfig) {
  const { corrections = null, lut = null }: Partial<JetRecalibrationConfig> = config;
  return { corrections, lut };
}

interface TrainOptions extends Pick<RecalibrateOptions, "runtime" | "signal" | "onEvent"> {
  readonly stage: (name: string) => void;
}

async function train(
  run: RunFolder,
  data: Dataset,
  config: RecalibrationConfig,
  { runtime, signal, onEvent, stage }: TrainOptions,
): Promise<Learned> {
  stage("training");
  const resume = run.resuming ? await run.read(checkpointFile) : null;
  return learn(runtime, data, config, {
    save: (bytes) => run.write(checkpointFile, bytes),
    onEvent: (event) => {
      run.event(event);
      onEvent?.(event);
    },
    ...(signal ? { signal } : {}),
    ...(resume ? { resume } : {}),
  });
}

function historyOf(fit: FitResult | undefined) {
  const history = fit?.history ?? [];
  return {
    epochs: fit ? history.length : null,
    bestEpoch: fit?.best ? fit.best.epoch + 1 : null,
    losses: history.map(({ loss, validationLoss }) => ({
      train: loss,
      validation: validationLoss,
    })),
  };
}

/** A training can run away with a finite loss: then its exponentials overflow. */
function requireFiniteValues({ values }: Prediction, object: ObjectKind, steps: number): void {
  for (const [q, x] of Object.entries(values)) {
    const bad = x.reduce((n, value) => n + Number(!Number.isFinite(value)), 0);
    if (bad === 0) continue;
    const what = `recalibrate: ${bad} of ${x.length} calibrated ${q} of test ${object} are not finite`;
    throw steps > 0
      ? new DivergedError(`${what} after ${steps} steps; lower the learning rate`, steps)
      : new DataError(`${what}; the model given does not suit these files`);
  }
}

/** Stops between stages; the checkpoint of the finished training is there. */
function requireGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError("recalibrate: cancelled after the training");
}

/** Calibrated values of all test rows, by the exported file alone. */
async function predictValues(predictor: Predictor, data: Dataset): Promise<Values> {
  const { source, table, testAll } = data;
  const x = inputMatrix(source, table, testAll);
  const outputs = await predictor.predict({ [source.object]: x });
  const known = data.quantities.filter((q) => outputs[quantityText[q].output]);
  return Object.fromEntries(
    known.map((q) => [q, Float64Array.from(outputs[quantityText[q].output].data as Float32Array)]),
  );
}

async function predictPt(predictor: Predictor, { source }: Dataset, x: HostArray) {
  const outputs = await predictor.predict({ [source.object]: x });
  return Float64Array.from(outputs[quantityText.pt.output].data as Float32Array);
}

/** Of predictions for all test rows, those inside the pt window. */
function testPart(all: Values, data: Dataset): Values {
  const position = new Map<number, number>();
  data.testAll.forEach((row, i) => {
    position.set(row, i);
  });
  const at = Uint32Array.from(data.parts.test, (row) => position.get(row) as number);
  return Object.fromEntries(Object.entries(all).map(([q, values]) => [q, take(values, at)]));
}

/** pt of all test objects; outside the window the trigger keeps the L1 value. */
function turnOnPts(data: Dataset, all: Values): TurnOnPts | null {
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
