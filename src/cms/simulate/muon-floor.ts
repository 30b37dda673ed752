import { DataError } from "../../base/errors.ts";
import { type Measured, rms } from "../../stats/index.ts";
import { wrapPhi } from "../kinematics.ts";
import { level1Muons, type Muons } from "../muons.ts";
import { muonScales } from "../scales.ts";
import { muonSimulation } from "./muon-config.ts";
import {
  createMuonPosterior,
  type MuonMomentRow,
  type MuonPosteriorOptions,
} from "./muon-posterior.ts";

/** The best predictions of simulated muons that any function of the Level-1 integers can make. */
export interface MuonPredictors {
  /** Offline azimuth, rad in (-pi, pi]: the Level-1 azimuth minus E[deltaPhi | x]. */
  readonly phi: Float64Array;
  /** E[eta | x]. */
  readonly eta: Float64Array;
  /** E[ptReco | x], GeV: minimizes (pt - ptReco)^2, the report's target. */
  readonly ptAbsolute: Float64Array;
  /** E[1/ptReco | x] / E[1/ptReco^2 | x], GeV: minimizes (pt / ptReco - 1)^2. */
  readonly ptRelative: Float64Array;
}

/** The Bayes floor of a sample: the rms errors of the optimal predictors on it. */
export interface MuonFloor {
  /** Wrapped phi error, rad. */
  readonly phi: Measured;
  readonly eta: Measured;
  /** rms of pt / ptReco - 1 for the predictor of least absolute error. */
  readonly ptAbsolute: Measured;
  /** The same for the predictor of least relative error: no model lies below this one. */
  readonly ptRelative: Measured;
  readonly predictors: MuonPredictors;
}

/**
 * Optimal predictions for simulated muons, from the exact posterior of the generator at each
 * (hwPtL1, |hwEtaL1|). Throws `DataError` for integers the simulation cannot give.
 *
 * phi: the loss is the squared wrapped difference. Mismatched azimuths are uniform around the
 * right one, so they widen the posterior and leave its mean alone.
 */
export function optimalMuons(
  muons: Muons,
  options: Partial<MuonPosteriorOptions> = {},
): MuonPredictors {
  const posterior = createMuonPosterior({ config: muonSimulation, ...options });
  const rows = new Map<number, MuonMomentRow>();
  const n = muons.hwPtL1.length;
  const cells = new Map<number, Set<number>>(); // |hwEtaL1| that occur with an hwPtL1
  for (let i = 0; i < n; i++) {
    const etas = cells.get(muons.hwPtL1[i]) ?? new Set();
    cells.set(muons.hwPtL1[i], etas.add(Math.abs(muons.hwEtaL1[i])));
  }
  const level1 = level1Muons(muons);
  const predictors: MuonPredictors = {
    phi: new Float64Array(n),
    eta: new Float64Array(n),
    ptAbsolute: new Float64Array(n),
    ptRelative: new Float64Array(n),
  };
  for (let i = 0; i < n; i++) {
    const hwPt = muons.hwPtL1[i];
    const hwEta = muons.hwEtaL1[i];
    let row = rows.get(hwPt);
    if (!row && hwPt > 0) {
      row = posterior(hwPt, cells.get(hwPt));
      rows.set(hwPt, row);
    }
    const moments = row?.[Math.abs(hwEta)];
    if (!moments)
      throw new DataError(
        `optimalMuons: row ${i} has hwPtL1 ${hwPt}, hwEtaL1 ${hwEta}, which the simulation never ` +
          "gives; the floor is known for simulated muons only",
      );
    const phiCenter = level1.phi[i] + muonScales.hwPhiL1.width / 2; // hwPhi counts lower edges
    predictors.phi[i] = wrapPhi(phiCenter - (2 * muons.hwSignL1[i] - 1) * moments.bend);
    predictors.eta[i] = Math.sign(hwEta) * moments.eta;
    predictors.ptAbsolute[i] = moments.pt;
    predictors.ptRelative[i] = moments.inversePt / moments.inversePt2;
  }
  return predictors;
}

/**
 * The smallest rms errors any function of the four Level-1 integers can reach on average over
 * samples of the simulation, evaluated on this sample of matched muons (see `selectMuons`).
 * Statistical errors are one standard deviation; the integration adds 1e-6 of the floor.
 */
export function muonFloor(muons: Muons, options: Partial<MuonPosteriorOptions> = {}): MuonFloor {
  const { ptReco, etaVtxReco, phiVtxReco } = muons;
  const unmatched = ptReco.indexOf(0);
  if (unmatched >= 0)
    throw new DataError(
      `muonFloor: row ${unmatched} has no offline partner (ptReco 0); apply selectMuons first`,
    );
  const predictors = optimalMuons(muons, options);
  const { phi, eta, ptAbsolute, ptRelative } = predictors;
  return {
    phi: rms(phi.map((x, i) => wrapPhi(x - phiVtxReco[i]))),
    eta: rms(eta.map((x, i) => x - etaVtxReco[i])),
    ptAbsolute: rms(ptAbsolute.map((pt, i) => pt / ptReco[i] - 1)),
    ptRelative: rms(ptRelative.map((pt, i) => pt / ptReco[i] - 1)),
    predictors,
  };
}

/** Errors of the Level-1 values and of the optimal predictors, averaged over all samples. */
export interface MuonExpectation {
  /** Share of matched muons in the hwPtL1 window. */
  readonly selected: number;
  readonly level1: { readonly phi: number; readonly eta: number; readonly pt: number };
  readonly floor: {
    readonly phi: number;
    readonly eta: number;
    readonly ptAbsolute: number;
    readonly ptRelative: number;
  };
}

/**
 * The Level-1 row and the floors of an infinite sample, by quadrature alone, for
 * hwPtMin <= hwPtL1 <= hwPtMax (default 12 .. 89: the report's 5.5 < pt < 45 GeV).
 */
export function expectedMuonErrors({
  config = muonSimulation,
  hwPtMin = 12,
  hwPtMax = 89,
  ...steps
}: Partial<MuonPosteriorOptions> & { hwPtMin?: number; hwPtMax?: number } = {}): MuonExpectation {
  const posterior = createMuonPosterior({ config, ...steps });
  const phiWidth = muonScales.hwPhiL1.width;
  let selected = 0;
  const level1 = { phi: 0, eta: 0, pt: 0 };
  const floor = { phi: 0, eta: 0, ptAbsolute: 0, ptRelative: 0 };
  for (let hwPt = hwPtMin; hwPt <= hwPtMax; hwPt++) {
    const pt = hwPt * muonScales.hwPtL1.width;
    for (const [hwEta, m] of posterior(hwPt).entries()) {
      if (!m) continue;
      const p = m.probability;
      const eta = hwEta * muonScales.hwEtaL1.width;
      // E[(c / t - 1)^2] = c^2 E[1/t^2] - 2 c E[1/t] + 1
      const ptError2 = (c: number) => c * c * m.inversePt2 - 2 * c * m.inversePt + 1;
      selected += p;
      level1.phi += p * (m.bend2 + phiWidth ** 2 / 3); // uniform in [0, width]
      level1.eta += p * (m.eta2 - 2 * eta * m.eta + eta * eta);
      level1.pt += p * ptError2(pt);
      floor.phi += p * (m.bend2 + phiWidth ** 2 / 12 - m.bend ** 2);
      floor.eta += p * (m.eta2 - m.eta ** 2);
      floor.ptAbsolute += p * ptError2(m.pt);
      floor.ptRelative += p * ptError2(m.inversePt / m.inversePt2);
    }
  }
  const root = (sum: number) => Math.sqrt(sum / selected);
  return {
    selected,
    level1: { phi: root(level1.phi), eta: root(level1.eta), pt: root(level1.pt) },
    floor: {
      phi: root(floor.phi),
      eta: root(floor.eta),
      ptAbsolute: root(floor.ptAbsolute),
      ptRelative: root(floor.ptRelative),
    },
  };
}
