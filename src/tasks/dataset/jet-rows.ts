import {
  jetStatistics,
  l1Scales,
  matchedPairs,
  type ObjectCollection,
  objectCount,
  physicalHw,
  takeValues,
  wrapPhi,
} from "../../cms/index.ts";
import { type Column, makeTable } from "../../data/index.ts";
import { noCounts } from "./counts.ts";
import type { EventBatch } from "./events.ts";
import { eventOf, idColumns, type MatchedBatch, selectAndMatch, taken } from "./match.ts";
import type { DatasetSettings } from "./settings.ts";

/**
 * Level-1 jets with an offline partner, one row each (Losapio 2021, section 2b): the summed pt of
 * the offline jets nearest to it, their number, the smallest distance. Trigger objects have no
 * Level-1 direction (theirs is the high-level trigger's), so their rows have no hardware columns.
 * NaN is a missing value.
 */
export function jetRows(batch: EventBatch, settings: DatasetSettings): MatchedBatch {
  const { level1, offline, matches } = selectAndMatch(batch, settings);
  const pairs = matchedPairs(matches);
  const n = objectCount(level1);
  const multiplicity = new Uint16Array(n);
  const matchedPt = new Float64Array(n);
  const nearest = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  for (let k = 0; k < pairs.offline.length; k++) {
    const [i, j] = [pairs.offline[k], pairs.level1[k]];
    multiplicity[j]++;
    matchedPt[j] += offline.columns.pt[i];
    nearest[j] = Math.min(nearest[j], matches.deltaR[i]);
  }
  const rows = Uint32Array.from(multiplicity.keys()).filter((j) => multiplicity[j] > 0);
  const at = (values: ArrayLike<number> | undefined) => ({ values, rows });
  const { pt, eta, phi, hwQual } = level1.columns;
  const isLevel1 = settings.source === "l1";
  const table = makeTable([
    ...(isLevel1 ? hardware(level1, rows) : []),
    taken("sumPtReco", "float32", { ...at(matchedPt), unit: "GeV" }),
    taken("multiplicity", "int32", at(multiplicity)),
    taken("ptL1", "float32", { ...at(pt), unit: "GeV" }),
    taken(isLevel1 ? "etaL1" : "etaHlt", "float32", at(eta)),
    taken(isLevel1 ? "phiL1" : "phiHlt", "float32", { ...at(phi.map(wrapPhi)), unit: "rad" }),
    ...(isLevel1 ? [taken("hwQualL1", "int32", at(hwQual))] : []),
    taken("deltaR", "float32", at(nearest)),
    ...idColumns(batch, takeValues(eventOf(level1), rows)),
  ]);
  const jets = ({ offsets, columns }: ObjectCollection) => ({
    offsets,
    eta: columns.eta,
    phi: columns.phi,
    pt: columns.pt,
  });
  const { all, central } = jetStatistics(jets(offline), jets(level1), {
    ...matches,
    multiplicity,
    matchedPt,
  });
  const counts = {
    ...noCounts,
    events: offline.events,
    l1Objects: n,
    offlineObjects: objectCount(offline),
    matched: pairs.offline.length,
    rows: rows.length,
    all,
    central,
  };
  const ratios = Float32Array.from(
    pairs.offline,
    (i, k) => Number(pt[pairs.level1[k]]) / Number(offline.columns.pt[i]),
  );
  return { table, counts, ratios };
}

/** Hardware integers; those that a file lacks follow exactly from the scales, phi in CMSSW's. */
function hardware({ columns }: ObjectCollection, rows: Uint32Array): Column[] {
  const { pt, eta, phiCmssw } = l1Scales.jet;
  const of = (name: string, values: ArrayLike<number>) => taken(name, "int32", { values, rows });
  return [
    of("hwPt", columns.hwPt ?? physicalHw(pt, columns.pt)),
    of("hwEta", columns.hwEta ?? physicalHw(eta, columns.eta)),
    of("hwPhi", columns.hwPhi ?? physicalHw(phiCmssw, columns.phi)),
  ];
}
