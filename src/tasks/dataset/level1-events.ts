import { DataError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import {
  type CollectionPlan,
  collect,
  collectEventIds,
  collectionsIn,
  type EventIds,
  type FileSchema,
  type ObjectCollection,
  planCollection,
  planEventIds,
} from "../../cms/index.ts";
import type { RootFile } from "../../data/root/file.ts";
import { eventTrees, keeping, plannedReader, towerPlan } from "./event-trees.ts";
import type { DatasetSettings } from "./settings.ts";

/** Some consecutive events with their Level-1 objects of one kind, of all bunch crossings. */
export interface Level1Batch {
  /** Event numbers and number of vertices, as far as the file has them. */
  readonly ids: EventIds;
  readonly level1: ObjectCollection;
  /** Of jets, where the file tells: lit towers of each event in crossing 0 [events]. */
  readonly towers?: Int32Array;
}

/** The Level-1 objects of a file, not read yet. */
export interface Level1File {
  readonly format: FileSchema["name"];
  /** Collection that is read: "L1Mu". */
  readonly collection: string;
  /** Tree that holds it. */
  readonly tree: string;
  /** Branch of each column of `ids`, as the file calls it. */
  readonly idBranches: Readonly<Record<string, string>>;
  readonly events: number;
  /** Batches in the order of the file; memory is that of one batch. */
  batches(eventsPerBatch: number, signal?: AbortSignal): AsyncGenerator<Level1Batch>;
}

const kinds = { muons: "Mu", jets: "Jet" } as const;

const columns = [
  ...["pt", "eta", "phi", "bx", "hwPt", "hwEta", "hwPhi"],
  ...["charge", "hwCharge", "hwChargeValid"],
];

/**
 * Finds the Level-1 muons or jets of a ROOT file of events: L1Mu or L1Jet, or the collection asked
 * for ("L1EmulMu"). Throws `FormatError` for an unknown format, `DataError` for missing collections
 * and branches, and trees of unequal length.
 */
export async function openLevel1(
  file: RootFile,
  object: DatasetSettings["object"],
  collection: string = `L1${kinds[object]}`,
): Promise<Level1File> {
  const trees = await eventTrees(file);
  const { schema, named } = trees;
  const there = collectionsIn(schema, named).filter((name) => isOf(name, object));
  if (!there.includes(collection))
    throw absent({ where: file.name, title: schema.title, object, collection, there });
  const plan = keeping(planCollection(schema, collection, named), columns);
  const ids: CollectionPlan = trees.tree(schema.eventIds.tree)
    ? planEventIds(schema, named)
    : { name: "event ids", tree: plan.tree, branches: {} };
  const towers = object === "jets" ? towerPlan(trees) : null;
  const plans = [plan, ids, ...(towers ? [towers.plan] : [])];
  const { events, batches } = plannedReader(file.name, trees, plans);
  return {
    format: schema.name,
    collection,
    tree: plan.tree,
    idBranches: ids.branches,
    events,
    async *batches(eventsPerBatch, signal) {
      for await (const of of batches(eventsPerBatch, signal))
        yield {
          ids: collectEventIds(ids, of(ids)),
          level1: collect(plan, of(plan)),
          ...(towers ? { towers: towers.count(of(towers.plan), 0) } : {}),
        };
    },
  };
}

function isOf(collection: string, object: DatasetSettings["object"]): boolean {
  return collection.startsWith("L1") && collection.endsWith(kinds[object]);
}

interface Absent {
  readonly where: string;
  readonly title: string;
  readonly object: DatasetSettings["object"];
  readonly collection: string;
  readonly there: readonly string[];
}

function absent({ where, title, object, collection, there }: Absent): DataError {
  const what = `${where}: this ${title} has no Level-1 ${object} called "${collection}"`;
  if (there.length === 0) return new DataError(`${what}, nor any others`);
  const guess = nearMiss(collection, there) ?? there[0];
  return new DataError(`${what}; there are ${there.join(", ")}: choose with --collection ${guess}`);
}
