import { ShapeError } from "../../base/errors.ts";
import { float32, toNumbers, zerosHost } from "../../base/host-array.ts";
import { formatShape, type Tensor } from "../../graph/index.ts";
import { add, div, mul, reshape, sqrt, standardize, sub, transpose } from "../../ops/index.ts";
import type { Layer, Variables } from "../layer.ts";
import { leaf } from "../tree.ts";

export interface BatchNormOptions {
  /** Share of the old running statistics kept each step, as in Keras; torch's momentum is 1 - this. */
  readonly momentum?: number;
  /** Added to the variance. */
  readonly epsilon?: number;
}

/**
 * Batch normalization of x [batch, features] (Ioffe and Szegedy, arXiv:1502.03167): in training
 * by the batch's mean and variance (divided by n), in inference by running ones. Params `gamma`,
 * `beta`; state `mean`, `variance`, each [features]. Event weights do not enter the statistics.
 */
export function batchNorm(
  features: number,
  { momentum = 0.99, epsilon = 1e-3 }: BatchNormOptions = {},
): Layer {
  return {
    init: () => ({
      params: { gamma: ones(features), beta: zerosHost("float32", [features]) },
      state: { mean: zerosHost("float32", [features]), variance: ones(features) },
    }),
    apply: ({ params, state }, x, { training }) => {
      requireFeatures("batchNorm", x, features);
      if (x.rank !== 2)
        throw new ShapeError(
          `batchNorm: takes [batch, ${features}], got ${formatShape(x.shape)}; use reshape()`,
        );
      const gamma = leaf(params, "gamma");
      const beta = leaf(params, "beta");
      const mean = leaf(state, "mean");
      const variance = leaf(state, "variance");
      if (!training) {
        const scale = div(gamma, sqrt(add(variance, epsilon)));
        return { y: add(mul(x, scale), sub(beta, mul(mean, scale))), state };
      }
      const batch = standardize(transpose(x), epsilon); // [features, batch]
      const ratio = reshape(batch.invDeviation, [features]);
      const newState = {
        mean: average(mean, reshape(batch.mean, [features]), momentum),
        variance: average(variance, sub(div(1, mul(ratio, ratio)), epsilon), momentum),
      };
      return { y: add(mul(transpose(batch.y), gamma), beta), state: newState };
    },
    affine: (variables) => runningAffine(variables, epsilon),
  };
}

function average(old: Tensor, now: Tensor, momentum: number): Tensor {
  return add(mul(old, momentum), mul(now, 1 - momentum));
}

/** gamma (x - mean) / sqrt(variance + epsilon) + beta as one multiply-add, in float64. */
function runningAffine({ params, state }: Variables, epsilon: number) {
  const numbers = (tree: Variables["params"], name: string) => toNumbers(leaf(tree, name));
  const variance = numbers(state, "variance");
  const mean = numbers(state, "mean");
  const beta = numbers(params, "beta");
  const scale = numbers(params, "gamma").map((g, i) => g / Math.sqrt(variance[i] + epsilon));
  return { scale, shift: beta.map((b, i) => b - mean[i] * scale[i]) };
}

/**
 * Layer normalization over the last axis of x [..., features] (Ba et al., arXiv:1607.06450).
 * Params `gamma`, `beta` [features].
 */
export function layerNorm(
  features: number,
  { epsilon = 1e-5 }: { readonly epsilon?: number } = {},
): Layer {
  return {
    init: () => ({
      params: { gamma: ones(features), beta: zerosHost("float32", [features]) },
      state: {},
    }),
    apply: ({ params }, x) => {
      requireFeatures("layerNorm", x, features);
      const { y } = standardize(x, epsilon);
      return { y: add(mul(y, leaf(params, "gamma")), leaf(params, "beta")), state: {} };
    },
  };
}

function ones(n: number) {
  return float32(new Float32Array(n).fill(1));
}

function requireFeatures(where: string, x: Tensor, features: number): void {
  if (x.shape.at(-1) !== features)
    throw new ShapeError(`${where}: built for ${features} features, got ${formatShape(x.shape)}`);
}
