import { type ObjectTerm, objectDefinition } from "./language.ts";
import { printObject } from "./print-expression.ts";
import { createTables, type RequirementTable } from "./requirement-tables.ts";

/** What an object must fulfil: accepted hardware integers of each column that is cut on. */
export interface Requirement {
  /** Column to [2 ** bits] flags, indexed by the lowest bits of the value. */
  readonly accepts: ReadonlyMap<string, Uint8Array>;
}

/** Widths of the fields; scalars take the widest. */
const fieldBits: Readonly<Record<string, number>> = {
  ...{ hwPt: 11, hwEta: 8, hwPhi: 8, hwEtaAtVtx: 9, hwPhiAtVtx: 10, hwQual: 4, hwIso: 2 },
  ...{ tfMuonIndex: 7, hwPtUnconstrained: 8, hwDXY: 2, hwCharge: 1, hwDisplaced: 1 },
};
const sizeOf = (column: string) => 2 ** (fieldBits[column] ?? 13);

/** All requirements on the objects of one source, each with a number. */
export interface RequirementSet {
  /** The number of a requirement; equal ones share it. */
  add(term: ObjectTerm): number;
  /** True where every object that fulfils requirement a fulfils b. */
  implies(a: number, b: number): boolean;
  /** True where no object can fulfil both. */
  excludes(a: number, b: number): boolean;
  size(): number;
  tables(): readonly RequirementTable[];
}

/** Where the objects of a term come from: a collection, or `scalars`, one object per crossing. */
export type SourceName = "muons" | "egs" | "taus" | "jets" | "scalars";
export function sourceOf({ type }: ObjectTerm): SourceName {
  return objectDefinition(type).collection ?? "scalars";
}

/** An empty set of requirements. */
export function createRequirements(): RequirementSet {
  const list: Requirement[] = [];
  const places = new Map<string, number>();
  const byTerm = new Map<ObjectTerm, number>();
  const placeOf = (term: ObjectTerm): number => {
    const cuts = [...term.cuts].sort((a, b) => (a.name < b.name ? -1 : 1));
    const key = printObject({ ...term, cuts, bx: 0 });
    const place = places.get(key) ?? list.push(requirementOf(term)) - 1;
    places.set(key, place);
    return place;
  };
  return {
    add(term) {
      const place = byTerm.get(term) ?? placeOf(term);
      byTerm.set(term, place);
      return place;
    },
    implies(a, b) {
      for (const [column, accepted] of list[b].accepts) {
        const own = list[a].accepts.get(column);
        if (own === undefined || !isWithin(own, accepted)) return false;
      }
      return true;
    },
    excludes(a, b) {
      for (const [column, accepted] of list[b].accepts) {
        const own = list[a].accepts.get(column);
        if (own !== undefined && isApart(own, accepted)) return true;
      }
      return false;
    },
    size: () => list.length,
    tables: () => createTables(list),
  };
}

function isWithin(inner: Uint8Array, outer: Uint8Array): boolean {
  for (let v = 0; v < inner.length; v++) if (inner[v] > outer[v]) return false;
  return true;
}

function isApart(one: Uint8Array, other: Uint8Array): boolean {
  for (let v = 0; v < one.length; v++) if ((one[v] & other[v]) !== 0) return false;
  return true;
}

function requirementOf({ type, threshold, cuts }: ObjectTerm): Requirement {
  const { scalar = "hwPt", hwThreshold } = objectDefinition(type);
  const accepts = new Map<string, Uint8Array>();
  accepts.set(scalar, new Uint8Array(sizeOf(scalar)).fill(1, hwThreshold(threshold)));
  for (const { column, windows } of cuts) {
    const size = sizeOf(column);
    const accepted = accepts.get(column) ?? new Uint8Array(size);
    for (const [low, high] of windows)
      for (let hw = low; hw <= high; hw++) accepted[hw & (size - 1)] = 1; // several windows: OR
    accepts.set(column, accepted);
  }
  return { accepts };
}
