import type { Tensor } from "../../graph/index.ts";
import type { Layer } from "../layer.ts";

/** A function without variables as a layer: `activation(relu)`, or any graph function. */
export function activation(f: (x: Tensor) => Tensor): Layer {
  return {
    init: () => ({ params: {}, state: {} }),
    apply: (_variables, x) => ({ y: f(x), state: {} }),
  };
}

/** The same under the name for reshaping, feature building and the like. */
export const lambda = activation;

/** Gives back its input. */
export function identity(): Layer {
  return activation((x) => x);
}
