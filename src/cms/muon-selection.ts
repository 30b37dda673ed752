import { DataError } from "../base/errors.ts";
import { muonScales } from "./muon-scales.ts";
import { type Muons, muonColumnNames, takeMuons } from "./muons.ts";

export interface SelectMuonsOptions {
  /** Level-1 pt window, GeV, both ends excluded; pt = 0.5 GeV hwPt (default 5.5). */
  readonly ptMin?: number;
  /** (default 45) */
  readonly ptMax?: number;
}

/** The selected muons and what became of every row. */
export interface MuonSelection {
  readonly muons: Muons;
  /** The selected rows of the input [kept], ascending. */
  readonly rows: Uint32Array;
  readonly counts: {
    readonly rows: number;
    readonly unmatched: number;
    readonly duplicates: number;
    readonly outsidePt: number;
    readonly kept: number;
  };
}

/**
 * The report's muon selection (Losapio 2021, section 4a), in this order: unmatched muons (all
 * three reco values zero) are dropped, of rows equal in every column the first is kept, and
 * ptMin < 0.5 hwPtL1 < ptMax is required. Each dropped row counts once, where it fails first.
 */
export function selectMuons(
  muons: Muons,
  { ptMin = 5.5, ptMax = 45 }: SelectMuonsOptions = {},
): MuonSelection {
  const n = muons.hwPtL1.length;
  for (const name of muonColumnNames)
    if (muons[name].length !== n)
      throw new DataError(`selectMuons: ${name} has ${muons[name].length} rows, hwPtL1 has ${n}`);
  const { hwPtL1, ptReco, etaVtxReco, phiVtxReco } = muons;
  const isFirst = firstSeen(muons);
  const rows = new Uint32Array(n);
  let kept = 0;
  let unmatched = 0;
  let duplicates = 0;
  for (let i = 0; i < n; i++) {
    const pt = hwPtL1[i] * muonScales.hwPtL1.width;
    if (ptReco[i] === 0 && etaVtxReco[i] === 0 && phiVtxReco[i] === 0) unmatched++;
    else if (!isFirst(i)) duplicates++;
    else if (pt > ptMin && pt < ptMax) rows[kept++] = i;
  }
  const counts = {
    rows: n,
    unmatched,
    duplicates,
    outsidePt: n - unmatched - duplicates - kept,
    kept,
  };
  const selected = rows.slice(0, kept);
  return { muons: takeMuons(muons, selected), rows: selected, counts };
}

/** A test "no row equal to this one was asked about before": a hash set of rows, open addressing. */
function firstSeen(muons: Muons): (row: number) => boolean {
  const columns = muonColumnNames.map((name) => muons[name]);
  const words = columns.map((c) => new Uint32Array(c.buffer, c.byteOffset, c.length));
  const size = 2 ** Math.ceil(Math.log2(2 * muons.hwPtL1.length + 2));
  const slots = new Int32Array(size).fill(-1);
  const areEqual = (i: number, j: number) => columns.every((c) => c[i] === c[j]);
  return (row) => {
    let hash = 0;
    for (const word of words) hash = Math.imul(hash ^ word[row], 0x9e3779b1) ^ (hash >>> 15);
    for (let slot = (hash ^ (hash >>> 13)) & (size - 1); ; slot = (slot + 1) & (size - 1)) {
      if (slots[slot] < 0) {
        slots[slot] = row;
        return true;
      }
      if (areEqual(slots[slot], row)) return false;
    }
  };
}
