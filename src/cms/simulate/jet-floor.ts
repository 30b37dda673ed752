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
 * Sums of a floor, per cell of the inputs and for two halves of the sample; those of two samples
 * add up (`mergeJetFloors`).
 */
export interface JetFloorSums {
  readonly inputs: JetFloorInputs;
  /** Per cell and half: n, sum u, sum u^2, sum L t, sum L^2; u = L / t of Level-1 and offline pt. */
  readonly sums: Float64Array;
}

const sumsPerHalf = 5;
const stride = 2 * sumsPerHalf;
/** Bins in pt: every hwPt up to 20 GeV, then 4 % wide up to 1023.5 GeV. */
const singlePts = 40;
const ptBins = singlePts + 1 + Math.ceil(Math.log(2048 / singlePts) / 0.04);
interface Grid {
  /** Index of the first tower of each strip in |eta|. */
  readonly strips: readonly number[];
  /** Width and number of the bins in lit towers. */
  readonly towerStep: number;
  readonly layers: number;
}

/**
 * Every tower by itself; with the bins in lit towers, in groups where they are alike: the response
 * changes slowly within the barrel and endcap, and fast where the forward calorimeter begins.
 */
const grids: Readonly<Record<JetFloorInputs, Grid>> = {
  level1: { strips: towerHwEtas.map((_, i) => i), towerStep: 1024, layers: 1 },
  "level1+towers": {
    strips: [0, 4, 8, 12, 16, 20, 23, 26, 27, 28, 29, 34],
    towerStep: 10,
    layers: 11,
  },
};

/** Empty sums. */
export function createJetFloor(inputs: JetFloorInputs): JetFloorSums {
  const { layers, strips } = grids[inputs];
  return { inputs, sums: new Float64Array(layers * strips.length * ptBins * stride) };
}

/** Adds matched jets of the simulation; rows alternate between the halves. */
export function fillJetFloor({ inputs, sums }: JetFloorSums, rows: JetRows): void {
  const { towerStep, layers, strips } = grids[inputs];
  const etaBin = new Uint8Array(129);
  for (const [i, hwEta] of towerHwEtas.entries())
    etaBin[hwEta] = strips.filter((first) => first <= i).length - 1;
  const step = 1 / 0.04;
  for (let i = 0; i < rows.hwPt.length; i++) {
    const hwPt = rows.hwPt[i];
    const fine = hwPt <= singlePts ? hwPt : singlePts + 1 + step * Math.log(hwPt / singlePts);
    const layer = Math.min(layers - 1, Math.floor(rows.towers[i] / towerStep));
    const cell =
      (layer * strips.length + etaBin[Math.abs(rows.hwEta[i])]) * ptBins +
      Math.min(ptBins - 1, Math.floor(fine));
    const at = cell * stride + (i & 1) * sumsPerHalf;
    const pt = hwPt * jetPtWidth;
    const t = rows.ptReco[i];
    sums[at]++;
    sums[at + 1] += pt / t;
    sums[at + 2] += (pt / t) ** 2;
    sums[at + 3] += pt * t;
    sums[at + 4] += pt * pt;
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
 * The floor from its sums. Within a cell the best prediction is k L, L the Level-1 pt, so that the
 * width of a cell matters in second order only; neighbors in pt are joined until a cell has
 * `cellRows` rows. A k fitted to n rows and judged on the same ones is too good by V / n per row;
 * fitted on one half and judged on the other, it is too bad by V / (n/2). Two thirds of the first
 * and one third of the second is right to that order; the tests judge the rest.
 */
export function solveJetFloor({ inputs, sums }: JetFloorSums, cellRows = 60): JetFloor {
  const { layers, strips } = grids[inputs];
  const total = { n: 0, level1: 0, relative: 0, absolute: 0 };
  const count = (cell: number) => sums[cell * stride] + sums[cell * stride + sumsPerHalf];
  for (let strip = 0; strip < layers * strips.length; strip++) {
    const first = strip * ptBins;
    let left = 0;
    for (let bin = 0; bin < ptBins; bin++) left += count(first + bin);
    let joined = new Float64Array(stride);
    for (let bin = 0; bin < ptBins; bin++) {
      for (let k = 0; k < stride; k++) joined[k] += sums[(first + bin) * stride + k];
      left -= count(first + bin);
      const n = joined[0] + joined[sumsPerHalf];
      // what is left must be able to fill the next cell
      if (left > 0 && (n < cellRows || left < cellRows)) continue;
      if (n > 0) addCell(total, joined);
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
  total: { n: number; level1: number; relative: number; absolute: number },
  cell: Float64Array,
): void {
  const halves = [cell.subarray(0, sumsPerHalf), cell.subarray(sumsPerHalf)];
  const both = halves[0].map((sum, k) => sum + halves[1][k]);
  const loss = (k: number, [n, u, u2]: Float64Array) => k * k * u2 - 2 * k * u + n;
  const fits = {
    relative: ([, u, u2]: Float64Array) => u / u2,
    absolute: ([, , , lt, l2]: Float64Array) => lt / l2,
  };
  const hasBoth = halves[0][0] > 0 && halves[1][0] > 0;
  total.n += both[0];
  total.level1 += loss(1, both);
  for (const name of ["relative", "absolute"] as const) {
    const fit = fits[name];
    const same = loss(fit(both), both);
    const other = loss(fit(halves[0]), halves[1]) + loss(fit(halves[1]), halves[0]);
    total[name] += hasBoth ? (2 * same + other) / 3 : same;
  }
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
 * default size, falling with the root of `events`. With the pile-up proxy it is an upper bound,
 * by the width of its cells about 0.3 % above what it should be.
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
