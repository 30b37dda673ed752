import { wrapPhi } from "../../../src/cms/kinematics.ts";
import type { MuonPrediction, Muons } from "../../../src/cms/muons.ts";

const phiStep = (2 * Math.PI) / 576;
const etaStep = 0.010875;

/** Means over the muons of one cell; bend and eta mirrored to a negative muon at positive hwEta. */
interface Cell {
  n: number;
  inversePt: number;
  inversePt2: number;
  bend: number;
  eta: number;
}

/**
 * The slow twin of the posterior: means of simulated muons in cells of (hwPtL1, |hwEtaL1| / group),
 * eta kept as the difference to Level 1 so that wide cells do not blur it.
 */
export function createBinnedMuons(group = 1) {
  const cells = new Map<number, Cell>();
  const empty = { n: 0, inversePt: 0, inversePt2: 0, bend: 0, eta: 0 };
  const find = (hwPt: number, hwEta: number) => hwPt * 512 + Math.floor(Math.abs(hwEta) / group);
  const mean = (hwPt: number, hwEta: number): Cell => {
    const c = cells.get(find(hwPt, hwEta));
    if (!c) return empty;
    return {
      n: c.n,
      inversePt: c.inversePt / c.n,
      inversePt2: c.inversePt2 / c.n,
      bend: c.bend / c.n,
      eta: c.eta / c.n + Math.abs(hwEta) * etaStep,
    };
  };
  return {
    add(muons: Muons) {
      for (let i = 0; i < muons.hwPtL1.length; i++) {
        const key = find(muons.hwPtL1[i], muons.hwEtaL1[i]);
        const c = cells.get(key) ?? { ...empty };
        if (c.n === 0) cells.set(key, c);
        const sign = muons.hwEtaL1[i] < 0 ? -1 : 1;
        const deltaPhi = wrapPhi((muons.hwPhiL1[i] + 0.5) * phiStep - muons.phiVtxReco[i]);
        c.n++;
        c.inversePt += 1 / muons.ptReco[i];
        c.inversePt2 += 1 / muons.ptReco[i] ** 2;
        c.bend += (2 * muons.hwSignL1[i] - 1) * deltaPhi;
        c.eta += sign * (muons.etaVtxReco[i] - muons.hwEtaL1[i] * etaStep);
      }
    },
    cell: mean,
    /** Least relative pt error, mean eta, mean phi; Level 1 where the cell is empty. */
    predict(muons: Muons): MuonPrediction {
      const n = muons.hwPtL1.length;
      const out = { pt: new Float64Array(n), eta: new Float64Array(n), phi: new Float64Array(n) };
      for (let i = 0; i < n; i++) {
        const c = mean(muons.hwPtL1[i], muons.hwEtaL1[i]);
        const sign = muons.hwEtaL1[i] < 0 ? -1 : 1;
        out.pt[i] = c.n > 0 ? c.inversePt / c.inversePt2 : muons.hwPtL1[i] / 2;
        out.eta[i] = c.n > 0 ? sign * c.eta : muons.hwEtaL1[i] * etaStep;
        out.phi[i] = (muons.hwPhiL1[i] + 0.5) * phiStep - (2 * muons.hwSignL1[i] - 1) * c.bend;
      }
      return out;
    },
  };
}
