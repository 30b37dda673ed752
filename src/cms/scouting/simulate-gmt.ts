import type { Rng } from "../../base/rng.ts";
import { to0to2Pi } from "../kinematics.ts";
import { l1Scales } from "../scales.ts";
import {
  bendAt,
  muonSimulation,
  ptSmearAt,
  stationEta,
  wrongChargeAt,
} from "../simulate/muon-config.ts";
import type { OrbitOf } from "./decoder.ts";
import { gmtKinds } from "./gmt.ts";
import { decayToMuons, type TrueMuon } from "./muon-pairs.ts";
import { crossingsPerOrbit } from "./orbit-objects.ts";
import { clampTo, echo, type Filling, stepsOf } from "./orbit-simulation.ts";

/** No GMT muon without it; 12 is the best quality. */
const quality = 12;
/** Columns that no simulated muon fills. */
const zeros = ["hwIso", "hwPtUnconstrained", "hwDXY", "spare", "extra"] as const;

/** A muon as Level 1 sees it. */
interface SeenMuon {
  readonly crossing: number;
  readonly hwPt: number;
  readonly hwEta: number;
  readonly hwPhi: number;
  readonly hwEtaAtVtx: number;
  readonly hwPhiAtVtx: number;
  readonly hwCharge: number;
  readonly tfMuonIndex: number;
}

/** Fills an empty orbit with single muons and pairs; a crossing keeps its first eight. */
export function fillMuons(into: OrbitOf<"gmt">, filling: Filling): void {
  const { rng, config, scatter } = filling;
  const muons: SeenMuon[] = [];
  const add = (crossing: number, muon: TrueMuon) => {
    const seen = seeMuon(rng, crossing, muon);
    if (seen === null) return;
    muons.push(seen);
    echo(filling, crossing, (other) => muons.push({ ...seen, crossing: other }));
  };
  scatter(rng, config.muons, (crossing) => add(crossing, singleMuon(rng)));
  for (const { resonance, mean } of config.pairs)
    scatter(rng, mean, (crossing) => {
      for (const muon of decayToMuons(rng, resonance)) add(crossing, muon);
    });
  write(
    muons.sort((a, b) => a.crossing - b.crossing),
    into,
  );
}

function write(muons: readonly SeenMuon[], { blocks, objects }: OrbitOf<"gmt">): void {
  const { offsets, columns } = objects.muons;
  const { hwPt, hwEta, hwPhi, hwEtaAtVtx, hwPhiAtVtx, hwQual, hwCharge } = columns;
  const { hwChargeValid, tfMuonIndex } = columns;
  let [i, n] = [0, 0];
  for (let e = 0; e < crossingsPerOrbit; e++) {
    const full = n + gmtKinds.muons.perCrossing;
    if (i < muons.length && muons[i].crossing === e) {
      blocks.bx[blocks.count] = e + 1;
      blocks.header[blocks.count] = 0;
      blocks.flag[blocks.count++] = 0;
    }
    for (; i < muons.length && muons[i].crossing === e; i++) {
      if (n === full) continue;
      const muon = muons[i];
      hwPt[n] = muon.hwPt;
      hwEta[n] = muon.hwEta;
      hwPhi[n] = muon.hwPhi;
      hwEtaAtVtx[n] = muon.hwEtaAtVtx;
      hwPhiAtVtx[n] = muon.hwPhiAtVtx;
      hwQual[n] = quality;
      hwCharge[n] = muon.hwCharge;
      hwChargeValid[n] = 1;
      tfMuonIndex[n++] = muon.tfMuonIndex;
    }
    offsets[e + 1] = n;
  }
  for (const name of zeros) columns[name].fill(0, 0, n);
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

/** What Level 1 sees of a muon: nothing below the lowest pt or outside the detector. */
function seeMuon(rng: Rng, crossing: number, { pt, eta, phi, charge }: TrueMuon): SeenMuon | null {
  const config = muonSimulation;
  if (pt < config.ptMin || Math.abs(eta) > config.etaMax) return null;
  const scales = l1Scales.muon;
  const bend = bendAt(eta, config);
  const atStation = phi - (charge * bend) / pt + (config.scattering / pt) * rng.normal();
  const etaAtStation = stationEta(eta, bend / pt, config) + config.etaSmear * rng.normal();
  const measured = pt * Math.exp(ptSmearAt(eta, config) * rng.normal());
  const seen = rng.uniform() < wrongChargeAt(pt, config) ? -charge : charge;
  const azimuth = (x: number) => Math.floor(to0to2Pi(x) / scales.phi.width) % stepsOf(scales.phi);
  const pseudorapidity = (x: number) => clampTo(scales.eta, Math.round(x / scales.eta.width));
  // the pt of `simulateMuons`, 0.5 GeV hwPtL1, is that of the trigger, 0.5 GeV (hwPt - 1)
  const hwPtL1 = 1 + Math.floor((config.ptScale * measured) / scales.pt.width);
  return {
    crossing,
    hwPt: clampTo(scales.pt, hwPtL1 + scales.pt.zero),
    hwEta: pseudorapidity(etaAtStation),
    hwPhi: azimuth(atStation),
    hwEtaAtVtx: pseudorapidity(
      etaAtStation - config.etaLengthening * Math.tanh(eta) * (bend / measured) ** 2,
    ),
    hwPhiAtVtx: azimuth(atStation + (seen * bend) / measured),
    hwCharge: seen < 0 ? 1 : 0,
    tfMuonIndex: 36 + rng.integer(36),
  };
}
