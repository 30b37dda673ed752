/** Every parameter of the muon simulation; `muonSimulation` holds the values in use. */
export interface MuonSimulationConfig {
  /** Lower end of the pt spectrum, GeV: softer muons do not reach the second station. */
  readonly ptMin: number;
  /** Upper end of the pt spectrum, GeV. */
  readonly ptMax: number;
  /** Tail index a of the Pareto spectrum: P(pt > x) = (ptMin / x)^a, density falls as pt^-(a+1). */
  readonly ptIndex: number;
  /** Vertex pseudorapidity is uniform in [-etaMax, etaMax]. */
  readonly etaMax: number;
  /** Bend kappa between vertex and station in the barrel, rad GeV: |phiStation - phi| = kappa / pt. */
  readonly bend: number;
  /** From this |eta| on the field path shortens: kappa(eta) = bend / cosh(|eta| - bendFlatEta). */
  readonly bendFlatEta: number;
  /** Multiple scattering of the station azimuth, rad GeV: standard deviation scattering / pt. */
  readonly scattering: number;
  /** A bent track is longer than its chord: etaStation = eta + this tanh(eta) (kappa / pt)^2. */
  readonly etaLengthening: number;
  /** Level-1 pseudorapidity resolution (standard deviation). */
  readonly etaSmear: number;
  /** Level-1 pt scale: the median of ptL1 / pt. */
  readonly ptScale: number;
  /** Level-1 resolution of ln(ptL1) at eta = 0; linear in |eta| between the two. */
  readonly ptSmearCentral: number;
  /** Level-1 resolution of ln(ptL1) at |eta| = etaMax. */
  readonly ptSmearForward: number;
  /** Fraction of muons in the tails of the Level-1 pt resolution. */
  readonly tailFraction: number;
  /** How many times wider the tails are, in ln(ptL1). */
  readonly tailFactor: number;
  /** Probability of a wrong Level-1 charge per GeV of pt, at most 1/2. */
  readonly wrongChargePerGeV: number;
  /** Fraction of muons matched to a neighbor's azimuth. */
  readonly mismatchedPhi: number;
  /**
   * The wrong azimuth is uniform within +- this window around the right one, rad. The floor takes
   * window + bend / ptMin below pi, so that no bend wraps around the circle.
   */
  readonly mismatchWindow: number;
  /** Offline resolution of ln(ptReco). */
  readonly ptRecoSmear: number;
  /** Fraction of rows without an offline partner (reco columns zero). */
  readonly unmatched: number;
  /** Fraction of rows that repeat the row before, in every column. */
  readonly duplicates: number;
}

/**
 * The values in use. They stand in for the report's unpublished dataset (Losapio 2021): after its
 * selection the Level-1 errors are near its Table 7, the Bayes floors a little below the best
 * models in it. By quadrature (`expectedMuonErrors`), against the report:
 *
 * |               | phi, rad       | eta            | pt / ptReco                              |
 * |---------------|----------------|----------------|------------------------------------------|
 * | Level 1       | 0.5015 (0.499) | 0.0319 (0.032) | 0.4951 (0.493)                           |
 * | floor (best)  | 0.1308 (0.136) | 0.0298 (0.030) | 0.2521 absolute, 0.2266 relative (0.259) |
 *
 * Where they come from: a solenoid of 3.8 T and 3 m radius with a return yoke bends a muon by
 * about 3 rad GeV / pt up to the second station. Level 1 quotes a pt above the true one, since its
 * thresholds are meant to be efficient: the scale is 1.15. Charge is read off the bend, so its
 * errors grow with pt: 0.5 % at 10 GeV. A wrong match stays inside a matching window: azimuths off
 * by any angle would alone put the phi floor at 0.13. The lengthening of bent tracks is what a
 * model can learn about eta; without it the Level-1 eta would be its own floor.
 */
export const muonSimulation: MuonSimulationConfig = {
  ptMin: 3,
  ptMax: 250,
  ptIndex: 2.6,
  etaMax: 2.4,
  bend: 2.95,
  bendFlatEta: 1.2,
  scattering: 0.12,
  etaLengthening: 0.055,
  etaSmear: 0.0295,
  ptScale: 1.15,
  ptSmearCentral: 0.2,
  ptSmearForward: 0.23,
  tailFraction: 0.01,
  tailFactor: 3,
  wrongChargePerGeV: 0.0005,
  mismatchedPhi: 0.005,
  mismatchWindow: 1.4,
  ptRecoSmear: 0.012,
  unmatched: 0.01,
  duplicates: 0.005,
};

/** Bend coefficient at a pseudorapidity, rad GeV. */
export function bendAt(eta: number, { bend, bendFlatEta }: MuonSimulationConfig): number {
  return bend / Math.cosh(Math.max(0, Math.abs(eta) - bendFlatEta));
}

/** Level-1 resolution of ln(ptL1), tails aside, at a pseudorapidity. */
export function ptSmearAt(eta: number, config: MuonSimulationConfig): number {
  const { ptSmearCentral, ptSmearForward, etaMax } = config;
  return ptSmearCentral + ((ptSmearForward - ptSmearCentral) * Math.abs(eta)) / etaMax;
}

/** Mean Level-1 pseudorapidity of a muon with this pseudorapidity and bend angle in rad. */
export function stationEta(eta: number, angle: number, config: MuonSimulationConfig): number {
  return eta + config.etaLengthening * Math.tanh(eta) * angle * angle;
}

/** Probability that Level 1 reports the wrong charge, at a pt in GeV. */
export function wrongChargeAt(pt: number, { wrongChargePerGeV }: MuonSimulationConfig): number {
  return Math.min(0.5, wrongChargePerGeV * pt);
}
