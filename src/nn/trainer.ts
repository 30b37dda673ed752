import { ConfigError } from "../base/errors.ts";
import { float32, type HostArray, hostArray } from "../base/host-array.ts";
import { createRng } from "../base/rng.ts";
import { compile } from "../compile/index.ts";
import { printGraph, type Tensor, toposort } from "../graph/index.ts";
import type { Runtime, Session } from "../runtime/index.ts";
import { batchBuffers, copyRows, type Data, rowsOf } from "./batches.ts";
import type { Variables } from "./layer.ts";
import { pack, unpack } from "./layout.ts";
import type { Optimizer } from "./optim/optimizer.ts";
import type { Penalty } from "./penalties.ts";
import {
  type Columns,
  evalGraph,
  type Objective,
  type StateLayout,
  stateLayout,
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
  /** Loss and sum of weights of the last step, before its update. */
  readonly last: { readonly loss: number; readonly weight: number };
  /** One update from a batch; reuse the same `HostArray` objects, they are wrapped once. */
  step(batch: Data, lr?: number): Promise<void>;
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
  const graph = trainGraph({ objective, optimizer, penalties, layout, columns, batchSize });
  const inputs = usedInputs(graph.inputs, graph.next);
  const options = spec.threads === undefined ? {} : { threads: spec.threads };
  const session = await runtime.load(
    compile({ name: "train", outputs: { next: graph.next }, inputs }),
    options,
  );
  const evaluators = new Map<number, Evaluator>();

  let now = float32(new Float32Array(layout.size));
  let next = float32(new Float32Array(layout.size));
  pack(layout.params, variables.params, stateOf(now));
  pack(layout.running, variables.state, stateOf(now), layout.runningAt);
  let steps = 0;

  const control = float32(new Float32Array(1 + optimizer.controls(1, 1).length));
  const seedArray = hostArray("int64", [], BigInt64Array.of(0n));
  const noise = createRng(seed).split("noise");
  const isNoisy = session.inputs.some(({ name }) => name === "seed");

  const trainer: Trainer = {
    layout,
    description: printGraph([graph.next]),
    get steps() {
      return steps;
    },
    get state() {
      return stateOf(now);
    },
    get last() {
      const state = stateOf(now);
      return { loss: state[layout.lossAt], weight: state[layout.lossAt + 1] };
    },
    async step(batch, lr = optimizer.options.lr) {
      (control.data as Float32Array).set([lr, ...optimizer.controls(steps + 1, lr)]);
      if (isNoisy) seedArray.data[0] = BigInt(noise.split(steps).bits() >>> 1);
      await session.run({ state: now, control, seed: seedArray, ...batch }, { next });
      [now, next] = [next, now];
      steps++;
    },
    async evaluate(data, state = stateOf(now)) {
      const rows = rowsOf("evaluate", data);
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
      await session.dispose();
      for (const evaluator of evaluators.values()) await evaluator.session.dispose();
    },
  };
  return trainer;
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
