import {
  atCrossing,
  directions,
  type JetStatistics,
  type Matches,
  matchNearest,
  matchUnique,
  type ObjectCollection,
  objectColumn,
  selectObjects,
  takeValues,
} from "../../cms/index.ts";
import { type Column, type ColumnType, makeColumn, type Table } from "../../data/index.ts";
import type { DatasetCounts } from "./counts.ts";
import type { EventBatch } from "./events.ts";
import type { DatasetSettings } from "./settings.ts";

/** What a batch of events gives. */
export interface MatchedBatch {
  readonly table: Table;
  readonly counts: DatasetCounts;
  /** Level-1 over offline pt of every pair [matched]. */
  readonly ratios: Float32Array;
  /** Distance of every pair [matched]; NaN where a file brings the pairs. */
  readonly deltaR: ArrayLike<number>;
  /** Of jets. */
  readonly jets?: JetStatistics;
}

/** The selected objects of a batch and who belongs to whom. */
export interface Selected {
  readonly level1: ObjectCollection;
  readonly offline: ObjectCollection;
  readonly matches: Matches;
}

/** What NanoAOD calls the kinds of trigger objects (TrigObj_id). */
const triggerIds = { muons: 13, jets: 1 } as const;

/** Selects the objects of the settings and pairs them, or takes the pairs that a file brings. */
export function selectAndMatch(batch: EventBatch, settings: DatasetSettings): Selected {
  const { object, source, maxDeltaR, bx, minOfflinePt, unique } = settings;
  const level1 =
    source === "l1"
      ? atCrossing(batch.level1, bx).collection
      : triggerObjects(batch.level1, triggerIds[object]);
  const { pt } = batch.offline.columns;
  const { collection: offline, rows } = selectObjects(batch.offline, (i) => pt[i] > minOfflinePt);
  if (batch.partners !== undefined) {
    const deltaR = new Float64Array(rows.length).fill(Number.NaN);
    return { level1, offline, matches: { partner: takeValues(batch.partners, rows), deltaR } };
  }
  const coordinates = object === "muons" && source === "l1" ? settings.coordinates : "station";
  const match = unique ? matchUnique : matchNearest;
  const matches = match(directions(offline), directions(level1, coordinates), { maxDeltaR });
  return { level1, offline, matches };
}

/** Trigger objects of one kind that carry a Level-1 pt, which then is their pt. */
function triggerObjects(all: ObjectCollection, kind: number): ObjectCollection {
  const { id } = all.columns;
  const l1pt = objectColumn(all, "l1pt", "trigger objects");
  const { collection } = selectObjects(all, (i) => id[i] === kind && l1pt[i] > 0);
  const { l1pt: pt, l1charge, ...rest } = collection.columns;
  const charge = l1charge === undefined ? {} : { charge: l1charge };
  return { ...collection, columns: { ...rest, pt, ...charge } };
}

/** Event of every object [objects]. */
export function eventOf({ events, offsets }: ObjectCollection): Uint32Array {
  const event = new Uint32Array(offsets[events]);
  for (let e = 0; e < events; e++) event.fill(e, offsets[e], offsets[e + 1]);
  return event;
}

/** Values of a column at some places; missing (NaN) where a file lacks the column. */
export function taken(
  name: string,
  type: "int32" | "float32",
  source: { values: ArrayLike<number> | undefined; rows: Uint32Array; unit?: string },
): Column {
  const { values, rows, unit = null } = source;
  if (values === undefined) {
    const none = new Float64Array(rows.length).fill(Number.NaN);
    return typed(name, type, none, unit);
  }
  const picked = type === "int32" ? new Int32Array(rows.length) : new Float32Array(rows.length);
  for (let k = 0; k < rows.length; k++) picked[k] = values[rows[k]];
  return makeColumn(name, picked, unit);
}

function typed(name: string, type: ColumnType, none: Float64Array, unit: string | null): Column {
  const values = type === "float32" ? Float32Array.from(none) : none;
  return { name, unit, values, type };
}

/** run, lumi, event and the number of vertices of rows, by their events [rows]. */
export function idColumns({ ids }: EventBatch, rows: Uint32Array): Column[] {
  const exact = (name: string): Column => {
    if (ids[name] === undefined)
      return typed(name, "int64", new Float64Array(rows.length).fill(Number.NaN), null);
    const values = new BigInt64Array(rows.length);
    for (let k = 0; k < rows.length; k++) values[k] = BigInt(ids[name][rows[k]]);
    return makeColumn(name, values);
  };
  const vertices = ids.vertices === undefined ? undefined : Array.from(ids.vertices, Number);
  return [
    exact("run"),
    exact("lumi"),
    exact("event"),
    taken("nVertices", "int32", { values: vertices, rows }),
  ];
}
