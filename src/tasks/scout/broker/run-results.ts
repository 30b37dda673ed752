import { join } from "node:path";
import { DataError, SessionError } from "../../../base/errors.ts";
import { writeWhole } from "../../run-folder.ts";
import { blockName, requireRun } from "../orbit/block.ts";
import { addTallies, createTallies } from "../results/tallies.ts";
import type { WorkersOptions } from "../workers/workers.ts";
import type { Broker, Delivery } from "./broker.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { sha256Of } from "./job.ts";
import { type BrokerNames, dealtBlock } from "./names.ts";
import { getObject, openParcel, removeObject } from "./parcels.ts";
import { type BlockReport, decodeReport, type KeptFile } from "./result-code.ts";

export interface ResultsOptions extends Pick<WorkersOptions, "setup" | "onDone"> {
  readonly broker: Broker;
  readonly names: BrokerNames;
  readonly heartbeat: Heartbeat;
  /** Ids of the blocks with a record. */
  readonly ended: Set<number>;
  /** Told how many threads a worker has replaced so far. */
  readonly countRestarts: (of: Pick<BlockReport, "worker" | "restarts">) => void;
}

/**
 * Takes the results of blocks, each block's once whatever comes twice: its file of kept crossings
 * whole into place, then the record by `onDone`; only then may the broker forget them.
 * @returns a function that takes a delivery, and tells the block that is done, or null.
 */
export function createResultTaker(options: ResultsOptions) {
  const { broker, names, setup, onDone, heartbeat, ended, countRestarts } = options;
  const taking = new Set<number>();
  let expectedRun: number | null = null;

  /** Kept crossings into the run's folder. */
  async function saveFile(id: number, file: KeptFile): Promise<void> {
    const bytes = await getObject(broker, names, file);
    if ((await sha256Of(bytes)) !== file.sha256)
      throw new DataError(
        `broker: the file of block ${id} was damaged on its way: its SHA-256 is not ${file.sha256}; go on with --resume`,
      );
    // the name is ours: what comes from outside names no paths
    await writeWhole(join(setup.folder, `${blockName(id)}.${setup.config.output}`), bytes);
  }

  return async function take(delivery: Delivery): Promise<number | null> {
    const { id } = dealtBlock(delivery.subject);
    if (ended.has(id) || taking.has(id)) {
      await delivery.ack();
      return null;
    }
    taking.add(id);
    heartbeat.add(delivery);
    const { bytes, object } = await openParcel(broker, names, delivery.bytes);
    const report = decodeReport(bytes);
    countRestarts(report);
    const { outcome, run, worker } = report;
    if ("failure" in outcome) {
      await delivery.ack(); // so that a resumed run tries it anew
      throw new SessionError(`scout: block ${id} failed on ${worker}: ${outcome.failure}`);
    }
    expectedRun ??= run;
    requireRun(run, expectedRun, `block ${id}`);
    const { orbits, tallies, file } = outcome;
    if (file !== null) await saveFile(id, file);
    await onDone({ run, id, orbits }, addTallies(createTallies(), tallies));
    ended.add(id);
    taking.delete(id);
    await delivery.ack();
    heartbeat.delete(delivery);
    for (const garbage of [object, report.object, file?.object])
      if (garbage) await removeObject(broker, names, garbage);
    return id;
  };
}
