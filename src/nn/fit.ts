import { CancelledError, ConfigError, DivergedError } from "../base/errors.ts";
import type { HostArray } from "../base/host-array.ts";
import { createRng } from "../base/rng.ts";
import type { Runtime } from "../runtime/index.ts";
import { batchBuffers, columnsOf, epochOrder, gatherRows, rowsOf } from "./batches.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, fingerprint } from "./checkpoint.ts";
import type { FitEvent, FitOptions, FitResult, StopReason } from "./fit-options.ts";
import { constantRate, type Schedule } from "./schedules.ts";
import { supervised } from "./train-step.ts";
import { createTrainer, type Trainer } from "./trainer.ts";

/**
 * Trains: shuffled batches, validation, early stopping, checkpoints. With the same options, data,
 * runtime and one thread the result is the same to the byte, interrupted or not.
 * @throws CancelledError after a last checkpoint, when the signal fires.
 * @throws DivergedError naming the first step (from 0) after which the loss or the state is not
 *   finite, after a checkpoint from about 32 steps before.
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
    return await train(plan(trainer, options, rows, batchSize));
  } finally {
    await trainer.dispose();
  }
}

/**
 * Batches between looks at whether all numbers are finite, counted from the first of the epoch so
 * that a resumed training does the same.
 */
const checkEvery = 32;
/** Smaller numbers of the state are set to zero at each check. */
const tiny = 1e-25;
/** Least time between progress events. */
const reportMs = 250;

/** A training with everything settled. */
interface Plan {
  readonly trainer: Trainer;
  readonly options: FitOptions;
  readonly rows: number;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly stepsPerRun: number;
  readonly seed: number;
  readonly schedule: Schedule;
  readonly emit: (event: FitEvent) => void;
  /** Batch buffers by number of steps in a run. */
  readonly buffers: Readonly<Record<number, Record<string, HostArray>>>;
  /** Tells this training from others. */
  readonly identity: string;
}

function plan(trainer: Trainer, options: FitOptions, rows: number, batchSize: number): Plan {
  const { data, optimizer, epochs, seed = 0, schedule = constantRate(), onEvent } = options;
  const stepsPerEpoch = Math.floor(rows / batchSize);
  const pays = stepsPerEpoch * epochs >= 2000 && batchSize <= 2048;
  const stepsPerRun = Math.min(options.stepsPerRun ?? (pays ? 4 : 1), stepsPerEpoch);
  if (!Number.isInteger(stepsPerRun) || stepsPerRun < 1)
    throw new ConfigError(`fit.stepsPerRun: expected a positive integer, got ${stepsPerRun}`);
  const { name, options: settings } = optimizer;
  const identity = [trainer.description, name, settings.lr, seed, rows, batchSize];
  const columns = columnsOf(data);
  return {
    trainer,
    options,
    rows,
    batchSize,
    stepsPerEpoch,
    stepsPerRun,
    seed,
    schedule,
    emit: onEvent ?? (() => {}),
    buffers: {
      [stepsPerRun]: batchBuffers(columns, stepsPerRun * batchSize),
      1: batchBuffers(columns, batchSize),
    },
    identity: fingerprint(identity.join("\n")),
  };
}

/** Where a training stands: a checkpoint in the making. */
type Position = { -readonly [K in keyof Omit<Checkpoint, "state">]: Checkpoint[K] };

async function train(plan: Plan): Promise<FitResult> {
  const { trainer, options, emit } = plan;
  const { validation, earlyStopping } = options;
  const at = startOf(plan);
  const started = performance.now();
  for (;;) {
    const reason = stopReason(at, options, (performance.now() - started) / 1000);
    if (reason) {
      emit({ type: "stopped", reason, epoch: at.epoch });
      const { history, best, bestState } = at;
      const variables = trainer.variables(bestState ?? trainer.state);
      return { variables, history, best, reason, steps: trainer.steps };
    }
    const { lr, seconds, samplesPerSecond } = await trainEpoch(plan, at);
    const validationLoss = validation ? await trainer.evaluate(validation) : null;
    if (validationLoss !== null && !Number.isFinite(validationLoss))
      throw new DivergedError(
        `fit: validation loss is ${validationLoss} after epoch ${at.epoch} though all parameters are finite; look for bad values in the validation data`,
        trainer.steps - 1,
      );
    const record = { epoch: at.epoch, loss: at.lossSum / at.weightSum, validationLoss, lr };
    emit({ type: "epochEnd", ...record, seconds, samplesPerSecond });
    const bound = (at.best?.loss ?? Infinity) - (earlyStopping?.minDelta ?? 0);
    if (validationLoss !== null && validationLoss < bound) {
      at.best = { epoch: at.epoch, loss: validationLoss };
      if (earlyStopping) at.bestState = trainer.state.slice();
      emit({ type: "bestSoFar", epoch: at.epoch, validationLoss });
    }
    at.history = [...at.history, record];
    Object.assign(at, { epoch: at.epoch + 1, batch: 0, lossSum: 0, weightSum: 0 });
    const isDue = at.epoch % (options.checkpoint?.everyEpochs ?? 1) === 0;
    if (isDue || stopReason(at, options, 0)) await save(plan, at, trainer.state);
  }
}

/** The rest of the epoch that `at` stands in. */
async function trainEpoch(plan: Plan, at: Position) {
  const { trainer, batchSize, stepsPerEpoch, stepsPerRun, emit } = plan;
  const order = epochOrder(plan.seed, at.epoch, plan.rows);
  const losses = at.history.map((h) => h.validationLoss ?? h.loss);
  const started = performance.now();
  const speed = (batches: number) =>
    (1000 * batches * batchSize) / Math.max(performance.now() - started, 1e-3);
  const first = at.batch;
  let good = { at: { ...at }, state: trainer.state.slice() };
  let reported = started;
  let lr = 0;
  while (at.batch < stepsPerEpoch) {
    if (plan.options.signal?.aborted) {
      await save(plan, at, trainer.state);
      throw new CancelledError(`fit: cancelled in epoch ${at.epoch} after ${at.steps} steps`);
    }
    const isWhole = at.batch % stepsPerRun === 0 && at.batch + stepsPerRun <= stepsPerEpoch;
    lr = await runSteps(plan, at, { count: isWhole ? stepsPerRun : 1, order, losses });
    const intervals = Math.floor(at.batch / checkEvery) - Math.floor(good.at.batch / checkEvery);
    if (intervals === 0 && at.batch < stepsPerEpoch) continue;
    if (!isHealthy(trainer, at)) await reportDivergence(plan, good, { order, losses });
    flushTiny(trainer.state);
    good.state.set(trainer.state);
    good = { at: { ...at }, state: good.state };
    if (performance.now() - reported < reportMs || at.batch === stepsPerEpoch) continue;
    reported = performance.now();
    const { epoch, batch, lossSum, weightSum } = at;
    const progress = { epoch, batch, batches: stepsPerEpoch, loss: lossSum / weightSum };
    emit({ type: "progress", ...progress, samplesPerSecond: speed(batch - first) });
  }
  const seconds = (performance.now() - started) / 1000;
  return { lr, seconds, samplesPerSecond: speed(at.batch - first) };
}

interface Steps {
  readonly order: Uint32Array;
  readonly losses: readonly number[];
}

/** Runs the next batches of the epoch. @returns the last learning rate. */
async function runSteps(
  { trainer, options, batchSize, stepsPerEpoch, schedule, buffers }: Plan,
  at: Position,
  { count, order, losses }: Steps & { readonly count: number },
): Promise<number> {
  const totalSteps = options.epochs * stepsPerEpoch;
  const rates = Array.from({ length: count }, (_, i) => {
    const step = trainer.steps + i;
    return options.optimizer.options.lr * schedule({ step, stepsPerEpoch, totalSteps, losses });
  });
  gatherRows(options.data, order, at.batch * batchSize, buffers[count]);
  await trainer.step(buffers[count], rates);
  const { loss, weight } = trainer.last;
  at.lossSum += loss * weight;
  at.weightSum += weight;
  at.batch += count;
  at.steps = trainer.steps;
  return rates[count - 1];
}

/** The beginning, or where a checkpoint left off. */
function startOf({ trainer, options: { resume }, identity }: Plan): Position {
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
      bestState: null,
    };
  const { state, ...at } = decodeCheckpoint(resume);
  if (at.fingerprint !== identity)
    throw new ConfigError(
      `fit.resume: the checkpoint is of another training (${at.fingerprint}, this is ${identity}): model, loss, optimizer, batch size, seed and number of rows must be the same`,
    );
  trainer.restore(state, at.steps);
  return at;
}

async function save({ options, emit }: Plan, at: Position, state: Float32Array): Promise<void> {
  if (!options.checkpoint) return;
  await options.checkpoint.save(encodeCheckpoint({ ...at, state }));
  emit({ type: "checkpoint", epoch: at.epoch, batch: at.batch });
}

/** Whether a training should end at this epoch boundary. */
function stopReason(
  { epoch, batch, best }: Position,
  { epochs, earlyStopping, maxSeconds }: FitOptions,
  seconds: number,
): StopReason | null {
  if (batch > 0) return null;
  if (epoch >= epochs) return "epochs";
  const waited = epoch - 1 - (best?.epoch ?? -1);
  if (earlyStopping && waited >= earlyStopping.patience) return "earlyStopping";
  return maxSeconds !== undefined && seconds >= maxSeconds && epoch > 0 ? "maxSeconds" : null;
}

function isHealthy({ state }: Trainer, { lossSum }: Position): boolean {
  if (!Number.isFinite(lossSum)) return false;
  let zero = 0; // NaN as soon as anything is not finite; many times faster than every()
  for (let i = 0; i < state.length; i++) zero += state[i] - state[i];
  return zero === 0;
}

/**
 * Sets to zero what is far below anything that counts. The weights of units that died shrink under
 * a penalty, and their moments with them, down to denormal numbers, which cost the processor over
 * a hundred times as much as others: trainings became fourteen times slower.
 */
function flushTiny(state: Float32Array): void {
  for (let i = 0; i < state.length; i++) if (Math.abs(state[i]) < tiny) state[i] = 0;
}

/** Repeats the steps since the last good state one by one to name the first bad one; throws. */
async function reportDivergence(
  plan: Plan,
  good: { readonly at: Position; readonly state: Float32Array },
  steps: Steps,
): Promise<never> {
  const { trainer, stepsPerEpoch } = plan;
  const at = { ...good.at };
  trainer.restore(good.state, at.steps);
  do await runSteps(plan, at, { ...steps, count: 1 });
  while (isHealthy(trainer, at) && at.batch < stepsPerEpoch);
  const step = at.steps - 1;
  plan.emit({ type: "diverged", epoch: at.epoch, step });
  await save(plan, good.at, good.state);
  throw new DivergedError(
    `fit: loss or parameters are not finite after step ${step} (epoch ${at.epoch}); lower the learning rate, clip gradients or look for bad values in the data`,
    step,
  );
}
