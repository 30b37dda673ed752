import type { LogicNode, Netlist, NodeId, SerialBlock } from "../netlist.ts";

/** The nodes a node reads; those of its block for a result of a serialized product. */
export function operandsOf(node: LogicNode, blocks: readonly SerialBlock[]): readonly NodeId[] {
  switch (node.op) {
    case "input":
    case "constant":
      return [];
    case "serial":
      return blocks[node.block].inputs;
    case "add":
    case "sub":
    case "multiply":
    case "less":
    case "equal":
    case "and":
    case "or":
    case "xor":
      return [node.a, node.b];
    case "select":
      return [node.condition, node.a, node.b];
    default:
      return [node.a];
  }
}

/**
 * The same logic without the nodes that no output needs; inputs stay. `moved` is where each node
 * went, -1 for those left out.
 */
export function liveNetlist({ name, nodes, blocks, outputs }: Netlist): {
  readonly netlist: Netlist;
  readonly moved: Int32Array;
} {
  const isLive = new Uint8Array(nodes.length);
  for (const output of outputs) for (const node of output.nodes) isLive[node] = 1;
  for (let i = nodes.length - 1; i >= 0; i--)
    if (isLive[i]) for (const operand of operandsOf(nodes[i], blocks)) isLive[operand] = 1;
  const moved = new Int32Array(nodes.length).fill(-1);
  const kept: LogicNode[] = [];
  nodes.forEach((node, i) => {
    if (!isLive[i] && node.op !== "input") return;
    moved[i] = kept.length;
    kept.push(moveNode(node, moved));
  });
  const at = (ids: readonly NodeId[]) => ids.map((id) => moved[id]);
  const netlist = {
    name,
    nodes: kept,
    blocks: blocks.map((block) => ({ ...block, inputs: at(block.inputs) })),
    outputs: outputs.map((output) => ({ name: output.name, nodes: at(output.nodes) })),
  };
  return { netlist, moved };
}

function moveNode(node: LogicNode, moved: Int32Array): LogicNode {
  const result: Record<string, unknown> = { ...node };
  for (const key of ["a", "b", "condition"] as const)
    if (key in node) result[key] = moved[result[key] as number];
  return result as LogicNode;
}
