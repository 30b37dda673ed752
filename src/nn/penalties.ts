import type { Tensor } from "../graph/index.ts";
import { abs, add, mul, square, sum } from "../ops/index.ts";
import { isKernel } from "./layer.ts";

/** A term added to the loss, from the parameters by path; null where it has nothing to act on. */
export type Penalty = (
  params: readonly (readonly [path: string, value: Tensor])[],
) => Tensor | null;

/** strength · sum of w² over the chosen parameters; default kernels only. */
export function l2(strength: number, on: (path: string) => boolean = isKernel): Penalty {
  return penalty(square, strength, on);
}

/** strength · sum of |w| over the chosen parameters; default kernels only. */
export function l1(strength: number, on: (path: string) => boolean = isKernel): Penalty {
  return penalty(abs, strength, on);
}

function penalty(
  f: (w: Tensor) => Tensor,
  strength: number,
  on: (path: string) => boolean,
): Penalty {
  return (params) => {
    const terms = params.filter(([path]) => on(path)).map(([, w]) => sum(f(w)));
    return terms.length === 0
      ? null
      : mul(
          terms.reduce((a, b) => add(a, b)),
          strength,
        );
  };
}
