import { DataError } from "../../base/errors.ts";
import {
  type CollectionPlan,
  collect,
  collectEventIds,
  collectionsIn,
  detectSchema,
  type FileSchema,
  litTowers,
  planCollection,
  planEventIds,
  schemas,
  type TreeBranches,
} from "../../cms/index.ts";
import { openAnyTree, treePaths } from "../../data/read-root.ts";
import type { RootColumn } from "../../data/root/column.ts";
import type { RootFile } from "../../data/root/file.ts";
import type { RootTree } from "../../data/root/tree.ts";
import { offlineTrees, withOffline } from "./ntuple-offline.ts";

/** The trees of a file of events. */
export interface EventTrees {
  readonly schema: FileSchema;
  /** All trees with the branches of those that the format speaks of. */
  readonly named: readonly TreeBranches[];
  /** The tree of a path, where the format speaks of it. */
  tree(path: string): RootTree | null;
}

/** Finds the format of a ROOT file of events. `FormatError` where it is none that is known. */
export async function eventTrees(file: RootFile): Promise<EventTrees> {
  const trees = await knownTrees(file);
  const named = Array.from(trees, ([tree, found]) => ({
    tree,
    branches: found?.branches.map(({ name }) => name) ?? [],
  }));
  const schema = withOffline(detectSchema(named, file.name));
  return { schema, named, tree: (path) => trees.get(path) ?? null };
}

/** Trees that a format speaks of, opened; others by name only (null). */
async function knownTrees(file: RootFile): Promise<Map<string, RootTree | null>> {
  const known = new Set([
    ...schemas.flatMap(({ signature, eventIds, collections }) => [
      ...signature.trees,
      eventIds.tree,
      ...Object.values(collections).map(({ tree }) => tree),
    ]),
    ...offlineTrees,
  ]);
  const trees = new Map<string, RootTree | null>();
  for (const path of treePaths(file))
    trees.set(path, known.has(path) ? await openAnyTree(file, path) : null);
  return trees;
}

/** A plan with some of its columns only. */
export function keeping(plan: CollectionPlan, wanted: readonly string[]): CollectionPlan {
  const kept = Object.entries(plan.branches).filter(([column]) => wanted.includes(column));
  return { ...plan, branches: Object.fromEntries(kept) };
}

/** Where the pile-up proxy of events is. */
export interface TowerPlan {
  readonly plan: CollectionPlan;
  /** Lit towers at |ieta| <= 4 of a crossing [events], from the branches of the plan. */
  count(read: readonly RootColumn[], bx: number): Int32Array;
}

/** The lit towers: a branch of our simulation, or counted from the towers; null without either. */
export function towerPlan({ schema, named }: EventTrees): TowerPlan | null {
  const ids = named.some(({ tree }) => tree === schema.eventIds.tree)
    ? keeping(planEventIds(schema, named), ["towers"])
    : null;
  if (ids?.branches.towers !== undefined)
    return {
      plan: ids,
      count: (read) => Int32Array.from(collectEventIds(ids, read).towers, Number),
    };
  if (!collectionsIn(schema, named).includes(towerCollection)) return null;
  const plan = keeping(planCollection(schema, towerCollection, named), ["ieta", "iet", "bx"]);
  return { plan, count: (read, bx) => litTowers(collect(plan, read), bx) };
}

const towerCollection = "L1CaloTower";

/** Branches of several trees whose entries belong together. */
export interface PlannedReader {
  readonly events: number;
  /** Piece after piece, what gives the branches of each plan. */
  batches(
    eventsPerBatch: number,
    signal?: AbortSignal,
  ): AsyncGenerator<(plan: CollectionPlan) => readonly RootColumn[]>;
}

/** Reads what some plans need, every tree once. `DataError` for trees of unequal length. */
export function plannedReader(
  where: string,
  trees: EventTrees,
  plans: readonly CollectionPlan[],
): PlannedReader {
  const needed = new Map<string, Set<string>>();
  for (const { tree, branches } of plans) {
    const names = needed.get(tree) ?? new Set();
    for (const branch of Object.values(branches)) names.add(branch);
    needed.set(tree, names);
  }
  const sources = Array.from(needed).flatMap(([path, names]) => {
    const tree = trees.tree(path);
    return tree ? [{ path, tree, branches: [...names] }] : [];
  });
  const [first, ...others] = sources;
  const other = others.find(({ tree }) => tree.entries !== first.tree.entries);
  if (other)
    throw new DataError(
      `${where}: trees of unequal length: ${first.path} has ${first.tree.entries} entries, ` +
        `${other.path} has ${other.tree.entries}; their events do not belong together`,
    );
  return {
    events: first.tree.entries,
    async *batches(eventsPerBatch, signal) {
      const readers = sources.map(({ path, tree, branches }) => ({
        path,
        pieces: tree.batches(branches, eventsPerBatch, signal === undefined ? {} : { signal }),
      }));
      for (;;) {
        const read = new Map<string, readonly RootColumn[]>();
        for (const { path, pieces } of readers) {
          const { done, value } = await pieces.next();
          if (done) return;
          read.set(path, value);
        }
        yield (plan) => read.get(plan.tree) ?? [];
      }
    },
  };
}
