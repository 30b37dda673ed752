import type { Data } from "./batches.ts";
import type { EpochRecord } from "./checkpoint.ts";
import type { Layer, Variables } from "./layer.ts";
import type { Loss } from "./losses.ts";
import type { Optimizer } from "./optim/optimizer.ts";
import type { Penalty } from "./penalties.ts";
import type { Schedule } from "./schedules.ts";
import type { Objective } from "./train-step.ts";

/** What to learn: a model of column `x` with a loss against column `y`, or any objective. */
export type Learner =
  | { readonly model: Layer; readonly loss: Loss }
  | { readonly objective: Objective };

/** A training and how to watch, interrupt and continue it. */
export type FitOptions = Learner & {
  readonly optimizer: Optimizer;
  readonly data: Data;
  readonly validation?: Data;
  /** Variables to start from; default fresh ones by the seed. */
  readonly variables?: Variables;
  /** Rows per step. Rows left over at the end of an epoch wait for another shuffle. Default 256. */
  readonly batchSize?: number;
  readonly epochs: number;
  /**
   * Steps compiled into one run: saves calls and copies, a tenth of the time at small batches, and
   * costs compile time. Default 4 from 2000 steps on with batches up to 2048, else 1.
   */
  readonly stepsPerRun?: number;
  /** Of initial weights, shuffling and dropout. Default 0. */
  readonly seed?: number;
  /** Factor on the optimizer's learning rate. Default constant. */
  readonly schedule?: Schedule;
  /** Terms added to the loss for the gradient. */
  readonly penalties?: readonly Penalty[];
  /** Stops after `patience` epochs without a validation loss lower by minDelta; keeps the best. */
  readonly earlyStopping?: { readonly patience: number; readonly minDelta?: number };
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: FitEvent) => void;
  readonly checkpoint?: {
    readonly save: (bytes: Uint8Array) => void | Promise<void>;
    /** Epochs between saves. Default 1. */
    readonly everyEpochs?: number;
  };
  /** Bytes of a checkpoint to continue from. */
  readonly resume?: Uint8Array;
  /** Stops after the epoch in which this much time has passed. */
  readonly maxSeconds?: number;
  /** Threads inside an operator. Default: the runtime's. */
  readonly threads?: number;
};

export type StopReason = "epochs" | "earlyStopping" | "maxSeconds";

/** Progress as plain data. */
export type FitEvent =
  | {
      readonly type: "progress";
      readonly epoch: number;
      readonly batch: number;
      readonly batches: number;
      /** Mean of this epoch so far. */
      readonly loss: number;
      readonly samplesPerSecond: number;
    }
  | (EpochRecord & {
      readonly type: "epochEnd";
      readonly seconds: number;
      readonly samplesPerSecond: number;
    })
  | { readonly type: "bestSoFar"; readonly epoch: number; readonly validationLoss: number }
  | { readonly type: "checkpoint"; readonly epoch: number; readonly batch: number }
  | { readonly type: "diverged"; readonly epoch: number; readonly step: number }
  | { readonly type: "stopped"; readonly reason: StopReason; readonly epoch: number };

export interface FitResult {
  /** The best ones by validation under early stopping, else the last. */
  readonly variables: Variables;
  readonly history: readonly EpochRecord[];
  /** Epoch of the lowest validation loss; null without validation. */
  readonly best: { readonly epoch: number; readonly loss: number } | null;
  readonly reason: StopReason;
  readonly steps: number;
}
