import { CancelledError, ConfigError, DataError } from "../base/errors.ts";
import { fromNumbers, type HostArray, hostArray, toNumbers } from "../base/host-array.ts";
import { compile } from "../compile/index.ts";
import { cast, constant, input, matmul } from "../ops/index.ts";
import type { Runtime } from "../runtime/index.ts";
import { defaultBlockRows } from "./accumulate.ts";
import { requireLambdas } from "./direct.ts";
import { type Centers, type FalkonOptions, fitFalkon, type IterativeOptions } from "./fit.ts";
import { type Kernel, kernelMatrix } from "./kernel.ts";
import { times } from "./linalg.ts";
import type { FalkonModel } from "./model.ts";
import { resolveCenters } from "./resolve-centers.ts";
import {
  blocksOf,
  type Precision,
  type RowBlock,
  type RowSource,
  readBlock,
  rowSource,
} from "./rows.ts";
import type { Conditioning } from "./solve.ts";
import { blockGraph, centerTerms, rowTerms } from "./terms.ts";

export interface LogisticOptions
  extends Pick<FalkonOptions, "seed" | "precision" | "blockRows" | "memoryLimit" | "signal"> {
  /** Labels y [rows, 1], all in {-1, 1} or all in {0, 1}; weights as they are. */
  readonly data: RowBlock | RowSource;
  readonly kernel: Kernel;
  readonly centers: Centers;
  /**
   * λ of (1/n) Σ w loss + (λ/2) |f|², n = Σ w (in Falkon n counts rows), or a decreasing path whose last is meant; the others bring
   * Newton's method near. Default path of one λ: 1e4 λ and 1e2 λ where below 1, then λ.
   */
  readonly lambda: number | readonly number[];
  /** Factors on the weights of a class, for a weighted cross-entropy. Default 1. */
  readonly classWeights?: { readonly negative?: number; readonly positive?: number };
  /** How the equations of a Newton step are solved; see `FalkonOptions.solver`. Default direct. */
  readonly solver?: "direct" | "iterative";
  /** Of the iterative solver. Default: to 1e-5 of f, in at most 20 passes. */
  readonly iterative?: Omit<IterativeOptions, "start">;
  /** Newton steps at the last λ. Default 50. */
  readonly maxSteps?: number;
  /** Ends after a step whose squared Newton decrement, twice the expected gain of loss, is below. Default 1e-8. */
  readonly tolerance?: number;
  readonly onStep?: (step: NewtonStep) => void;
}

/** A step of Newton's method, plain data. */
export interface NewtonStep {
  readonly lambda: number;
  /** (1/n) Σ w loss + (λ/2) |f|² after the step. */
  readonly objective: number;
  /** Squared Newton decrement before the step. */
  readonly decrement: number;
  /** Part of the full step that was taken. */
  readonly length: number;
}

export interface LogisticFit {
  /** f = log odds of label 1. */
  readonly model: FalkonModel;
  /** Mean weighted logistic loss, (1/n) Σ w log(1 + exp(-y f)), n = Σ w. */
  readonly loss: number;
  readonly steps: readonly NewtonStep[];
  readonly isConverged: boolean;
  /** Of the last step. */
  readonly conditioning: Conditioning;
  readonly seconds: number;
}

/** Newton steps at each λ of the path but the last: to come near is enough. */
const pathSteps = 3;
/** Smallest curvature of a row in the Newton equations; the gradient stays exact. */
const smallestCurvature = 1e-10;

/**
 * Kernel logistic regression: minimizes (1/n) Σ_i w_i log(1 + exp(-y_i f(x_i))) + (λ/2) |f|² over
 * f(x) = Σ_j k(x, c_j) α_j, y in {-1, 1}, n the sum of weights, by Newton's method with a
 * decreasing λ and a line search. λ > 0 keeps f finite for separable classes and for one class.
 * @throws ConfigError, ShapeError for settings, DataError for other labels and non-finite rows.
 * @see Marteau-Ferey, Bach, Rudi, "Globally convergent Newton methods for ill-conditioned
 *   generalized self-concordant losses" (NeurIPS 2019)
 */
export async function fitLogisticFalkon(
  runtime: Runtime,
  options: LogisticOptions,
): Promise<LogisticFit> {
  const started = performance.now();
  const { maxSteps = 50, tolerance = 1e-8, signal } = options;
  if (!(Number.isInteger(maxSteps) && maxSteps > 0))
    throw new ConfigError(`logistic.maxSteps: expected an integer > 0, got ${maxSteps}`);
  const problem = await prepare(runtime, options);
  const { kernel, centers, labels, lambdas, kmm } = problem;
  const count = centers.shape[0];
  const lambda = lambdas[lambdas.length - 1];
  const steps: NewtonStep[] = [];
  let point: Point = { alpha: new Float64Array(count), f: new Float64Array(labels.sign.length) };
  let conditioning: Conditioning | null = null;
  let isConverged = false;
  for (const each of lambdas) {
    const isLast = each === lambda;
    isConverged = false;
    for (let k = 0; k < (isLast ? maxSteps : pathSteps) && !isConverged; k++) {
      if (signal?.aborted) throw new CancelledError("logistic: cancelled");
      const newton = await newtonStep(runtime, problem, point, each);
      const taken = search(labels, kmm, each, point, newton.point);
      point = taken.point;
      conditioning = newton.conditioning;
      steps.push(taken.step);
      options.onStep?.(taken.step);
      if (taken.step.length === 0) break;
      isConverged = taken.step.decrement <= (isLast ? tolerance : Math.max(tolerance, 1e-3));
    }
  }
  const alpha = fromNumbers("float64", [count, 1], point.alpha);
  return {
    model: { kernel, centers, alpha, lambda },
    loss: lossOf(labels, point.f),
    steps,
    isConverged,
    conditioning: conditioning as Conditioning,
    seconds: (performance.now() - started) / 1000,
  };
}

/** Coefficients and f [rows] under them. */
interface Point {
  readonly alpha: Float64Array;
  readonly f: Float64Array;
}

/** Signs ±1 and weights of all rows. */
interface Labels {
  readonly sign: Int8Array;
  readonly weight: Float64Array;
  readonly total: number;
}

interface Problem {
  readonly kernel: Kernel;
  readonly centers: HostArray;
  /** k(c_i, c_j) [M, M]. */
  readonly kmm: Float64Array;
  readonly source: RowSource;
  readonly labels: Labels;
  readonly lambdas: readonly number[];
  readonly precision: Precision;
  readonly blockRows: number;
  readonly options: LogisticOptions;
}

async function prepare(runtime: Runtime, options: LogisticOptions): Promise<Problem> {
  const { kernel, precision = "float32", seed = 0 } = options;
  const source = "read" in options.data ? options.data : rowSource(options.data);
  const lambdas = pathOf(options.lambda);
  if (source.targets !== 1)
    throw new ConfigError(
      `logistic: expected labels y [rows, 1], got ${source.targets} columns; fit one class after the other`,
    );
  const labels = await readLabels(source, options.classWeights ?? {});
  const lambda = lambdas[lambdas.length - 1];
  const drawn = { kernel, source, precision, lambda, seed };
  const points = await resolveCenters(runtime, options.centers, drawn);
  const c = toNumbers(points);
  return {
    kernel,
    centers: points,
    kmm: kernelMatrix(kernel, c, c, source.features),
    source,
    labels,
    lambdas,
    precision,
    blockRows: options.blockRows ?? defaultBlockRows(points.shape[0]),
    options,
  };
}

/** @throws ConfigError for a path that does not decrease. */
function pathOf(lambda: number | readonly number[]): readonly number[] {
  const lambdas = requireLambdas(lambda);
  if (typeof lambda === "number")
    return [1e4 * lambda, 1e2 * lambda, lambda].filter((l) => l < 1 || l === lambda);
  for (let k = 1; k < lambdas.length; k++)
    if (!(lambdas[k] < lambdas[k - 1]))
      throw new ConfigError(
        `logistic.lambda: a path must decrease, got ${lambdas[k - 1]} before ${lambdas[k]}`,
      );
  return lambdas;
}

/** Reads and checks all labels and weights. */
async function readLabels(
  source: RowSource,
  { negative = 1, positive = 1 }: { readonly negative?: number; readonly positive?: number },
): Promise<Labels> {
  for (const [name, value] of Object.entries({ negative, positive }))
    if (!(value >= 0 && Number.isFinite(value)))
      throw new ConfigError(`logistic.classWeights.${name}: must be >= 0, got ${value}`);
  const sign = new Int8Array(source.rows);
  const weight = new Float64Array(source.rows);
  let low: number | null = null; // the label of the negative class, once seen
  let total = 0;
  for (const [start, count] of blocksOf(source.rows, 65536)) {
    const block = await readBlock(source, start, count, "float64");
    for (let i = 0; i < count; i++) {
      const y = block.y.data[i] as number;
      if (y === 0 || y === -1) low ??= y;
      if (y !== 1 && y !== low)
        throw new DataError(
          `logistic: label of row ${start + i} is ${y}; labels must be 0 and 1, or -1 and 1${low === null ? "" : ` (${low} came before)`}`,
        );
      sign[start + i] = y === 1 ? 1 : -1;
      const w = block.weight ? (block.weight.data[i] as number) : 1;
      weight[start + i] = w * (y === 1 ? positive : negative);
      total += weight[start + i];
    }
  }
  if (!(total > 0)) throw new DataError("logistic: the weights of all rows are 0");
  return { sign, weight, total };
}

/**
 * The minimum of the quadratic model at a point, a weighted least squares problem with curvatures
 * w l''(f) as weights and working responses f - l'(f) / l''(f) as targets.
 */
async function newtonStep(
  runtime: Runtime,
  problem: Problem,
  { alpha, f }: Point,
  lambda: number,
): Promise<{ readonly point: Point; readonly conditioning: Conditioning }> {
  const { kernel, centers, source, labels, precision, blockRows, options } = problem;
  const { solver = "direct", iterative = {}, signal, memoryLimit, seed } = options;
  const rows = f.length;
  const weight = new Float64Array(rows);
  const target = new Float64Array(rows);
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const wrong = 1 / (1 + Math.exp(labels.sign[i] * f[i])); // -y l'
    const curvature = Math.max(wrong * (1 - wrong), smallestCurvature);
    weight[i] = labels.weight[i] * curvature;
    target[i] = f[i] + (labels.sign[i] * wrong) / curvature;
    total += weight[i];
  }
  const working: RowSource = {
    ...source,
    isWeighted: true,
    read: async (start, count) => ({
      x: (await source.read(start, count)).x,
      y: hostArray("float64", [count, 1], target.subarray(start, start + count)),
      weight: hostArray("float64", [count], weight.subarray(start, start + count)),
    }),
  };
  const start = { kernel, centers, alpha: hostArray("float64", [alpha.length, 1], alpha), lambda };
  const { model, conditioning } = await fitFalkon(runtime, {
    data: working,
    kernel,
    centers,
    lambda: (lambda * labels.total) / total,
    solver,
    precision,
    blockRows,
    iterative: { absoluteTolerance: 1e-5, relativeTolerance: 0, ...iterative, start },
    ...(seed === undefined ? {} : { seed }),
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
    ...(signal ? { signal } : {}),
  });
  const next = toNumbers(model.alpha);
  return { point: { alpha: next, f: await scores(runtime, problem, next) }, conditioning };
}

/** f [rows], float64 sums of kernel blocks of the problem's precision. */
async function scores(
  runtime: Runtime,
  { kernel, centers, source, precision, blockRows, options }: Problem,
  alpha: Float64Array,
): Promise<Float64Array> {
  return evaluateRows(runtime, { kernel, centers, alpha }, source, {
    precision,
    blockRows,
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

/** f [rows] of one output in float64, from kernel blocks of a precision. */
export async function evaluateRows(
  runtime: Runtime,
  model: { readonly kernel: Kernel; readonly centers: HostArray; readonly alpha: Float64Array },
  source: RowSource,
  pass: {
    readonly precision: Precision;
    readonly blockRows: number;
    readonly signal?: AbortSignal;
  },
): Promise<Float64Array> {
  const { kernel, centers, alpha } = model;
  const { precision, blockRows, signal } = pass;
  const prepared = centerTerms(kernel, centers, precision);
  const { terms } = prepared;
  const x = input("x", terms.dtype, ["rows", terms.shape[1]]);
  const block = cast(blockGraph(kernel, constant(terms), x, precision), "float64");
  const u = input("u", "float64", [1, alpha.length]);
  const session = await runtime.load(
    compile({ name: "scores", outputs: { f: matmul(u, block) }, inputs: [x, u] }),
  );
  const f = new Float64Array(source.rows);
  try {
    for (const [start, count] of blocksOf(source.rows, blockRows)) {
      if (signal?.aborted) throw new CancelledError("logistic: cancelled");
      const { x } = await readBlock(source, start, count, precision);
      const result = await session.run({
        x: rowTerms(prepared, x),
        u: hostArray("float64", [1, alpha.length], alpha),
      });
      f.set(result.f.data as Float64Array, start);
    }
  } finally {
    await session.dispose();
  }
  return f;
}

/** Armijo's rule along the way from one point to another; f is linear in α, so no pass is needed. */
function search(
  labels: Labels,
  kmm: Float64Array,
  lambda: number,
  from: Point,
  to: Point,
): { readonly point: Point; readonly step: NewtonStep } {
  const { sign, weight, total } = labels;
  const direction = { alpha: difference(to.alpha, from.alpha), f: difference(to.f, from.f) };
  const image = times(kmm, from.alpha, from.alpha.length);
  const turned = times(kmm, direction.alpha, direction.alpha.length);
  const [square, cross, curve] = [
    dot(from.alpha, image),
    dot(direction.alpha, image),
    dot(direction.alpha, turned),
  ];
  let slope = lambda * cross;
  for (let i = 0; i < sign.length; i++)
    slope -= (weight[i] * sign[i] * direction.f[i]) / (1 + Math.exp(sign[i] * from.f[i])) / total;
  const objective = (s: number, f: Float64Array) =>
    lossOf(labels, f) + (lambda / 2) * (square + 2 * s * cross + s * s * curve);
  const decrement = Math.max(0, -slope);
  const before = objective(0, from.f);
  for (let length = 1; length > 1e-8; length /= 2) {
    const f = from.f.map((value, i) => value + length * direction.f[i]);
    const after = objective(length, f);
    // below the rounding of the sums, the quadratic model knows better
    if (after <= before - 1e-4 * length * decrement || decrement < 1e-10) {
      const alpha = from.alpha.map((value, i) => value + length * direction.alpha[i]);
      return { point: { alpha, f }, step: { lambda, objective: after, decrement, length } };
    }
  }
  return { point: from, step: { lambda, objective: before, decrement, length: 0 } };
}

/** (1/n) Σ w log(1 + exp(-y f)), without overflow. */
function lossOf({ sign, weight, total }: Labels, f: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < f.length; i++) {
    const margin = sign[i] * f[i];
    sum += weight[i] * (Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin))));
  }
  return sum / total;
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
