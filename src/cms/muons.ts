import { type Measured, rms } from "../stats/index.ts";
import { wrapPhi } from "./kinematics.ts";
import { hwPhysical, muonScales } from "./scales.ts";

/**
 * Level-1 muons and their offline partners, one row each: the columns of the report's muon
 * dataset (Losapio 2021, Tables 2 and 3). Unmatched muons have zeros in the three reco columns.
 */
export interface Muons {
  /** Level-1 transverse momentum, 0 .. 511 in steps of 0.5 GeV; 0 marks an empty slot. */
  readonly hwPtL1: Int32Array;
  /** Level-1 azimuth at the muon station, 0 .. 575 in steps of 2 pi / 576 rad. */
  readonly hwPhiL1: Int32Array;
  /** Level-1 pseudorapidity, -256 .. 255 in steps of 0.010875. */
  readonly hwEtaL1: Int32Array;
  /** Level-1 charge bit: 1 for a negative muon, 0 for a positive one. */
  readonly hwSignL1: Int32Array;
  /** Offline transverse momentum, GeV. */
  readonly ptReco: Float32Array;
  /** Offline pseudorapidity at the vertex. */
  readonly etaVtxReco: Float32Array;
  /** Offline azimuth at the vertex, rad in (-pi, pi]. */
  readonly phiVtxReco: Float32Array;
}

/** Column names of `Muons`, inputs first, in the order of the report. */
export const muonColumnNames = [
  "hwPtL1",
  "hwPhiL1",
  "hwEtaL1",
  "hwSignL1",
  "ptReco",
  "etaVtxReco",
  "phiVtxReco",
] as const satisfies readonly (keyof Muons)[];

/** One named column with its unit, null for bare numbers and hardware integers. */
export interface MuonColumn {
  readonly name: keyof Muons;
  readonly unit: string | null;
  readonly values: Int32Array | Float32Array;
}

/** The muons as a list of named columns, sharing memory. */
export function muonColumns(muons: Muons): MuonColumn[] {
  const units: Partial<Record<keyof Muons, string>> = { ptReco: "GeV", phiVtxReco: "rad" };
  return muonColumnNames.map((name) => ({ name, unit: units[name] ?? null, values: muons[name] }));
}

/** Storage for n muons, all zero. */
export function allocateMuons(n: number): Muons {
  return {
    hwPtL1: new Int32Array(n),
    hwPhiL1: new Int32Array(n),
    hwEtaL1: new Int32Array(n),
    hwSignL1: new Int32Array(n),
    ptReco: new Float32Array(n),
    etaVtxReco: new Float32Array(n),
    phiVtxReco: new Float32Array(n),
  };
}

/** The given rows of the muons, in the given order, copied. */
export function takeMuons(muons: Muons, rows: Uint32Array): Muons {
  const taken = allocateMuons(rows.length);
  for (const name of muonColumnNames)
    for (let i = 0; i < rows.length; i++) taken[name][i] = muons[name][rows[i]];
  return taken;
}

/** Predicted offline quantities of muons: pt in GeV, eta, phi in rad (any branch), each [n]. */
export interface MuonPrediction {
  readonly pt: Float64Array;
  readonly eta: Float64Array;
  readonly phi: Float64Array;
}

/** The Level-1 measurement itself as a prediction, in the report's scales (pt = 0.5 GeV hwPt). */
export function level1Muons(muons: Muons): MuonPrediction {
  return {
    pt: hwPhysical(muonScales.hwPtL1, muons.hwPtL1),
    eta: hwPhysical(muonScales.hwEtaL1, muons.hwEtaL1),
    phi: hwPhysical(muonScales.hwPhiL1, muons.hwPhiL1),
  };
}

/** The report's three figures of merit (its Table 7): phi in rad, eta, relative pt. */
export interface MuonErrors {
  readonly phi: Measured;
  readonly eta: Measured;
  readonly pt: Measured;
}

/**
 * Root mean square errors of a prediction on matched muons: wrapped phi difference, eta
 * difference, and (pt - ptReco) / ptReco. Unmatched rows (ptReco 0) make pt infinite: select first.
 */
export function muonErrors(muons: Muons, predicted: MuonPrediction): MuonErrors {
  const { ptReco, etaVtxReco, phiVtxReco } = muons;
  return {
    phi: rms(predicted.phi.map((phi, i) => wrapPhi(phi - phiVtxReco[i]))),
    eta: rms(predicted.eta.map((eta, i) => eta - etaVtxReco[i])),
    pt: rms(predicted.pt.map((pt, i) => pt / ptReco[i] - 1)),
  };
}
