import type { Rng } from "../../base/rng.ts";
import { to0to2Pi, wrapPhi } from "../kinematics.ts";
import { jetHwPtMax, jetPtWidth, towerHwEta, towerHwPhi } from "./calo-towers.ts";
import type { JetSimulationConfig } from "./jet-config.ts";

/** One simulated crossing. Its arrays are overwritten by the next one; `n` entries are valid. */
export interface JetEvent {
  vertices: number;
  /** Lit towers at |ieta| <= 4 (of 576), the pile-up proxy of the official corrections. */
  towers: number;
  /** Level-1 jets in hardware integers, by falling pt. */
  readonly l1: JetList;
  /** Offline jets (pt in GeV, eta, phi in (-pi, pi]), by falling pt. */
  readonly offline: JetList;
}

/** Jets as rows of (pt, eta, phi). */
export interface JetList {
  n: number;
  readonly pt: Float64Array;
  readonly eta: Float64Array;
  readonly phi: Float64Array;
}

const capacity = 1024;

function createJetList(): JetList {
  const column = () => new Float64Array(capacity);
  return { n: 0, pt: column(), eta: column(), phi: column() };
}

/** Inserts a jet by falling pt; a list that is full drops its softest. */
function insert(list: JetList, pt: number, eta: number, phi: number): void {
  let i = list.n < capacity ? list.n++ : capacity - 1;
  for (; i > 0 && list.pt[i - 1] < pt; i--) {
    list.pt[i] = list.pt[i - 1];
    list.eta[i] = list.eta[i - 1];
    list.phi[i] = list.phi[i - 1];
  }
  list.pt[i] = pt;
  list.eta[i] = eta;
  list.phi[i] = phi;
}

/**
 * A generator of crossings: each call draws one from the stream into the same `JetEvent`.
 *
 * A central jet comes from the primary vertex or from pile-up; of a pile-up jet offline keeps only
 * the neutral share, while Level 1 sees all of it. Close pairs are one Level-1 jet and two offline
 * ones. Forward, without tracks, every soft deposit is an offline jet.
 */
export function createJetGenerator(config: JetSimulationConfig): (rng: Rng) => JetEvent {
  const event: JetEvent = {
    vertices: 0,
    towers: 0,
    l1: createJetList(),
    offline: createJetList(),
  };
  const seeds = createJetList();
  const etaSpan = config.forwardEtaMax - config.forwardEtaMin;
  const forwardTail = config.forwardPtMean - config.offlinePtMin;
  const cut = (config.ptMin / config.ptMax) ** config.ptIndex;

  // closures are made once, not per event
  let activity = 0;
  const addOffline = (truth: number, share: number, eta: number, phi: number, rng: Rng) => {
    const { offlineStochastic: a, offlineNoise: b, offlineConstant: c } = config;
    const visible = truth * share + config.offlineOffset * activity;
    const spread = Math.sqrt(a * a * visible + b * b * event.vertices + (c * visible) ** 2);
    const pt = visible + spread * rng.normal();
    const wrapped = wrapPhi(phi);
    if (pt < config.offlinePtMin) return;
    if (!isTaken(event.offline, eta, wrapped, config.offlineSeparation))
      insert(event.offline, pt, eta, wrapped);
  };
  const addSeed = (truth: number, eta: number, phi: number, rng: Rng) => {
    const pt = level1Pt(truth, eta, event.vertices, activity, config, rng);
    if (pt < config.l1PtMin || rng.uniform() < config.lost) return;
    const smear = config.positionSpread / Math.sqrt(truth);
    insert(seeds, pt, eta + smear * rng.normal(), phi + smear * rng.normal());
  };
  const addCentral = (rng: Rng) => {
    const pt = config.ptMin * (cut + (1 - cut) * rng.uniform()) ** (-1 / config.ptIndex);
    const eta = config.etaCentral * (2 * rng.uniform() - 1);
    const phi = Math.PI * (2 * rng.uniform() - 1);
    const pile = Math.exp(-((pt / config.primaryPt) ** 2)) * (1 - 1 / event.vertices);
    const share = rng.uniform() < pile ? neutralShare(config, rng) : 1;
    if (rng.uniform() < config.splitting) {
      const z = 0.25 + 0.5 * rng.uniform();
      const { offlineSeparation: near, splittingRange: far } = config;
      const distance = near + (far - near) * rng.uniform();
      const angle = 2 * Math.PI * rng.uniform();
      const dEta = distance * Math.cos(angle);
      const dPhi = distance * Math.sin(angle);
      addOffline(z * pt, share, eta + (1 - z) * dEta, phi + (1 - z) * dPhi, rng);
      addOffline((1 - z) * pt, share, eta - z * dEta, phi - z * dPhi, rng);
    } else addOffline(pt, share, eta, phi, rng);
    addSeed(pt, eta, phi, rng);
  };
  const addForward = (rng: Rng) => {
    const side = rng.uniform() < 0.5 ? -1 : 1;
    const eta = side * (config.forwardEtaMin + etaSpan * rng.uniform());
    const phi = Math.PI * (2 * rng.uniform() - 1);
    const pt = config.offlinePtMin + forwardTail * rng.exponential();
    if (isTaken(event.offline, eta, phi, config.offlineSeparation)) return;
    insert(event.offline, pt, eta, phi);
    addSeed(pt, eta, phi, rng);
  };

  return (rng) => {
    event.l1.n = 0;
    event.offline.n = 0;
    seeds.n = 0;
    event.vertices = Math.max(
      1,
      Math.round(config.vertices + config.verticesSpread * rng.normal()),
    );
    activity = event.vertices * Math.max(0.1, 1 + config.activitySpread * rng.normal());
    event.towers = litTowers(activity, config, rng);
    const central = poisson(config.jetsPerVertex * event.vertices, rng);
    for (let k = 0; k < central; k++) addCentral(rng);
    const forward = poisson(config.forwardPerVertex * event.vertices, rng);
    for (let k = 0; k < forward; k++) addForward(rng);
    buildLevel1(seeds, event.l1, config.l1JetsMax);
    return event;
  };
}

/** Upward fluctuations beyond this many standard deviations do not happen. */
const largestFluctuation = 4.5;

/** Level-1 energy of a jet before the threshold, GeV; 0 for one that cannot reach it. */
function level1Pt(
  truth: number,
  eta: number,
  vertices: number,
  activity: number,
  config: JetSimulationConfig,
  rng: Rng,
): number {
  const { stochastic: a, noise: b, constant: c } = config;
  const spread = Math.sqrt(a * a * truth + b * b * vertices + (c * truth) ** 2);
  const abs = Math.abs(eta);
  let mean: number;
  if (abs > config.etaCentral) {
    mean = config.forwardResponse * truth - config.forwardSubtraction * activity;
    // most forward jets are far too soft: they draw nothing
    if (mean + largestFluctuation * spread < config.l1PtMin) return 0;
  } else {
    const suppressed = 1 - config.suppression * Math.exp(-truth / config.suppressionPt);
    const material = 1 + (config.responseSlope - 1) * (abs / config.etaCentral);
    mean = config.response * suppressed * material * truth + config.offsetPerVertex * activity;
  }
  return mean + spread * Math.min(largestFluctuation, rng.normal());
}

/**
 * Level 1 puts a 9 x 9 tower window around each seed: a softer seed inside the window of a harder
 * one makes no jet of its own and adds to the harder.
 */
function buildLevel1(seeds: JetList, l1: JetList, max: number): void {
  const reach = 8; // 4 towers of 2 hardware units
  for (let i = 0; i < seeds.n; i++) {
    const hwEta = towerHwEta(seeds.eta[i]);
    if (hwEta === 0) continue;
    const hwPhi = towerHwPhi(to0to2Pi(seeds.phi[i]));
    let pt = seeds.pt[i];
    let isVetoed = false;
    for (let j = 0; j < l1.n && !isVetoed; j++) {
      const dPhi = Math.abs(l1.phi[j] - hwPhi);
      isVetoed = Math.abs(l1.eta[j] - hwEta) <= reach && Math.min(dPhi, 144 - dPhi) <= reach;
      if (!isVetoed) continue;
      pt += l1.pt[j] * jetPtWidth;
      l1.pt[j] = Math.min(jetHwPtMax, Math.floor(pt / jetPtWidth));
    }
    if (!isVetoed) insert(l1, Math.min(jetHwPtMax, Math.floor(pt / jetPtWidth)), hwEta, hwPhi);
  }
  // a jet that absorbed a neighbor may have overtaken another
  for (let i = 1; i < l1.n; i++)
    if (l1.pt[i] > l1.pt[i - 1]) {
      const { pt, eta, phi } = l1;
      const [p, e, f] = [pt[i], eta[i], phi[i]];
      let j = i;
      for (; j > 0 && pt[j - 1] < p; j--) {
        pt[j] = pt[j - 1];
        eta[j] = eta[j - 1];
        phi[j] = phi[j - 1];
      }
      pt[j] = p;
      eta[j] = e;
      phi[j] = f;
    }
  l1.n = Math.min(l1.n, max);
}

function isTaken(jets: JetList, eta: number, phi: number, separation: number): boolean {
  const { n, eta: etas, phi: phis } = jets;
  for (let i = 0; i < n; i++) {
    const dEta = etas[i] - eta;
    if (dEta > separation || dEta < -separation) continue;
    let dPhi = Math.abs(phis[i] - phi);
    if (dPhi > Math.PI) dPhi = 2 * Math.PI - dPhi; // both in (-pi, pi]
    if (dEta * dEta + dPhi * dPhi < separation * separation) return true;
  }
  return false;
}

/** Of 576 towers each is lit with probability 1 - exp(-towersPerVertex activity / 576). */
function litTowers(activity: number, config: JetSimulationConfig, rng: Rng): number {
  const p = 1 - Math.exp((-config.towersPerVertex * activity) / 576);
  const spread = Math.sqrt(576 * p * (1 - p));
  return Math.min(576, Math.max(0, Math.round(576 * p + spread * rng.normal())));
}

/** Neutral share of a pile-up jet, log-normal, at most all of it. */
function neutralShare({ neutralMedian, neutralSpread }: JetSimulationConfig, rng: Rng): number {
  return Math.min(1, neutralMedian * Math.exp(neutralSpread * rng.normal()));
}

/** A Poisson number by counting exponential waiting times. */
function poisson(mean: number, rng: Rng): number {
  const limit = Math.exp(-mean);
  let n = 0;
  for (let product = rng.uniform(); product > limit; product *= rng.uniform()) n++;
  return n;
}
