import {
  l1Scales,
  matchedPairs,
  muonCharges,
  type ObjectCollection,
  objectCount,
  physicalHw,
  takeValues,
  wrapPhi,
} from "../../cms/index.ts";
import { type Column, makeColumn, makeTable } from "../../data/index.ts";
import { noCounts } from "./counts.ts";
import type { EventBatch } from "./events.ts";
import { eventOf, idColumns, type MatchedBatch, selectAndMatch, taken } from "./match.ts";
import type { DatasetSettings } from "./settings.ts";

/**
 * Pairs of a Level-1 and an offline muon, one row each. From Level-1 muons the first seven columns
 * are the report's (Losapio 2021, Tables 2 and 3) in its pt scale, pt = 0.5 GeV hwPtL1. CMSSW's pt
 * is 0.5 GeV (hwPt - 1), so `hwPtL1` is its hwPt less one: what is lost is the step between the
 * two conventions, never the physical pt. Trigger objects have no Level-1 direction (theirs is the
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
    ...(isLevel1 ? hardware(level1, charges, pairs.level1) : []),
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
  return { table, counts, ratios };
}

/** Charges of Level-1 muons, undefined where a file does not tell. */
function chargesOf(level1: ObjectCollection): Int8Array | undefined {
  const { charge, hwCharge } = level1.columns;
  return charge === undefined && hwCharge === undefined ? undefined : muonCharges(level1);
}

/** The report's Level-1 columns; integers that a file lacks follow exactly from the scales. */
function hardware(
  { columns }: ObjectCollection,
  charges: Int8Array | undefined,
  rows: Uint32Array,
): Column[] {
  const { ptReport, eta, phi } = l1Scales.muon;
  const of = (name: string, values: ArrayLike<number> | undefined) =>
    taken(name, "int32", { values, rows });
  return [
    of("hwPtL1", physicalHw(ptReport, columns.pt)),
    of("hwPhiL1", columns.hwPhi ?? physicalHw(phi, columns.phi)),
    of("hwEtaL1", columns.hwEta ?? physicalHw(eta, columns.eta)),
    of(
      "hwSignL1",
      charges?.map((q) => (q < 0 ? 1 : 0)),
    ),
  ];
}
