import { basename, resolve } from "node:path";
import { DataError } from "../../../base/errors.ts";
import type { Snapshot } from "../results/snapshot.ts";
import type { Hello } from "./messages.ts";
import { type LumiSums, readConfig, sumLumis } from "./run-lumis.ts";
import { type RunWatch, watchRun } from "./run-watch.ts";

/** All that is known of the run in a folder, and of the run to compare it with. */
export interface Subject {
  readonly watch: RunWatch;
  readonly lumis: LumiSums;
  readonly reference: Snapshot | null;
  hello(): Omit<Hello, "history">;
  /** Reads what is new: nothing, a snapshot, or the first one of another run. */
  look(): Promise<"same" | "snapshot" | "start">;
}

/**
 * @param given - run to compare with, before the one that the run's configuration names.
 * @throws DataError where `given` is no run.
 */
export async function createSubject(run: string, given: string | null): Promise<Subject> {
  const watch = watchRun(run);
  let lumis = sumLumis(run);
  let reference = given === null ? null : await readReference(given);
  let [alarm, note] = [0.001, ""];

  /** A reference that the run itself could not read is none; the run has said so. */
  async function readSettings(): Promise<void> {
    const config = await readConfig(run).catch(() => null);
    if (!config) return;
    ({ alarm, note } = config);
    if (given !== null) return;
    const path = config.reference;
    reference = path === null ? null : await readReference(path).catch(() => null);
  }

  return {
    watch,
    get lumis() {
      return lumis;
    },
    get reference() {
      return reference?.snapshot ?? null;
    },
    hello() {
      return { folder: basename(resolve(run)), note, reference: reference?.name ?? null, alarm };
    },
    async look() {
      const wasThere = watch.snapshot !== null;
      const { isOtherRun, snapshot } = await watch.look();
      if (isOtherRun) lumis = sumLumis(run);
      if (!isOtherRun && (wasThere || !snapshot)) return snapshot ? "snapshot" : "same";
      await readSettings();
      return "start";
    },
  };
}

async function readReference(path: string) {
  const { snapshot } = await watchRun(path).look();
  if (!snapshot)
    throw new DataError(
      `monitor: ${path} holds no snapshot.json; give the folder of a run of 'forty scout run'`,
    );
  return { name: basename(resolve(path)), snapshot };
}
