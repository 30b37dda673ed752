/** Every parameter of the jet simulation; `jetSimulation` holds the values in use. */
export interface JetSimulationConfig {
  /** Mean number of pile-up interactions per crossing. */
  readonly vertices: number;
  /** Standard deviation of that number (luminosity varies over fills). */
  readonly verticesSpread: number;
  /** Relative spread of the pile-up energy of crossings with equally many vertices. */
  readonly activitySpread: number;
  /** Towers at |ieta| <= 4 that one vertex lights up, where few are lit. */
  readonly towersPerVertex: number;

  /** Jets at |eta| < etaCentral per vertex. */
  readonly jetsPerVertex: number;
  /** Charged hadrons are subtracted, and central jets made, at |eta| below this. */
  readonly etaCentral: number;
  /** Lower end of the particle-level pt spectrum, GeV. */
  readonly ptMin: number;
  /** Upper end of all spectra, GeV. */
  readonly ptMax: number;
  /** Tail index a of the spectrum: P(pt > x) = (ptMin / x)^a. */
  readonly ptIndex: number;
  /** Jets of this pt (GeV) come from the primary vertex, which is the hardest, in 63 % of cases. */
  readonly primaryPt: number;
  /** Median share of a pile-up jet that is neutral and survives, beyond `offlineOffset`. */
  readonly neutralMedian: number;
  /** Standard deviation of the logarithm of that share. */
  readonly neutralSpread: number;
  /** Fraction of jets that split into two of at least a quarter each. */
  readonly splitting: number;
  /** Largest distance of the two. */
  readonly splittingRange: number;

  /** Forward jets per vertex, from soft pile-up: no tracks, so nothing is subtracted there. */
  readonly forwardPerVertex: number;
  /** Forward jets lie between these |eta|. */
  readonly forwardEtaMin: number;
  readonly forwardEtaMax: number;
  /** Mean pt of forward jets, exponential above the offline threshold, GeV. */
  readonly forwardPtMean: number;

  /** Offline jets are kept from this pt on, GeV. */
  readonly offlinePtMin: number;
  /** Two offline jets are at least this far apart (anti-kT, R = 0.4). */
  readonly offlineSeparation: number;
  /** Neutral pile-up energy left in a central offline jet, per vertex, GeV. */
  readonly offlineOffset: number;
  /** Offline resolution: stochastic term, sqrt(GeV). */
  readonly offlineStochastic: number;
  /** Offline resolution: noise term per sqrt(vertex), GeV. */
  readonly offlineNoise: number;
  /** Offline resolution: constant term. */
  readonly offlineConstant: number;

  /** Level-1 response of hard central jets. */
  readonly response: number;
  /** Zero suppression loses this share of a soft jet .. */
  readonly suppression: number;
  /** .. falling off as exp(-pt / this), GeV. */
  readonly suppressionPt: number;
  /** The response changes with |eta| by this factor from 0 to 3 (material in front). */
  readonly responseSlope: number;
  /** Response of the forward calorimeter. */
  readonly forwardResponse: number;
  /** Pile-up energy left in a central jet, per vertex, GeV. */
  readonly offsetPerVertex: number;
  /** Energy subtracted from a forward jet beyond its pile-up, per vertex, GeV. */
  readonly forwardSubtraction: number;
  /** Level-1 resolution: stochastic term, sqrt(GeV). */
  readonly stochastic: number;
  /** Level-1 resolution: noise term per sqrt(vertex), GeV. */
  readonly noise: number;
  /** Level-1 resolution: constant term. */
  readonly constant: number;
  /** Level-1 jets are made from this pt on, GeV. */
  readonly l1PtMin: number;
  /** Share of Level-1 jets lost whatever their pt: masked towers, or the neighboring crossing. */
  readonly lost: number;
  /** Level-1 position resolution, per coordinate, at 1 GeV; falls as 1 / sqrt(pt). */
  readonly positionSpread: number;
  /** At most this many Level-1 jets are read out. */
  readonly l1JetsMax: number;
}

/**
 * The values in use. They stand in for the report's unpublished dataset (Losapio 2021, section 2b):
 * matched by its rule, its 1,234,480 rows give, against the report,
 *
 * |                             | simulation       | report           |
 * |-----------------------------|------------------|------------------|
 * | matched jets, pt            | 3.76 %, 5.49 %   | 3.75 %, 5.47 %   |
 * | matched jets, pt, |eta|<3   | 59.1 %, 61.9 %   | 59.62 %, 61.52 % |
 * | offline per Level-1 jet     | 1.121            | 1.120            |
 * | Level-1 rms, relative       | 1.111            | 1.102            |
 * | floor, (hwPt, hwEta)        | 0.459 (relative) | 0.52 (network)   |
 * | floor, with the lit towers  | 0.437 (relative) |                  |
 *
 * Where they come from: the dispersion is that of charged-hadron subtraction, which leaves a share
 * of a pile-up jet that Level 1 cannot know. It also leaves the neutral energy of the crossing, of
 * which the lit towers tell (CMS-PAS-JME-14-001); the offset of Level 1 hardly adds to that: where
 * it is larger, a jet of the same Level-1 pt has less of its own. The spectrum is that of soft
 * pile-up jets, near the Level-1 threshold, which is why matching depends little on the offline pt.
 */
export const jetSimulation: JetSimulationConfig = {
  vertices: 32,
  verticesSpread: 11,
  activitySpread: 0.25,
  towersPerVertex: 2.2,

  jetsPerVertex: 0.0522,
  etaCentral: 3,
  ptMin: 8.9,
  ptMax: 1000,
  ptIndex: 5.5,
  primaryPt: 35,
  neutralMedian: 0.14,
  neutralSpread: 1.05,
  splitting: 0.32,
  splittingRange: 0.75,

  forwardPerVertex: 1.43,
  forwardEtaMin: 3,
  forwardEtaMax: 5,
  forwardPtMean: 6.4,

  offlinePtMin: 2.8,
  offlineSeparation: 0.4,
  offlineOffset: 0.126,
  offlineStochastic: 0.92,
  offlineNoise: 0.18,
  offlineConstant: 0.05,

  response: 1.0,
  suppression: 0.44,
  suppressionPt: 14,
  responseSlope: 0.9,
  forwardResponse: 0.8,
  offsetPerVertex: 0.055,
  forwardSubtraction: 0.59,
  stochastic: 0.98,
  noise: 0.2,
  constant: 0.13,
  l1PtMin: 7.2,
  lost: 0.102,
  positionSpread: 0.43,
  l1JetsMax: 12,
};
