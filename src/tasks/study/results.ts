import type { RunFolder } from "../run-folder.ts";
import type { Job, JobOutcome, JobResult } from "./job.ts";

/** Results of jobs in the run's folder: `models/<id>/result.json`, and `model.onnx` beside it. */
export interface Results {
  /** Null where the job is not done, or was another one. */
  load(job: Job): Promise<JobResult | null>;
  /** The result is written last, so that it is there only with its model. */
  save(outcome: JobOutcome): Promise<void>;
  model(job: Job): Promise<Uint8Array | null>;
}

export const folderOf = (job: Job) => `models/${job.id}`;

export function resultsIn(run: RunFolder): Results {
  return {
    async load(job) {
      const bytes = await run.read(`${folderOf(job)}/result.json`);
      if (!bytes) return null;
      const result = JSON.parse(new TextDecoder().decode(bytes)) as JobResult;
      return JSON.stringify(result.job) === JSON.stringify(job) ? result : null;
    },
    async save({ result, model }) {
      const folder = folderOf(result.job);
      if (model) await run.write(`${folder}/model.onnx`, model);
      await run.write(`${folder}/result.json`, `${JSON.stringify(result, null, 2)}\n`);
    },
    model: (job) => run.read(`${folderOf(job)}/model.onnx`),
  };
}
