import { DataError } from "../../base/errors.ts";
import {
  type CollectionPlan,
  collect,
  collectEventIds,
  collectionsIn,
  detectSchema,
  type EventIds,
  type FileSchema,
  type ObjectCollection,
  planCollection,
  planEventIds,
  schemas,
} from "../../cms/index.ts";
import type { RootFile } from "../../data/root/file.ts";
import type { RootTree } from "../../data/root/tree.ts";
import { offlineTrees, withOffline } from "./ntuple-offline.ts";
import type { DatasetSettings } from "./settings.ts";

/** Some consecutive events with what a dataset needs of them. */
export interface EventBatch {
  readonly ids: EventIds;
  readonly level1: ObjectCollection;
  readonly offline: ObjectCollection;
  /** Where the file says who belongs to whom: place of each partner [offline]. */
  readonly partners?: Int32Array;
}

/** The events of a file, not read yet. */
export interface EventFile {
  readonly format: FileSchema["name"];
  readonly events: number;
  /** Batches in the order of the file; memory is that of one batch. */
  batches(eventsPerBatch: number, signal?: AbortSignal): AsyncGenerator<EventBatch>;
}

/** Columns that are read where the file has them. */
const columns = {
  L1Mu: [
    ...["pt", "eta", "phi", "bx", "hwPhi", "hwEta", "hwQual"],
    ...["charge", "hwCharge", "hwChargeValid", "etaAtVtx", "phiAtVtx"],
  ],
  L1Jet: ["pt", "eta", "phi", "bx", "hwPt", "hwEta", "hwPhi", "hwQual"],
  TrigObj: ["pt", "eta", "phi", "id", "l1pt", "l1charge"],
  Muon: ["pt", "eta", "phi", "charge"],
  Jet: ["pt", "eta", "phi"],
} as const;

const ids = ["run", "lumi", "event", "vertices"];

/**
 * Finds the format of a ROOT file and the branches for a dataset. Throws `FormatError` for an
 * unknown format, `DataError` for missing branches and trees of unequal length.
 */
export async function openEvents(
  file: RootFile,
  { object, source }: Pick<DatasetSettings, "object" | "source">,
): Promise<EventFile> {
  const trees = await knownTrees(file);
  const named = Array.from(trees, ([tree, found]) => ({
    tree,
    branches: found?.branches.map(({ name }) => name) ?? [],
  }));
  const schema = withOffline(detectSchema(named, file.name));
  const [level1, offline] = object === "muons" ? ["L1Mu", "Muon"] : ["L1Jet", "Jet"];
  const there = collectionsIn(schema, named);
  const where = schema.collections[offline]?.tree;
  if (where === undefined || !trees.get(where))
    throw new DataError(
      `${file.name}: this ${schema.title} has no offline ${object} to match with` +
        (where === undefined ? "" : ` (tree ${where})`),
    );
  if (source === "l1" && !there.includes(level1) && there.includes("TrigObj"))
    throw new DataError(
      `${file.name}: no branches ${level1}_pt, ${level1}_eta, ${level1}_phi, but trigger objects ` +
        "with a Level-1 pt; use --source trigobj",
    );
  const planOf = (name: string) => {
    const plan = planCollection(schema, name, named);
    return keeping(plan, columns[name as keyof typeof columns]);
  };
  const plans = {
    ids: keeping(planEventIds(schema, named), ids),
    level1: planOf(source === "l1" ? level1 : "TrigObj"),
    offline: planOf(offline),
  };
  const sources = sourcesOf(plans, trees);
  const [first, ...others] = sources;
  const other = others.find(({ tree }) => tree.entries !== first.tree.entries);
  if (other)
    throw new DataError(
      `${file.name}: trees of unequal length: ${first.path} has ${first.tree.entries} entries, ` +
        `${other.path} has ${other.tree.entries}; their events do not belong together`,
    );
  return {
    format: schema.name,
    events: first.tree.entries,
    async *batches(eventsPerBatch, signal) {
      const readers = sources.map(({ path, tree, branches }) => ({
        path,
        pieces: tree.batches(branches, eventsPerBatch, signal === undefined ? {} : { signal }),
      }));
      for (;;) {
        const read = new Map<string, Awaited<ReturnType<RootTree["read"]>>>();
        for (const { path, pieces } of readers) {
          const { done, value } = await pieces.next();
          if (done) return;
          read.set(path, value);
        }
        const of = (plan: CollectionPlan) => read.get(plan.tree) ?? [];
        yield {
          ids: collectEventIds(plans.ids, of(plans.ids)),
          level1: collect(plans.level1, of(plans.level1)),
          offline: collect(plans.offline, of(plans.offline)),
        };
      }
    },
  };
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
  for (const { path, className } of file.keys())
    if (className === "TTree" && !trees.has(path))
      trees.set(path, known.has(path) ? await file.tree(path) : null);
  return trees;
}

function keeping(plan: CollectionPlan, wanted: readonly string[]): CollectionPlan {
  const kept = Object.entries(plan.branches).filter(([column]) => wanted.includes(column));
  return { ...plan, branches: Object.fromEntries(kept) };
}

/** Every tree once, with all branches that the plans need of it. */
function sourcesOf(
  plans: Readonly<Record<string, CollectionPlan>>,
  trees: ReadonlyMap<string, RootTree | null>,
): { path: string; tree: RootTree; branches: string[] }[] {
  const needed = new Map<string, Set<string>>();
  for (const { tree, branches } of Object.values(plans)) {
    const names = needed.get(tree) ?? new Set();
    for (const branch of Object.values(branches)) names.add(branch);
    needed.set(tree, names);
  }
  return Array.from(needed).flatMap(([path, names]) => {
    const tree = trees.get(path);
    return tree ? [{ path, tree, branches: [...names] }] : [];
  });
}
