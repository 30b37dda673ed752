import { DataError, FormatError, invariant } from "../../base/errors.ts";
import { type EventIds, objectCount } from "../../cms/index.ts";
import { splitTreePath } from "../../data/detect.ts";
import {
  createTableWriter,
  formatOfName,
  inspectTable,
  makeColumn,
  makeTable,
  schemaOf,
  type Table,
} from "../../data/index.ts";
import { openRootFile } from "../../data/read-root.ts";
import type { RootColumn } from "../../data/root/column.ts";
import type { ElementType } from "../../data/root/element.ts";
import { leafTypes, type RootField } from "../../data/root/write-schema.ts";
import { createTreeWriter } from "../../data/write.ts";
import { lazyWriter, writeAll } from "../../data/write-all.ts";
import type { Predictor } from "../../nn/index.ts";
import { type Level1Batch, type Level1File, openLevel1 } from "../dataset/level1-events.ts";
import type { ModelColumns } from "./metadata.ts";
import { type CalibratedObjects, calibrateObjects } from "./predict-objects.ts";

/** Events that are in memory at a time. */
const eventsPerBatch = 20_000;

/** Name of a friend tree where the path tells none, as NanoAOD's tools call it. */
const friendTree = "Friends";

/** Level-1 objects of a file of events, for a model. */
export interface PredictEvents extends Level1File {
  close(): Promise<void>;
}

/**
 * The Level-1 objects of a ROOT file of events (NanoAOD, scouting NanoAOD, L1 ntuple) that a model
 * is for. Null for what is a flat table to the model: other formats, a tree with the model's input
 * columns, a ROOT file of no known format, another tree behind the colon. With `collection`, a
 * ROOT file is never flat.
 */
export async function openPredictEvents(
  path: string,
  { object, inputs }: ModelColumns,
  collection: string | undefined,
): Promise<PredictEvents | null> {
  if (formatOfName(path) !== "root") return null;
  if (collection === undefined && (await hasColumns(path, inputs))) return null;
  const file = await openRootFile(path);
  try {
    const source = await openLevel1(file, object, collection);
    const named = splitTreePath(path).tree?.replace(/;\d+$/, "") ?? source.tree;
    if (named === source.tree) return { ...source, close: () => file.close() };
  } catch (error) {
    if (!(error instanceof FormatError) || collection !== undefined) {
      await file.close();
      throw error;
    }
  }
  await file.close();
  return null;
}

/** Whether a tree, the one named or the only one, has the model's inputs as flat columns. */
async function hasColumns(path: string, inputs: ModelColumns["inputs"]): Promise<boolean> {
  const info = await inspectTable(path).catch((error: unknown) => {
    if (error instanceof DataError) return { columns: [] }; // several trees, or none
    throw error;
  });
  const names = new Set(info.columns.map((c) => c.name));
  return inputs.every(({ name }) => names.has(name));
}

export interface PredictEventsOptions {
  readonly model: ModelColumns;
  readonly predictor: Predictor;
  readonly input: string;
  readonly output: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  readonly onRows?: ((done: number, total: number) => void) | undefined;
}

/** How many objects a file had, and how many of them the model was applied to. */
export interface PredictedObjects {
  readonly events: number;
  readonly collection: string;
  readonly objects: number;
  readonly calibrated: number;
  /**
   * The others, which keep their Level-1 values, by the first reason: "pt" outside of the window of
   * the training, the name of an input that is missing or out of range, "result" not finite.
   */
  readonly outside: Readonly<Record<string, number>>;
}

/**
 * Applies a model to all Level-1 objects of all bunch crossings, in place, in the memory of some
 * events. Into ROOT goes a friend tree: one entry for each of the input, in its order, with the
 * event numbers, the counter of the objects ("nL1Mu") and jagged branches of the outputs
 * ("L1Mu_ptCalib", ...) and of "L1Mu_calibrated". Other formats get a row per object, with the
 * `entry` of the file and the `index` of the object therein. `calibrateObjects` says what becomes
 * of objects that the model was not trained for.
 * @throws DataError where the file does not have an input of the model; no output is left then.
 */
export async function predictEvents(
  source: PredictEvents,
  { input, output, metadata, signal, onRows, ...options }: PredictEventsOptions,
): Promise<PredictedObjects> {
  if (source.events === 0) throw new DataError(`${input}: holds no events`);
  const counts = { objects: 0, calibrated: 0 };
  const outside: Record<string, number> = {};
  async function* pieces(): AsyncGenerator<Piece> {
    let first = 0;
    for await (const batch of source.batches(eventsPerBatch, signal)) {
      const result = await calibrateObjects(input, batch, options);
      counts.objects += result.calibrated.length;
      counts.calibrated += result.calibrated.reduce((n, one) => n + one, 0);
      for (const [reason, n] of Object.entries(result.outside))
        if (n > 0) outside[reason] = (outside[reason] ?? 0) + n;
      yield { ...batch, ...result, first, rows: batch.level1.events };
      first += batch.level1.events;
    }
  }
  const writer =
    formatOfName(output) === "root"
      ? friendWriter(output, source, metadata)
      : objectWriter(output, metadata);
  const events = await writeAll(writer, pieces(), {
    task: "predict",
    out: output,
    signal,
    onRows: (done) => onRows?.(done, source.events),
  });
  return { events, collection: source.collection, ...counts, outside };
}

/** Some events with the calibrated objects. */
interface Piece extends Level1Batch, CalibratedObjects {
  /** Entry of the first event in the file. */
  readonly first: number;
  /** Events. */
  readonly rows: number;
}

type Metadata = Readonly<Record<string, string>>;

/** Writes a tree beside that of the input. */
function friendWriter(output: string, source: PredictEvents, metadata: Metadata) {
  return lazyWriter(async (first: Piece) => {
    const fields = friendColumns(first, source);
    const writer = await createTreeWriter(output, fields, { metadata, tree: friendTree });
    const append = (piece: Piece) =>
      writer.append({ rows: piece.rows, columns: friendColumns(piece, source) });
    return { ...writer, append };
  });
}

type FriendColumn = RootColumn & RootField & { readonly unit: string | null };

/** Event numbers by their own names, then the results of the objects. */
function friendColumns(
  { ids, level1, outputs, calibrated }: Piece,
  { collection, idBranches }: PredictEvents,
): FriendColumn[] {
  const numbers = Object.entries(ids).filter(([column]) => column !== "vertices");
  const ofEvents = numbers.map(([column, values]): FriendColumn => {
    const name = idBranches[column].split(/[./]/).at(-1) as string;
    return { name, type: elementType(values), values, inner: [], unit: null };
  });
  const flags = { name: "calibrated", type: "bool" as const, values: calibrated, unit: null };
  const results = outputs.map(({ name, unit, values }) => {
    return { name, unit, type: "float32" as const, values: values as Float32Array };
  });
  const ofObjects = [...results, flags].map((column): FriendColumn => {
    const name = `${collection}_${column.name}`;
    return { ...column, name, inner: [], offsets: level1.offsets, counter: `n${collection}` };
  });
  return [...ofEvents, ...ofObjects];
}

function elementType(values: EventIds[string]): ElementType {
  const types = Object.keys(leafTypes) as ElementType[];
  const found = types.find((type) => type !== "bool" && values instanceof leafTypes[type].array);
  invariant(found !== undefined, `no branch holds a ${values.constructor.name}`);
  return found;
}

/** Writes a row per object. */
function objectWriter(output: string, metadata: Metadata) {
  return lazyWriter(async (first: Piece) => {
    const writer = await createTableWriter(output, schemaOf(objectTable(first)), { metadata });
    return { ...writer, append: (piece: Piece) => writer.append(objectTable(piece)) };
  });
}

/** Event numbers of rows, as datasets call them. */
const idColumns: Readonly<Record<string, string>> = {
  run: "run",
  lumi: "lumi",
  event: "event",
  bx: "bunchCrossing",
  orbit: "orbitNumber",
};

/** Where each object is from, its crossing and Level-1 pt, what the model reads and gives. */
function objectTable({ ids, level1, inputs, outputs, calibrated, first }: Piece): Table {
  const { offsets, columns } = level1;
  const n = objectCount(level1);
  const entry = new BigInt64Array(n);
  const index = new Int32Array(n);
  const numbers = Object.entries(ids).filter(([column]) => column in idColumns);
  const perObject = numbers.map(([column]) => makeColumn(idColumns[column], new BigInt64Array(n)));
  for (let e = 0; e < level1.events; e++) {
    const [from, to] = [offsets[e], offsets[e + 1]];
    entry.fill(BigInt(first + e), from, to);
    for (let i = from; i < to; i++) index[i] = i - from;
    for (const [k, [, values]] of numbers.entries())
      (perObject[k].values as BigInt64Array).fill(BigInt(values[e]), from, to);
  }
  return makeTable([
    makeColumn("entry", entry),
    makeColumn("index", index),
    ...perObject,
    ...(columns.bx ? [makeColumn("bx", Int32Array.from(columns.bx))] : []),
    makeColumn("ptL1", Float32Array.from(columns.pt), "GeV"),
    makeColumn("etaL1", Float32Array.from(columns.eta)),
    makeColumn("phiL1", Float32Array.from(columns.phi), "rad"),
    ...inputs,
    ...outputs,
    makeColumn("calibrated", calibrated),
  ]);
}
