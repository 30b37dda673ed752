import type { TriggerObjects } from "./crossings.ts";
import { type ObjectTerm, objectDefinition } from "./language.ts";
import { printObject } from "./print-expression.ts";

/** What an object must fulfil: accepted hardware integers of each column that is cut on. */
interface Requirement {
  /** Column to [2 ** bits] flags, indexed by the lowest bits of the value. */
  readonly accepts: ReadonlyMap<string, Uint8Array>;
}

/** Widths of the fields; scalars take the widest. */
const fieldBits: Readonly<Record<string, number>> = {
  ...{ hwPt: 11, hwEta: 8, hwPhi: 8, hwEtaAtVtx: 9, hwPhiAtVtx: 10, hwQual: 4, hwIso: 2 },
  ...{ tfMuonIndex: 7, hwPtUnconstrained: 8, hwDXY: 2, hwCharge: 1, hwDisplaced: 1 },
};
const sizeOf = (column: string) => 2 ** (fieldBits[column] ?? 13);

/**
 * All requirements on the objects of one source. Each gets a bit; an object's bits are the AND of
 * one table lookup per column.
 */
export interface RequirementSet {
  /** The bit of a requirement; equal ones share it. */
  add(term: ObjectTerm): number;
  /** True where every object that fulfils requirement a fulfils b. */
  implies(a: number, b: number): boolean;
  /** True where no object can fulfil both. */
  excludes(a: number, b: number): boolean;
  /** 32-bit words that hold all bits. */
  words(): number;
  tables(): readonly RequirementTable[];
}

/** Bits by the joint value of some columns: [words, size]. */
export interface RequirementTable {
  /** The index is the sum of (value & mask) << shift. */
  readonly columns: readonly ColumnPart[];
  readonly size: number;
  readonly table: Int32Array;
}
interface ColumnPart {
  readonly column: string;
  readonly mask: number;
  readonly shift: number;
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
  const words = () => Math.max(1, Math.ceil(list.length / 32));
  return {
    words,
    add(term) {
      const cuts = [...term.cuts].sort((a, b) => (a.name < b.name ? -1 : 1));
      const key = printObject({ ...term, cuts, bx: 0 });
      const known = places.get(key);
      if (known !== undefined) return known;
      places.set(key, list.length);
      return list.push(requirementOf(term)) - 1;
    },
    implies(a, b) {
      for (const [column, accepted] of list[b].accepts) {
        const own = list[a].accepts.get(column);
        if (own === undefined || own.some((yes, value) => yes && !accepted[value])) return false;
      }
      return true;
    },
    excludes(a, b) {
      for (const [column, accepted] of list[b].accepts)
        if (list[a].accepts.get(column)?.every((yes, value) => !(yes && accepted[value])))
          return true;
      return false;
    },
    tables() {
      const columns = [...new Set(list.flatMap(({ accepts }) => [...accepts.keys()]))];
      return joint(columns).map((parts) => {
        const size = parts.reduce((n, { mask }) => n * (mask + 1), 1);
        const table = new Int32Array(size * words());
        list.forEach(({ accepts }, r) => {
          for (let index = 0; index < size; index++)
            if (parts.every((p) => accepts.get(p.column)?.[(index >>> p.shift) & p.mask] !== 0))
              table[(r >>> 5) * size + index] |= 1 << (r & 31);
        });
        return { columns: parts, size, table };
      });
    },
  };
}

/** Columns in groups whose joint values still make small tables, the wide ones first. */
function joint(columns: readonly string[]): ColumnPart[][] {
  const widest = 2048;
  const groups: { size: number; parts: ColumnPart[] }[] = [];
  for (const column of [...columns].sort((a, b) => sizeOf(b) - sizeOf(a))) {
    const size = sizeOf(column);
    let group = groups.find((g) => g.size * size <= widest);
    if (group === undefined) {
      group = { size: 1, parts: [] };
      groups.push(group);
    }
    group.parts.push({ column, mask: size - 1, shift: Math.log2(group.size) });
    group.size *= size;
  }
  return groups.map(({ parts }) => parts);
}

function requirementOf({ type, threshold, cuts }: ObjectTerm): Requirement {
  const { scalar = "hwPt", hwThreshold } = objectDefinition(type);
  const least = hwThreshold(threshold);
  const accepts = new Map<string, Uint8Array>();
  accepts.set(
    scalar,
    Uint8Array.from({ length: sizeOf(scalar) }, (_, hw) => +(hw >= least)),
  );
  for (const { column, windows } of cuts) {
    const size = sizeOf(column);
    const accepted = accepts.get(column) ?? new Uint8Array(size);
    for (const [low, high] of windows)
      for (let hw = low; hw <= high; hw++) accepted[hw & (size - 1)] = 1; // several windows: OR
    accepts.set(column, accepted);
  }
  return { accepts };
}

/** Objects of one source in one call of `evaluate`. */
export interface SourceData {
  /** [crossings + 1] */
  readonly offsets: Uint32Array;
  readonly columns: Readonly<Record<string, Int32Array>>;
}

/** The needed columns of a source, or the name of one that the crossings lack. */
export function sourceData(
  objects: TriggerObjects,
  source: SourceName,
  needed: Iterable<string>,
): SourceData | string {
  const { crossings, scalars } = objects;
  const collection =
    source === "scalars"
      ? { offsets: Uint32Array.from({ length: crossings + 1 }, (_, e) => e), columns: scalars }
      : objects[source];
  if (collection === undefined) return source;
  const { offsets, columns } = collection;
  const length = offsets[crossings];
  const data: Record<string, Int32Array> = {};
  for (const name of needed) {
    const values = columns[name];
    if (values === undefined) return `${source} ${name}`;
    // one kind of array keeps the inner loops fast
    data[name] =
      values instanceof Int32Array ? values : Int32Array.from({ length }, (_, i) => values[i]);
  }
  return { offsets, columns: data };
}
