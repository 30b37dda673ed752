import {
  jetStatistics,
  matchedPairs,
  type ObjectCollection,
  objectCount,
  takeValues,
  wrapPhi,
} from "../../cms/index.ts";
import { type Column, makeTable } from "../../data/index.ts";
import { noCounts } from "./counts.ts";
import type { EventBatch } from "./events.ts";
import { hardwareColumns } from "./level1-columns.ts";
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
  const { towers } = batch;
  const event = takeValues(eventOf(level1), rows);
  const table = makeTable([
    ...(isLevel1 ? hardware(level1, rows) : []),
    taken("sumPtReco", "float32", { ...at(matchedPt), unit: "GeV" }),
    taken("multiplicity", "int32", at(multiplicity)),
    taken("ptL1", "float32", { ...at(pt), unit: "GeV" }),
    taken(isLevel1 ? "etaL1" : "etaHlt", "float32", at(eta)),
    taken(isLevel1 ? "phiL1" : "phiHlt", "float32", { ...at(phi.map(wrapPhi)), unit: "rad" }),
    ...(isLevel1 ? [taken("hwQualL1", "int32", at(hwQual))] : []),
    taken("deltaR", "float32", at(nearest)),
    ...idColumns(batch, event),
    ...(towers ? [taken("nTowers", "int32", { values: towers, rows: event })] : []),
  ]);
  const jets = ({ offsets, columns }: ObjectCollection) => ({
    offsets,
    eta: columns.eta,
    phi: columns.phi,
    pt: columns.pt,
  });
  const statistics = jetStatistics(jets(offline), jets(level1), {
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
    all: statistics.all,
    central: statistics.central,
  };
  const ratios = Float32Array.from(
    pairs.offline,
    (i, k) => Number(pt[pairs.level1[k]]) / Number(offline.columns.pt[i]),
  );
  const deltaR = takeValues(matches.deltaR, pairs.offline);
  return { table, counts, ratios, deltaR, jets: statistics };
}

function hardware(level1: ObjectCollection, rows: Uint32Array): Column[] {
  const columns = Object.entries(hardwareColumns("jets", level1));
  return columns.map(([name, values]) => taken(name, "int32", { values, rows }));
}
