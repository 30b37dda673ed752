import {
  matchedPairs,
  type ObjectCollection,
  objectCount,
  takeValues,
  wrapPhi,
} from "../../cms/index.ts";
import { type Column, makeColumn, makeTable } from "../../data/index.ts";
import { noCounts } from "./counts.ts";
import type { EventBatch } from "./events.ts";
import { chargesOf, hardwareColumns } from "./level1-columns.ts";
import { eventOf, idColumns, type MatchedBatch, selectAndMatch, taken } from "./match.ts";
import type { DatasetSettings } from "./settings.ts";

/**
 * Pairs of a Level-1 and an offline muon, one row each. From Level-1 muons the first seven columns
 * are the report's (Losapio 2021, Tables 2 and 3), see `hardwareColumns`. Trigger objects have no Level-1 direction (theirs is the
 * high-level trigger's), so their rows have no hardware columns. NaN is a missing value.
 */
export function muonRows(batch: EventBatch, settings: DatasetSettings): MatchedBatch {
  const { level1, offline, matches } = selectAndMatch(batch, settings);
  const pairs = matchedPairs(matches);
  const at = (values: ArrayLike<number> | undefined) => ({ values, rows: pairs.level1 });
  const from = (values: ArrayLike<number> | undefined) => ({ values, rows: pairs.offline });
  const { pt, eta, phi, etaAtVtx, phiAtVtx, hwQual } = level1.columns;
  const reco = offline.columns;
  const charges = chargesOf(level1);
  const agree = pairs.offline.map((i, k) =>
    reco.charge !== undefined && reco.charge[i] === charges?.[pairs.level1[k]] ? 1 : 0,
  );
  const isLevel1 = settings.source === "l1";
  const atVertex = isLevel1
    ? [
        taken("etaVtxL1", "float32", at(etaAtVtx)),
        taken("phiVtxL1", "float32", { ...at(phiAtVtx?.map(wrapPhi)), unit: "rad" }),
        taken("hwQualL1", "int32", at(hwQual)),
      ]
    : [];
  const table = makeTable([
    ...(isLevel1 ? hardware(level1, pairs.level1) : []),
    taken("ptReco", "float32", { ...from(reco.pt), unit: "GeV" }),
    taken("etaVtxReco", "float32", from(reco.eta)),
    taken("phiVtxReco", "float32", { ...from(reco.phi.map(wrapPhi)), unit: "rad" }),
    taken("ptL1", "float32", { ...at(pt), unit: "GeV" }),
    taken(isLevel1 ? "etaL1" : "etaHlt", "float32", at(eta)),
    taken(isLevel1 ? "phiL1" : "phiHlt", "float32", { ...at(phi.map(wrapPhi)), unit: "rad" }),
    ...atVertex,
    taken("chargeL1", "int32", at(charges)),
    taken("chargeReco", "int32", from(reco.charge)),
    makeColumn("chargesAgree", Uint8Array.from(agree)),
    taken("deltaR", "float32", from(matches.deltaR)),
    ...idColumns(batch, takeValues(eventOf(offline), pairs.offline)),
  ]);
  const counts = {
    ...noCounts,
    events: offline.events,
    l1Objects: objectCount(level1),
    offlineObjects: objectCount(offline),
    matched: pairs.offline.length,
    rows: pairs.offline.length,
    chargesAgree: agree.reduce((sum, a) => sum + a, 0),
  };
  const ratios = Float32Array.from(
    pairs.offline,
    (i, k) => Number(pt[pairs.level1[k]]) / Number(reco.pt[i]),
  );
  return { table, counts, ratios, deltaR: takeValues(matches.deltaR, pairs.offline) };
}

function hardware(level1: ObjectCollection, rows: Uint32Array): Column[] {
  const columns = Object.entries(hardwareColumns("muons", level1));
  return columns.map(([name, values]) => taken(name, "int32", { values, rows }));
}
