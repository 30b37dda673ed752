import { ConfigError } from "../../base/errors.ts";
import { createRng, type Rng } from "../../base/rng.ts";
import { to0to2Pi } from "../kinematics.ts";
import { allocateMuons, type Muons, muonColumnNames } from "../muons.ts";
import { muonScales } from "../scales.ts";
import {
  bendAt,
  type MuonSimulationConfig,
  muonSimulation,
  ptSmearAt,
  stationEta,
  wrongChargeAt,
} from "./muon-config.ts";

/** Rows per block; each block has its own random stream, so blocks can be made in any order. */
export const muonBlockRows = 65536;

export interface SimulateMuonsOptions {
  /** Rows of the sample, unmatched and repeated ones included. */
  readonly rows: number;
  /** Any seed of `createRng`. */
  readonly seed: number | string;
  /** First row, for one slice of a larger sample (default 0). */
  readonly first?: number;
  readonly config?: MuonSimulationConfig;
}

/**
 * Simulates Level-1 muons with offline partners. Row i is a pure function of (seed, i, config):
 * slices made apart equal the same rows of one large sample, and a larger sample starts with the
 * smaller one.
 *
 * A muon of charge q bends toward smaller phi for q > 0 (solenoid field along +z, force
 * q v x B), so phiStation = phi - q kappa(eta) / pt. hwSignL1 is 1 for q = -1, as the uGMT charge
 * bit: with it the bend is (2 hwSignL1 - 1) kappa / pt, and without it no model can tell the two
 * bands of the phi correlation apart. hwPt and hwPhi count from the lower edge of their bins
 * (hwPt 1 is [0, 0.5) GeV, hwPhi 0 is [0, 2 pi / 576)), hwEta 0 is centered on 0.
 */
export function simulateMuons(options: SimulateMuonsOptions): Muons {
  const { rows, seed, first = 0, config = muonSimulation } = options;
  if (!Number.isSafeInteger(rows) || rows < 0)
    throw new ConfigError(`simulateMuons.rows: expected an integer >= 0, got ${rows}`);
  if (!Number.isSafeInteger(first) || first < 0)
    throw new ConfigError(`simulateMuons.first: expected an integer >= 0, got ${first}`);
  const root = createRng(seed);
  const out = allocateMuons(rows);
  for (let at = 0; at < rows; ) {
    const block = Math.floor((first + at) / muonBlockRows);
    const skip = first + at - block * muonBlockRows;
    const take = Math.min(muonBlockRows - skip, rows - at);
    const rng = root.split(block);
    if (skip === 0) {
      fill(viewMuons(out, at, at + take), rng, config);
    } else {
      const whole = allocateMuons(skip + take);
      fill(whole, rng, config);
      for (const name of muonColumnNames) out[name].set(whole[name].subarray(skip), at);
    }
    at += take;
  }
  return out;
}

function viewMuons(muons: Muons, from: number, to: number): Muons {
  return {
    hwPtL1: muons.hwPtL1.subarray(from, to),
    hwPhiL1: muons.hwPhiL1.subarray(from, to),
    hwEtaL1: muons.hwEtaL1.subarray(from, to),
    hwSignL1: muons.hwSignL1.subarray(from, to),
    ptReco: muons.ptReco.subarray(from, to),
    etaVtxReco: muons.etaVtxReco.subarray(from, to),
    phiVtxReco: muons.phiVtxReco.subarray(from, to),
  };
}

/** The largest float32 below pi: float32(pi) itself is above pi. */
const phiMax = 3.1415925;

/** Fills all rows of `out` from the stream, in order; each row draws from it on its own. */
function fill(out: Muons, rng: Rng, config: MuonSimulationConfig): void {
  const pareto = (config.ptMin / config.ptMax) ** config.ptIndex;
  const { hwPtL1: ptScale, hwPhiL1: phiScale, hwEtaL1: etaScale } = muonScales;
  for (let i = 0; i < out.hwPtL1.length; i++) {
    if (i > 0 && rng.uniform() < config.duplicates) {
      for (const name of muonColumnNames) out[name][i] = out[name][i - 1];
      continue;
    }
    // the inverse of P(pt > x), cut at ptMax
    const pt = config.ptMin * (pareto + (1 - pareto) * rng.uniform()) ** (-1 / config.ptIndex);
    const eta = config.etaMax * (2 * rng.uniform() - 1);
    const phi = Math.PI * (2 * rng.uniform() - 1);
    const charge = rng.uniform() < 0.5 ? -1 : 1;

    const angle = bendAt(eta, config) / pt;
    let stationPhi = phi - charge * angle + (config.scattering / pt) * rng.normal();
    if (rng.uniform() < config.mismatchedPhi)
      stationPhi += config.mismatchWindow * (2 * rng.uniform() - 1);
    out.hwPhiL1[i] = Math.min(phiScale.max, Math.floor(to0to2Pi(stationPhi) / phiScale.width));

    const l1Eta = stationEta(eta, angle, config) + config.etaSmear * rng.normal();
    out.hwEtaL1[i] = clamp(Math.round(l1Eta / etaScale.width), etaScale.min, etaScale.max);

    const tail = rng.uniform() < config.tailFraction ? config.tailFactor : 1;
    const l1Pt = config.ptScale * pt * Math.exp(tail * ptSmearAt(eta, config) * rng.normal());
    out.hwPtL1[i] = clamp(1 + Math.floor(l1Pt / ptScale.width), 1, ptScale.max);

    const isWrong = rng.uniform() < wrongChargeAt(pt, config);
    out.hwSignL1[i] = charge === (isWrong ? 1 : -1) ? 1 : 0;

    const isMatched = rng.uniform() >= config.unmatched;
    const ptReco = pt * Math.exp(config.ptRecoSmear * rng.normal());
    out.ptReco[i] = isMatched ? ptReco : 0;
    out.etaVtxReco[i] = isMatched ? eta : 0;
    out.phiVtxReco[i] = isMatched ? clamp(phi, -phiMax, phiMax) : 0;
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}
