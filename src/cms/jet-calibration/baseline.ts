import { ConfigError, DataError } from "../../base/errors.ts";
import { parseFormula } from "./formula.ts";
import type { JetCorrectionRow, JetsToCorrect } from "./jec.ts";
import { solvePositive } from "./linear-solve.ts";

/** The function of the official Level-1 scouting corrections. */
export const officialFormula = "[0]+[1]*x+[2]*x^2+[3]*log(x)";
const parameters = 4;

/** Bins of the baseline; the values in use follow the official corrections. */
export interface JetFitBins {
  /** Ascending edges in eta. */
  readonly etaEdges: readonly number[];
  /** Ascending edges in the pile-up proxy; the last bin is open above. */
  readonly pileupEdges: readonly number[];
  /** The function holds from ptMin to ptMax, GeV; beyond, its scale factor at the end is kept. */
  readonly ptMin: number;
  readonly ptMax: number;
}

const positiveEtas = [0.2, 0.4, 0.6, 0.8, 1, 1.3, 1.5, 1.7, 1.9, 2.1, 2.3, 2.5, 2.7];
const forwardEtas = [3, 3.3, 3.6, 4, 4.5, 5.1];
const absEtas = [...positiveEtas, ...forwardEtas];

/** 38 bins in eta and 7 in the pile-up proxy. */
export const officialBins: JetFitBins = {
  etaEdges: [...absEtas.map((e) => -e).reverse(), 0, ...absEtas],
  pileupEdges: [0, 10, 20, 30, 40, 60, 80],
  ptMin: 3,
  ptMax: 300,
};

/**
 * Sums of the least squares fits of all bins: per bin the rows, the normal matrix (upper
 * triangle) and the right side. Sums of parts of a sample add up to those of the whole.
 */
export interface JetFitSums {
  readonly bins: JetFitBins;
  readonly sums: Float64Array;
}

const triangle = (parameters * (parameters + 1)) / 2;
const stride = 1 + triangle + parameters;

/** Empty sums for these bins; `ConfigError` where edges do not ascend or ptMin is not positive. */
export function createJetFit(bins: JetFitBins = officialBins): JetFitSums {
  for (const [name, edges] of Object.entries({ eta: bins.etaEdges, pileup: bins.pileupEdges }))
    if (edges.length === 0 || edges.some((e, i) => i > 0 && !(e > edges[i - 1])))
      throw new ConfigError(`createJetFit: ${name} edges must ascend, got ${edges.join(", ")}`);
  if (!(bins.ptMin > 0 && bins.ptMin < bins.ptMax))
    throw new ConfigError(
      `createJetFit: expected 0 < ptMin < ptMax, got ${bins.ptMin} and ${bins.ptMax}`,
    );
  const cells = (bins.etaEdges.length - 1) * bins.pileupEdges.length;
  return { bins, sums: new Float64Array(cells * stride) };
}

/**
 * Adds matched jets, with their offline target pt in GeV [n], to the sums. The loss is the squared
 * relative error (prediction / target - 1)^2, what the report's rms is made of. Jets outside the
 * bins are left out. Throws `DataError` for a target that is not positive.
 */
export function fillJetFit(fit: JetFitSums, jets: JetsToCorrect, target: ArrayLike<number>): void {
  const { bins, sums } = fit;
  const basis = new Float64Array(parameters);
  for (let i = 0; i < target.length; i++) {
    if (!(target[i] > 0))
      throw new DataError(`fillJetFit: row ${i} has target ${target[i]}; keep matched jets only`);
    const eta = binOf(bins.etaEdges, jets.eta[i]);
    const pileup = binOf(bins.pileupEdges, jets.pileup[i]);
    if (eta < 0 || eta >= bins.etaEdges.length - 1 || pileup < 0 || !(jets.pt[i] > 0)) continue;
    const x = Math.max(bins.ptMin, Math.min(bins.ptMax, jets.pt[i]));
    const scale = jets.pt[i] / x / target[i]; // d (prediction / target) / d formula
    basis[0] = scale;
    basis[1] = scale * x;
    basis[2] = scale * x * x;
    basis[3] = scale * Math.log(x);
    let at = (eta * bins.pileupEdges.length + pileup) * stride;
    sums[at++]++;
    for (let j = 0; j < parameters; j++)
      for (let k = j; k < parameters; k++) sums[at++] += basis[j] * basis[k];
    for (let j = 0; j < parameters; j++) sums[at++] += basis[j];
  }
}

/** The sums of two parts taken together; `ConfigError` where their bins differ. */
export function mergeJetFits(a: JetFitSums, b: JetFitSums): JetFitSums {
  if (JSON.stringify(a.bins) !== JSON.stringify(b.bins))
    throw new ConfigError("mergeJetFits: the fits have different bins");
  return { bins: a.bins, sums: a.sums.map((sum, i) => sum + b.sums[i]) };
}

/**
 * Corrections in the official form from the sums. A bin with fewer than `minRows` rows, or
 * whose function would not be positive, takes in its neighbors in pile-up, then the other eta
 * bins; where that does not help either the factor is 1.
 */
export function solveJetFit({ bins, sums }: JetFitSums, minRows = 1000): JetCorrectionRow[] {
  const { ptMin, ptMax, etaEdges, pileupEdges } = bins;
  const nPileup = pileupEdges.length;
  const rows: JetCorrectionRow[] = [];
  for (let eta = 0; eta + 1 < etaEdges.length; eta++)
    for (let pileup = 0; pileup < nPileup; pileup++) {
      const total = new Float64Array(stride);
      const add = (from: number, to: number) => {
        for (let cell = from; cell <= to; cell++)
          for (let k = 0; k < stride; k++) total[k] += sums[cell * stride + k];
      };
      const first = eta * nPileup;
      let [low, high] = [pileup, pileup];
      add(first + pileup, first + pileup);
      let solved = solveCell(total, minRows, bins);
      while (solved === null && (low > 0 || high < nPileup - 1)) {
        if (low > 0) add(first + --low, first + low);
        if (high < nPileup - 1) add(first + ++high, first + high);
        solved = solveCell(total, minRows, bins);
      }
      if (solved === null) {
        add(0, first - 1);
        add(first + nPileup, (etaEdges.length - 1) * nPileup - 1);
        solved = solveCell(total, 1, bins);
      }
      rows.push({
        ptMin,
        ptMax: solved?.ptMax ?? ptMax,
        etaMin: etaEdges[eta],
        etaMax: etaEdges[eta + 1],
        pileupMin: pileupEdges[pileup],
        pileupMax: pileupEdges[pileup + 1] ?? -1,
        formula,
        parameters: solved?.parameters ?? [0, 1, 0, 0],
      });
    }
  return rows;
}

const formula = parseFormula(officialFormula);

/**
 * Parameters of one bin and the pt up to which its function holds; null where its rows do not
 * determine one that starts positive.
 */
function solveCell(
  cell: Float64Array,
  minRows: number,
  bins: JetFitBins,
): { parameters: number[]; ptMax: number } | null {
  if (cell[0] < minRows) return null;
  const n = parameters;
  const matrix = new Float64Array(n * n);
  let at = 1;
  for (let j = 0; j < n; j++)
    for (let k = j; k < n; k++, at++) {
      matrix[j * n + k] = cell[at];
      matrix[k * n + j] = cell[at];
    }
  const right = cell.slice(1 + triangle);
  // in units of each basis function's own size the matrix is well conditioned
  const size = right.map((_, j) => Math.sqrt(matrix[j * n + j]) || 1);
  const scaled = matrix.map((v, i) => v / size[Math.floor(i / n)] / size[i % n]);
  const solved = solvePositive(
    scaled,
    right.map((v, j) => v / size[j]),
  );
  if (solved === null) return null;
  const result = Array.from(solved, (v, j) => v / size[j]);
  const ptMax = validUpTo(result, bins);
  return ptMax > bins.ptMin ? { parameters: result, ptMax } : null;
}

/**
 * A bin with few hard jets does not know its function there: it holds up to where it falls below
 * half of its largest value, which a corrected pt that grows with the uncorrected one never does.
 */
function validUpTo(parameters: readonly number[], { ptMin, ptMax }: JetFitBins): number {
  let largest = 0;
  let last = 0;
  for (let x = ptMin; ; x = Math.min(1.05 * x, ptMax)) {
    const value = formula.evaluate(x, parameters);
    if (!(value > 0) || value < largest / 2) return last;
    largest = Math.max(largest, value);
    last = x;
    if (x === ptMax) return last;
  }
}

/** Index of the last edge that is at most x; -1 below the first and for NaN. */
function binOf(edges: readonly number[], x: number): number {
  let bin = -1;
  while (bin + 1 < edges.length && edges[bin + 1] <= x) bin++;
  return bin;
}
