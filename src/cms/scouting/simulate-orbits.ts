import { ConfigError } from "../../base/errors.ts";
import { createRng, type Rng } from "../../base/rng.ts";
import { to0to2Pi } from "../kinematics.ts";
import { makeCollection, type ObjectCollection } from "../objects.ts";
import { type HwScale, l1Scales } from "../scales.ts";
import {
  bendAt,
  muonSimulation,
  ptSmearAt,
  stationEta,
  wrongChargeAt,
} from "../simulate/muon-config.ts";
import { nominalFilling } from "./filling-scheme.ts";
import { type Level1Events, orbitFromEvents, type WholeOrbit } from "./from-events.ts";
import { decayToMuons, type Resonance, resonances, type TrueMuon } from "./muon-pairs.ts";

/** What to simulate. Means are per crossing with colliding bunches. */
export interface OrbitSimulation {
  /** 1 where bunches cross, by bx - 1 [3564]. */
  readonly filling: Uint8Array;
  /** Mean of single muons. */
  readonly muons: number;
  /** Mean of each resonance's decays. */
  readonly pairs: readonly { readonly resonance: Resonance; readonly mean: number }[];
  readonly jets: number;
  readonly egs: number;
  readonly taus: number;
  /** Probability of an object to show one crossing early as well, and one late. */
  readonly prefiring: number;
  readonly afterpulsing: number;
}

/** The values in use: 0.1 muons per crossing, resonances often enough to see them. */
export const orbitSimulation: OrbitSimulation = {
  filling: nominalFilling(),
  muons: 0.1,
  pairs: [
    { resonance: resonances.jpsi, mean: 0.002 },
    { resonance: resonances.z, mean: 0.002 },
  ],
  jets: 1,
  egs: 1.5,
  taus: 2,
  prefiring: 0,
  afterpulsing: 0,
};

/** Tail index of jets, e/gammas and taus, P(pt > x) = (ptMin / x)^index, and ptMin in GeV. */
const caloSpectra = { jets: [10, 3], egs: [3, 2.8], taus: [4, 2.8] } as const;
/** Scalar sums take jets above this, GeV, as HT does. */
const htJetPt = 30;
/** No GMT muon without it; 12 is the best quality. */
const quality = 12;

type Row = Readonly<Record<string, number>>;
interface Crossing {
  readonly muons: Row[];
  readonly jets: Row[];
  readonly egs: Row[];
  readonly taus: Row[];
}

/**
 * Simulates orbit `orbit`, a pure function of (seed, orbit, config): single muons with a falling
 * spectrum, pairs from resonances, both with the Level-1 response of `simulateMuons`; jets,
 * e/gammas and taus with falling spectra, flat in eta and phi; sums of those jets. The charges of
 * single muons are random, so that two of them make the same-sign background of a dimuon spectrum.
 */
export function simulateOrbit(
  { orbit, seed, config = orbitSimulation }: SimulateOrbitOptions,
  into?: WholeOrbit,
): WholeOrbit {
  if (!Number.isInteger(orbit) || orbit < 0 || orbit >= 2 ** 31)
    throw new ConfigError(`simulateOrbit.orbit: expected an integer in [0, 2^31), got ${orbit}`);
  const rng = createRng(seed).split(orbit);
  const crossings = Array.from(config.filling, (filled) => simulateCrossing(rng, filled, config));
  echo(rng, crossings, config);
  const bx = Uint16Array.from(crossings, (_, e) => e + 1);
  return orbitFromEvents(collect(crossings), { orbit, bx }, into);
}

export interface SimulateOrbitOptions {
  readonly orbit: number;
  /** Any seed of `createRng`. */
  readonly seed: number | string;
  readonly config?: OrbitSimulation;
}

function simulateCrossing(rng: Rng, filled: number, config: OrbitSimulation): Crossing {
  const crossing: Crossing = { muons: [], jets: [], egs: [], taus: [] };
  if (filled === 0) return crossing;
  for (let k = poisson(rng, config.muons); k > 0; k--) addMuon(rng, crossing, singleMuon(rng));
  for (const { resonance, mean } of config.pairs)
    for (let k = poisson(rng, mean); k > 0; k--)
      for (const muon of decayToMuons(rng, resonance)) addMuon(rng, crossing, muon);
  for (const kind of ["jets", "egs", "taus"] as const) {
    const [ptMin, index] = caloSpectra[kind];
    const { pt, eta, phi } = l1Scales[kind === "jets" ? "jet" : kind === "egs" ? "eg" : "tau"];
    const etaMax = kind === "jets" ? 5 : 2.5;
    for (let k = poisson(rng, config[kind]); k > 0; k--) {
      const value = ptMin * (1 - rng.uniform()) ** (-1 / index);
      crossing[kind].push({
        hwPt: clamp(Math.round(value / pt.width), pt),
        hwEta: clamp(Math.round((etaMax * (2 * rng.uniform() - 1)) / eta.width), eta),
        hwPhi: rng.integer(stepsOf(phi)),
        ...(kind !== "jets" && { hwIso: rng.integer(4) }),
      });
    }
    crossing[kind].sort((a, b) => b.hwPt - a.hwPt);
  }
  return crossing;
}

function singleMuon(rng: Rng): TrueMuon {
  const { ptMin, ptMax, ptIndex, etaMax } = muonSimulation;
  const pareto = (ptMin / ptMax) ** ptIndex;
  return {
    pt: ptMin * (pareto + (1 - pareto) * rng.uniform()) ** (-1 / ptIndex),
    eta: etaMax * (2 * rng.uniform() - 1),
    phi: Math.PI * (2 * rng.uniform() - 1),
    charge: rng.uniform() < 0.5 ? -1 : 1,
  };
}

/** Adds what Level 1 sees of a muon: nothing below the lowest pt or outside the detector. */
function addMuon(rng: Rng, { muons }: Crossing, { pt, eta, phi, charge }: TrueMuon): void {
  const config = muonSimulation;
  if (pt < config.ptMin || Math.abs(eta) > config.etaMax) return;
  const scales = l1Scales.muon;
  const bend = bendAt(eta, config);
  const atStation = phi - (charge * bend) / pt + (config.scattering / pt) * rng.normal();
  const etaAtStation = stationEta(eta, bend / pt, config) + config.etaSmear * rng.normal();
  const measured = pt * Math.exp(ptSmearAt(eta, config) * rng.normal());
  const seen = rng.uniform() < wrongChargeAt(pt, config) ? -charge : charge;
  const azimuth = (x: number) => Math.floor(to0to2Pi(x) / scales.phi.width) % stepsOf(scales.phi);
  const pseudorapidity = (x: number) => clamp(Math.round(x / scales.eta.width), scales.eta);
  muons.push({
    hwPt: Math.max(
      1,
      clamp(1 + Math.floor((config.ptScale * measured) / scales.pt.width), scales.pt),
    ),
    hwEta: pseudorapidity(etaAtStation),
    hwPhi: azimuth(atStation),
    hwEtaAtVtx: pseudorapidity(
      etaAtStation - config.etaLengthening * Math.tanh(eta) * (bend / measured) ** 2,
    ),
    hwPhiAtVtx: azimuth(atStation + (seen * bend) / measured),
    hwQual: quality,
    hwCharge: seen < 0 ? 1 : 0,
    hwChargeValid: 1,
    tfMuonIndex: 36 + rng.integer(36),
  });
}

/** Objects that show in the crossing before or behind as well; echoes have no echoes. */
function echo(rng: Rng, crossings: readonly Crossing[], config: OrbitSimulation): void {
  const sizes = crossings.map(({ muons, jets, egs, taus }) => ({
    muons: muons.length,
    jets: jets.length,
    egs: egs.length,
    taus: taus.length,
  }));
  const ways = [
    [-1, config.prefiring],
    [1, config.afterpulsing],
  ] as const;
  for (const [step, probability] of ways) {
    if (probability === 0) continue;
    crossings.forEach((crossing, e) => {
      const neighbor = crossings[e + step];
      if (neighbor === undefined) return;
      for (const kind of ["muons", "jets", "egs", "taus"] as const)
        for (let i = 0; i < sizes[e][kind]; i++)
          if (rng.uniform() < probability) neighbor[kind].push(crossing[kind][i]);
    });
  }
}

function collect(crossings: readonly Crossing[]): Level1Events {
  const of = (name: string, rows: (c: Crossing) => readonly Row[], columns: readonly string[]) =>
    collection(name, crossings.map(rows), columns);
  const direction = ["hwPt", "hwEta", "hwPhi"];
  const muonColumns = [...direction, "hwEtaAtVtx", "hwPhiAtVtx", "hwQual", "hwCharge"];
  return {
    L1Mu: of("L1Mu", (c) => c.muons, [...muonColumns, "hwChargeValid", "tfMuonIndex"]),
    L1Jet: of("L1Jet", (c) => c.jets, direction),
    L1EG: of("L1EG", (c) => c.egs, [...direction, "hwIso"]),
    L1Tau: of("L1Tau", (c) => c.taus, [...direction, "hwIso"]),
    L1EtSum: of("L1EtSum", (c) => sumsOf(c.jets), ["hwPt", "hwPhi", "etSumType"]),
  };
}

/** ET, HT and the missing ones (types 0 to 3) of jets. */
function sumsOf(jets: readonly Row[]): Row[] {
  const { pt, phi } = l1Scales.sum;
  const rows: Row[] = [];
  for (const [scalar, missing, minimum] of [
    [0, 2, 0],
    [1, 3, htJetPt / pt.width],
  ]) {
    let [sum, x, y] = [0, 0, 0];
    for (const { hwPt, hwPhi } of jets) {
      if (hwPt < minimum) continue;
      sum += hwPt;
      x -= hwPt * Math.cos(hwPhi * phi.width);
      y -= hwPt * Math.sin(hwPhi * phi.width);
    }
    const angle = Math.floor(to0to2Pi(Math.atan2(y, x)) / phi.width) % stepsOf(phi);
    rows.push({ hwPt: Math.min(pt.max, sum), hwPhi: 0, etSumType: scalar });
    rows.push({ hwPt: clamp(Math.round(Math.hypot(x, y)), pt), hwPhi: angle, etSumType: missing });
  }
  return rows;
}

function collection(
  name: string,
  rows: readonly (readonly Row[])[],
  columns: readonly string[],
): ObjectCollection {
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach((list, e) => {
    offsets[e + 1] = offsets[e] + list.length;
  });
  const all = rows.flat();
  const named = columns.map((c) => [c, Int32Array.from(all, (row) => row[c])]);
  return makeCollection(name, offsets, Object.fromEntries(named));
}

/** A Poisson number (inversion; means here are small). */
function poisson(rng: Rng, mean: number): number {
  let k = 0;
  for (let p = rng.uniform(), limit = Math.exp(-mean); p > limit; k++) p *= rng.uniform();
  return k;
}

const clamp = (value: number, { min, max }: HwScale) => Math.max(min, Math.min(max, value));

/** Steps of an azimuth in a full turn. */
const stepsOf = ({ width }: HwScale) => Math.round((2 * Math.PI) / width);
