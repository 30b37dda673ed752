import { ConfigError } from "../../base/errors.ts";
import type { FloatNetwork, FloatNode } from "../network.ts";
import { expandPolynomials, type Spreads } from "./expand-polynomial.ts";
import { positionsOf } from "./nodes.ts";
import { splitExact } from "./split-exact.ts";

/**
 * The network as it is quantized: whole numbers that pass through taken out of products, and sums
 * of powers written out where the inputs' spreads are given. Applied twice it gives the same.
 * @throws ConfigError for weights that are not finite.
 */
export function prepare(network: FloatNetwork, spreads: Spreads = {}): FloatNetwork {
  for (const node of network.nodes) {
    if (node.op !== "affine") continue;
    const all = [...node.weights, ...node.bias];
    const bad = all.filter((w) => !Number.isFinite(w)).length;
    if (bad > 0)
      throw new ConfigError(
        `quantize: ${bad} of ${all.length} weights of ${node.layer} are not finite numbers; has the training diverged?`,
      );
  }
  const expanded = expandPolynomials(network, spreads);
  return splitExact({ ...expanded, nodes: expanded.nodes.flatMap(pickColumns) });
}

/** A product with some lanes of a vector, once: a pick of them, then a product with all. */
function pickColumns(node: FloatNode): readonly FloatNode[] {
  if (node.op !== "affine" || !node.gather || positionsOf(node) > 1) return [node];
  const gather = Array.from(node.gather);
  if (gather.some((lane) => lane < 0)) return [node];
  const output = `${node.output}_lanes`;
  const lanes = gather.map((lane) => [0, lane] as const);
  const { input, layer } = node;
  return [
    { op: "pick", inputs: [input], lanes, output, layer },
    { ...node, input: output, gather: null },
  ];
}
