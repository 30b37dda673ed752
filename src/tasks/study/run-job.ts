import { createRng } from "../../base/rng.ts";
import { type Dataset, prepareObjects } from "../recalibration/prepare.ts";
import type { ObjectKind } from "../recalibration/quantities.ts";
import { recalibrationOf, type StudyConfig } from "./config.ts";
import { runKernel, runTuning } from "./falkon-job.ts";
import type { Job, JobOutcome } from "./job.ts";
import { type JobContext, runNetwork } from "./network-job.ts";

/** Does one job. The result is a pure function of the job, the settings and the rows. */
export function runJob(job: Job, context: JobContext): Promise<JobOutcome> {
  if (job.kind === "network") return runNetwork(job, context);
  return job.kind === "tuning" ? runTuning(job, context) : runKernel(job, context);
}

/** The rows of a study: those of a recalibration, with no more for learning than asked for. */
export async function prepareStudy(
  object: ObjectKind,
  files: readonly string[],
  config: StudyConfig,
): Promise<Dataset> {
  const data = await prepareObjects(object, files, recalibrationOf(object, config));
  if (config.rows === null) return data;
  const { train, validation, test } = data.parts;
  const parts = {
    train: drawn(train, config.rows, `${config.seed}`),
    validation: drawn(validation, Math.ceil(config.rows / 3), `${config.seed}`),
    test,
  };
  const counts = {
    ...data.counts,
    train: parts.train.length,
    validation: parts.validation.length,
  };
  return { ...data, parts, counts };
}

/** At most so many rows, drawn at random, in their order. */
function drawn(rows: Uint32Array, count: number, seed: string): Uint32Array {
  if (rows.length <= count) return rows;
  const order = createRng(seed).split("rows").permutation(rows.length);
  return Uint32Array.from(order.slice(0, count), (i) => rows[i]).sort();
}
