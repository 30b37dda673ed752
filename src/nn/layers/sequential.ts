import type { HostArray } from "../../base/host-array.ts";
import type { Tensor } from "../../graph/index.ts";
import { add, mul } from "../../ops/index.ts";
import type { Bound, Layer, Variables } from "../layer.ts";
import { subtree, type Tree } from "../tree.ts";
import { identity } from "./activation.ts";

/** Layers one after the other; their variables lie under `0`, `1`, …. */
export function sequential(...layers: readonly Layer[]): Layer {
  return {
    init: (rng) => gatherVariables(layers.map((layer, i) => layer.init(rng.split(i)))),
    apply: (variables, x, { training, seed }) => {
      let y = x;
      const state: Record<string, Tree<Tensor>> = {};
      layers.forEach((layer, i) => {
        // 31 seed + i: distinct along every path of nested layers
        const context = { training, seed: seed && add(mul(seed, 31), i + 1) };
        const applied = layer.apply(childVariables(variables, i), y, context);
        y = applied.y;
        if (Object.keys(applied.state).length > 0) state[i] = applied.state;
      });
      return { y, state };
    },
    fold: (variables) => {
      const folded: Bound[] = [];
      layers.forEach((layer, i) => {
        const own = childVariables(variables, i);
        const before = folded.at(-1);
        if (layer.affine && before?.layer.absorb) {
          folded[i - 1] = before.layer.absorb(before.variables, layer.affine(own));
          folded.push({ layer: identity(), variables: { params: {}, state: {} } }); // keeps positions
        } else folded.push(layer.fold?.(own) ?? { layer, variables: own });
      });
      return {
        layer: sequential(...folded.map((f) => f.layer)),
        variables: gatherVariables(folded.map((f) => f.variables)),
      };
    },
  };
}

function childVariables<T extends HostArray | Tensor>(
  { params, state }: Variables<T>,
  i: number,
): Variables<T> {
  return { params: subtree<T>(params, `${i}`), state: subtree<T>(state, `${i}`) };
}

function gatherVariables(list: readonly Variables[]): Variables {
  const byPosition = (of: (v: Variables) => Tree<HostArray>) =>
    Object.fromEntries(list.flatMap((v, i) => (Object.keys(of(v)).length > 0 ? [[i, of(v)]] : [])));
  return { params: byPosition((v) => v.params), state: byPosition((v) => v.state) };
}
