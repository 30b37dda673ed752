import { DataError, FormatError } from "../../base/errors.ts";
import { type Formula, parseFormula } from "./formula.ts";

/**
 * One row of jet energy corrections: valid in [etaMin, etaMax) and [pileupMin, pileupMax), where a
 * negative pile-up bound is none; the formula gives the corrected pt of x, the uncorrected pt held
 * within [ptMin, ptMax] GeV.
 */
export interface JetCorrectionRow {
  readonly ptMin: number;
  readonly ptMax: number;
  readonly etaMin: number;
  readonly etaMax: number;
  readonly pileupMin: number;
  readonly pileupMax: number;
  readonly formula: Formula;
  readonly parameters: readonly number[];
}

/**
 * Reads the text format of the Level-1 scouting corrections: per line ptMin ptMax etaMin etaMax
 * pileupMin pileupMax formula n p0 .. p(n-1), blank separated; the pile-up proxy is the number of
 * towers with hwPt > 0 at |hwEta| <= 4. Lines that are empty or start with # are skipped.
 * Throws `FormatError` with `path` and line.
 * @see missirol/cmssw-L1ScoutingTools, Reconstruction/plugins/L1TCaloTowerJetCorrectorC.cc
 */
export function parseJetCorrections(text: string, path = "corrections"): JetCorrectionRow[] {
  const rows: JetCorrectionRow[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const content = line.trim();
    if (content === "" || content.startsWith("#")) continue;
    rows.push(parseRow(content.split(/\s+/), `${path}:${i + 1}`));
  }
  if (rows.length === 0)
    throw new FormatError(`${path}: no corrections; is this a text file of jet corrections?`);
  return rows;
}

function parseRow(fields: readonly string[], where: string): JetCorrectionRow {
  if (fields.length < 9)
    throw new FormatError(
      `${where}: expected ptMin ptMax etaMin etaMax pileupMin pileupMax formula n and n parameters, got ${fields.length} fields`,
    );
  const number = (i: number, name: string) => {
    const value = Number(fields[i]);
    if (!Number.isFinite(value))
      throw new FormatError(`${where}: ${name}: expected a number, got "${fields[i]}"`);
    return value;
  };
  const [ptMin, ptMax] = [number(0, "ptMin"), number(1, "ptMax")];
  const [etaMin, etaMax] = [number(2, "etaMin"), number(3, "etaMax")];
  const [pileupMin, pileupMax] = [number(4, "pileupMin"), number(5, "pileupMax")];
  if (!(ptMin > 0 && ptMin < ptMax))
    throw new FormatError(`${where}: expected 0 < ptMin < ptMax, got ${ptMin} and ${ptMax}`);
  if (!(etaMin < etaMax))
    throw new FormatError(`${where}: expected etaMin < etaMax, got ${etaMin} and ${etaMax}`);
  if (pileupMax >= 0 && pileupMin >= pileupMax)
    throw new FormatError(
      `${where}: expected pileupMin < pileupMax, got ${pileupMin} and ${pileupMax}`,
    );
  const formula = parseFormula(fields[6], where);
  const n = number(7, "number of parameters");
  if (!(Number.isInteger(n) && n >= 0 && fields.length === 8 + n))
    throw new FormatError(
      `${where}: ${fields[7]} parameters announced, ${fields.length - 8} there`,
    );
  if (formula.parameters > n)
    throw new FormatError(
      `${where}: "${formula.text}" needs ${formula.parameters} parameters, ${n} there`,
    );
  const parameters = Array.from({ length: n }, (_, p) => number(8 + p, `parameter ${p}`));
  return { ptMin, ptMax, etaMin, etaMax, pileupMin, pileupMax, formula, parameters };
}

/** Corrections as text that `parseJetCorrections` reads back, parameters to nine digits. */
export function formatJetCorrections(rows: readonly JetCorrectionRow[]): string {
  const lines = rows.map((row) =>
    [
      ...[row.ptMin, row.ptMax].map((v) => v.toFixed(1).padStart(6)),
      ...[row.etaMin, row.etaMax].map((v) => v.toFixed(3).padStart(7)),
      ...[row.pileupMin, row.pileupMax].map((v) => v.toFixed(0).padStart(4)),
      `  ${row.formula.text}  ${row.parameters.length}`,
      ...row.parameters.map((v) => String(Number(v.toPrecision(9))).padStart(15)),
    ].join(" "),
  );
  return `${lines.join("\n")}\n`;
}

/**
 * The factor on the uncorrected pt (GeV) from the first row that holds (eta, pileup):
 * formula(x) / x at x = pt held within the row's range; 0 where no row does.
 */
export type JetCorrector = (pt: number, eta: number, pileup: number) => number;

/** Looks corrections up by grid cell rather than row by row; rows keep their order of precedence. */
export function createJetCorrector(rows: readonly JetCorrectionRow[]): JetCorrector {
  const etaEdges = edgesOf(rows.flatMap((r) => [r.etaMin, r.etaMax]));
  const pileupEdges = edgesOf(rows.flatMap((r) => [r.pileupMin, r.pileupMax]));
  const columns = pileupEdges.length + 1;
  const cells = new Int32Array((etaEdges.length + 1) * columns).fill(-1);
  for (let e = 0; e <= etaEdges.length; e++)
    for (let u = 0; u < columns; u++) {
      // the lower edge of a cell stands for all of it; below the first edge nothing is
      const eta = etaEdges[e - 1] ?? Number.NEGATIVE_INFINITY;
      const pileup = pileupEdges[u - 1] ?? Number.NEGATIVE_INFINITY;
      cells[e * columns + u] = rows.findIndex((r) => holds(r, eta, pileup));
    }
  return (pt, eta, pileup) => {
    const row = rows[cells[cellOf(etaEdges, eta) * columns + cellOf(pileupEdges, pileup)]];
    if (row === undefined) return 0;
    const x = Math.max(row.ptMin, Math.min(row.ptMax, pt));
    return row.formula.evaluate(x, row.parameters) / x;
  };
}

function holds(row: JetCorrectionRow, eta: number, pileup: number): boolean {
  const { etaMin, etaMax, pileupMin, pileupMax } = row;
  const isAbove = pileupMin < 0 || pileup >= pileupMin;
  const isBelow = pileupMax < 0 || pileup < pileupMax;
  return eta >= etaMin && eta < etaMax && isAbove && isBelow;
}

function edgesOf(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** Number of edges that are at most x. */
function cellOf(edges: readonly number[], x: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Columns of Level-1 jets, each [n]. */
export interface JetsToCorrect {
  /** Uncorrected pt, GeV. */
  readonly pt: ArrayLike<number>;
  readonly eta: ArrayLike<number>;
  /** Pile-up proxy of the jet's crossing. */
  readonly pileup: ArrayLike<number>;
}

/**
 * Corrected pt of jets in GeV [n]; NaN where no row applies or the corrected pt is not positive
 * (the official corrector drops such jets). Throws `DataError` where the columns differ in length.
 */
export function correctJets(jets: JetsToCorrect, corrector: JetCorrector): Float64Array {
  const { pt, eta, pileup } = jets;
  if (eta.length !== pt.length || pileup.length !== pt.length)
    throw new DataError(
      `correctJets: pt, eta and pileup have ${pt.length}, ${eta.length} and ${pileup.length} rows`,
    );
  return Float64Array.from({ length: pt.length }, (_, i) => {
    const factor = corrector(pt[i], eta[i], pileup[i]);
    return factor > 0 ? factor * pt[i] : Number.NaN;
  });
}
