import { muonScales } from "../scales.ts";
import {
  bendAt,
  type MuonSimulationConfig,
  ptSmearAt,
  stationEta,
  wrongChargeAt,
} from "./muon-config.ts";
import { createNormalCdf, gaussPanels } from "./quadrature.ts";

/**
 * What the Level-1 integers of a muon tell about its true values: posterior moments at one
 * (hwPtL1, |hwEtaL1|). hwPhiL1 adds nothing and the signs of hwSignL1 and hwEtaL1 only mirror,
 * because the simulation is invariant under rotation in phi, under charge conjugation with
 * phi -> -phi, and under eta -> -eta. t is ptReco in GeV, bend is (2 hwSignL1 - 1) times the
 * angle of the station seen from the vertex, eta is counted along sign(hwEtaL1).
 */
export interface MuonMoments {
  /** Probability of the cell among all matched muons, both signs of hwEtaL1 together. */
  readonly probability: number;
  /** E[t], GeV. */
  readonly pt: number;
  /** E[1/t], 1/GeV. */
  readonly inversePt: number;
  /** E[1/t^2], 1/GeV^2. */
  readonly inversePt2: number;
  /** E[bend], rad, wrong charges included. */
  readonly bend: number;
  /** E[(angle of the station + scattering + mismatch)^2], rad^2. */
  readonly bend2: number;
  /** E[eta]. */
  readonly eta: number;
  /** E[eta^2]. */
  readonly eta2: number;
}

export interface MuonPosteriorOptions {
  readonly config: MuonSimulationConfig;
  /** Panel length of the integration over eta, in units of etaSmear (default 1). */
  readonly etaStep?: number;
  /** Panel length of the integration over ln pt, in units of the Level-1 resolution (default 0.75). */
  readonly ptStep?: number;
}

/** Moments per |hwEtaL1| (index 0 .. 256) for one hwPtL1; null where the cell cannot occur. */
export type MuonMomentRow = readonly (MuonMoments | null)[];

/**
 * The posterior of the simulation by quadrature over (ln pt, eta): for each node the probability
 * to fall into the hardware bin is a difference of normal distribution functions, so nothing is
 * sampled. Returns a function of hwPtL1 (1 .. 511), which costs about 15 ms a call for all
 * |hwEtaL1|, and less for those of `wanted` alone; the others are null then.
 */
export function createMuonPosterior(
  options: MuonPosteriorOptions,
): (hwPt: number, wanted?: ReadonlySet<number>) => MuonMomentRow {
  const grid = createGrid(options);
  const bins = createEtaBins(grid);
  const inPtBin = createPtBins(grid);
  return (hwPt, wanted) => {
    const likelihood = inPtBin(hwPt);
    return bins.map((nodes, hwEta) =>
      wanted && !wanted.has(hwEta) ? null : integrate(grid, nodes, likelihood),
    );
  };
}

/** Nodes of the integration over the true pt and eta, weighted with their spectrum. */
interface Grid {
  readonly config: MuonSimulationConfig;
  readonly pts: Float64Array;
  readonly ptWeights: Float64Array;
  readonly etas: Float64Array;
  readonly etaWeights: Float64Array;
  /** kappa(eta) at the eta nodes, rad GeV. */
  readonly bends: Float64Array;
  readonly cdf: (x: number) => number;
}

function createGrid({ config, etaStep = 1, ptStep = 0.75 }: MuonPosteriorOptions): Grid {
  const { ptMin, ptMax, ptIndex, etaMax, bendFlatEta } = config;
  const kinks = [-etaMax, -bendFlatEta, 0, bendFlatEta, etaMax].filter(
    (e) => Math.abs(e) <= etaMax,
  );
  const eta = gaussPanels(kinks, etaStep * config.etaSmear);
  const narrowest = Math.min(config.ptSmearCentral, config.ptSmearForward);
  const logPt = gaussPanels([Math.log(ptMin), Math.log(ptMax)], ptStep * narrowest);
  const pts = logPt.nodes.map(Math.exp);
  const cut = 1 - (ptMin / ptMax) ** ptIndex;
  return {
    config,
    pts,
    // density of ln pt: index (ptMin / pt)^index / cut; of eta: 1 / (2 etaMax)
    ptWeights: pts.map((pt, u) => (logPt.weights[u] * ptIndex * (ptMin / pt) ** ptIndex) / cut),
    etas: eta.nodes,
    etaWeights: eta.weights.map((w) => w / (2 * etaMax)),
    bends: eta.nodes.map((e) => bendAt(e, config)),
    cdf: createNormalCdf(),
  };
}

/** Moments of one cell: `nodes` has P(hwEta | pt, eta) per pt node, `likelihood` P(hwPt | pt, eta). */
function integrate(grid: Grid, nodes: EtaBin[], likelihood: Float64Array): MuonMoments | null {
  const { config, pts, ptWeights, etas, etaWeights, bends } = grid;
  const sum = { mass: 0, pt: 0, inversePt: 0, inversePt2: 0, bend: 0, bend2: 0, eta: 0, eta2: 0 };
  for (let u = 0; u < pts.length; u++) {
    const { from, values } = nodes[u];
    let mass = 0;
    let bend = 0;
    let bend2 = 0;
    let eta = 0;
    let eta2 = 0;
    for (let j = 0, e = from; j < values.length; j++, e++) {
      const w = etaWeights[e] * values[j] * likelihood[u * etas.length + e];
      mass += w;
      bend += w * bends[e];
      bend2 += w * bends[e] * bends[e];
      eta += w * etas[e];
      eta2 += w * etas[e] * etas[e];
    }
    const weight = ptWeights[u];
    const pt = pts[u];
    sum.mass += weight * mass;
    sum.pt += weight * mass * pt;
    sum.inversePt += (weight * mass) / pt;
    sum.inversePt2 += (weight * mass) / pt ** 2;
    sum.bend += (weight * bend * (1 - 2 * wrongChargeAt(pt, config))) / pt;
    sum.bend2 += (weight * bend2) / pt ** 2;
    sum.eta += weight * eta;
    sum.eta2 += weight * eta2;
  }
  if (!(sum.mass > 1e-30)) return null;
  // ptReco = pt exp(s N): E[t] = pt exp(s^2/2), E[1/t] = exp(s^2/2)/pt, E[1/t^2] = exp(2 s^2)/pt^2
  const s2 = config.ptRecoSmear ** 2;
  const scattering2 = (config.scattering ** 2 * sum.inversePt2) / sum.mass;
  return {
    probability: sum.mass,
    pt: (sum.pt / sum.mass) * Math.exp(s2 / 2),
    inversePt: (sum.inversePt / sum.mass) * Math.exp(s2 / 2),
    inversePt2: (sum.inversePt2 / sum.mass) * Math.exp(2 * s2),
    bend: sum.bend / sum.mass,
    bend2:
      sum.bend2 / sum.mass + scattering2 + (config.mismatchedPhi * config.mismatchWindow ** 2) / 3,
    eta: sum.eta / sum.mass,
    eta2: sum.eta2 / sum.mass,
  };
}

interface EtaBin {
  /** First eta node with a chance above 1e-12 to give this hwEta. */
  readonly from: number;
  /** Probability of this hwEta, at the nodes from `from` on. */
  readonly values: Float64Array;
}

/** P(|hwEta| bin | pt, eta): bins[hwEta][ptNode]; both signs by mirroring onto hwEta >= 0. */
function createEtaBins({ config, pts, etas, bends, cdf }: Grid): EtaBin[][] {
  const { width, min } = muonScales.hwEtaL1;
  const reach = 7 * config.etaSmear;
  const stations = Array.from(pts, (pt) =>
    Float64Array.from(etas, (eta, e) => stationEta(eta, bends[e] / pt, config)),
  );
  return Array.from({ length: -min + 1 }, (_, hwEta) =>
    stations.map((station) => {
      const low = (hwEta - 0.5) * width;
      const high = (hwEta + 0.5) * width;
      const from = lowerBound(station, low - reach);
      const to = lowerBound(station, high + reach);
      // a muon at -eta gives -hwEta as often as one at eta gives hwEta
      const both = hwEta === 0 ? 1 : 2;
      const values = Float64Array.from(station.subarray(from, to), (mean) => {
        const above = cdf((high - mean) / config.etaSmear);
        return both * (above - cdf((low - mean) / config.etaSmear));
      });
      return { from, values };
    }),
  );
}

/** First index whose value is at least x, in an ascending array. */
function lowerBound(values: Float64Array, x: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** P(hwPt | pt, eta) for one hwPt at every node, [pt, eta] row-major. */
function createPtBins({ config, pts, etas, cdf }: Grid): (hwPt: number) => Float64Array {
  const { width, max } = muonScales.hwPtL1;
  const { tailFraction, tailFactor } = config;
  const smears = etas.map((eta) => ptSmearAt(eta, config));
  const logMedians = pts.map((pt) => Math.log(config.ptScale * pt));
  const below = (edge: number, median: number, smear: number) => {
    const pull = (edge - median) / smear;
    return (1 - tailFraction) * cdf(pull) + tailFraction * cdf(pull / tailFactor);
  };
  return (hwPt) => {
    const low = Math.log((hwPt - 1) * width); // -Infinity for the first bin
    const high = hwPt === max ? Number.POSITIVE_INFINITY : Math.log(hwPt * width);
    const likelihood = new Float64Array(pts.length * etas.length);
    for (let u = 0, i = 0; u < pts.length; u++)
      for (let e = 0; e < etas.length; e++, i++)
        likelihood[i] =
          below(high, logMedians[u], smears[e]) - below(low, logMedians[u], smears[e]);
    return likelihood;
  };
}
