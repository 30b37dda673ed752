import { CancelledError } from "../../base/errors.ts";
import type { RunFolder } from "../run-folder.ts";
import type { StudyConfig } from "./config.ts";
import { isTuning, type Job, type JobProgress, type JobResult, jobName, type Rms } from "./job.ts";
import { planFirst, planSecond } from "./plan.ts";
import { folderOf, type Results } from "./results.ts";
import { createJobPool, type PoolOptions, takeFile } from "./run-pool.ts";

/** A job without a result, and why. */
export interface FailedJob {
  readonly id: string;
  readonly name: string;
  readonly reason: string;
}

/** What happens in a study, as plain data. */
export type StudyEvent =
  | { readonly type: "stage"; readonly stage: string }
  /** Jobs of a stage: how many there are, how many of them are done from before. */
  | { readonly type: "plan"; readonly jobs: number; readonly done: number }
  | { readonly type: "start"; readonly id: string; readonly name: string }
  | ({ readonly type: "progress"; readonly id: string } & JobProgress)
  | {
      readonly type: "done";
      readonly id: string;
      readonly name: string;
      readonly fitSeconds: number;
    }
  | ({ readonly type: "failed" } & FailedJob);

interface JobsOptions extends Pick<PoolOptions, "threads" | "setup" | "signal"> {
  readonly results: Results;
  /** Errors of L1 on the validation part. */
  readonly level1: Rms;
  readonly isWanted: (job: Job) => boolean;
  readonly onEvent?: (event: StudyEvent) => void;
}

/**
 * Does the jobs of both stages that are wanted and not done yet.
 * @returns all results that are there, in the order of the plan.
 * @throws CancelledError when the signal fires; what is done is kept.
 */
export async function runJobs(
  run: RunFolder,
  config: StudyConfig,
  { threads, setup, results, level1, isWanted, signal, onEvent }: JobsOptions,
): Promise<{ readonly done: JobResult[]; readonly failed: FailedJob[] }> {
  const done: JobResult[] = [];
  const failed: FailedJob[] = [];
  const emit = (event: StudyEvent) => onEvent?.(event);
  const pool = createJobPool({
    threads,
    setup,
    ...(signal ? { signal } : {}),
    isCancelled: (job) => takeFile(run.path, folderOf(job), "cancel"),
    onStart: (job) => emit({ type: "start", id: job.id, name: jobName(job) }),
    onProgress: (job, { share, note }) => emit({ type: "progress", id: job.id, share, note }),
    async onDone(job, { result, model }) {
      await results.save({ result, model });
      done.push(result);
      const { fitSeconds } = result;
      const event = { type: "done", id: job.id, name: jobName(job), fitSeconds } as const;
      run.event(event);
      emit(event);
    },
    onFailed(job, reason) {
      if (signal?.aborted) return;
      const event = { type: "failed", id: job.id, name: jobName(job), reason } as const;
      failed.push({ id: job.id, name: jobName(job), reason });
      run.event(event);
      emit(event);
    },
  });
  const runAll = async (jobs: readonly Job[]) => {
    const waiting: Job[] = [];
    for (const job of jobs) {
      const before = await results.load(job);
      if (before) done.push(before);
      else if (isWanted(job)) waiting.push(job);
    }
    const wanted = jobs.filter(isWanted).length;
    emit({ type: "plan", jobs: wanted, done: wanted - waiting.length });
    await pool.run(waiting);
  };
  const first = planFirst(config);
  try {
    emit({ type: "stage", stage: "networks and tuning" });
    await runAll(first);
    const inPlan = sorted(done, first);
    const second = planSecond(config, inPlan.filter(isTuning), level1);
    emit({ type: "stage", stage: "kernel machines" });
    await runAll(second);
    return { done: sorted(done, [...first, ...second]), failed };
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    throw new CancelledError(
      `study: cancelled; ${done.length} ${done.length === 1 ? "job is" : "jobs are"} done and kept`,
    );
  } finally {
    await pool.close();
  }
}

/** Results in the order of a plan: whichever ended first must not decide a tie. */
function sorted(results: readonly JobResult[], plan: readonly Job[]): JobResult[] {
  return plan.flatMap((job) => results.find((r) => r.job.id === job.id) ?? []);
}
