import { CancelledError, ConfigError, DivergedError } from "../base/errors.ts";
import { createRng } from "../base/rng.ts";
import type { Runtime } from "../runtime/index.ts";
import { batchBuffers, columnsOf, epochOrder, gatherRows, rowsOf } from "./batches.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, fingerprint } from "./checkpoint.ts";
import type { FitOptions, FitResult, StopReason } from "./fit-options.ts";
import { constantRate } from "./schedules.ts";
import { supervised } from "./train-step.ts";
import { createTrainer, type Trainer } from "./trainer.ts";

/**
 * Trains: shuffled batches, validation, early stopping, checkpoints. With the same options, data,
 * runtime and one thread the result is the same to the byte, interrupted or not.
 * @throws CancelledError after a last checkpoint, when the signal fires.
 * @throws DivergedError naming the first step (from 0) after which the loss or the state is not
 *   finite, after a checkpoint from at most 32 steps before.
 */
export async function fit(runtime: Runtime, options: FitOptions): Promise<FitResult> {
  const { optimizer, data, seed = 0, penalties = [] } = options;
  const rows = rowsOf("fit.data", data);
  if (!Number.isInteger(options.epochs) || options.epochs < 1)
    throw new ConfigError(`fit.epochs: expected a positive integer, got ${options.epochs}`);
  if (options.earlyStopping && !options.validation)
    throw new ConfigError("fit.earlyStopping: needs validation data");
  const objective =
    "objective" in options ? options.objective : supervised(options.model, options.loss);
  const batchSize = Math.min(options.batchSize ?? 256, rows);
  const trainer = await createTrainer(runtime, {
    objective,
    variables: options.variables ?? objective.init(createRng(seed).split("init")),
    optimizer,
    penalties,
    columns: columnsOf(data),
    batchSize,
    seed,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  });
  try {
    return await train(trainer, options, rows, batchSize);
  } finally {
    await trainer.dispose();
  }
}

/** Steps between looks at whether all numbers are finite. */
const checkEvery = 32;

async function train(
  trainer: Trainer,
  options: FitOptions,
  rows: number,
  batchSize: number,
): Promise<FitResult> {
  const {
    data,
    validation,
    optimizer,
    seed = 0,
    schedule = constantRate(),
    epochs,
    signal,
  } = options;
  const { onEvent = () => {}, checkpoint, earlyStopping } = options;
  const stepsPerEpoch = Math.floor(rows / batchSize);
  const settings = [
    trainer.description,
    optimizer.name,
    optimizer.options.lr,
    seed,
    rows,
    batchSize,
  ];
  const identity = fingerprint(settings.join("\n"));
  const at = startOf(trainer, options, identity);
  const buffers = batchBuffers(columnsOf(data), batchSize);
  const good: Mutable<Checkpoint> = { ...at, state: trainer.state.slice() };
  const started = performance.now();

  const save = async (from: Checkpoint) => {
    if (!checkpoint) return;
    await checkpoint.save(encodeCheckpoint(from));
    onEvent({ type: "checkpoint", epoch: from.epoch, batch: from.batch });
  };

  /** Runs one batch of the epoch at hand. */
  const runBatch = async (
    order: Uint32Array,
    losses: readonly number[],
    into: Mutable<Checkpoint>,
  ) => {
    const totalSteps = epochs * stepsPerEpoch;
    const lr =
      optimizer.options.lr * schedule({ step: trainer.steps, stepsPerEpoch, totalSteps, losses });
    gatherRows(data, order, into.batch * batchSize, buffers);
    await trainer.step(buffers, lr);
    const { loss, weight } = trainer.last;
    into.lossSum += loss * weight;
    into.weightSum += weight;
    into.batch++;
    into.steps = trainer.steps;
    return lr;
  };

  const throwDiverged = async (order: Uint32Array, losses: readonly number[]): Promise<never> => {
    const saved = { ...good, state: good.state.slice() };
    const step = await firstBadStep(trainer, good, () => runBatch(order, losses, good));
    onEvent({ type: "diverged", epoch: at.epoch, step });
    await save(saved);
    throw new DivergedError(
      `fit: loss or parameters are not finite after step ${step} (epoch ${at.epoch}); lower the learning rate, clip gradients or look for bad values in the data`,
      step,
    );
  };

  let reason: StopReason | null;
  for (;;) {
    const seconds = (performance.now() - started) / 1000;
    reason = stopReason(at, options, seconds);
    if (reason) break;
    const order = epochOrder(seed, at.epoch, rows);
    const losses = at.history.map((h) => h.validationLoss ?? h.loss);
    const epochStarted = performance.now();
    const firstBatch = at.batch;
    let lr = 0;
    while (at.batch < stepsPerEpoch) {
      if (signal?.aborted) {
        await save({ ...at, state: trainer.state });
        throw new CancelledError(
          `fit: cancelled in epoch ${at.epoch} after ${trainer.steps} steps`,
        );
      }
      lr = await runBatch(order, losses, at);
      if (at.batch % checkEvery !== 0 && at.batch < stepsPerEpoch) continue;
      if (!isHealthy(trainer, at)) await throwDiverged(order, losses);
      good.state.set(trainer.state);
      Object.assign(good, { ...at, state: good.state });
    }
    const trainSeconds = (performance.now() - epochStarted) / 1000;
    const validationLoss = validation ? await trainer.evaluate(validation) : null;
    const record = { epoch: at.epoch, loss: at.lossSum / at.weightSum, validationLoss, lr };
    at.history = [...at.history, record];
    onEvent({
      type: "epochEnd",
      ...record,
      seconds: trainSeconds,
      samplesPerSecond: ((at.batch - firstBatch) * batchSize) / trainSeconds,
    });
    if (
      validationLoss !== null &&
      validationLoss < (at.best?.loss ?? Infinity) - (earlyStopping?.minDelta ?? 0)
    ) {
      at.best = { epoch: at.epoch, loss: validationLoss };
      if (earlyStopping) at.bestState = trainer.state.slice();
      onEvent({ type: "bestSoFar", epoch: at.epoch, validationLoss });
    }
    Object.assign(at, { epoch: at.epoch + 1, batch: 0, lossSum: 0, weightSum: 0 });
    Object.assign(good, { ...at, state: good.state });
    if (at.epoch % (checkpoint?.everyEpochs ?? 1) === 0 || stopReason(at, options, 0))
      await save({ ...at, state: trainer.state });
  }
  onEvent({ type: "stopped", reason, epoch: at.epoch });
  return {
    variables: trainer.variables(at.bestState ?? trainer.state),
    history: at.history,
    best: at.best,
    reason,
    steps: trainer.steps,
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The beginning, or where a checkpoint left off. */
function startOf(trainer: Trainer, { resume }: FitOptions, identity: string): Mutable<Checkpoint> {
  if (!resume)
    return {
      fingerprint: identity,
      epoch: 0,
      batch: 0,
      steps: 0,
      lossSum: 0,
      weightSum: 0,
      history: [],
      best: null,
      state: trainer.state,
      bestState: null,
    };
  const from = decodeCheckpoint(resume);
  if (from.fingerprint !== identity)
    throw new ConfigError(
      `fit.resume: the checkpoint is of another training (${from.fingerprint}, this is ${identity}): model, loss, optimizer, batch size, seed and number of rows must be the same`,
    );
  trainer.restore(from.state, from.steps);
  return { ...from };
}

/** Whether a training should end at this epoch boundary. */
function stopReason(
  { epoch, batch, best }: Checkpoint,
  { epochs, earlyStopping, maxSeconds }: FitOptions,
  seconds: number,
): StopReason | null {
  if (batch > 0) return null;
  if (epoch >= epochs) return "epochs";
  if (earlyStopping && epoch - 1 - (best?.epoch ?? -1) >= earlyStopping.patience)
    return "earlyStopping";
  return maxSeconds !== undefined && seconds >= maxSeconds && epoch > 0 ? "maxSeconds" : null;
}

function isHealthy(trainer: Trainer, { lossSum }: Checkpoint): boolean {
  return Number.isFinite(lossSum) && trainer.state.every(Number.isFinite);
}

/** Repeats the steps since the last good state one by one. */
async function firstBadStep(
  trainer: Trainer,
  good: Mutable<Checkpoint>,
  runBatch: () => Promise<number>,
): Promise<number> {
  trainer.restore(good.state, good.steps);
  for (let i = 0; i < checkEvery; i++) {
    await runBatch();
    if (!isHealthy(trainer, good)) break;
  }
  return trainer.steps - 1;
}
