import { DataError } from "../base/errors.ts";
import { dedupeRows } from "../data/dedupe.ts";
import { makeTable } from "../data/table.ts";
import { type Muons, muonColumnNames, muonColumns, takeMuons } from "./muons.ts";
import { muonScales } from "./scales.ts";

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
  const matched = Uint32Array.from({ length: n }, (_, i) => i).filter(
    (i) => ptReco[i] !== 0 || etaVtxReco[i] !== 0 || phiVtxReco[i] !== 0,
  );
  const { kept: distinct, dropped: duplicates } = dedupeRows(
    makeTable(muonColumns(takeMuons(muons, matched))),
  );
  const selected = distinct
    .map((i) => matched[i])
    .filter((i) => {
      const pt = hwPtL1[i] * muonScales.hwPtL1.width;
      return pt > ptMin && pt < ptMax;
    });
  const counts = {
    rows: n,
    unmatched: n - matched.length,
    duplicates,
    outsidePt: distinct.length - selected.length,
    kept: selected.length,
  };
  return { muons: takeMuons(muons, selected), rows: selected, counts };
}
