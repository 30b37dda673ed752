import { ConfigError } from "../base/errors.ts";
import { float32, type HostArray, zerosHost } from "../base/host-array.ts";
import { createRng } from "../base/rng.ts";
import { compile } from "../compile/index.ts";
import { printGraph, type Tensor, toposort } from "../graph/index.ts";
import type { Runtime, Session } from "../runtime/index.ts";
import { batchBuffers, copyRows, type Data, requireColumns, rowsOf } from "./batches.ts";
import type { Variables } from "./layer.ts";
import { pack, unpack } from "./layout.ts";
import { controlSize } from "./optim/apply.ts";
import type { Optimizer } from "./optim/optimizer.ts";
import type { Penalty } from "./penalties.ts";
import {
  type Columns,
  evalGraph,
  type Objective,
  type StateLayout,
  stateLayout,
  type TrainGraphSpec,
  trainGraph,
} from "./train-step.ts";

export interface TrainerSpec {
  readonly objective: Objective;
  readonly variables: Variables;
  readonly optimizer: Optimizer;
  readonly penalties?: readonly Penalty[];
  /** Types of the columns of a batch. */
  readonly columns: Columns;
  readonly batchSize: number;
  /** Seed of dropout and other noise. Default 0. */
  readonly seed?: number;
  /** Threads inside an operator. Default: the runtime's. */
  readonly threads?: number;
}

/** A training in progress: the compiled step and its state. */
export interface Trainer {
  readonly layout: StateLayout;
  /** The training step in words; equal for equal trainings. */
  readonly description: string;
  /** Steps done. */
  readonly steps: number;
  /** The state vector now; overwritten by later steps. */
  readonly state: Float32Array;
  /** Mean loss and sum of weights of the last run, each batch before its update. */
  readonly last: { readonly loss: number; readonly weight: number };
  /**
   * One update from a batch, or one run of several from as many batches in one, one learning rate
   * each: small networks then spend less on calls. The steps are the same either way. Reuse the
   * same `HostArray` objects: they are wrapped once. Compiles at the first call of each length.
   */
  step(batch: Data, lr?: number | readonly number[]): Promise<void>;
  /** Weighted mean loss over rows in inference form, by any state of this training. */
  evaluate(data: Data, state?: Float32Array): Promise<number>;
  /** Puts a saved state back. */
  restore(state: Float32Array, steps: number): void;
  /** Copies of the variables as they are now, or in another state vector. */
  variables(state?: Float32Array): Variables;
  dispose(): Promise<void>;
}

/** Compiles the step of a training and loads it. */
export async function createTrainer(runtime: Runtime, spec: TrainerSpec): Promise<Trainer> {
  const { objective, variables, optimizer, penalties = [], columns, batchSize, seed = 0 } = spec;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new ConfigError(`train.batchSize: expected a positive integer, got ${batchSize}`);
  const layout = stateLayout(variables, optimizer);
  const graphSpec = { objective, optimizer, penalties, layout, columns, batchSize };
  const runs = new Map<number, Run>();
  const evaluators = new Map<number, Evaluator>();

  let now = float32(new Float32Array(layout.size));
  let next = float32(new Float32Array(layout.size));
  pack(layout.params, variables.params, stateOf(now));
  pack(layout.running, variables.state, stateOf(now), layout.runningAt);
  let steps = 0;

  const noise = createRng(seed).split("noise");

  const trainer: Trainer = {
    layout,
    description: printGraph([trainGraph(graphSpec).next]),
    get steps() {
      return steps;
    },
    get state() {
      return stateOf(now);
    },
    get last() {
      const state = stateOf(now);
      const weight = state[layout.lossAt + 1];
      return { loss: weight === 0 ? 0 : state[layout.lossAt] / weight, weight };
    },
    async step(batch, lr = optimizer.options.lr) {
      const rates = typeof lr === "number" ? [lr] : lr;
      let run = runs.get(rates.length);
      if (!run) {
        run = await createRun(runtime, graphSpec, rates.length, spec.threads);
        runs.set(rates.length, run);
      }
      const { session, control, seeds, isNoisy } = run;
      const scalars = rates.flatMap((r, i) => [r, ...optimizer.controls(steps + 1 + i, r)]);
      (control.data as Float32Array).set(scalars);
      for (let i = 0; isNoisy && i < rates.length; i++)
        seeds.data[i] = BigInt(noise.split(steps + i).bits() >>> 1);
      await session.run({ state: now, control, seed: seeds, ...batch }, { next });
      [now, next] = [next, now];
      steps += rates.length;
    },
    async evaluate(data, state = stateOf(now)) {
      const rows = rowsOf("evaluate", data);
      requireColumns("evaluate", data, columns);
      const block = Math.min(rows, Math.max(batchSize, evalRows));
      let evaluator = evaluators.get(block);
      if (!evaluator) {
        evaluator = await createEvaluator(runtime, spec, layout, block);
        evaluators.set(block, evaluator);
      }
      return evaluator.loss(state === now.data ? now : float32(state), data, rows);
    },
    restore(state, done) {
      stateOf(now).set(state);
      steps = done;
    },
    variables(state = stateOf(now)) {
      return {
        params: unpack(layout.params, state),
        state: unpack(layout.running, state, layout.runningAt),
      };
    },
    async dispose() {
      for (const { session } of [...runs.values(), ...evaluators.values()]) await session.dispose();
    },
  };
  return trainer;
}

/** A compiled run of several steps and its small inputs. */
interface Run {
  readonly session: Session;
  readonly control: HostArray;
  readonly seeds: HostArray;
  readonly isNoisy: boolean;
}

async function createRun(
  runtime: Runtime,
  spec: TrainGraphSpec,
  steps: number,
  threads: number | undefined,
): Promise<Run> {
  const { inputs, next } = trainGraph(spec, steps);
  const used = usedInputs(inputs, next);
  const model = compile({ name: "train", outputs: { next }, inputs: used });
  const session = await runtime.load(model, threads === undefined ? {} : { threads });
  return {
    session,
    control: zerosHost("float32", [steps * controlSize(spec.optimizer)]),
    seeds: zerosHost("int64", [steps]),
    isNoisy: session.inputs.some(({ name }) => name === "seed"),
  };
}

/** Rows of one evaluation block, at least. */
const evalRows = 4096;

interface Evaluator {
  readonly session: Session;
  loss(state: HostArray, data: Data, rows: number): Promise<number>;
}

async function createEvaluator(
  runtime: Runtime,
  { objective, columns, threads }: TrainerSpec,
  layout: StateLayout,
  block: number,
): Promise<Evaluator> {
  const graph = evalGraph({ objective, layout, columns, rows: block });
  const inputs = usedInputs(graph.inputs, graph.result);
  const model = compile({ name: "evaluate", outputs: { result: graph.result }, inputs });
  const session = await runtime.load(model, threads === undefined ? {} : { threads });
  const buffers = batchBuffers({ ...columns, weight: { dtype: "float32", shape: [] } }, block);
  const result = float32(new Float32Array(2));
  return {
    session,
    async loss(state, data, rows) {
      const weight = buffers.weight.data as Float32Array;
      let sum = 0;
      let total = 0;
      for (let start = 0; start < rows; start += block) {
        const count = Math.min(block, rows - start);
        weight.fill(1);
        copyRows(data, start, count, buffers);
        weight.fill(0, count); // the padded tail counts nothing
        await session.run({ ...buffers, state }, { result });
        const [loss, w] = result.data as Float32Array;
        sum += w === 0 ? 0 : loss * w;
        total += w;
      }
      return sum / total;
    },
  };
}

function usedInputs(inputs: readonly Tensor[], output: Tensor): Tensor[] {
  const used = new Set(toposort([output]));
  return inputs.filter((t) => used.has(t.node));
}

function stateOf(array: HostArray): Float32Array {
  return array.data as Float32Array;
}
