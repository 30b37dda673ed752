import type { FloatNetwork, FloatNode } from "../network.ts";
import type { LaneRange } from "./ranges.ts";

type Interval = readonly [number, number];

/**
 * Smallest and largest number each lane can have by the ranges of the inputs, null where functions
 * or shared weights make that too loose to be of use. Inputs without ranges: what the sample held.
 */
export function reachOf(
  { inputs, nodes }: FloatNetwork,
  ranges: Readonly<Record<string, readonly LaneRange[]>>,
): ReadonlyMap<string, readonly (Interval | null)[]> {
  const reach = new Map<string, readonly (Interval | null)[]>();
  for (const { name, ranges: given } of inputs)
    reach.set(
      name,
      given.map((range, lane) => range ?? [ranges[name][lane].min, ranges[name][lane].max]),
    );
  for (const node of nodes) {
    const lanes = ranges[node.output].length;
    reach.set(
      node.output,
      Array.from({ length: lanes }, (_, lane) => reachOfLane(node, lane, reach)),
    );
  }
  return reach;
}

function reachOfLane(
  node: FloatNode,
  lane: number,
  reach: ReadonlyMap<string, readonly (Interval | null)[]>,
): Interval | null {
  const at = (name: string, index: number) => {
    const all = reach.get(name)!;
    return all[all.length === 1 ? 0 : index];
  };
  switch (node.op) {
    case "pick":
      return at(node.inputs[node.lanes[lane][0]], node.lanes[lane][1]);
    case "affine": {
      if (node.gather) return null;
      let [low, high] = [node.bias[lane], node.bias[lane]];
      for (let j = 0; j < node.columns; j++) {
        const weight = node.weights[lane * node.columns + j];
        if (weight === 0) continue;
        const input = at(node.input, j);
        if (!input) return null;
        low += Math.min(weight * input[0], weight * input[1]);
        high += Math.max(weight * input[0], weight * input[1]);
      }
      return [low, high];
    }
    case "multiply": {
      const [a, b] = [at(node.a, lane), at(node.b, lane)];
      if (!a || !b) return null;
      const ends = a.flatMap((x) => b.map((y) => x * y));
      return [node.a === node.b ? 0 : Math.min(...ends), Math.max(...ends)];
    }
    default:
      return null;
  }
}
