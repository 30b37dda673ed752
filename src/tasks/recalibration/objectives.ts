import { deltaPhi } from "../../cms/kinematics.ts";
import type { Tensor } from "../../graph/index.ts";
import { weightedMean } from "../../nn/index.ts";
import {
  add,
  and,
  concat,
  exp,
  floor,
  greaterEqual,
  less,
  logcosh,
  mul,
  split,
  square,
  sub,
  where,
} from "../../ops/index.ts";
import type { RecalibrationConfig } from "./config.ts";
import type { Quantity } from "./quantities.ts";

/** How one quantity is learned: a training target, a loss on it, and the way back to physics. */
export interface Objective {
  readonly quantity: Quantity;
  /** Training target of an object from its L1 and offline values. */
  target(level1: number, offline: number): number;
  /** Loss per row, [batch, 1], of the network's output for standardized targets. */
  loss(output: Tensor, target: Tensor): Tensor;
  /** Calibrated value [batch, 1] from the network's output and the L1 value. */
  decode(output: Tensor, level1: Tensor): Tensor;
}

/** Mean and standard deviation of the training targets. */
export interface Standard {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * The objective of a quantity.
 * - eta, phi, and pt with `delta`: target Δ = L1 - offline (φ wrapped), standardized; MSE or
 *   log-cosh; calibrated = L1 - Δ. As in the report.
 * - pt with `relative`: the network gives log(calibrated / L1); the loss is the square of
 *   calibrated/offline - 1, the very error of the report's Table 7.
 * - pt with `width`: same output; log-cosh of log(calibrated / offline) in units of 0.1, which
 *   counts far tails linearly and so sharpens the core.
 */
export function objectiveOf(
  quantity: Quantity,
  config: Pick<RecalibrationConfig, "minimize" | "loss">,
  standard: Standard,
): Objective {
  const { mean: center, deviation } = standard;
  const unscale = (output: Tensor) => add(mul(output, deviation), center);
  if (quantity === "pt" && config.minimize !== "delta") {
    return {
      quantity,
      target: rawTarget("pt", config.minimize),
      decode: (output, level1) => mul(level1, exp(unscale(output))),
      loss: (output, target) => {
        // log(calibrated / offline) = output - log(offline / L1), both unstandardized
        const d = mul(sub(output, target), deviation);
        const l =
          config.minimize === "relative"
            ? square(sub(exp(d), 1))
            : mul(logcosh(mul(d, 1 / coreScale)), coreScale);
        return mul(l, 1 / deviation ** 2); // in the units of the standardized quantities beside it
      },
    };
  }
  const penalty = config.loss === "mse" ? square : logcosh;
  return {
    quantity,
    target: rawTarget(quantity, config.minimize),
    loss: (output, target) => penalty(sub(output, target)),
    decode: (output, level1) => {
      const corrected = sub(level1, unscale(output));
      return quantity === "phi" ? toFirstTurn(corrected) : corrected;
    },
  };
}

/** Log ratios within this are the core. */
const coreScale = 0.1;

/** The target before it is standardized. */
export function rawTarget(
  quantity: Quantity,
  minimize: RecalibrationConfig["minimize"],
): (level1: number, offline: number) => number {
  if (quantity === "phi") return deltaPhi;
  if (quantity === "pt" && minimize !== "delta")
    return (level1, offline) => Math.log(offline / level1);
  return (level1, offline) => level1 - offline;
}

/** Angles brought into [0, 2π); float32(2π), which rounding can give, is 0. */
function toFirstTurn(phi: Tensor): Tensor {
  const turn = 2 * Math.PI;
  const first = sub(phi, mul(floor(mul(phi, 1 / turn)), turn));
  return where(and(greaterEqual(first, 0), less(first, turn)), first, 0);
}

/** Mean over quantities and (weighted) rows of the losses of output columns [batch, quantities]. */
export function totalLoss(objectives: readonly Objective[]) {
  return (prediction: Tensor, target: Tensor, weight: Tensor | null): Tensor => {
    const ones = objectives.map(() => 1);
    const outputs = split(prediction, ones, 1);
    const targets = split(target, ones, 1);
    const losses = concat(
      objectives.map((o, i) => o.loss(outputs[i], targets[i])),
      1,
    );
    return weightedMean(losses, weight);
  };
}
