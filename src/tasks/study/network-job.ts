import type { Runtime } from "../../runtime/index.ts";
import type { RecalibrationConfig } from "../recalibration/config.ts";
import { exportLearned, learn } from "../recalibration/learn.ts";
import { modelMetadata } from "../recalibration/metadata.ts";
import type { Dataset } from "../recalibration/prepare.ts";
import { recalibrationOf, type StudyConfig } from "./config.ts";
import type { JobOutcome, JobProgress, NetworkJob } from "./job.ts";
import { errorsOf, predictRows } from "./judge.ts";

/** What every job needs. */
export interface JobContext {
  readonly runtime: Runtime;
  readonly data: Dataset;
  readonly config: StudyConfig;
  /** Goes into the metadata of exported models. */
  readonly provenance: object;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: JobProgress) => void;
}

/** Epochs of a training: those asked for, more where a large batch makes few steps of them. */
export function epochsOf({ epochs, steps }: StudyConfig, batch: number, rows: number): number {
  const stepsPerEpoch = Math.max(1, Math.floor(rows / batch));
  return Math.max(epochs, Math.ceil(steps / stepsPerEpoch));
}

/** Settings of the recalibration that a job is. */
export function networkConfig(
  { data, config }: Pick<JobContext, "data" | "config">,
  { model, loss, l2, batch }: NetworkJob,
): RecalibrationConfig {
  const epochs = epochsOf(config, batch, data.parts.train.length);
  // shorter epochs are more patient ones
  const patience = Math.ceil((config.patience * epochs) / config.epochs);
  const own = { model, loss, l2, batch, epochs, patience };
  return recalibrationOf(data.source.object, config, own);
}

/** Trains one network, exports it and judges the exported file on the validation part. */
export async function runNetwork(job: NetworkJob, context: JobContext): Promise<JobOutcome> {
  const { runtime, data, signal, onProgress } = context;
  const config = networkConfig(context, job);
  const started = performance.now();
  const learned = await learn(runtime, data, config, {
    ...(signal ? { signal } : {}),
    onEvent: (event) => {
      if (event.type !== "epochEnd") return;
      onProgress?.({
        share: (event.epoch + 1) / config.epochs,
        note: `epoch ${event.epoch + 1}, validation loss ${event.validationLoss?.toPrecision(4)}`,
      });
    },
  });
  const fitSeconds = (performance.now() - started) / 1000;
  const metadata = modelMetadata(data, config, context.provenance);
  const model = exportLearned(data, config, learned, metadata);
  const rows = data.parts.validation;
  const { history, best } = learned.fit;
  return {
    model,
    result: {
      job,
      fitSeconds,
      validation: errorsOf(data, await predictRows(runtime, model, data, rows), rows),
      epochs: history.length,
      bestEpoch: (best?.epoch ?? history.length - 1) + 1,
      losses: history.map((h) => ({ train: h.loss, validation: h.validationLoss })),
    },
  };
}
