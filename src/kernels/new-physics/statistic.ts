import { ConfigError, ShapeError } from "../../base/errors.ts";
import { allocate, type HostArray, hostArray } from "../../base/host-array.ts";
import { createRng } from "../../base/rng.ts";
import type { Runtime } from "../../runtime/index.ts";
import { defaultBlockRows } from "../accumulate.ts";
import type { Centers } from "../fit.ts";
import type { Kernel } from "../kernel.ts";
import { evaluateRows, fitLogisticFalkon, type NewtonStep } from "../logistic.ts";
import type { FalkonModel } from "../model.ts";
import { resolveCenters } from "../resolve-centers.ts";
import { type Precision, rowSource, toPrecision } from "../rows.ts";
import { distanceWidth } from "./width.ts";

export interface NewPhysicsOptions {
  /** Rows as expected [rows, features], features of similar scale. */
  readonly reference: HostArray;
  /** Rows to be tested [rows, features]. */
  readonly data: HostArray;
  /**
   * Data rows expected if nothing is new: luminosity times cross section. Default: as many as there
   * are, so that only the shapes are compared.
   */
  readonly expected?: number;
  /** Default: Gaussian of `width`. */
  readonly kernel?: Kernel;
  /** Of the Gaussian. Default: 90th percentile of the distances between reference rows. */
  readonly width?: number;
  /** Default: the square root of the number of rows, drawn from both samples. */
  readonly centers?: Centers;
  /** As of `fitLogisticFalkon`. Default 1e-6. */
  readonly lambda?: number;
  /** Default 0. */
  readonly seed?: number | string;
  /** Of the kernel blocks. Default float64: rounding to float32 moves t by some tenths. */
  readonly precision?: Precision;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: NewtonStep) => void;
}

export interface NewPhysics {
  /** The larger, the less the data looks like the reference. */
  readonly t: number;
  /** f = log of the density of the data over that of the reference. */
  readonly model: FalkonModel;
  readonly expected: number;
  /** Of each reference row: expected / reference rows. */
  readonly referenceWeight: number;
  /** Of the fit; of a test, of all toys too. */
  readonly isConverged: boolean;
}

/**
 * The statistic of FalkonHEP: twice the extended log-likelihood ratio of the data under the density
 * learned and under the reference,
 * t = 2 [ w Σ_reference (1 - e^f) + Σ_data f ], w = expected / reference rows,
 * where f minimizes the cross-entropy of data (weight 1) against reference (weight w).
 * @throws ShapeError, ConfigError, DataError.
 * @see D'Agnolo, Wulzer, Phys. Rev. D 99 (2019) 015014; Letizia et al., EPJC 82 (2022) 879
 */
export async function newPhysicsStatistic(
  runtime: Runtime,
  options: NewPhysicsOptions,
): Promise<NewPhysics> {
  return statisticOf(runtime, options, await prepareNewPhysics(runtime, options));
}

/** Settings resolved, both samples in one array: reference rows first. */
export interface NewPhysicsProblem {
  readonly x: HostArray;
  readonly referenceRows: number;
  readonly dataRows: number;
  readonly expected: number;
  readonly kernel: Kernel;
  readonly centers: HostArray;
  readonly lambda: number;
  readonly precision: Precision;
  readonly seed: number | string;
}

export async function prepareNewPhysics(
  runtime: Runtime,
  options: NewPhysicsOptions,
): Promise<NewPhysicsProblem> {
  const { reference, data, lambda = 1e-6, precision = "float64", seed = 0 } = options;
  const [referenceRows, dataRows] = [reference.shape[0] ?? 0, data.shape[0] ?? 0];
  const isMatrix = reference.shape.length === 2 && data.shape.length === 2;
  if (!isMatrix || reference.shape[1] !== data.shape[1])
    throw new ShapeError(
      `newPhysics: expected reference and data [rows, features], got [${reference.shape}] and [${data.shape}]`,
    );
  if (referenceRows < 2 || dataRows < 1)
    throw new ConfigError(
      `newPhysics: ${referenceRows} reference and ${dataRows} data rows are too few to compare`,
    );
  const { expected = dataRows } = options;
  if (!(expected > 0 && Number.isFinite(expected)))
    throw new ConfigError(`newPhysics.expected: must be > 0, got ${expected}`);
  const x = joined(toPrecision(reference, precision), toPrecision(data, precision));
  const rng = createRng(seed);
  const kernel = options.kernel ?? {
    type: "gaussian",
    width: options.width ?? widthOf(reference, rng),
  };
  const rows = referenceRows + dataRows;
  const { centers = Math.round(Math.sqrt(rows)) } = options;
  const source = rowSource({ x, y: hostArray("uint8", [rows, 1], new Uint8Array(rows)) });
  const drawn = { kernel, source, precision, lambda, seed };
  return {
    x,
    referenceRows,
    dataRows,
    expected,
    kernel,
    centers: await resolveCenters(runtime, centers, drawn),
    lambda,
    precision,
    seed,
  };
}

function widthOf(reference: HostArray, rng: ReturnType<typeof createRng>): number {
  const width = distanceWidth(reference, rng.split("width"));
  if (width > 0) return width;
  throw new ConfigError("newPhysics.width: nearly all reference rows are equal; give a width");
}

export async function statisticOf(
  runtime: Runtime,
  { signal, onStep }: Pick<NewPhysicsOptions, "signal" | "onStep">,
  problem: NewPhysicsProblem,
): Promise<NewPhysics> {
  const { x, referenceRows, dataRows, expected, kernel, centers, lambda } = problem;
  const { precision, seed } = problem;
  const rows = referenceRows + dataRows;
  const referenceWeight = expected / referenceRows;
  const isData = new Uint8Array(rows).fill(1, referenceRows);
  const fit = await fitLogisticFalkon(runtime, {
    data: { x, y: hostArray("uint8", [rows, 1], isData) },
    kernel,
    centers,
    lambda,
    classWeights: { negative: referenceWeight },
    seed,
    precision,
    ...(signal ? { signal } : {}),
    ...(onStep ? { onStep } : {}),
  });
  const alpha = fit.model.alpha.data as Float64Array;
  const f = await evaluateRows(
    runtime,
    { kernel, centers, alpha },
    rowSource({ x, y: hostArray("uint8", [rows, 1], isData) }),
    { precision, blockRows: defaultBlockRows(centers.shape[0]), ...(signal ? { signal } : {}) },
  );
  let half = 0;
  f.forEach((value, i) => {
    half += i < referenceRows ? -referenceWeight * Math.expm1(value) : value;
  });
  return {
    t: 2 * half,
    model: fit.model,
    expected,
    referenceWeight,
    isConverged: fit.isConverged,
  };
}

/** Rows of a, then of b. */
function joined(a: HostArray, b: HostArray): HostArray {
  const data = allocate(a.dtype, a.data.length + b.data.length) as Float32Array;
  data.set(a.data as Float32Array);
  data.set(b.data as Float32Array, a.data.length);
  return hostArray(a.dtype, [a.shape[0] + b.shape[0], a.shape[1]], data);
}
