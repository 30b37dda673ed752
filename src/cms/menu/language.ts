import type { CollectionName } from "./crossings.ts";
import type { CorrelationCut, ObjectCut } from "./cuts.ts";

/** Objects of a listed kind, the threshold in GeV, and cuts they must pass: MU4p5[MU-QLTY_SNGL]. */
export interface ObjectTerm {
  readonly type: ObjectType;
  readonly threshold: number;
  /** Crossing relative to the one that is decided: -2 ... 2. */
  readonly bx: number;
  readonly cuts: readonly ObjectCut[];
}

/** One object, or a function of several. */
export interface Condition {
  readonly kind: "condition";
  /** `single` is an object without function. */
  readonly name: FunctionName | "single";
  readonly objects: readonly ObjectTerm[];
  readonly cuts: readonly CorrelationCut[];
}

/** A condition whose answer the caller gives: external signals, networks. */
export interface GivenCondition {
  readonly kind: "given";
  /** As written, without the crossing: EXT_BPTX_OR_VME, AXO[AXO-MODEL_v3,AXO-SCORE_Tight]. */
  readonly name: string;
  readonly bx: number;
}

/** An algorithm: conditions joined by AND, OR, XOR and NOT. */
export type Expression =
  | { readonly kind: "and" | "or" | "xor"; readonly terms: readonly Expression[] }
  | { readonly kind: "not"; readonly term: Expression }
  | Condition
  | GivenCondition;

/** Functions, the number of their objects, the cuts they take; `removal` is the object that removes. */
export const functions = {
  comb: { objects: [2, 4], cuts: ["CHGCOR"] },
  comb_orm: { objects: [2, 5], cuts: ["ORMDETA", "ORMDPHI", "ORMDR"], removal: true },
  dist: { objects: [2, 2], cuts: ["CHGCOR", "DETA", "DPHI", "DR"] },
  dist_orm: {
    objects: [2, 3],
    cuts: ["DETA", "DPHI", "DR", "ORMDETA", "ORMDPHI", "ORMDR"],
    removal: true,
  },
  mass_inv: { objects: [2, 2], cuts: ["CHGCOR", "DETA", "DPHI", "DR", "MASS"] },
  mass_inv_3: { objects: [3, 3], cuts: ["CHGCOR", "MASS"] },
  mass_inv_upt: { objects: [2, 2], cuts: ["CHGCOR", "DETA", "DPHI", "DR", "MASSUPT"] },
  mass_inv_orm: {
    objects: [2, 3],
    cuts: ["DETA", "DPHI", "DR", "MASS", "ORMDETA", "ORMDPHI", "ORMDR"],
    removal: true,
  },
  mass_trv: { objects: [2, 2], cuts: ["DPHI", "MASS"] },
} as const satisfies Readonly<
  Record<string, { objects: readonly [number, number]; cuts: readonly string[]; removal?: true }>
>;
export type FunctionName = keyof typeof functions;

interface ObjectDefinition {
  /** Where the objects are; sums and flags are scalars of a crossing. */
  readonly collection?: CollectionName;
  readonly scalar?: string;
  readonly phi?: string;
  /** The smallest hardware integer at or above a threshold in GeV (or of a count). */
  readonly hwThreshold: (threshold: number) => number;
}
const halfGeV = (gev: number) => Math.ceil(2 * gev);
const count = (n: number) => Math.ceil(n);
const flag = () => 1;

/** What objects there are. Muon pt is (hw - 1) / 2 GeV, all other energies hw / 2 GeV. */
export const objectTypes = {
  MU: { collection: "muons", hwThreshold: (gev) => Math.ceil(2 * gev) + 1 },
  EG: { collection: "egs", hwThreshold: halfGeV },
  TAU: { collection: "taus", hwThreshold: halfGeV },
  JET: { collection: "jets", hwThreshold: halfGeV },
  ETT: { scalar: "ett", hwThreshold: halfGeV },
  HTT: { scalar: "htt", hwThreshold: halfGeV },
  ETM: { scalar: "etm", phi: "etmPhi", hwThreshold: halfGeV },
  HTM: { scalar: "htm", phi: "htmPhi", hwThreshold: halfGeV },
  ETMHF: { scalar: "etmhf", phi: "etmhfPhi", hwThreshold: halfGeV },
  HTMHF: { scalar: "htmhf", phi: "htmhfPhi", hwThreshold: halfGeV },
  ETTEM: { scalar: "ettem", hwThreshold: halfGeV },
  TOWERCOUNT: { scalar: "towerCount", hwThreshold: count },
  MBT0HFP: { scalar: "minBiasHFP0", hwThreshold: count },
  MBT0HFM: { scalar: "minBiasHFM0", hwThreshold: count },
  MBT1HFP: { scalar: "minBiasHFP1", hwThreshold: count },
  MBT1HFM: { scalar: "minBiasHFM1", hwThreshold: count },
  MUS0: { scalar: "muonShower0", hwThreshold: flag },
  MUS1: { scalar: "muonShower1", hwThreshold: flag },
  MUS2: { scalar: "muonShower2", hwThreshold: flag },
} as const satisfies Readonly<Record<string, ObjectDefinition>>;
export type ObjectType = keyof typeof objectTypes;

/** The definition of an object, all fields optional as written above. */
export const objectDefinition = (type: ObjectType): ObjectDefinition => objectTypes[type];

/** What the caller must answer: these stand before a name, a bracket or the end. */
export const givenPrefixes = [
  "EXT_",
  "AXO",
  "ADT",
  "TOPO",
  "CICADA",
  "ZDCP",
  "ZDCM",
  "CENT",
  "ASYM",
];

/** True for flags, which have no threshold to write. */
export const isFlag = (type: ObjectType) => type.startsWith("MUS");
