import type { NumericArray, ObjectCollection } from "../objects.ts";

/** Crossings of an LHC orbit; bx runs from 1 to this number. */
export const crossingsPerOrbit = 3564;

const arrays = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
} as const;

/** Objects of one kind: how many a crossing can have, and their columns with element types. */
export interface ObjectKind {
  readonly perCrossing: number;
  readonly columns: Readonly<Record<string, keyof typeof arrays>>;
}
export type ObjectKinds = Readonly<Record<string, ObjectKind>>;

/**
 * Objects of one kind in one orbit, as hardware integers. Crossing bx (1 ... 3564) holds objects
 * offsets[bx - 1] ... offsets[bx] - 1. Columns are as long as there is room: only the first
 * offsets[3564] values mean something.
 */
export interface OrbitCollection<K extends ObjectKind = ObjectKind> {
  /** [3565] */
  readonly offsets: Uint32Array;
  readonly columns: {
    readonly [C in keyof K["columns"]]: InstanceType<(typeof arrays)[K["columns"][C]]>;
  };
}

/** Blocks of an orbit, one for each crossing that has one, in ascending bx. */
export interface OrbitBlocks {
  /** How many there are; the arrays below are [3564], the rest of them is left over. */
  count: number;
  readonly bx: Uint16Array;
  /** Header words without the counts, which the offsets tell. */
  readonly header: Uint32Array;
  /** Bit 31 of the orbit word, which is no part of the orbit number. */
  readonly flag: Uint8Array;
}

/** What a decoder makes of one orbit of one source; reused from orbit to orbit. */
export interface OrbitObjects<K extends ObjectKinds = ObjectKinds> {
  /** Orbit number, 31 bits; -1 for an orbit without blocks whose number was not given. */
  orbit: number;
  /** Words left out: no pt, no quality or intermediate. With 0, every bit is in the columns. */
  dropped: number;
  readonly blocks: OrbitBlocks;
  readonly objects: { readonly [N in keyof K]: OrbitCollection<K[N]> };
}

/** Makes an array of one of the element types. */
export type Allocate = <T>(type: TypedArrayOf<T>, length: number) => T;
interface TypedArrayOf<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): T;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): T;
}

/** Storage for orbits of these kinds, with at most `maxObjects` objects of each. */
export function createOrbitObjects<K extends ObjectKinds>(
  kinds: K,
  maxObjects = 2 ** 21,
  allocate: Allocate = (type, length) => new type(length),
): OrbitObjects<K> {
  const collection = ({ perCrossing, columns }: ObjectKind) => {
    const room = Math.min(maxObjects, perCrossing * crossingsPerOrbit);
    const named = Object.entries(columns).map(([name, type]) => [
      name,
      allocate<NumericArray>(arrays[type], room),
    ]);
    return {
      offsets: allocate(Uint32Array, crossingsPerOrbit + 1),
      columns: Object.fromEntries(named),
    };
  };
  const objects = Object.entries(kinds).map(([kind, spec]) => [kind, collection(spec)]);
  return {
    orbit: -1,
    dropped: 0,
    blocks: {
      count: 0,
      bx: allocate(Uint16Array, crossingsPerOrbit),
      header: allocate(Uint32Array, crossingsPerOrbit),
      flag: allocate(Uint8Array, crossingsPerOrbit),
    },
    objects: Object.fromEntries(objects) as OrbitObjects<K>["objects"],
  };
}

/** Leaves an orbit without blocks and objects. */
export function clearOrbit(into: OrbitObjects): void {
  into.orbit = -1;
  into.dropped = 0;
  into.blocks.count = 0;
  for (const { offsets } of Object.values(into.objects)) offsets.fill(0);
}

/**
 * One kind of objects as a collection of 3564 crossings (event e is bx e + 1), for `withPhysical`,
 * `selectObjects`, ... It shares the memory: valid until the next orbit is decoded into it.
 */
export function orbitCollection(kind: OrbitCollection): ObjectCollection {
  const n = kind.offsets[crossingsPerOrbit];
  const columns = Object.entries<NumericArray>(kind.columns);
  return {
    events: crossingsPerOrbit,
    offsets: kind.offsets,
    columns: Object.fromEntries(columns.map(([name, values]) => [name, values.subarray(0, n)])),
  };
}
