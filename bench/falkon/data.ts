import { muonBlockRows, simulateMuons } from "../../src/cms/simulate/muons.ts";

/** Simulated muons as a regression: x [rows, 4] and y [rows, 3], standardized by fixed numbers. */
export interface MuonRows {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

export const features = 4;
export const targets = 3;

/**
 * Features: log2 of the Level-1 pt, eta, phi and charge bit. Targets: what Level-1 gets wrong, in
 * units of its typical error: phi (wrapped), eta, and the ratio of pt. Unmatched rows are left out.
 */
export function muonRows(rows: number, seed: number | string): MuonRows {
  const x = new Float32Array(rows * features);
  const y = new Float32Array(rows * targets);
  let done = 0;
  for (let first = 0; done < rows; first += muonBlockRows) {
    const m = simulateMuons({ rows: muonBlockRows, first, seed });
    for (let i = 0; i < muonBlockRows && done < rows; i++) {
      const pt = (m.hwPtL1[i] - 1) / 2 + 0.25;
      const ptReco = m.ptReco[i];
      if (!(ptReco > 0) || !(pt > 0)) continue;
      const phi = (m.hwPhiL1[i] * 2 * Math.PI) / 576;
      const eta = m.hwEtaL1[i] * 0.010875;
      const turn = m.phiVtxReco[i] - phi;
      x[4 * done] = (Math.log2(pt) - 3) / 1.2;
      x[4 * done + 1] = eta / 1.3;
      x[4 * done + 2] = (phi - Math.PI) / 1.8;
      x[4 * done + 3] = m.hwSignL1[i] * 2 - 1;
      y[3 * done] = (turn - 2 * Math.PI * Math.round(turn / (2 * Math.PI))) / 0.25;
      y[3 * done + 1] = (m.etaVtxReco[i] - eta) / 0.03;
      y[3 * done + 2] = (Math.min(3, ptReco / pt) - 1) / 0.3;
      done++;
    }
  }
  return { x, y };
}

/** Root mean square of prediction - truth per target. */
export function rootMeanSquares(prediction: Float32Array, truth: Float32Array): number[] {
  const sums = new Array<number>(targets).fill(0);
  for (let i = 0; i < truth.length; i++) sums[i % targets] += (prediction[i] - truth[i]) ** 2;
  return sums.map((sum) => Math.sqrt((sum * targets) / truth.length));
}
