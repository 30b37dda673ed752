import { DataError } from "../base/errors.ts";
import { nearMiss } from "../base/near-miss.ts";

/** Values of a column of objects. */
export type NumericArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/**
 * The objects of one kind in many events (or crossings), event after event.
 * Columns carry NanoAOD's names: pt, eta, phi, bx, hwQual, ...
 */
export interface ObjectCollection {
  readonly events: number;
  /** [events + 1]; event e holds objects offsets[e] ... offsets[e + 1] - 1. */
  readonly offsets: Uint32Array;
  /** Each [objects]. */
  readonly columns: Readonly<Record<string, NumericArray>>;
}

/** A collection from its parts; `DataError` where offsets run backwards or lengths differ. */
export function makeCollection(
  name: string,
  offsets: Uint32Array,
  columns: Readonly<Record<string, NumericArray>>,
): ObjectCollection {
  if (offsets.length === 0 || offsets[0] !== 0)
    throw new DataError(`${name}: offsets must start with 0, got ${offsets[0]}`);
  for (let e = 1; e < offsets.length; e++)
    if (offsets[e] < offsets[e - 1])
      throw new DataError(
        `${name}: offsets run backwards at event ${e - 1}: ${offsets[e - 1]}, ${offsets[e]}`,
      );
  const objects = offsets[offsets.length - 1];
  for (const [column, values] of Object.entries(columns))
    if (values.length !== objects)
      throw new DataError(
        `${name}: column "${column}" has ${values.length} values for ${objects} objects`,
      );
  return { events: offsets.length - 1, offsets, columns };
}

/** Number of objects in all events. */
export function objectCount({ events, offsets }: ObjectCollection): number {
  return offsets[events];
}

/** The column of that name; `DataError` with what there is where it is missing. */
export function objectColumn(
  { columns }: ObjectCollection,
  name: string,
  where = "collection",
): NumericArray {
  if (Object.hasOwn(columns, name)) return columns[name];
  const names = Object.keys(columns);
  const guess = nearMiss(name, names);
  throw new DataError(
    `${where}: no column "${name}"; there are ${names.join(", ")}${guess ? `; did you mean "${guess}"?` : ""}`,
  );
}

/** Selected objects, and where they were. */
export interface SelectedObjects {
  /** The same events with the kept objects only, copied. */
  readonly collection: ObjectCollection;
  /** Place of every kept object in the original collection [kept], ascending. */
  readonly rows: Uint32Array;
}

/** The objects i for which `keep(i)` holds, in their events. */
export function selectObjects(
  { events, offsets, columns }: ObjectCollection,
  keep: (i: number) => boolean,
): SelectedObjects {
  const all = new Uint32Array(offsets[events]);
  const kept = new Uint32Array(events + 1);
  let n = 0;
  for (let e = 0; e < events; e++) {
    for (let i = offsets[e]; i < offsets[e + 1]; i++) if (keep(i)) all[n++] = i;
    kept[e + 1] = n;
  }
  const rows = all.slice(0, n);
  const taken = Object.entries(columns).map(([name, values]) => [name, takeValues(values, rows)]);
  return { collection: { events, offsets: kept, columns: Object.fromEntries(taken) }, rows };
}

/** values[rows[i]] for all i, in an array of the same kind. */
export function takeValues<V extends NumericArray>(values: V, rows: ArrayLike<number>): V {
  const taken = new (values.constructor as new (n: number) => V)(rows.length);
  for (let i = 0; i < rows.length; i++) taken[i] = values[rows[i]];
  return taken;
}

/**
 * The objects of one bunch crossing relative to the triggered one (`bx` 0). A collection without
 * a `bx` column, as from scouting, holds the triggered crossing alone.
 */
export function atCrossing(collection: ObjectCollection, bx = 0): SelectedObjects {
  const { bx: crossings } = collection.columns;
  return selectObjects(collection, crossings ? (i) => crossings[i] === bx : () => bx === 0);
}

/**
 * Charge of Level-1 muons, +1 or -1, [objects]: the `charge` column, or 1 - 2 hwCharge (a set bit
 * is a negative muon), 0 where hwChargeValid is 0 (cmssw L1ScoutingRawToDigi, ScGMTRawToDigi.cc).
 */
export function muonCharges(collection: ObjectCollection): Int8Array {
  const { charge, hwChargeValid } = collection.columns;
  if (charge) return Int8Array.from(charge);
  const bit = objectColumn(collection, "hwCharge", "muonCharges");
  return Int8Array.from(bit, (b, i) => (hwChargeValid?.[i] === 0 ? 0 : 1 - 2 * b));
}
