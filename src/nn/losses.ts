import { ConfigError, ShapeError } from "../base/errors.ts";
import { float32 } from "../base/host-array.ts";
import { fixedDim, formatShape, type Shape, sameShape, type Tensor } from "../graph/index.ts";
import {
  abs,
  add,
  clip,
  constant,
  div,
  equal,
  exp,
  expandDims,
  logcosh as logcoshOf,
  logSoftmax,
  maximum,
  mean,
  mul,
  neg,
  oneHot,
  softplus,
  square,
  stopGradient,
  sub,
  sum,
  where,
} from "../ops/index.ts";

/**
 * A loss: scalar from prediction and target, averaged over rows with weights [batch]:
 * sum(w l) / sum(w), 0 where all weights are 0. Weights may be negative.
 */
export type Loss = (prediction: Tensor, target: Tensor, weight: Tensor | null) => Tensor;

export interface ColumnOptions {
  /** Relative weight of each target column; default equal. */
  readonly columns?: readonly number[];
}

/** Weighted mean over rows of per-element losses l [batch] or [batch, columns]. */
export function weightedMean(
  l: Tensor,
  weight: Tensor | null,
  columns?: readonly number[],
): Tensor {
  let losses = l;
  if (columns) {
    if (l.shape.at(-1) !== columns.length)
      throw new ShapeError(`loss: ${columns.length} column weights for ${formatShape(l.shape)}`);
    const total = columns.reduce((s, c) => s + c, 0);
    losses = mul(l, constant(float32(columns.map((c) => (c * columns.length) / total))));
  }
  if (!weight) return mean(losses);
  if (!sameShape(weight.shape, l.shape.slice(0, 1)))
    throw new ShapeError(
      `loss: weights are ${formatShape(weight.shape)}, losses ${formatShape(l.shape)}`,
    );
  const perRow = l.shape.slice(1).reduce<number>((n, _, i) => n * fixedDim("loss", l, i + 1), 1);
  const wide = l.rank > 1 ? expandDims(weight, ...l.shape.slice(1).map((_, i) => i + 1)) : weight;
  const total = sum(weight);
  const safe = where(equal(total, 0), 1, total);
  return div(sum(mul(losses, wide)), perRow === 1 ? safe : mul(safe, perRow));
}

/** A loss of residuals d = prediction - target [batch, columns]. */
function residualLoss(name: string, f: (d: Tensor) => Tensor, { columns }: ColumnOptions): Loss {
  return (prediction, target, weight) => {
    requireSame(name, prediction, target);
    return weightedMean(f(sub(prediction, target)), weight, columns);
  };
}

/** Mean squared error. */
export function mse(options: ColumnOptions = {}): Loss {
  return residualLoss("mse", square, options);
}

/** Mean of log cosh of the residual: quadratic near 0, linear far away. */
export function logcosh(options: ColumnOptions = {}): Loss {
  return residualLoss("logcosh", logcoshOf, options);
}

/** Mean absolute error. */
export function mae(options: ColumnOptions = {}): Loss {
  return residualLoss("mae", abs, options);
}

/** Huber: d²/2 for |d| <= delta, delta (|d| - delta/2) beyond. */
export function huber(delta = 1, options: ColumnOptions = {}): Loss {
  if (!(delta > 0)) throw new ConfigError(`huber: delta must be > 0, got ${delta}`);
  // with c = clip(d): c (d - c/2) is both branches at once
  const f = (d: Tensor) => {
    const c = clip(d, -delta, delta);
    return mul(c, sub(d, mul(c, 0.5)));
  };
  return residualLoss("huber", f, options);
}

/**
 * Pinball loss, max(τ d, (τ - 1) d) with d = target - prediction: column j of the prediction
 * estimates the quantile `taus[j]` (Koenker and Bassett 1978).
 * @param taus - each in (0, 1), one per prediction column; the target is [batch, 1] or as wide.
 */
export function quantile(taus: readonly number[]): Loss {
  for (const tau of taus)
    if (!(tau > 0 && tau < 1))
      throw new ConfigError(`quantile: taus must be in (0, 1), got ${tau}`);
  const tau = constant(float32(taus));
  return (prediction, target, weight) => {
    if (prediction.shape.at(-1) !== taus.length)
      throw new ShapeError(`quantile: ${taus.length} taus for ${formatShape(prediction.shape)}`);
    const wanted =
      target.shape.at(-1) === 1 ? [...prediction.shape.slice(0, -1), 1] : prediction.shape;
    requireSame("quantile", { shape: wanted }, target);
    const d = sub(target, prediction);
    return weightedMean(maximum(mul(d, tau), mul(d, sub(tau, 1))), weight);
  };
}

/** Cross entropy of targets in [0, 1] under σ(logit): softplus(z) - t z. */
export function binaryCrossEntropy(options: ColumnOptions = {}): Loss {
  return (logits, target, weight) => {
    requireSame("binaryCrossEntropy", logits, target);
    return weightedMean(sub(softplus(logits), mul(target, logits)), weight, options.columns);
  };
}

/**
 * Cross entropy of classes under softmax(logits) [batch, classes]. Targets are int64 labels
 * [batch] or probabilities [batch, classes]. Class weights multiply the row weights, so that the
 * mean is normalized by them too.
 */
export function softmaxCrossEntropy(
  options: { readonly classWeights?: readonly number[] } = {},
): Loss {
  const { classWeights } = options;
  return (logits, target, weight) => {
    const classes = fixedDim("softmaxCrossEntropy", logits, logits.rank - 1);
    const isLabel = target.dtype === "int64";
    const probabilities = isLabel ? oneHot(target, classes) : target;
    requireSame("softmaxCrossEntropy", logits, probabilities);
    const last = { axes: -1 };
    const l = neg(sum(mul(probabilities, logSoftmax(logits)), last)); // [batch]
    if (!classWeights) return weightedMean(l, weight);
    if (classWeights.length !== classes)
      throw new ShapeError(
        `softmaxCrossEntropy: ${classWeights.length} class weights for ${classes} classes`,
      );
    const own = sum(mul(probabilities, constant(float32(classWeights))), last);
    return weightedMean(l, weight ? mul(weight, own) : own);
  };
}

/**
 * Focal loss from logits for targets 0 or 1: -α_t (1 - p_t)^γ log p_t (Lin et al.,
 * arXiv:1708.02002, eq. 5). With z_t = ±z: log p_t = -softplus(-z_t), log(1 - p_t) = -softplus(z_t).
 * @param alpha - weight of class 1, that of class 0 being 1 - alpha; null for none.
 */
export function focal(gamma = 2, alpha: number | null = 0.25): Loss {
  return (logits, target, weight) => {
    requireSame("focal", logits, target);
    const z = mul(logits, sub(mul(target, 2), 1));
    const l = mul(softplus(neg(z)), exp(mul(softplus(z), -gamma)));
    const balance = alpha === null ? null : add(mul(target, 2 * alpha - 1), 1 - alpha);
    return weightedMean(balance ? mul(l, balance) : l, weight);
  };
}

/** A loss on relative residuals: prediction and target divided by max(|target|, floor). */
export function relative(loss: Loss, floor: number): Loss {
  if (!(floor > 0)) throw new ConfigError(`relative: floor must be > 0, got ${floor}`);
  return (prediction, target, weight) => {
    const scale = stopGradient(maximum(abs(target), floor));
    return loss(div(prediction, scale), div(target, scale), weight);
  };
}

function requireSame(where: string, prediction: { readonly shape: Shape }, target: Tensor): void {
  if (!sameShape(prediction.shape, target.shape))
    throw new ShapeError(
      `${where}: prediction is ${formatShape(prediction.shape)}, target ${formatShape(target.shape)}; use reshape()`,
    );
}
