import type { CorrelationCut, CorrelationKind } from "./cuts.ts";
import { type ObjectTerm, objectDefinition } from "./language.ts";
import {
  angleLimits,
  caloPt,
  caloTables,
  type Limits,
  massLimits,
  muonPt,
  muonTables,
  type PairTables,
  type PtScale,
  squareLimits,
  toMuonScale,
  unconstrainedPt,
} from "./lookup-tables.ts";
import type { SourceData } from "./sources.ts";

/** Names of the columns that a leg of a pair is read from. */
interface LegColumns {
  /** None for sums: they have no direction in eta. */
  readonly eta: string | null;
  readonly phi: string;
  readonly pt: string;
}

/** One leg: its columns in this call, and how its indices come to the scale of the pair. */
export interface PairLeg {
  readonly term: ObjectTerm;
  readonly names: LegColumns;
  readonly factor: number;
  readonly shift: number;
  readonly scale: PtScale;
  eta: Int32Array;
  phi: Int32Array;
  pt: Int32Array;
  charge: Int32Array;
  chargeValid: Int32Array;
}

/** Limits of what two objects can be asked together; null where not asked. */
export interface PairLimits {
  readonly tables: PairTables;
  /** Leaves deltaEta out: transverse mass, pairs with a sum. */
  readonly isTransverse: boolean;
  readonly deltaEta: Limits | null;
  readonly deltaPhi: Limits | null;
  readonly deltaRSquared: Limits | null;
  /** Of M^2 / 2. */
  readonly mass: Limits | null;
  /** Product of the charges: 1 like, -1 opposite, 0 any. */
  readonly sign: -1 | 0 | 1;
}

const legColumns = ({ type }: ObjectTerm, useUnconstrained: boolean): LegColumns => {
  const { collection, scalar, phi } = objectDefinition(type);
  if (collection === undefined) return { eta: null, phi: phi as string, pt: scalar as string };
  if (collection !== "muons") return { eta: "hwEta", phi: "hwPhi", pt: "hwPt" };
  const pt = useUnconstrained ? "hwPtUnconstrained" : "hwPt";
  return { eta: "hwEtaAtVtx", phi: "hwPhiAtVtx", pt };
};

const usesUnconstrained = (cuts: readonly CorrelationCut[]) =>
  cuts.some(({ kind }) => kind === "MASSUPT");

/** Columns that cuts between objects read of a leg. */
export function pairColumns(term: ObjectTerm, cuts: readonly CorrelationCut[]): string[] {
  const { eta, phi, pt } = legColumns(term, usesUnconstrained(cuts));
  const charge = cuts.some(({ kind }) => kind === "CHGCOR") ? ["hwCharge", "hwChargeValid"] : [];
  return [...(eta === null ? [] : [eta]), phi, pt, ...charge];
}

const none = new Int32Array(0);

/** The legs of a pair on a common scale, that of the muon where there is one. */
export function pairLegs(
  terms: readonly [ObjectTerm, ObjectTerm],
  cuts: readonly CorrelationCut[],
): [PairLeg, PairLeg] {
  const isMuonScale = terms.some(({ type }) => type === "MU");
  const leg = (term: ObjectTerm): PairLeg => {
    const isMuon = term.type === "MU";
    const useUnconstrained = isMuon && usesUnconstrained(cuts);
    return {
      term,
      names: legColumns(term, useUnconstrained),
      ...(isMuonScale && !isMuon ? toMuonScale : { factor: 1, shift: 0 }),
      scale: useUnconstrained ? unconstrainedPt : isMuon ? muonPt : caloPt,
      ...{ eta: none, phi: none, pt: none, charge: none, chargeValid: none },
    };
  };
  return [leg(terms[0]), leg(terms[1])];
}

/** Points a leg to the objects of a call. */
export function loadLeg(leg: PairLeg, { columns }: SourceData): void {
  const { names } = leg;
  leg.phi = columns[names.phi];
  leg.pt = columns[names.pt];
  leg.eta = names.eta === null ? leg.phi : columns[names.eta];
  leg.charge = columns.hwCharge ?? none;
  leg.chargeValid = columns.hwChargeValid ?? none;
}

/** The integer limits of cuts on a pair; `prefix` selects the cuts of overlap removal. */
export function pairLimits(
  legs: readonly [PairLeg, PairLeg],
  cuts: readonly CorrelationCut[],
  { prefix = "", isTransverse = false }: { prefix?: "" | "ORM"; isTransverse?: boolean } = {},
): PairLimits {
  const tables = legs.some(({ term }) => term.type === "MU") ? muonTables : caloTables;
  const limits = (kind: string, of: (cut: CorrelationCut) => Limits): Limits | null => {
    const found = cuts.filter((cut) => cut.kind === (`${prefix}${kind}` as CorrelationKind));
    if (found.length === 0) return null;
    const ranges = found.map(of);
    return {
      low: Math.max(...ranges.map(({ low }) => low)),
      high: Math.min(...ranges.map(({ high }) => high)),
    };
  };
  const mass = (cut: CorrelationCut) => massLimits(cut, tables);
  const sign = cuts.find(({ kind }) => kind === "CHGCOR")?.sign;
  return {
    tables,
    isTransverse: isTransverse || legs.some(({ names }) => names.eta === null),
    deltaEta: limits("DETA", angleLimits),
    deltaPhi: limits("DPHI", angleLimits),
    deltaRSquared: limits("DR", squareLimits),
    mass: limits("MASS", mass) ?? limits("MASSUPT", mass),
    sign: prefix === "ORM" || sign === undefined ? 0 : sign === "ls" ? 1 : -1,
  };
}

/** Two legs and what is asked of them together. */
export interface Pair {
  readonly a: PairLeg;
  readonly b: PairLeg;
  readonly limits: PairLimits;
}

/** Half the squared mass, pt pt (cosh deltaEta - cos deltaPhi), in the trigger's integers. */
export function pairMass({ a, b, limits }: Pair, i: number, j: number): number {
  const { tables, isTransverse } = limits;
  const eta = Math.abs(a.eta[i] * a.factor + a.shift - b.eta[j] * b.factor - b.shift);
  const phi = Math.abs(a.phi[i] * a.factor + a.shift - b.phi[j] * b.factor - b.shift);
  const pt = (a.pt[i] * a.scale.step + a.scale.start) * (b.pt[j] * b.scale.step + b.scale.start);
  return pt * (tables.cosh[isTransverse ? 0 : eta] - tables.cos[phi]);
}

/** Do object i of the first leg and j of the second fulfil all but the mass limits? */
export function pairFits({ a, b, limits }: Pair, i: number, j: number): boolean {
  const { tables, isTransverse, deltaEta, deltaPhi, deltaRSquared, sign } = limits;
  const etaIndex = Math.abs(a.eta[i] * a.factor + a.shift - b.eta[j] * b.factor - b.shift);
  const phiIndex = Math.abs(a.phi[i] * a.factor + a.shift - b.phi[j] * b.factor - b.shift);
  const eta = tables.deltaEta[isTransverse ? 0 : etaIndex];
  const phi = tables.deltaPhi[phiIndex];
  if (deltaEta !== null && !(eta >= deltaEta.low && eta <= deltaEta.high)) return false;
  if (deltaPhi !== null && !(phi >= deltaPhi.low && phi <= deltaPhi.high)) return false;
  if (deltaRSquared !== null) {
    const r = eta * eta + phi * phi;
    if (!(r >= deltaRSquared.low && r <= deltaRSquared.high)) return false;
  }
  return sign === 0 || chargeOf(a, i) * chargeOf(b, j) === sign;
}

/** Charge of a muon: +1 or -1, 0 where it is not valid. */
export function chargeOf({ charge, chargeValid }: PairLeg, i: number): number {
  return chargeValid[i] === 0 ? 0 : 1 - 2 * charge[i];
}

/**
 * Charges of two to four muons: like sign is all equal; opposite sign is both signs among two or
 * three, two of each among four; never with an invalid charge.
 */
export function chargesMatch(sign: "os" | "ls", charges: readonly number[]): boolean {
  let sum = 0;
  for (let k = 0; k < charges.length; k++) {
    if (charges[k] === 0) return false;
    sum += charges[k];
  }
  if (sign === "ls") return Math.abs(sum) === charges.length;
  return charges.length === 4 ? sum === 0 : Math.abs(sum) < charges.length;
}
