import { ConfigError } from "../../base/errors.ts";
import { jetPtWidth, towerHwEtas } from "./calo-towers.ts";
import { type JetSimulationConfig, jetSimulation } from "./jet-config.ts";
import { type JetRows, jetRows } from "./jet-rows.ts";
import { simulateJets } from "./jets.ts";

/**
 * Inputs a floor is conditioned on: the Level-1 integers alone, or with the pile-up proxy of the
 * event too. hwPhi tells nothing, and the sign of hwEta mirrors, because the simulation is
 * symmetric in both; every function of (hwPt, hwEta, hwPhi) is therefore covered by the first.
 */
export type JetFloorInputs = "level1" | "level1+towers";

/**
 * Sums of a floor, per cell of (hwPt, |hwEta|) and for two halves of the sample; those of two samples
 * add up (`mergeJetFloors`).
 */
export interface JetFloorSums {
  readonly inputs: JetFloorInputs;
  /**
   * Per cell and half, with u = L / t of Level-1 and offline pt and T the lit towers: n, then sums
   * of u T^k, of u^2 T^j, of L t T^k and of L^2 T^j, k up to the degree in T and j up to twice that.
   */
  readonly sums: Float64Array;
}

/**
 * Degree in the lit towers of what the prediction of a cell is multiplied with. They spread
 * widely, so that a smooth function of them is closer to the best than bins of few rows are.
 */
const degrees: Readonly<Record<JetFloorInputs, number>> = { level1: 0, "level1+towers": 2 };
/** Lit towers in units of this, for sums of similar size. */
const towerUnit = 50;
/** Bins in pt: every hwPt up to 20 GeV, then 4 % wide up to 1023.5 GeV. */
const singlePts = 40;
const ptBins = singlePts + 1 + Math.ceil(Math.log(2048 / singlePts) / 0.04);
const strips = towerHwEtas.length;

/** Where the sums of a half begin, and their number. */
function layout(inputs: JetFloorInputs) {
  const degree = degrees[inputs];
  const [low, high] = [degree + 1, 2 * degree + 1];
  const [u, u2] = [1, 1 + low];
  const [lt, l2] = [u2 + high, u2 + high + low];
  return { low, high, u, u2, lt, l2, size: l2 + high };
}

/** Empty sums. */
export function createJetFloor(inputs: JetFloorInputs): JetFloorSums {
  return { inputs, sums: new Float64Array(strips * ptBins * 2 * layout(inputs).size) };
}

/** Adds matched jets of the simulation; rows alternate between the halves. */
export function fillJetFloor({ inputs, sums }: JetFloorSums, rows: JetRows): void {
  const { low, high, u, u2, lt, l2, size } = layout(inputs);
  const etaBin = new Uint8Array(129);
  for (const [i, hwEta] of towerHwEtas.entries()) etaBin[hwEta] = i;
  const step = 1 / 0.04;
  for (let i = 0; i < rows.hwPt.length; i++) {
    const hwPt = rows.hwPt[i];
    const fine = hwPt <= singlePts ? hwPt : singlePts + 1 + step * Math.log(hwPt / singlePts);
    const cell = etaBin[Math.abs(rows.hwEta[i])] * ptBins + Math.min(ptBins - 1, Math.floor(fine));
    const at = (2 * cell + (i & 1)) * size;
    const pt = hwPt * jetPtWidth;
    const t = rows.sumPtReco[i];
    const towers = rows.nTowers[i] / towerUnit;
    sums[at]++;
    for (let k = 0, power = 1; k < high; k++, power *= towers) {
      if (k < low) {
        sums[at + u + k] += (pt / t) * power;
        sums[at + lt + k] += pt * t * power;
      }
      sums[at + u2 + k] += (pt / t) ** 2 * power;
      sums[at + l2 + k] += pt * pt * power;
    }
  }
}

/** The sums of two samples together; `ConfigError` where their inputs differ. */
export function mergeJetFloors(a: JetFloorSums, b: JetFloorSums): JetFloorSums {
  if (a.inputs !== b.inputs)
    throw new ConfigError(`mergeJetFloors: inputs differ: ${a.inputs} and ${b.inputs}`);
  return { inputs: a.inputs, sums: a.sums.map((sum, i) => sum + b.sums[i]) };
}

/** The Bayes floor: the smallest rms of prediction / target - 1. */
export interface JetFloor {
  readonly inputs: JetFloorInputs;
  readonly rows: number;
  /** The rms of Level 1 itself. */
  readonly level1: number;
  /** Of the predictor E[1/t | x] / E[1/t^2 | x], which minimizes it: no model lies below. */
  readonly relative: number;
  /** Of the predictor E[t | x], which minimizes (prediction - t)^2. */
  readonly absolute: number;
}

/**
 * The floor from its sums. Within a cell the best prediction is k L, L the Level-1 pt and k a number
 * or a polynomial in the lit towers, so that the width of a cell matters in second order only;
 * neighbors in pt are joined until a cell has `cellRows` rows for each coefficient of k. A k fitted
 * to n rows and judged on the same ones is too good by V / n per row and coefficient; fitted on one
 * half and judged on the other, it is too bad by V / (n/2). Two thirds of the first and one third
 * of the second is right to that order; the tests judge the rest.
 */
export function solveJetFloor({ inputs, sums }: JetFloorSums, cellRows = 60): JetFloor {
  const { size, low } = layout(inputs);
  const stride = 2 * size;
  const least = cellRows * low;
  const total = { n: 0, level1: 0, relative: 0, absolute: 0 };
  const count = (cell: number) => sums[cell * stride] + sums[cell * stride + size];
  for (let strip = 0; strip < strips; strip++) {
    const first = strip * ptBins;
    let left = 0;
    for (let bin = 0; bin < ptBins; bin++) left += count(first + bin);
    let joined = new Float64Array(stride);
    for (let bin = 0; bin < ptBins; bin++) {
      for (let k = 0; k < stride; k++) joined[k] += sums[(first + bin) * stride + k];
      left -= count(first + bin);
      const n = joined[0] + joined[size];
      // what is left must be able to fill the next cell
      if (left > 0 && (n < least || left < least)) continue;
      if (n > 0) addCell(inputs, total, joined);
      joined = new Float64Array(stride);
    }
  }
  const { n, level1, relative, absolute } = total;
  const root = (sum: number) => Math.sqrt(sum / n);
  return {
    inputs,
    rows: n,
    level1: root(level1),
    relative: root(relative),
    absolute: root(absolute),
  };
}

/** Adds the losses of one cell, summed over its rows. */
function addCell(
  inputs: JetFloorInputs,
  total: { n: number; level1: number; relative: number; absolute: number },
  cell: Float64Array,
): void {
  const { low, u, u2, lt, l2, size } = layout(inputs);
  const halves = [cell.subarray(0, size), cell.subarray(size)];
  const both = halves[0].map((sum, k) => sum + halves[1][k]);
  // sum of (k u - 1)^2 for k = sum k_i T^i
  const loss = (k: readonly number[], part: Float64Array) => {
    let sum = part[0];
    for (const [i, ki] of k.entries()) {
      sum -= 2 * ki * part[u + i];
      for (const [j, kj] of k.entries()) sum += ki * kj * part[u2 + i + j];
    }
    return sum;
  };
  const fits = {
    relative: (part: Float64Array) => solveMoments(part.subarray(u2), part.subarray(u, u + low)),
    absolute: (part: Float64Array) => solveMoments(part.subarray(l2), part.subarray(lt, lt + low)),
  };
  // each half must be able to fix the coefficients
  const hasBoth = Math.min(halves[0][0], halves[1][0]) >= low;
  total.n += both[0];
  total.level1 += loss([1], both);
  for (const name of ["relative", "absolute"] as const) {
    const fit = fits[name];
    const same = loss(fit(both), both);
    if (!hasBoth) {
      total[name] += same;
      continue;
    }
    const other = loss(fit(halves[0]), halves[1]) + loss(fit(halves[1]), halves[0]);
    total[name] += (2 * same + other) / 3;
  }
}

/** Solves sum_j m[i + j] k_j = b_i, whose matrix is positive definite, by Gauss elimination. */
function solveMoments(m: Float64Array, b: Float64Array): number[] {
  const n = b.length;
  const rows = Array.from(b, (bi, i) => [...m.subarray(i, i + n), bi]);
  const tiny = 1e-12; // where all rows have equally many towers, their powers count once
  for (const [p, pivot] of rows.entries()) {
    const isFixed = pivot[p] > tiny * m[2 * p];
    for (const row of rows) {
      if (row === pivot) continue;
      const factor = isFixed ? row[p] / pivot[p] : 0;
      for (let k = p; k <= n; k++) row[k] -= factor * pivot[k];
      row[p] = 0;
    }
    if (!isFixed) pivot.fill(0);
  }
  return rows.map((row, i) => (row[i] === 0 ? 0 : row[n] / row[i]));
}

export interface JetFloorOptions {
  readonly inputs?: JetFloorInputs;
  /** Events of the independent sample the floor comes from (default 300,000). */
  readonly events?: number;
  readonly seed?: number | string;
  readonly config?: JetSimulationConfig;
}

/**
 * The Bayes floor of the jet simulation by Monte Carlo: the error is about 0.3 % of the floor at the
 * default size, falling with the root of `events`.
 */
export function jetFloor({
  inputs = "level1",
  events = 300_000,
  seed = "jet floor",
  config = jetSimulation,
}: JetFloorOptions = {}): JetFloor {
  const floor = createJetFloor(inputs);
  const slice = 16 * 1024;
  for (let first = 0; first < events; first += slice) {
    const part = { events: Math.min(slice, events - first), first, seed, config };
    fillJetFloor(floor, jetRows(simulateJets(part)));
  }
  return solveJetFloor(floor);
}
