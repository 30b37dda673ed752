import { ConfigError } from "../../base/errors.ts";
import { createRng, type Rng } from "../../base/rng.ts";
import type { Runtime } from "../../runtime/index.ts";
import {
  type ChiSquaredFit,
  fitChiSquared,
  logChiSquaredTail,
  significance,
} from "../../stats/index.ts";
import { rowRange } from "../rows.ts";
import {
  type NewPhysics,
  type NewPhysicsOptions,
  type NewPhysicsProblem,
  prepareNewPhysics,
  statisticOf,
} from "./statistic.ts";
import { createToyFits, type Labeling } from "./toy-fits.ts";

export interface NewPhysicsTestOptions extends NewPhysicsOptions {
  /** Toy experiments under the null hypothesis. Default 100. */
  readonly toys?: number;
  /**
   * `permutation` (default): the rows of both samples, dealt anew; right for samples of any size, but
   * blind to the number of data rows. `reference`: as many rows of the reference as Poisson gives for
   * `expected`, against the rest of it; counts too, and needs 5 times as many reference rows.
   */
  readonly null?: "permutation" | "reference";
  /** Called after each batch of toys. */
  readonly onToys?: (done: number, toys: number) => void;
}

export interface NewPhysicsTest extends NewPhysics {
  /** t of each toy. */
  readonly toys: Float64Array;
  /** (1 + toys with t at least as large) / (1 + toys): never below the truth on average. */
  readonly p: number;
  /** 1 / (1 + toys), below which this many toys cannot say more. */
  readonly smallestP: number;
  /** Of p, standard deviations of a one-sided Gaussian tail. */
  readonly z: number;
  /** What a multiple of χ² with the toys' mean and variance says; null below 10 toys. */
  readonly chiSquared:
    | (ChiSquaredFit & { readonly p: number; readonly logP: number; readonly z: number })
    | null;
}

/**
 * The new-physics statistic with its p-value from toys, each fitted as the data is.
 * @throws ConfigError, ShapeError, DataError for settings and data; CancelledError.
 */
export async function newPhysicsTest(
  runtime: Runtime,
  options: NewPhysicsTestOptions,
): Promise<NewPhysicsTest> {
  const { toys = 100, null: hypothesis = "permutation", seed = 0, signal } = options;
  if (!(Number.isInteger(toys) && toys > 0))
    throw new ConfigError(`newPhysics.toys: expected an integer > 0, got ${toys}`);
  const problem = await prepareNewPhysics(runtime, options);
  const observed = await statisticOf(runtime, options, problem);
  const draw = hypothesis === "permutation" ? permuted(problem) : fromReference(problem);
  const { referenceRows, x } = problem;
  const fits = await createToyFits(runtime, {
    ...problem,
    x: hypothesis === "permutation" ? x : rowRange(x, 0, referenceRows),
    ...(signal ? { signal } : {}),
  });
  const rng = createRng(seed).split("toys");
  const values = new Float64Array(toys);
  let allConverged = observed.isConverged;
  const batch = Math.min(toys, Math.max(8, Math.min(64, Math.floor(2 ** 25 / x.shape[0]))));
  try {
    for (let from = 0; from < toys; from += batch) {
      const size = Math.min(batch, toys - from);
      const labelings = Array.from({ length: size }, (_, i) => draw(rng.split(from + i)));
      const { t, isConverged } = await fits.statistics(labelings);
      values.set(t, from);
      allConverged &&= isConverged;
      options.onToys?.(from + size, toys);
    }
  } finally {
    await fits.dispose();
  }
  return {
    ...observed,
    isConverged: allConverged,
    toys: values,
    ...calibrate(observed.t, values),
  };
}

/** The two-sample test: has the sample the distribution of the reference? */
export function driftTest(
  runtime: Runtime,
  { sample, ...options }: DriftTestOptions,
): Promise<NewPhysicsTest> {
  return newPhysicsTest(runtime, { ...options, data: sample, null: "permutation" });
}

export interface DriftTestOptions
  extends Omit<NewPhysicsTestOptions, "data" | "expected" | "null"> {
  /** Rows to be compared with the reference [rows, features]. */
  readonly sample: NewPhysicsOptions["data"];
}

function calibrate(t: number, toys: Float64Array) {
  const p = (1 + toys.filter((toy) => toy >= t).length) / (1 + toys.length);
  const fit = fitChiSquared(toys);
  const logP = fit ? logChiSquaredTail(t / fit.scale, fit.degreesOfFreedom) : 0;
  return {
    p,
    smallestP: 1 / (1 + toys.length),
    z: significance(Math.log(p)),
    chiSquared: fit && { ...fit, p: Math.exp(logP), logP, z: significance(logP) },
  };
}

function permuted({ x, dataRows, referenceRows, expected }: NewPhysicsProblem) {
  return (rng: Rng): Labeling => {
    const isData = new Uint8Array(x.shape[0]);
    for (const row of rng.permutation(x.shape[0]).subarray(0, dataRows)) isData[row] = 1;
    return { isData, referenceWeight: expected / referenceRows };
  };
}

/** Reference rows needed for each expected one, for the rest to be like the whole. */
const referencePerData = 5;

function fromReference({ referenceRows, expected }: NewPhysicsProblem) {
  if (referenceRows < referencePerData * expected)
    throw new ConfigError(
      `newPhysics.null: ${referenceRows} reference rows are too few to draw toys of ${expected} from; take null "permutation" or ${Math.ceil(referencePerData * expected)} rows`,
    );
  return (rng: Rng): Labeling => {
    const count = poisson(expected, rng);
    const isData = new Uint8Array(referenceRows);
    for (const row of rng.permutation(referenceRows).subarray(0, count)) isData[row] = 1;
    return { isData, referenceWeight: expected / (referenceRows - count) };
  };
}

/** Events of a Poisson process before its mean. */
function poisson(mean: number, rng: Rng): number {
  let count = 0;
  for (let time = rng.exponential(); time < mean; time += rng.exponential()) count++;
  return count;
}
