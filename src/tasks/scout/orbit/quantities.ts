import { ConfigError } from "../../../base/errors.ts";
import { nearMiss } from "../../../base/near-miss.ts";
import { l1Scales } from "../../../cms/index.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import type { ExtraKind } from "./extra-objects.ts";
import {
  countLitTowers,
  countTowers,
  deltaR,
  missingJets,
  nearestMuonJet,
  sumJets,
} from "./mixed-quantities.ts";
import { rowCounts } from "./row-counts.ts";
import { type ObjectKind, type Physical, type ScoutOrbit, valuesOf } from "./scout-orbit.ts";

/** A quantity that each crossing has one of, made for all rows of an orbit. */
type Maker = (orbit: ScoutOrbit, into: Float64Array) => void;

/** A quantity of a pair, from the places of its objects. */
type PairMaker = (orbit: ScoutOrbit, list: Physical, i: number, j: number) => number;

/**
 * Quantities of the two objects with the largest pt in a crossing; NaN where there are not two.
 * Masses take objects as massless, which a dimuon of 3 GeV does not notice to 4 MeV:
 * m^2 = 2 pt1 pt2 (cosh(eta1 - eta2) - cos(phi1 - phi2)).
 */
const pairMakers: Readonly<Record<string, readonly [ObjectKind, PairMaker]>> = {
  "dimuon.mass": ["muons", (_, list, i, j) => mass(list, i, j)],
  "dimuon.massOpposite": [
    "muons",
    (orbit, list, i, j) => (signs(orbit, i, j) < 0 ? mass(list, i, j) : NaN),
  ],
  "dimuon.massSame": [
    "muons",
    (orbit, list, i, j) => (signs(orbit, i, j) > 0 ? mass(list, i, j) : NaN),
  ],
  "dimuon.pt": ["muons", (_, list, i, j) => sumPt(list, i, j)],
  "dimuon.deltaR": ["muons", (_, list, i, j) => deltaR(list, i, list, j)],
  "dijet.mass": ["jets", (_, list, i, j) => mass(list, i, j)],
  "dijet.deltaR": ["jets", (_, list, i, j) => deltaR(list, i, list, j)],
};

/** Quantities of a crossing. */
const makers: Readonly<Record<string, Maker>> = {
  muons: (orbit, into) => countObjects(orbit, "muons", into),
  jets: (orbit, into) => countObjects(orbit, "jets", into),
  egs: (orbit, into) => countObjects(orbit, "egs", into),
  taus: (orbit, into) => countObjects(orbit, "taus", into),
  ...Object.fromEntries(
    Object.entries(pairMakers).map(([name, [kind, of]]) => [name, pairsByRow(kind, of)]),
  ),
  "muonJet.deltaR": nearestMuonJet,
  ht: sumJets,
  mht: missingJets,
  towerCount: countTowers,
  litTowers: countLitTowers,
};

/** Quantities of single objects: kind and column. */
const objectQuantities: Readonly<Record<string, readonly [ObjectKind, Column]>> = {
  ...quantitiesOf("muon", "muons"),
  "muon.ptL1": ["muons", "ptL1"],
  ...quantitiesOf("jet", "jets"),
  "jet.ptL1": ["jets", "ptL1"],
  ...quantitiesOf("eg", "egs"),
  ...quantitiesOf("tau", "taus"),
};
/** Quantities of objects that only some streams have. */
const extraQuantities: Readonly<Record<string, readonly [ExtraKind, string]>> = {
  "stub.phi": ["stubs", "phi"],
  "tower.et": ["towers", "et"],
  "tower.ieta": ["towers", "ieta"],
  "tower.iphi": ["towers", "iphi"],
};
type Column = "pt" | "eta" | "phi" | "ptL1";

function quantitiesOf(prefix: string, kind: ObjectKind) {
  const columns = ["pt", "eta", "phi"] as const;
  return Object.fromEntries(columns.map((c) => [`${prefix}.${c}`, [kind, c] as const]));
}

/** What a quantity belongs to: "crossing", or the kind of objects. */
export type Owner = "crossing" | ObjectKind | ExtraKind;

/** Whose quantity it is; `ConfigError` for one that is neither built in nor among `scores`. */
export function ownerOf(where: string, name: string, scores: readonly string[]): Owner {
  if (Object.hasOwn(makers, name) || scores.includes(name)) return "crossing";
  if (Object.hasOwn(objectQuantities, name)) return objectQuantities[name][0];
  if (Object.hasOwn(extraQuantities, name)) return extraQuantities[name][0];
  const objects = [...Object.keys(objectQuantities), ...Object.keys(extraQuantities)];
  const known = [...Object.keys(makers), ...objects, ...scores];
  const guess = nearMiss(name, known);
  throw new ConfigError(
    `${where}: no quantity "${name}"; ${guess ? `did you mean "${guess}"?` : `there are ${known.join(", ")}`}`,
  );
}

/** True where there is such a quantity. */
export const isQuantity = (name: string, scores: readonly string[]): boolean =>
  [makers, objectQuantities, extraQuantities].some((known) => Object.hasOwn(known, name)) ||
  scores.includes(name);

/** `ConfigError` for what is no quantity of a crossing. */
export function requireCrossing(where: string, name: string, scores: readonly string[]): void {
  const owner = ownerOf(where, name, scores);
  if (owner !== "crossing")
    throw new ConfigError(`${where}: ${name} is of ${owner}; name a quantity of a crossing`);
}

/** `ConfigError` for quantities that are not of the same objects. @returns whose they are. */
export function requireSameOwner(
  where: string,
  names: readonly string[],
  scores: readonly string[],
): Owner {
  const owners = names.map((name) => ownerOf(where, name, scores));
  const other = owners.findIndex((owner) => owner !== owners[0]);
  if (other >= 0)
    throw new ConfigError(
      `${where}: ${names[0]} is of ${owners[0]}, ${names[other]} of ${owners[other]}; take quantities of the same`,
    );
  return owners[0];
}

/** Offsets of the objects that a quantity belongs to [3565]. */
export function offsetsOf(orbit: ScoutOrbit, owner: Exclude<Owner, "crossing">): Uint32Array {
  return owner === "stubs" || owner === "towers"
    ? orbit.extras[owner].offsets
    : orbit.objects[owner].offsets;
}

/** Fills the quantities of a crossing that are named; scores are left alone. */
export function fillQuantities(orbit: ScoutOrbit, names: readonly string[]): void {
  for (const name of names) makers[name]?.(orbit, valuesOf(orbit, name));
}

/** The values of a quantity [n]: of crossings by row, of objects in the decoder's order. */
export function quantity(orbit: ScoutOrbit, name: string): { values: Float64Array; n: number } {
  if (Object.hasOwn(extraQuantities, name)) {
    const [kind, column] = extraQuantities[name];
    const { isThere, offsets, columns } = orbit.extras[kind];
    return { values: columns[column], n: isThere ? offsets[crossingsPerOrbit] : 0 };
  }
  const of = Object.hasOwn(objectQuantities, name) ? objectQuantities[name] : null;
  if (of === null) return { values: valuesOf(orbit, name), n: orbit.rows };
  const [kind, column] = of;
  const objects = orbit.objects[kind];
  const n = kind === "muons" || orbit.hasCalo ? objects.offsets[crossingsPerOrbit] : 0;
  return { values: column === "ptL1" ? level1Pt(orbit, name, n) : objects[column], n };
}

/** Level-1 pt, GeV, made when asked for. */
function level1Pt({ gmt, calo, values, objects }: ScoutOrbit, name: string, n: number) {
  const isMuon = name === "muon.ptL1";
  const { hwPt } = isMuon ? gmt.objects.muons.columns : calo.objects.jets.columns;
  const { zero, width } = isMuon ? l1Scales.muon.pt : { zero: 0, ...l1Scales.jet.pt };
  values[name] ??= new Float64Array(objects[isMuon ? "muons" : "jets"].pt.length);
  const into = values[name];
  for (let i = 0; i < n; i++) into[i] = (hwPt[i] - zero) * width;
  return into;
}

/** Gives values of a quantity [n], in memory that the next call uses again. */
type ValueReader = (orbit: ScoutOrbit) => { values: Float64Array; n: number };

/**
 * A reader of a quantity for what only counts values: those of pairs come without the crossings that
 * have none.
 */
export function createValueReader(name: string): ValueReader {
  if (!Object.hasOwn(pairMakers, name))
    return (orbit) => {
      fillQuantities(orbit, [name]);
      return quantity(orbit, name);
    };
  const [kind, of] = pairMakers[name];
  const values = new Float64Array(crossingsPerOrbit);
  return (orbit) => {
    eachPair(orbit, kind, of, (value, _, k) => {
      values[k] = value;
    });
    return { values, n: rowCounts(orbit, kind).pairs };
  };
}

function countObjects(orbit: ScoutOrbit, kind: ObjectKind, into: Float64Array): void {
  const { objects } = rowCounts(orbit, kind);
  for (let r = 0; r < orbit.rows; r++) into[r] = objects[r];
}

/** The quantity of all rows, NaN without a pair. */
function pairsByRow(kind: ObjectKind, of: PairMaker): Maker {
  return (orbit, into) => {
    into.fill(NaN, 0, orbit.rows);
    eachPair(orbit, kind, of, (value, row) => {
      into[row] = value;
    });
  };
}

/** Makes the quantity of the two objects with the largest pt in each crossing that has two. */
function eachPair(
  orbit: ScoutOrbit,
  kind: ObjectKind,
  of: PairMaker,
  put: (value: number, row: number, k: number) => void,
): void {
  const { bx, objects } = orbit;
  const list = objects[kind];
  const { offsets, pt } = list;
  const { pairRows, pairs } = rowCounts(orbit, kind);
  for (let k = 0; k < pairs; k++) {
    const row = pairRows[k];
    const start = offsets[bx[row] - 1];
    const end = offsets[bx[row]];
    let first = pt[start] >= pt[start + 1] ? start : start + 1;
    let second = 2 * start + 1 - first;
    for (let i = start + 2; i < end; i++)
      if (pt[i] > pt[first]) {
        second = first;
        first = i;
      } else if (pt[i] > pt[second]) second = i;
    put(of(orbit, list, first, second), row, k);
  }
}

/** Product of the charges of two muons, 0 where one is not known. */
function signs({ gmt }: ScoutOrbit, i: number, j: number): number {
  const { hwCharge, hwChargeValid } = gmt.objects.muons.columns;
  return hwChargeValid[i] * hwChargeValid[j] * (1 - 2 * (hwCharge[i] ^ hwCharge[j]));
}

function mass({ pt, eta, phi }: Physical, i: number, j: number): number {
  const angles = Math.cosh(eta[i] - eta[j]) - Math.cos(phi[i] - phi[j]);
  return Math.sqrt(Math.max(0, 2 * pt[i] * pt[j] * angles));
}

/** Size of the vector sum. */
function sumPt({ pt, phi }: Physical, i: number, j: number): number {
  const product = 2 * pt[i] * pt[j] * Math.cos(phi[i] - phi[j]);
  return Math.sqrt(Math.max(0, pt[i] * pt[i] + pt[j] * pt[j] + product));
}
