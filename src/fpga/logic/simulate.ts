import type { LogicNode, Netlist } from "../netlist.ts";
import { wrapped } from "./intervals.ts";

/**
 * The results of a netlist for one inference, node by node in plain numbers: slow, for tests and
 * to look into. Registers change when, not what, so there are none here.
 * @param inputs - integers by port name.
 */
export function simulateNetlist(
  { nodes, blocks, outputs }: Netlist,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
): Record<string, number[]> {
  const values = new Float64Array(nodes.length);
  const evaluate = (node: LogicNode): number => {
    switch (node.op) {
      case "input":
        return inputs[node.port][node.lane];
      case "constant":
        return node.value;
      case "add":
        return values[node.a] * 2 ** node.shiftA + values[node.b] * 2 ** node.shiftB;
      case "sub":
        return values[node.a] * 2 ** node.shiftA - values[node.b] * 2 ** node.shiftB;
      case "shift":
        return Math.floor(values[node.a] * 2 ** node.by);
      case "wrap":
        return wrapped(values[node.a], node.width, node.signed);
      case "clamp":
        return Math.max(node.min, Math.min(node.max, values[node.a]));
      case "multiply":
        return values[node.a] * values[node.b];
      case "less":
        return values[node.a] < values[node.b] ? 1 : 0;
      case "equal":
        return values[node.a] === values[node.b] ? 1 : 0;
      case "and":
        return values[node.a] & values[node.b];
      case "or":
        return values[node.a] | values[node.b];
      case "xor":
        return values[node.a] ^ values[node.b];
      case "bit":
        return Math.abs(Math.floor(values[node.a] / 2 ** node.bit) % 2);
      case "select":
        return values[node.condition] !== 0 ? values[node.a] : values[node.b];
      case "table":
        return node.values[values[node.a] - node.first];
      case "serial": {
        const { inputs: columns, weights, bias } = blocks[node.block];
        return columns.reduce(
          (sum, column, c) => sum + weights[node.index * columns.length + c] * values[column],
          bias[node.index],
        );
      }
    }
  };
  nodes.forEach((node, i) => {
    values[i] = evaluate(node) + 0; // no -0
  });
  return Object.fromEntries(
    outputs.map((output) => [output.name, output.nodes.map((id) => values[id])]),
  );
}
