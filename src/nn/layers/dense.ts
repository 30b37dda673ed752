import { ConfigError } from "../../base/errors.ts";
import { float32, type HostArray, toNumbers, zerosHost } from "../../base/host-array.ts";
import type { Rng } from "../../base/rng.ts";
import { add, gemm, matmul } from "../../ops/index.ts";
import type { Affine, Layer, Variables } from "../layer.ts";
import { leaf } from "../tree.ts";

export interface DenseOptions {
  /** Adds a vector; leave it out before a batch norm, which has its own. Default true. */
  readonly bias?: boolean;
  /** Variance 2/in (He, for relu and its kin) or 2/(in + out) (Glorot). Default "he". */
  readonly init?: "he" | "glorot";
}

/**
 * y = x W + b for x [..., in]: params `weight` [in, out] and `bias` [out].
 * Weights start uniform in ±sqrt(3 variance): He et al., arXiv:1502.01852, eq. 10; Glorot and
 * Bengio, AISTATS 2010, eq. 16. Biases start at zero.
 */
export function dense(
  inputs: number,
  outputs: number,
  { bias = true, init = "he" }: DenseOptions = {},
): Layer {
  for (const n of [inputs, outputs])
    if (!Number.isInteger(n) || n < 1)
      throw new ConfigError(`dense: sizes must be positive integers, got ${inputs} and ${outputs}`);
  return {
    init: (rng) => {
      const limit = Math.sqrt(6 / (init === "he" ? inputs : inputs + outputs));
      const weight = uniform(rng, [inputs, outputs], limit);
      return {
        params: bias ? { weight, bias: zerosHost("float32", [outputs]) } : { weight },
        state: {},
      };
    },
    apply: ({ params }, x) => {
      const weight = leaf(params, "weight");
      if (!bias) return { y: matmul(x, weight), state: {} };
      const b = leaf(params, "bias");
      return { y: x.rank === 2 ? gemm(x, weight, b) : add(matmul(x, weight), b), state: {} };
    },
    absorb: (variables, after) => ({
      layer: dense(inputs, outputs, { init }),
      variables: absorbed(variables, after),
    }),
  };
}

function uniform(rng: Rng, shape: readonly number[], limit: number): HostArray {
  const array = zerosHost("float32", shape);
  for (let i = 0; i < array.data.length; i++) array.data[i] = (2 * rng.uniform() - 1) * limit;
  return array;
}

/** (x W + b) s + t = x (W s) + (b s + t), in float64. */
function absorbed({ params }: Variables, { scale, shift }: Affine): Variables {
  const weight = leaf(params, "weight");
  const b = params.bias ? toNumbers(leaf(params, "bias")) : new Float64Array(scale.length);
  const n = scale.length;
  return {
    params: {
      weight: float32(
        toNumbers(weight).map((w, i) => w * scale[i % n]),
        weight.shape,
      ),
      bias: float32(b.map((v, j) => v * scale[j] + shift[j])),
    },
    state: {},
  };
}
