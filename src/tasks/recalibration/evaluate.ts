import { createRng, type Rng } from "../../base/rng.ts";
import { deltaPhi } from "../../cms/kinematics.ts";
import {
  bootstrapHalfWidth,
  bootstrapRms,
  type Measured,
  quantile,
  rmsRatio,
} from "../../stats/index.ts";
import type { Floor } from "./floor.ts";
import { type Dataset, take } from "./prepare.ts";
import { type Quantity, quantities, type Values } from "./quantities.ts";

/** Errors of one prediction: phi and eta rms, rms of pt/reference - 1, and the core of that ratio. */
export type Errors = Partial<Readonly<Record<Quantity | "ptWidth", Measured>>>;

/** Predictions for the test rows inside the window, in their order. */
export interface Prediction {
  readonly name: string;
  readonly values: Values;
}

/** A prediction judged on the test part. */
export interface Candidate extends Prediction {
  /** phi wrapped into (-π, π], eta, and pt/reference - 1 per test row. */
  readonly residuals: Values;
  readonly errors: Errors;
  /** Error over that of L1 on the same rows; below 1 is better. */
  readonly overLevel1: Errors;
  /** Error over the floor, where it is known. */
  readonly overFloor: Errors | null;
}

/** What a run found out, on the test part. */
export interface Evaluation {
  readonly level1: Candidate;
  /** Calibrations that are in use, to compare with. */
  readonly baselines: readonly Candidate[];
  readonly model: Candidate;
  /** Bayes floor of the same rows, where the generator is known. */
  readonly floor: Errors | null;
  /** Values per test row inside the window. */
  readonly offline: Values;
}

export interface EvaluateOptions {
  /** Of the bootstrap that gives uncertainties. */
  readonly seed: number;
  readonly floor: Floor | null;
  readonly baselines?: readonly Prediction[];
}

/** Compares L1, baselines and a model with the offline values on the test rows in the pt window. */
export function evaluate(
  data: Dataset,
  model: Prediction,
  { seed, floor, baselines = [] }: EvaluateOptions,
): Evaluation {
  const rng = createRng(seed).split("bootstrap");
  const part = (values: Values): Values =>
    Object.fromEntries(
      data.quantities.map((q) => [q, take(values[q] as Float64Array, data.parts.test)]),
    );
  const offline = part(data.offline);
  const level1 = part(data.level1);
  const before = residualsOf(level1, offline);
  const judge = ({ name, values }: Prediction, key: string): Candidate => {
    const residuals = residualsOf(values, offline);
    const errors = errorsOf(residuals, rng.split(key));
    const overFloor = floor && overFloorOf(residuals, errors, floor);
    return {
      name,
      values,
      residuals,
      errors,
      overLevel1: eachQuantity((q) => ratio(residuals[q], before[q])),
      overFloor,
    };
  };
  return {
    level1: judge({ name: "L1", values: level1 }, "before"),
    baselines: baselines.map((b) => judge(b, b.name)),
    model: judge(model, "after"),
    floor: floor && ("errors" in floor ? floor.errors : rmsOf(floor.residuals, rng.split("floor"))),
    offline,
  };
}

/** L1 first, the model last: the order of legends and tables. */
export function candidatesOf({ level1, baselines, model }: Evaluation): Candidate[] {
  return [level1, ...baselines, model];
}

/** phi wrapped into (-π, π], eta, and pt/reference - 1. */
export function residualsOf(values: Values, offline: Values): Values {
  const residual = { phi: deltaPhi, eta: difference, pt: relativeError };
  return eachQuantity((q) => {
    const [x, reference] = [values[q], offline[q]];
    return x && reference && x.map((value, i) => residual[q](value, reference[i]));
  });
}

const difference = (a: number, b: number) => a - b;
const relativeError = (a: number, b: number) => a / b - 1;

/** An object of what there is per quantity. */
function eachQuantity<T>(of: (q: Quantity) => T | undefined): Partial<Record<Quantity, T>> {
  return Object.fromEntries(
    quantities.flatMap((q) => {
      const value = of(q);
      return value === undefined ? [] : [[q, value]];
    }),
  );
}

function errorsOf(residuals: Values, rng: Rng): Errors {
  const errors = rmsOf(residuals, rng);
  return residuals.pt
    ? { ...errors, ptWidth: coreWidth(residuals.pt, rng.split("width")) }
    : errors;
}

function rmsOf(residuals: Values, rng: Rng): Errors {
  return eachQuantity((q) => residuals[q] && bootstrapRms(residuals[q], { rng: rng.split(q) }));
}

/** Half of the central 68 % of the ratio, over its median: the width a common factor cannot mend. */
function coreWidth(relative: Float64Array, rng: Rng): Measured {
  const { value, uncertainty } = bootstrapHalfWidth(relative, { rng });
  const median = 1 + quantile(relative, 0.5);
  return { value: value / median, uncertainty: uncertainty / median };
}

function ratio(a?: Float64Array, b?: Float64Array): Measured | undefined {
  return a && b && rmsRatio(a, b);
}

function overFloorOf(residuals: Values, errors: Errors, floor: Floor): Errors {
  if ("residuals" in floor) return eachQuantity((q) => ratio(residuals[q], floor.residuals[q]));
  return eachQuantity((q) => {
    const [error, best] = [errors[q], floor.errors[q]];
    if (!error || !best) return undefined;
    const value = error.value / best.value;
    const relative = Math.hypot(error.uncertainty / error.value, best.uncertainty / best.value);
    return { value, uncertainty: value * relative };
  });
}
