import { createRng, type Rng } from "../../base/rng.ts";
import { deltaPhi } from "../../cms/kinematics.ts";
import type { Muons } from "../../cms/muons.ts";
import { muonFloor } from "../../cms/simulate/muon-floor.ts";
import { numericColumn, selectRows } from "../../data/index.ts";
import {
  bootstrapHalfWidth,
  bootstrapRms,
  type Measured,
  quantile,
  rmsRatio,
} from "../../stats/index.ts";
import type { RecalibrationConfig } from "./config.ts";
import { type Dataset, take } from "./prepare.ts";
import { type Quantity, quantities, type Values } from "./quantities.ts";

/** Errors of one prediction: phi and eta rms, rms of pt/reference - 1, and the core of that ratio. */
export type Errors = Partial<Readonly<Record<Quantity | "ptWidth", Measured>>>;

/** What a run found out, on the test part. */
export interface Evaluation {
  readonly before: Errors;
  readonly after: Errors;
  /** Bayes floor of the same rows, where the generator is known. */
  readonly floor: Errors | null;
  /** Error after over the floor, row by row correlated. */
  readonly overFloor: Errors | null;
  /** Residuals per test row: after = before minus what the model corrected. */
  readonly residuals: { readonly before: Values; readonly after: Values };
  /** Values per test row inside the window. */
  readonly level1: Values;
  readonly calibrated: Values;
  readonly offline: Values;
}

/**
 * Compares L1 and calibrated values with the offline ones on the test rows inside the pt window.
 * Uncertainties are bootstrapped by the seed.
 * @param calibrated - predictions for `data.parts.test`, in that order.
 * @param options.floor - residuals of the best predictions possible, by `floorResiduals`.
 */
export function evaluate(
  data: Dataset,
  calibrated: Values,
  { seed, floor }: { readonly seed: number; readonly floor: Values | null },
): Evaluation {
  const rows = data.parts.test;
  const rng = createRng(seed).split("bootstrap");
  const part = (values: Values): Values =>
    Object.fromEntries(data.quantities.map((q) => [q, take(values[q] as Float64Array, rows)]));
  const level1 = part(data.level1);
  const offline = part(data.offline);
  const residuals = {
    before: residualsOf(level1, offline),
    after: residualsOf(calibrated, offline),
  };
  return {
    before: errorsOf(residuals.before, rng.split("before")),
    after: errorsOf(residuals.after, rng.split("after")),
    floor: floor && rmsOf(floor, rng.split("floor")),
    overFloor: floor && ratiosOf(residuals.after, floor),
    residuals,
    level1,
    calibrated,
    offline,
  };
}

/** phi wrapped into (-π, π], eta, and pt/reference - 1. */
export function residualsOf(values: Values, offline: Values): Values {
  return Object.fromEntries(
    quantities.flatMap((q) => {
      const [x, reference] = [values[q], offline[q]];
      if (!x || !reference) return [];
      const residual = { phi: deltaPhi, eta: difference, pt: relativeError }[q];
      return [[q, x.map((value, i) => residual(value, reference[i]))]];
    }),
  );
}

const difference = (a: number, b: number) => a - b;
const relativeError = (a: number, b: number) => a / b - 1;

function errorsOf(residuals: Values, rng: Rng): Errors {
  const errors = rmsOf(residuals, rng);
  return residuals.pt
    ? { ...errors, ptWidth: coreWidth(residuals.pt, rng.split("width")) }
    : errors;
}

function rmsOf(residuals: Values, rng: Rng): Errors {
  return Object.fromEntries(
    quantities.flatMap((q) => {
      const values = residuals[q];
      return values ? [[q, bootstrapRms(values, { rng: rng.split(q) })]] : [];
    }),
  );
}

/** Half of the central 68 % of the ratio, over its median: the width a common factor cannot mend. */
function coreWidth(relative: Float64Array, rng: Rng): Measured {
  const { value, uncertainty } = bootstrapHalfWidth(relative, { rng });
  const median = 1 + quantile(relative, 0.5);
  return { value: value / median, uncertainty: uncertainty / median };
}

function ratiosOf(after: Values, floor: Values): Errors {
  return Object.fromEntries(
    quantities.flatMap((q) => {
      const [a, b] = [after[q], floor[q]];
      return a && b ? [[q, rmsRatio(a, b)]] : [];
    }),
  );
}

/**
 * Residuals per test row of the best predictions that any function of the L1 integers can make, for
 * the pt error minimized; null where the simulation is not known.
 * @throws DataError for integers that the simulation never gives.
 */
export function floorResiduals(
  data: Dataset,
  { minimize }: Pick<RecalibrationConfig, "minimize">,
): Values | null {
  const parameters = data.simulation?.parameters;
  if (!parameters || data.source.name !== "report" || data.quantities.length < 3) return null;
  const test = selectRows(data.table, data.parts.test);
  const ints = (name: string) => Int32Array.from(numericColumn(test, name));
  const floats = (name: string) => Float32Array.from(numericColumn(test, name));
  const muons: Muons = {
    hwPtL1: ints("hwPtL1"),
    hwPhiL1: ints("hwPhiL1"),
    hwEtaL1: ints("hwEtaL1"),
    hwSignL1: ints("hwSignL1"),
    ptReco: floats("ptReco"),
    etaVtxReco: floats("etaVtxReco"),
    phiVtxReco: floats("phiVtxReco"),
  };
  const { predictors } = muonFloor(muons, { config: parameters });
  const pt = minimize === "delta" ? predictors.ptAbsolute : predictors.ptRelative;
  const offline = Object.fromEntries(
    quantities.map((q) => [q, take(data.offline[q] as Float64Array, data.parts.test)]),
  );
  return residualsOf({ phi: predictors.phi, eta: predictors.eta, pt }, offline);
}
