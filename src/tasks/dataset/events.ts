import { DataError } from "../../base/errors.ts";
import {
  collect,
  collectEventIds,
  collectionsIn,
  type EventIds,
  type FileSchema,
  type ObjectCollection,
  planCollection,
  planEventIds,
} from "../../cms/index.ts";
import { simulationKey } from "../../cms/simulate/simulation-label.ts";
import { namedTexts } from "../../data/read-root.ts";
import type { RootFile } from "../../data/root/file.ts";
import { eventTrees, keeping, plannedReader, towerPlan } from "./event-trees.ts";
import type { DatasetSettings } from "./settings.ts";

/** Some consecutive events with what a dataset needs of them. */
export interface EventBatch {
  readonly ids: EventIds;
  readonly level1: ObjectCollection;
  readonly offline: ObjectCollection;
  /** Of jets, where the file tells: lit towers of each event [events], the pile-up proxy. */
  readonly towers?: Int32Array;
  /** Where the file says who belongs to whom: place of each partner [offline]. */
  readonly partners?: Int32Array;
}

/** The events of a file, not read yet. */
export interface EventFile {
  readonly format: FileSchema["name"];
  readonly events: number;
  /** Label of a simulated file, as `simulationMetadata` writes it. */
  readonly simulation: string | null;
  /** Batches in the order of the file; memory is that of one batch. */
  batches(eventsPerBatch: number, signal?: AbortSignal): AsyncGenerator<EventBatch>;
}

/** Columns of each collection that are read where the file has them. */
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
  { object, source, bx }: Pick<DatasetSettings, "object" | "source" | "bx">,
): Promise<EventFile> {
  const trees = await eventTrees(file);
  const { schema, named } = trees;
  const [level1, offline] = object === "muons" ? ["L1Mu", "Muon"] : ["L1Jet", "Jet"];
  const there = collectionsIn(schema, named);
  const where = schema.collections[offline]?.tree;
  if (where === undefined || !trees.tree(where))
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
  const towers = object === "jets" ? towerPlan(trees) : null;
  const all = [...Object.values(plans), ...(towers ? [towers.plan] : [])];
  const { events, batches } = plannedReader(file.name, trees, all);
  return {
    format: schema.name,
    events,
    simulation: (await namedTexts(file))[simulationKey] ?? null,
    async *batches(eventsPerBatch, signal) {
      for await (const of of batches(eventsPerBatch, signal))
        yield {
          ids: collectEventIds(plans.ids, of(plans.ids)),
          level1: collect(plans.level1, of(plans.level1)),
          offline: collect(plans.offline, of(plans.offline)),
          ...(towers ? { towers: towers.count(of(towers.plan), bx) } : {}),
        };
    },
  };
}
