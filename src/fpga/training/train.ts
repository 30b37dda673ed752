import { ConfigError } from "../../base/errors.ts";
import { float32 } from "../../base/host-array.ts";
import { createRng } from "../../base/rng.ts";
import type { Tensor } from "../../graph/index.ts";
import {
  adam,
  type Batch,
  cosine,
  decodeCheckpoint,
  fit,
  type StateLayout,
  stateLayout,
  unpack,
  type Variables,
} from "../../nn/index.ts";
import { constant, mul } from "../../ops/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { type Budget, budgetObjective, isWidth } from "./budget.ts";
import { findChain, replaceChain, resultName } from "./dense-chain.ts";
import { planQuantization, type QuantizationPlan } from "./plan.ts";
import { quantizedNodes, readLayers } from "./quantized-layers.ts";
import { tailGraph } from "./tail-graph.ts";
import type {
  QuantizedEpoch,
  QuantizedTraining,
  QuantizedTrainingOptions,
} from "./train-options.ts";
import { columnsFor, firstRows, inputLanes } from "./training-rows.ts";

/** Rows that the first ranges are taken from. */
const calibrationRows = 4096;
const defaultEpochs = 30;
/** Bits of magnitudes that learned widths start from: more than any network of use needs. */
const startBits = { weights: 6, lanes: 7 };
/** Loss that the penalty adds at the start. */
const startPenalty = 0.01;

/**
 * Goes on training the dense layers of a network with quantized weights and lanes until they fit a
 * budget. Same data, options, runtime and one thread: the same bytes.
 * @throws ConfigError for a network without dense layers at its input or an unusable budget,
 *   ShapeError for columns that do not fit it; else as `fit` does.
 */
export async function trainQuantized(
  runtime: Runtime,
  options: QuantizedTrainingOptions,
): Promise<QuantizedTraining> {
  const { network, budget, batchSize = 512, lr = 0.004, widthRate = 4 } = options;
  const { epochs = defaultEpochs, seed = 0, threads = 1, signal, onEvent } = options;
  const chain = findChain(network);
  const data = columnsFor(options.data, network);
  const bits = "bits" in budget ? budget.bits : null;
  const limit = "ebops" in budget ? budget.ebops : Infinity;
  if (!(limit > 0)) throw new ConfigError(`quantized training: budget of ${limit} bit operations`);
  const { plan, variables } = planQuantization(
    chain.layers,
    inputLanes(network, chain.lanes, data.x),
    firstRows(data.x, calibrationRows),
    { bits, outputSteps: options.outputSteps ?? null, outputUnits: chain.units, startBits },
  );
  const steps = epochs * Math.max(1, Math.floor(data.x.shape[0] / batchSize));
  const schedule = bits === null ? budgetOf(options, { limit, steps, plan, variables }) : null;
  const tail = replaceChain(network, chain, []);
  const inUnits = constant(float32(chain.units.map((unit) => 1 / unit)));
  const loss = (rows: Tensor, batch: Batch) => {
    const { x, y } = batch;
    const result = { name: resultName(chain), value: mul(rows, inUnits) };
    return options.loss({
      rows,
      outputs: () => tailGraph(tail, x, result),
      y,
      weight: batch.weight ?? null,
    });
  };
  const objective = budgetObjective(plan, loss, variables, schedule);
  const start = objective.init(createRng(seed));
  const optimizer = adam({
    lr,
    groups: [{ match: isWidth, lrFactor: bits === null ? widthRate : 0 }],
  });
  const recorder = createRecorder(plan, stateLayout(start, optimizer));
  await fit(runtime, {
    objective,
    variables: start,
    optimizer,
    data,
    validation: columnsFor(options.validation, network),
    batchSize,
    epochs,
    seed,
    schedule: cosine(),
    threads,
    checkpoint: { save: recorder.save },
    ...(signal ? { signal } : {}),
    ...(onEvent ? { onEvent } : {}),
  });

  const { epochs: done, variablesOf } = recorder;
  const within = done.filter(({ ebops }) => ebops <= limit);
  const best = within.length > 0 ? lowest(within, "validationLoss") : lowest(done, "ebops");
  const networkOf = ({ state }: RecordedEpoch) =>
    replaceChain(network, chain, quantizedNodes(chain, readLayers(plan, variablesOf(state))));
  return {
    network: networkOf(best),
    layers: readLayers(plan, variablesOf(best.state)),
    best: plain(best),
    keepsBudget: within.length > 0,
    history: done.map(plain),
    frontier: unbeaten(done).map((e) => ({ ...plain(e), network: networkOf(e) })),
    plan,
    variables: variablesOf(best.state),
  };
}

function budgetOf(
  { annealing = 0.5, settling = 0.75 }: QuantizedTrainingOptions,
  given: { limit: number; steps: number; plan: QuantizationPlan; variables: Variables },
): Budget {
  const startEbops = readLayers(given.plan, given.variables).ebops;
  return {
    ebops: given.limit,
    startEbops,
    annealSteps: Math.max(1, annealing * given.steps),
    settleSteps: settling * given.steps,
    startBeta: startPenalty / startEbops,
  };
}

type RecordedEpoch = QuantizedEpoch & { readonly state: Float32Array };

/** Keeps the state of every epoch: a few ten thousand numbers each. */
function createRecorder(plan: QuantizationPlan, layout: StateLayout) {
  const epochs: RecordedEpoch[] = [];
  const variablesOf = (state: Float32Array): Variables => ({
    params: unpack(layout.params, state),
    state: unpack(layout.running, state, layout.runningAt),
  });
  const save = (bytes: Uint8Array) => {
    const { state, history, batch } = decodeCheckpoint(bytes);
    const last = history.at(-1);
    if (batch > 0 || !last || epochs.length === history.length) return;
    const { epoch, loss, validationLoss } = last;
    const { ebops } = readLayers(plan, variablesOf(state));
    epochs.push({ epoch, loss, validationLoss: validationLoss as number, ebops, state });
  };
  return { epochs, variablesOf, save };
}

const plain = ({ epoch, loss, validationLoss, ebops }: QuantizedEpoch): QuantizedEpoch => ({
  epoch,
  loss,
  validationLoss,
  ebops,
});

function lowest<T extends QuantizedEpoch>(epochs: readonly T[], by: "validationLoss" | "ebops"): T {
  return epochs.reduce((a, b) => (b[by] < a[by] ? b : a));
}

function unbeaten<T extends QuantizedEpoch>(epochs: readonly T[]): T[] {
  let least = Infinity;
  return epochs
    .toSorted((a, b) => a.ebops - b.ebops || a.validationLoss - b.validationLoss)
    .filter(({ validationLoss }) => {
      if (validationLoss >= least) return false;
      least = validationLoss;
      return true;
    });
}
