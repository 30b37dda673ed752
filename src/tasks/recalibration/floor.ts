import type { Muons } from "../../cms/muons.ts";
import type { JetSimulationConfig } from "../../cms/simulate/jet-config.ts";
import { jetFloor } from "../../cms/simulate/jet-floor.ts";
import type { MuonSimulationConfig } from "../../cms/simulate/muon-config.ts";
import { muonFloor } from "../../cms/simulate/muon-floor.ts";
import { numericColumn, selectRows } from "../../data/index.ts";
import type { RecalibrationConfig } from "./config.ts";
import { type Errors, residualsOf } from "./evaluate.ts";
import { type Dataset, take } from "./prepare.ts";
import { quantities, type Values } from "./quantities.ts";

/**
 * The best that any function of the inputs can do, by the generator: residuals of its predictions
 * per test row (muons), or its error in the mean over many events (jets).
 */
export type Floor = { readonly residuals: Values } | { readonly errors: Errors };

/**
 * The Bayes floor for the pt error minimized; null where the simulation is not known.
 * @throws DataError for integers that the simulation never gives.
 */
export function floorOf(
  data: Dataset,
  config: Pick<RecalibrationConfig, "minimize" | "ptMin" | "ptMax">,
): Floor | null {
  const { simulation } = data;
  if (!simulation?.parameters) return null;
  return simulation.object === "muons"
    ? muonResiduals(data, simulation.parameters, config)
    : jetErrors(data, simulation.parameters, config);
}

function muonResiduals(
  data: Dataset,
  parameters: MuonSimulationConfig,
  { minimize }: Pick<RecalibrationConfig, "minimize">,
): Floor | null {
  if (data.source.name !== "report" || data.quantities.length < 3) return null;
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
  return { residuals: residualsOf({ phi: predictors.phi, eta: predictors.eta, pt }, offline) };
}

/** Relative error of the floor at this many events, from its own test. */
const [floorEvents, floorError] = [300_000, 0.003];

/** Of all jets: a narrower pt window has another floor, which nobody computed. */
function jetErrors(
  { source, counts }: Dataset,
  config: JetSimulationConfig,
  { minimize }: Pick<RecalibrationConfig, "minimize">,
): Floor | null {
  if (counts.outsidePt > 0 || source.inputs.some((c) => c.name === "nVertices")) return null;
  const inputs = source.inputs.some((c) => c.name === "nTowers") ? "level1+towers" : "level1";
  // a small sample needs no precise floor
  const events = Math.min(floorEvents, Math.max(20_000, counts.train));
  const { relative, absolute } = jetFloor({ inputs, events, config });
  const value = minimize === "delta" ? absolute : relative;
  const uncertainty = floorError * value * Math.sqrt(floorEvents / events);
  return { errors: { pt: { value, uncertainty } } };
}
