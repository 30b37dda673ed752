import { float32 } from "../../base/host-array.ts";
import type { Tensor } from "../../graph/index.ts";
import {
  type Batch,
  leaf,
  mapTree,
  type Objective,
  type Tree,
  type Variables,
} from "../../nn/index.ts";
import {
  add,
  clip,
  customGradient,
  exp,
  log,
  maximum,
  mul,
  reshape,
  step,
  stopGradient,
  sub,
} from "../../ops/index.ts";
import type { QuantizationPlan } from "./plan.ts";
import { quantizedPass } from "./quantized-network.ts";

/** A limit on effective bit operations, and how a training gets there. */
export interface Budget {
  readonly ebops: number;
  /** Where training starts from. */
  readonly startEbops: number;
  /** Steps over which the limit falls from the start to the budget: its logarithm as (1 - t)². */
  readonly annealSteps: number;
  /** Steps after which widths stay as they are, once they keep the budget. */
  readonly settleSteps: number;
  /** Strength of the penalty at the start: loss per bit operation. */
  readonly startBeta: number;
}

/** Change of log beta over the annealing for a constant error of 1 (2.7 times the limit). */
const integralGain = 100;
/** Power of (bit operations / limit) in the strength of the penalty. */
const proportionalGain = 4;
/** The controller aims below the budget by this, and is at rest within twice as much. */
const margin = 0.03;

/**
 * Loss + beta · EBOPs, as in high-granularity quantization (arXiv:2405.00645), with beta set by a
 * proportional-integral controller of log(EBOPs / limit) that is part of the graph: `beta` (its
 * logarithm), `step` and `open` (1 while widths learn) lie in the state beside the network's, so
 * that an interrupted training continues the same. The loss reported is that of the data alone.
 * @param loss - scalar from the outputs of the pass and the batch, whose column `x` it reads.
 */
export function budgetObjective(
  plan: QuantizationPlan,
  loss: (rows: Tensor, batch: Batch) => Tensor,
  start: Variables,
  budget: Budget | null,
): Objective {
  const control = budget
    ? { beta: float32([Math.log(budget.startBeta)]), step: float32([0]), open: float32([1]) }
    : {};
  return {
    init: () => ({ params: start.params, state: { ...start.state, ...control } }),
    apply: ({ params, state }, batch, { training }) => {
      const own = {
        params: budget && training ? gated(params, leaf(state, "open")) : params,
        state,
      };
      const { y, top, ebops } = quantizedPass(plan, own, batch.x, training);
      const task = loss(y, batch);
      if (!training || !budget) return { loss: task, state: { ...state, top } };
      const { strength, ...next } = controlled(budget, state, ebops);
      const penalty = mul(ebops, strength);
      const total = add(task, sub(penalty, stopGradient(penalty))); // its gradient only
      return { loss: total, state: { ...next, top } };
    },
  };
}

/** Paths of the fraction bits among the parameters. */
export const isWidth = (path: string) => ["fraction", "lane", "input"].includes(path);

/** Parameters whose fraction bits get their gradients only while a gate [1] is open. */
function gated(params: Tree<Tensor>, gate: Tensor): Tree<Tensor> {
  return mapTree(params, (value, path) =>
    isWidth(path)
      ? customGradient(
          [value],
          () => value,
          (g) => [mul(g, gate)],
        )
      : value,
  );
}

function controlled(budget: Budget, state: Tree<Tensor>, ebops: Tensor) {
  const { ebops: limit, startEbops, annealSteps, settleSteps } = budget;
  const done = leaf(state, "step");
  const now = stopGradient(reshape(ebops, [1]));
  const left = sub(1, clip(mul(done, 1 / annealSteps), 0, 1));
  const span = Math.log(Math.max(startEbops / limit, 1));
  const logLimit = add(mul(mul(left, left), span), Math.log(limit) - margin);
  const off = sub(log(add(now, 1)), logLimit);
  const error = clip(sub(off, clip(off, -margin, margin)), -1, 1);
  const beta = clip(add(leaf(state, "beta"), mul(error, integralGain / annealSteps)), -30, 10);
  const isOver = step(sub(now, limit));
  const isEarly = step(sub(settleSteps, done));
  return {
    beta,
    step: add(done, 1),
    open: maximum(isOver, isEarly),
    strength: stopGradient(reshape(exp(add(beta, mul(error, proportionalGain))), [])),
  };
}
