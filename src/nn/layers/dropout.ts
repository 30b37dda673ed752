import { ConfigError } from "../../base/errors.ts";
import { elementCount, fixedDim, type Tensor } from "../../graph/index.ts";
import {
  add,
  floor,
  greaterEqual,
  mul,
  randomUniform,
  reshape,
  split,
  sub,
  where,
} from "../../ops/index.ts";
import type { Layer } from "../layer.ts";

/**
 * Inverted dropout (Srivastava et al., JMLR 15, 2014): in training each element is zeroed with
 * probability `rate`, the others are divided by 1 - rate; identity in inference. The mask is a
 * pure function of the step's seed.
 * @param rate - in [0, 1); realized to about 1/4096.
 */
export function dropout(rate: number): Layer {
  if (!(rate >= 0 && rate < 1))
    throw new ConfigError(`dropout: rate must be in [0, 1), got ${rate}`);
  return {
    init: () => ({ params: {}, state: {} }),
    apply: (_variables, x, { training, seed }) => {
      if (!training || rate === 0) return { y: x, state: {} };
      if (!seed) throw new ConfigError("dropout: training needs context.seed");
      const mask = where(greaterEqual(cheapUniform(seed, x), rate), 1 / (1 - rate), 0);
      return { y: mul(x, mask), state: {} };
    },
  };
}

/**
 * Uniform numbers of x's shape: the fraction of a_i b_j with one random a in [2048, 4096) per row
 * and one b in [1, 2) per column. Any two elements are independent; hashing rows + columns
 * instead of every element costs three passes, not forty. Exact in float32, so the same on every
 * runtime.
 */
function cheapUniform(seed: Tensor, x: Tensor): Tensor {
  const columns = fixedDim("dropout", x, x.rank - 1);
  const rows = elementCount(x.shape.slice(0, -1));
  if (rows === null) throw new ConfigError("dropout: training needs a fixed batch size");
  const [a, b] = split(randomUniform(seed, [rows + columns]), [rows, columns], 0);
  const a1 = reshape(mul(add(a, 1), 2048), [...x.shape.slice(0, -1), 1]);
  const product = mul(a1, add(b, 1));
  return sub(product, floor(product));
}
