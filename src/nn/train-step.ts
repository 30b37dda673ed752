import { grad } from "../autodiff/index.ts";
import { ConfigError } from "../base/errors.ts";
import type { DType } from "../base/host-array.ts";
import type { Rng } from "../base/rng.ts";
import { fixedDim, type Shape, type Tensor } from "../graph/index.ts";
import { add, concat, constant, input, mul, reshape, split, sum } from "../ops/index.ts";
import type { Context, Layer, Variables } from "./layer.ts";
import { type Layout, layoutOf, packGraph, unpackGraph } from "./layout.ts";
import type { Loss } from "./losses.ts";
import { applyOptimizer, controlSize } from "./optim/apply.ts";
import type { Optimizer } from "./optim/optimizer.ts";
import type { Penalty } from "./penalties.ts";
import { leaves, type Tree } from "./tree.ts";

/** The columns of a batch by name, each [batch, ...]; `weight` [batch] where there is one. */
export type Batch = Readonly<Record<string, Tensor>>;

/** What is minimized: variables and a loss over a batch. `supervised` makes the usual one. */
export interface Objective {
  init(rng: Rng): Variables;
  /** @returns the scalar loss, a weighted mean over rows, and the new state. */
  apply(
    variables: Variables<Tensor>,
    batch: Batch,
    context: Context,
  ): { readonly loss: Tensor; readonly state: Tree<Tensor> };
}

/** A loss between the model of column `x` and column `y`. */
export function supervised(model: Layer, loss: Loss): Objective {
  return {
    init: (rng) => model.init(rng),
    apply: (variables, batch, context) => {
      const { y, state } = model.apply(variables, batch.x, context);
      return { loss: loss(y, batch.y, batch.weight ?? null), state };
    },
  };
}

/** Type of a column, without the row axis. */
export interface ColumnType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}
export type Columns = Readonly<Record<string, ColumnType>>;

/**
 * One float32 vector that holds all of a training:
 * [params | optimizer slots | running statistics | sum of loss · weight, sum of weight of the last run].
 */
export interface StateLayout {
  readonly params: Layout;
  readonly running: Layout;
  /** Offset of the running statistics. */
  readonly runningAt: number;
  /** Offset of loss and weight. */
  readonly lossAt: number;
  readonly size: number;
}

export function stateLayout(variables: Variables, optimizer: Optimizer): StateLayout {
  const params = layoutOf(variables.params);
  const running = layoutOf(variables.state, "name");
  if (params.size === 0) throw new ConfigError("train: the model has no parameters");
  const runningAt = params.size * (1 + optimizer.slots);
  const lossAt = runningAt + running.size;
  return { params, running, runningAt, lossAt, size: lossAt + 2 };
}

/** Names of graph inputs that no column may have. */
const reserved = ["state", "control", "seed", "next", "result"];

function batchInputs(columns: Columns, rows: number): Record<string, Tensor> {
  for (const name of reserved)
    if (name in columns)
      throw new ConfigError(`train: a column cannot be named "${name}"; rename it`);
  return Object.fromEntries(
    Object.entries(columns).map(([name, { dtype, shape }]) => {
      const full: Shape = [rows, ...shape];
      return [name, input(name, dtype, full)];
    }),
  );
}

interface Sections {
  readonly params: Tensor;
  readonly slots: readonly Tensor[];
  readonly running: Tensor | null;
}

function sections(layout: StateLayout, state: Tensor): Sections {
  const n = layout.params.size;
  const slots = layout.runningAt / n - 1;
  const sizes = [n, ...new Array<number>(slots).fill(n), layout.running.size, 2].filter(
    (s) => s > 0,
  );
  const parts = split(state, sizes, 0);
  return {
    params: parts[0],
    slots: parts.slice(1, 1 + slots),
    running: layout.running.size > 0 ? parts[1 + slots] : null,
  };
}

function rowWeight(batch: Batch, rows: number): Tensor {
  return batch.weight ? sum(batch.weight) : constant(rows);
}

/** Inputs (in order) and output of a run of training steps. */
export interface TrainGraph {
  readonly inputs: readonly Tensor[];
  readonly next: Tensor;
}

export interface TrainGraphSpec {
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  readonly penalties: readonly Penalty[];
  readonly layout: StateLayout;
  readonly columns: Columns;
  readonly batchSize: number;
}

/**
 * Steps one after the other as one graph: `state`, `control` [steps · scalars], `seed` [steps],
 * columns [steps · batch, ...] -> `next` state. The loss in the state is the data term only;
 * penalties act on the gradient.
 */
export function trainGraph(spec: TrainGraphSpec, steps = 1): TrainGraph {
  const { optimizer, layout, columns, batchSize } = spec;
  const state = input("state", "float32", [layout.size]);
  const scalars = controlSize(optimizer);
  const control = input("control", "float32", [steps * scalars]);
  const seed = input("seed", "int64", [steps]);
  const rows = batchInputs(columns, steps * batchSize);

  const controls = cut(control, steps * scalars);
  const seeds = cut(seed, steps).map((t) => reshape(t, []));
  const batches = Object.entries(rows).map(([name, t]) => [name, cut(t, steps)] as const);
  let now = sections(layout, state);
  const losses: Tensor[] = [];
  const weights: Tensor[] = [];
  for (let i = 0; i < steps; i++) {
    const batch = Object.fromEntries(batches.map(([name, pieces]) => [name, pieces[i]]));
    const own = controls.slice(i * scalars, (i + 1) * scalars);
    const { loss, next } = oneStep(spec, now, { batch, control: own, seed: seeds[i] });
    const weight = rowWeight(batch, batchSize);
    losses.push(mul(loss, weight));
    weights.push(weight);
    now = next;
  }
  const total = (terms: readonly Tensor[]) =>
    reshape(
      terms.reduce((a, b) => add(a, b)),
      [1],
    );
  const parts = [now.params, ...now.slots, ...(now.running ? [now.running] : [])];
  return {
    inputs: [state, control, seed, ...Object.values(rows)],
    next: concat([...parts, total(losses), total(weights)], 0),
  };
}

/** Equal pieces along the first axis. */
function cut(x: Tensor, pieces: number): readonly Tensor[] {
  const size = fixedDim("train", x, 0) / pieces;
  return split(x, new Array<number>(pieces).fill(size), 0);
}

function oneStep(
  { objective, optimizer, penalties, layout }: TrainGraphSpec,
  { params, slots, running }: Sections,
  given: { batch: Batch; control: readonly Tensor[]; seed: Tensor },
): { readonly loss: Tensor; readonly next: Sections } {
  const variables = {
    params: unpackGraph(layout.params, params),
    state: unpackGraph(layout.running, running),
  };
  const context = { training: true, seed: given.seed };
  const { loss, state } = objective.apply(variables, given.batch, context);
  const terms = penalties.flatMap((p) => p(leaves(variables.params)) ?? []);
  const [gradient] = grad(
    terms.reduce((a, b) => add(a, b), loss),
    [params],
  );
  const { control } = given;
  const updated = applyOptimizer(optimizer, layout.params, { gradient, params, slots, control });
  return { loss, next: { ...updated, running: packGraph(layout.running, state) } };
}

/** Loss and sum of weights of a block of rows, in inference form: `state`, columns -> `result` [2]. */
export function evalGraph(spec: {
  readonly objective: Objective;
  readonly layout: StateLayout;
  readonly columns: Columns;
  readonly rows: number;
}): { readonly inputs: readonly Tensor[]; readonly result: Tensor } {
  const { objective, layout, columns, rows } = spec;
  const state = input("state", "float32", [layout.size]);
  const batch = batchInputs({ ...columns, weight: { dtype: "float32", shape: [] } }, rows);
  const { params, running } = sections(layout, state);
  const variables = {
    params: unpackGraph(layout.params, params),
    state: unpackGraph(layout.running, running),
  };
  const { loss } = objective.apply(variables, batch, { training: false, seed: null });
  const result = concat([reshape(loss, [1]), reshape(rowWeight(batch, rows), [1])], 0);
  return { inputs: [state, ...Object.values(batch)], result };
}
