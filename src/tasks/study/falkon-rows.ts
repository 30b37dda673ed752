import { float32, fromNumbers, type HostArray } from "../../base/host-array.ts";
import { createRng } from "../../base/rng.ts";
import type { Tensor } from "../../graph/index.ts";
import type { Kernel, RowBlock } from "../../kernels/index.ts";
import { add, clip, mul } from "../../ops/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { computeFeatures, rowsOf, trainingTargets } from "../recalibration/learn.ts";
import { type FeatureScale, featureScale, scaledRows } from "../recalibration/model.ts";
import type { Objective } from "../recalibration/objectives.ts";
import { type Dataset, take } from "../recalibration/prepare.ts";
import type { Quantity, Values } from "../recalibration/quantities.ts";
import type { ObjectSource } from "../recalibration/sources.ts";
import { recalibrationOf, type StudyConfig } from "./config.ts";
import type { KernelChoice } from "./job.ts";
import { rowsOfValues } from "./judge.ts";

/** Some quantities that share their weights, and so one least-squares problem. */
interface Problem {
  readonly quantities: readonly Quantity[];
  readonly rows: RowBlock;
}

/** Rows as a kernel machine sees them. */
export interface FalkonRows {
  readonly scale: FeatureScale;
  readonly problems: readonly Problem[];
  /** Scaled features [rows, features] of the training and the validation part. */
  readonly train: HostArray;
  readonly validation: HostArray;
  /** Ways back from standardized outputs, one per quantity: in graphs and for the validation part. */
  readonly objectives: readonly Objective[];
  decode(q: Quantity, output: Float64Array): Float64Array;
}

/**
 * Features and targets for kernel machines, the same as the networks'; except that pt under
 * `relative` is offline / L1 with weights (L1 / offline)², which makes the square of
 * calibrated / offline - 1, the report's error, a linear least-squares problem.
 */
export async function falkonRows(
  runtime: Runtime,
  data: Dataset,
  config: StudyConfig,
): Promise<FalkonRows> {
  const { parts, source, quantities } = data;
  const features = await computeFeatures(runtime, data);
  const scale = featureScale(features, parts.train, source.scaling);
  const scaled = (rows: Uint32Array) => heldRows(scaledRows(features, scale, rows), source);
  const train = scaled(parts.train);
  const isRelative = config.minimize === "relative" && quantities.includes("pt");
  const plain = plainTargets(data, config);
  const ratio = isRelative ? ratioTarget(data) : null;
  const shared = quantities.filter((q) => !(isRelative && q === "pt"));
  const problems: Problem[] = [];
  if (shared.length > 0)
    problems.push({
      quantities: shared,
      rows: {
        x: train,
        y: columns(
          plain.targets,
          shared.map((q) => quantities.indexOf(q)),
        ),
      },
    });
  if (ratio)
    problems.push({ quantities: ["pt"], rows: { x: train, y: ratio.y, weight: ratio.weight } });
  const level1 = rowsOfValues(data, data.level1, parts.validation);
  return {
    scale,
    problems,
    train,
    validation: scaled(parts.validation),
    objectives: quantities.map((q, j) =>
      q === "pt" && ratio ? ratio.objective : plain.objectives[j],
    ),
    decode(q, output) {
      const before = level1[q] as Float64Array;
      const isRatio = q === "pt" && ratio !== null;
      const { mean, deviation } = isRatio ? ratio : plain.standards[quantities.indexOf(q)];
      return output.map((value, i) => {
        const target = value * deviation + mean;
        return isRatio ? before[i] * target : before[i] - target;
      });
    },
  };
}

/** Deviations from the mean within which features are held. */
const tail = 3;

/**
 * Standardized features have tails that networks extrapolate along lines; a kernel machine far from
 * its centers is a sum of large terms that no longer cancel, so features are held at three deviations.
 */
export function heldFeatures(x: Tensor, { scaling }: Pick<ObjectSource, "scaling">): Tensor {
  return scaling === "standard" ? clip(x, -tail, tail) : x;
}

function heldRows(x: HostArray, { scaling }: Pick<ObjectSource, "scaling">): HostArray {
  if (scaling === "standard") {
    const values = x.data as Float32Array;
    for (let i = 0; i < values.length; i++) values[i] = Math.min(tail, Math.max(-tail, values[i]));
  }
  return x;
}

/** Standardized differences L1 - offline of the training rows, [rows, quantities]. */
function plainTargets(data: Dataset, config: StudyConfig) {
  const settings = recalibrationOf(data.source.object, { ...config, minimize: "delta" });
  const { targets, objectives, standards } = trainingTargets(data, settings);
  return { targets: rowsOf(targets, data.parts.train), objectives, standards };
}

/** Offline / L1 of the training rows, standardized under its weights. */
function ratioTarget({ level1, offline, parts }: Dataset) {
  const before = take(level1.pt as Float64Array, parts.train);
  const after = take(offline.pt as Float64Array, parts.train);
  const weight = before.map((x, i) => (x / after[i]) ** 2);
  const ratio = before.map((x, i) => after[i] / x);
  let [total, sum, square] = [0, 0, 0];
  for (const [i, w] of weight.entries()) {
    total += w;
    sum += w * ratio[i];
    square += w * ratio[i] ** 2;
  }
  const mean = sum / total;
  const deviation = Math.sqrt(Math.max(0, square / total - mean ** 2)) || 1;
  const objective: Objective = {
    quantity: "pt",
    target: (level1, offline) => offline / level1,
    loss: (output) => output, // kernel machines are solved, not trained
    decode: (output, level1) => mul(level1, add(mul(output, deviation), mean)),
  };
  const rows = ratio.length;
  return {
    mean,
    deviation,
    objective,
    y: fromNumbers(
      "float32",
      [rows, 1],
      ratio.map((r) => (r - mean) / deviation),
    ),
    weight: fromNumbers("float32", [rows], weight),
  };
}

/** Some columns of a matrix. */
function columns(matrix: HostArray, picked: readonly number[]): HostArray {
  const [rows, width] = matrix.shape;
  const source = matrix.data as Float32Array;
  const result = new Float32Array(rows * picked.length);
  for (let i = 0; i < rows; i++)
    picked.forEach((column, j) => {
      result[i * picked.length + j] = source[i * width + column];
    });
  return float32(result, [rows, picked.length]);
}

/**
 * Training rows as centers, at random and all different: the first ones of a longer list are those
 * of a shorter one, so that one pass over the rows serves every M.
 * @returns [M, features], fewer than asked for where too few rows differ.
 */
export function pickCenters(x: HostArray, count: number, seed: number): HostArray {
  const [rows, features] = x.shape;
  const order = createRng(seed).split("centers").permutation(rows);
  const seen = new Set<string>();
  const picked: number[] = [];
  for (const row of order) {
    if (seen.size === count) break;
    const values = (x.data as Float32Array).subarray(row * features, (row + 1) * features);
    const key = values.join();
    if (seen.has(key)) continue;
    seen.add(key);
    picked.push(...values);
  }
  return float32(Float32Array.from(picked), [seen.size, features]);
}

/** The kernel with its width in units of the features. */
export function kernelOf(choice: KernelChoice, x: HostArray): Kernel {
  if (choice.type === "linear") return { type: "linear", offset: 1 };
  if (choice.type === "polynomial") return { type: "polynomial", degree: choice.degree };
  return { type: "gaussian", width: choice.relativeWidth * typicalDistance(x) };
}

/** Root mean square distance of two rows drawn at random. */
function typicalDistance(x: HostArray): number {
  const [rows, features] = x.shape;
  const sum = new Float64Array(features);
  const square = new Float64Array(features);
  for (const [i, value] of (x.data as Float32Array).entries()) {
    sum[i % features] += value;
    square[i % features] += value * value;
  }
  // E|a - b|² = 2 Var, feature by feature
  return Math.sqrt(
    sum.reduce((s, total, j) => s + 2 * (square[j] / rows - (total / rows) ** 2), 0),
  );
}

/** Values per quantity from outputs in the order of the problems. */
export function decodeAll(rows: FalkonRows, output: (column: number) => Float64Array): Values {
  const order = rows.problems.flatMap((p) => p.quantities);
  return Object.fromEntries(order.map((q, column) => [q, rows.decode(q, output(column))]));
}
