import { ConfigError } from "../../base/errors.ts";
import { float32, type HostArray } from "../../base/host-array.ts";
import { compile } from "../../compile/index.ts";
import {
  adam,
  constantRate,
  cosine,
  createPredictor,
  exportModel,
  type FitEvent,
  type FitResult,
  fit,
  l2,
  plateau,
  type Schedule,
} from "../../nn/index.ts";
import { input } from "../../ops/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { moments } from "../../stats/index.ts";
import type { RecalibrationConfig } from "./config.ts";
import { flatWeights } from "./flat-weights.ts";
import {
  type FeatureScale,
  featureGraph,
  featureScale,
  network,
  outputGraph,
  scaledRows,
} from "./model.ts";
import { type Objective, objectiveOf, rawTarget, type Standard, totalLoss } from "./objectives.ts";
import { type Dataset, inputMatrix, take } from "./prepare.ts";

/** A trained recalibration, ready to be exported. */
export interface Learned {
  readonly fit: FitResult;
  readonly objectives: readonly Objective[];
  readonly scale: FeatureScale;
  readonly featureNames: readonly string[];
}

export interface LearnOptions {
  readonly onEvent?: (event: FitEvent) => void;
  readonly signal?: AbortSignal;
  readonly save?: (bytes: Uint8Array) => Promise<void>;
  readonly resume?: Uint8Array;
}

/** Trains the network of a configuration on a dataset. */
export async function learn(
  runtime: Runtime,
  data: Dataset,
  config: RecalibrationConfig,
  options: LearnOptions = {},
): Promise<Learned> {
  const { source, parts } = data;
  const features = await computeFeatures(runtime, data);
  const scale = featureScale(features, parts.train, source.scaling);
  const { targets, objectives } = trainingTargets(data, config);
  const weights = config.spectrum === "flat" ? rowWeights(data) : null;
  const columns = (rows: Uint32Array) => ({
    x: scaledRows(features, scale, rows),
    y: rowsOf(targets, rows),
    ...(weights && { weight: float32(Float32Array.from(rows, (i) => weights[i])) }),
  });
  const model = network(config.model, features.shape[1], objectives.length);
  const result = await fit(runtime, {
    model,
    loss: totalLoss(objectives),
    optimizer: adam({ lr: config.lr }),
    data: columns(parts.train),
    validation: columns(parts.validation),
    batchSize: Math.min(config.batch, parts.train.length),
    epochs: config.epochs,
    seed: config.seed,
    schedule: scheduleOf(config),
    penalties: config.l2 > 0 ? [l2(config.l2)] : [],
    earlyStopping: { patience: config.patience },
    threads: config.threads,
    ...(options.onEvent ? { onEvent: options.onEvent } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.save ? { checkpoint: { save: options.save } } : {}),
    ...(options.resume ? { resume: options.resume } : {}),
  });
  const { names } = source.features(
    Object.fromEntries(source.inputs.map((c) => [c.name, input(c.name, "float32", ["batch", 1])])),
  );
  return { fit: result, objectives, scale, featureNames: names };
}

function rowWeights({ source, offline, parts }: Dataset): Float32Array {
  if (!offline.pt)
    throw new ConfigError(
      `recalibrate.spectrum: flat in the offline pt, and there is no column "${source.targets.pt}"; use sample`,
    );
  return flatWeights(offline.pt, parts.train);
}

/** The whole chain as ONNX: columns of the file in, calibrated quantities out. */
export function exportLearned(
  data: Pick<Dataset, "source">,
  config: RecalibrationConfig,
  learned: Learned,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const { source } = data;
  const { objectives, scale, featureNames } = learned;
  return exportModel({
    name: "recalibration",
    model: network(config.model, featureNames.length, objectives.length),
    variables: learned.fit.variables,
    inputs: { [source.object]: { dtype: "float32", shape: [source.inputs.length] } },
    before: (inputs) => featureGraph(source, inputs[source.object], scale),
    after: (y, inputs) => outputGraph(source, inputs[source.object], y, objectives),
    metadata,
  });
}

/** Unscaled features of all rows, [rows, features], by the same graph that the model will hold. */
export async function computeFeatures(runtime: Runtime, data: Dataset): Promise<HostArray> {
  const { source } = data;
  const x = featureGraph(source, input(source.object, "float32", ["batch", source.inputs.length]));
  const predictor = await createPredictor(runtime, compile({ name: "features", outputs: { x } }));
  const result = await predictor.predict({ [source.object]: inputMatrix(source, data.table) });
  await predictor.dispose();
  return result.x;
}

/** Standardized targets of all rows, [rows, quantities]. */
export function trainingTargets(data: Dataset, config: RecalibrationConfig) {
  const { level1, offline, parts, quantities } = data;
  const rows = data.table.rows;
  const targets = new Float32Array(rows * quantities.length);
  const standards: Standard[] = [];
  const objectives = quantities.map((quantity, j) => {
    const raw = rawTarget(quantity, config.minimize);
    const [before, after] = [level1[quantity], offline[quantity]] as Float64Array[];
    const values = Float64Array.from({ length: rows }, (_, i) => raw(before[i], after[i]));
    const { mean, m2, n } = moments(take(values, parts.train));
    const deviation = Math.sqrt(m2 / n) || 1;
    for (let i = 0; i < rows; i++)
      targets[i * quantities.length + j] = (values[i] - mean) / deviation;
    standards.push({ mean, deviation });
    return objectiveOf(quantity, config, { mean, deviation });
  });
  return { objectives, standards, targets: float32(targets, [rows, quantities.length]) };
}

/** Some rows of a matrix. */
export function rowsOf(matrix: HostArray, rows: Uint32Array): HostArray {
  const width = matrix.shape[1];
  const result = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    for (let j = 0; j < width; j++) result[i * width + j] = matrix.data[row * width + j] as number;
  });
  return float32(result, [rows.length, width]);
}

function scheduleOf({ schedule }: RecalibrationConfig): Schedule {
  if (schedule === "constant") return constantRate();
  return schedule === "cosine" ? cosine() : plateau();
}
