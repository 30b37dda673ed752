import type { ObjectKind } from "../recalibration/quantities.ts";
import type { StudyConfig } from "./config.ts";
import type { Job, JobOutcome, JobProgress } from "./job.ts";

/** What a worker thread needs to read the rows once; its `workerData`. */
export interface WorkerSetup {
  readonly object: ObjectKind;
  readonly files: readonly string[];
  readonly config: StudyConfig;
  readonly provenance: object;
}

/** To a worker: a job to run, or the running one to stop. */
export type WorkerOrder = { readonly type: "run"; readonly job: Job } | { readonly type: "cancel" };

/** From a worker. */
export type WorkerNews =
  | ({ readonly type: "progress"; readonly id: string } & JobProgress)
  | ({ readonly type: "done"; readonly id: string } & JobOutcome)
  | { readonly type: "failed"; readonly id: string; readonly reason: string };
