import { DataError } from "../../base/errors.ts";
import { numericColumn, type Table } from "../../data/table.ts";
import { makeCollection, type NumericArray, type ObjectCollection } from "../objects.ts";
import type { FileSchema } from "./schema.ts";

/**
 * The report's flat table (Losapio 2021, Tables 1 to 4): one row per crossing, fixed slots, column
 * FEATURE_SLOT or FEATURE[SLOT] with slots from 0. A muon has 15 features: 4 Level-1 ones, 7
 * offline ones of the matched muons, and the 4 Level-1 ones of unmatched muons, which are columns
 * of their own with "Unmatched" after the feature. `nMatchedMuons` slots of a row are matched; an
 * unmatched slot is empty where its hwPt is 0. The report names no features of e/gammas and taus
 * and writes the jets' as hwPt, hwEta, hwPhi; we also take them with the object in front.
 */
export const reportTableSchema: FileSchema = {
  name: "table",
  title: "the report's flat table",
  signature: { trees: [], has: ["nMatchedMuons", "hwPtL1_0"], lacks: [] },
  eventIds: { tree: "", required: {}, optional: {} },
  collections: {},
};

/** Most slots of a row for each object (Losapio 2021, Table 1). */
export const reportSlots = { L1Mu: 8, L1Jet: 12, L1EG: 12, L1Tau: 12 } as const;

const muonFeatures = {
  hwPt: "hwPtL1",
  hwPhi: "hwPhiL1",
  hwEta: "hwEtaL1",
  hwCharge: "hwSignL1",
} as const;
const offlineFeatures = [
  "ptReco",
  "etaExtRecoSt1",
  "phiExtRecoSt1",
  "etaVtxReco",
  "phiVtxReco",
  "dXYReco",
  "chargeReco",
] as const;
const caloObjects = {
  L1Jet: { counter: "nJets", prefixes: ["jet", ""], columns: ["hwPt", "hwEta", "hwPhi"] },
  L1EG: { counter: "nEGammas", prefixes: ["egamma"], columns: ["hwPt", "hwEta", "hwPhi", "hwIso"] },
  L1Tau: {
    counter: "nTaus",
    prefixes: ["tau"],
    columns: ["hwPt", "hwEta", "hwPhi", "hwIso", "hwQual"],
  },
} as const;

/** True for names of the report's flat table: `nMatchedMuons`, or the first slot of a muon or jet. */
export function isReportTable(names: readonly string[]): boolean {
  if (names.includes("nMatchedMuons")) return true;
  const firsts = new Set(names.map(slotOf).flatMap((s) => (s?.slot === 0 ? [s.feature] : [])));
  return firsts.has("hwPtL1") || firsts.has("jetHwPt") || firsts.has("hwPt");
}

/** Values of one feature over the slots: [slot][row]. */
type Slots = readonly Float64Array[];

/**
 * The collections of the table that are there: `L1Mu` (with `matched` 0 or 1 and the offline
 * features, 0 where unmatched), `L1Jet`, `L1EG`, `L1Tau` in hardware integers, and the offline
 * `Jet` from ptPF, etaPF, phiPF. `DataError` for missing slots and impossible counts.
 */
export function reportCollections(table: Table): Record<string, ObjectCollection> {
  const features = slotsByFeature(table);
  const collections: Record<string, ObjectCollection> = {};
  if (features.has("hwPtL1") || features.has("hwPtL1Unmatched"))
    collections.L1Mu = muons(table, features);
  for (const [name, { counter, prefixes, columns }] of Object.entries(caloObjects)) {
    const prefix = prefixes.find((p) => features.has(prefixed(p, "hwPt")));
    if (prefix === undefined) continue;
    const source = Object.fromEntries(columns.map((c) => [c, prefixed(prefix, c)]));
    const most = reportSlots[name as keyof typeof caloObjects];
    collections[name] = slotted(name, table, features, { source, counter, most });
  }
  if (features.has("ptPF")) {
    const source = { pt: "ptPF", eta: "etaPF", phi: "phiPF" };
    const most = Number.POSITIVE_INFINITY;
    collections.Jet = slotted("Jet", table, features, { source, counter: "nPF", most });
  }
  return collections;
}

const prefixed = (prefix: string, column: string) =>
  prefix === "" ? column : `${prefix}${column[0].toUpperCase()}${column.slice(1)}`;

function slotOf(name: string): { feature: string; slot: number } | null {
  const found = /^(.+?)(?:_(\d+)|\[(\d+)\])$/.exec(name);
  return found === null ? null : { feature: found[1], slot: Number(found[2] ?? found[3]) };
}

/** Slots of every feature; `DataError` where numbers are left out, as in hwPt_0, hwPt_2. */
function slotsByFeature(table: Table): Map<string, Slots> {
  const features = new Map<string, Float64Array[]>();
  for (const { name } of table.columns) {
    const place = slotOf(name);
    if (place === null) continue;
    const slots = features.get(place.feature) ?? [];
    slots[place.slot] = numericColumn(table, name);
    features.set(place.feature, slots);
  }
  for (const [feature, slots] of features)
    for (let slot = 0; slot < slots.length; slot++)
      if (slots[slot] === undefined)
        throw new DataError(
          `flat table: no column ${feature}_${slot}, but ${feature}_${slots.length - 1}; slots count from 0`,
        );
  return features;
}

/** Matched muons first, then the unmatched ones, row by row. */
function muons(table: Table, features: ReadonlyMap<string, Slots>): ObjectCollection {
  const entries = Object.entries(muonFeatures);
  const offline = offlineFeatures.filter((feature) => features.has(feature));
  const matched = slotted("L1Mu", table, features, {
    source: { ...muonFeatures, ...Object.fromEntries(offline.map((f) => [f, f])) },
    counter: "nMatchedMuons",
    most: reportSlots.L1Mu,
  });
  const hasUnmatched = features.has("hwPtL1Unmatched");
  const unmatched = slotted("L1Mu unmatched", table, features, {
    source: hasUnmatched
      ? Object.fromEntries(entries.map(([column, f]) => [column, `${f}Unmatched`]))
      : {},
    counter: "",
    most: reportSlots.L1Mu,
  });
  const offsets = matched.offsets.map((end, e) => end + unmatched.offsets[e]);
  const merged = (name: string) => {
    const values = new Float64Array(offsets[table.rows]);
    for (let e = 0; e < table.rows; e++) {
      const own = matched.columns[name].subarray(matched.offsets[e], matched.offsets[e + 1]);
      values.set(own, offsets[e]);
      const [from, to] = [unmatched.offsets[e], unmatched.offsets[e + 1]];
      const others = unmatched.columns[name]?.subarray(from, to);
      if (others !== undefined) values.set(others, offsets[e] + own.length);
    }
    return values;
  };
  const columns: Record<string, NumericArray> = {};
  for (const name of Object.keys(matched.columns)) columns[name] = merged(name);
  const isMatched = new Uint8Array(offsets[table.rows]);
  for (let e = 0; e < table.rows; e++) {
    const n = matched.offsets[e + 1] - matched.offsets[e];
    isMatched.fill(1, offsets[e], offsets[e] + n);
  }
  return makeCollection("L1Mu", offsets, { ...columns, matched: isMatched });
}

/** Objects of the filled slots: the first `counter` of a row, or without it those with pt > 0. */
function slotted(
  name: string,
  table: Table,
  features: ReadonlyMap<string, Slots>,
  layout: { source: Readonly<Record<string, string>>; counter: string; most: number },
): ObjectCollection {
  const { source, counter, most } = layout;
  const columns = Object.entries(source).map(([column, feature]) => {
    const slots = features.get(feature);
    if (slots === undefined) throw new DataError(`flat table: ${name} has no column ${feature}_0`);
    return [column, feature, slots] as const;
  });
  const width = columns.length === 0 ? 0 : columns[0][2].length;
  for (const [, feature, slots] of columns)
    if (slots.length !== width || width > most)
      throw new DataError(
        `flat table: ${feature} has ${slots.length} slots, ${columns[0][1]} has ${width}; ` +
          `${name} has at most ${most}`,
      );
  const counts = table.columns.some((c) => c.name === counter)
    ? numericColumn(table, counter)
    : null;
  const offsets = new Uint32Array(table.rows + 1);
  const places: number[] = [];
  const pt = columns[0]?.[2] ?? [];
  for (let row = 0; row < table.rows; row++) {
    const count = counts === null ? width : counts[row];
    if (!(Number.isInteger(count) && count >= 0 && count <= width))
      throw new DataError(
        `flat table: ${counter} is ${count} in row ${row}, outside 0 to ${width} slots`,
      );
    for (let slot = 0; slot < count; slot++)
      if (counts !== null || pt[slot][row] > 0) places.push(slot);
    offsets[row + 1] = places.length;
  }
  const taken = columns.map(([column, , slots]) => {
    const values = new Float64Array(places.length);
    for (let row = 0; row < table.rows; row++)
      for (let i = offsets[row]; i < offsets[row + 1]; i++) values[i] = slots[places[i]][row];
    return [column, values];
  });
  return makeCollection(name, offsets, Object.fromEntries(taken));
}
