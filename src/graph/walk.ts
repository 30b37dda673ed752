import type { Node, Tensor } from "./tensor.ts";

/** Nodes that the outputs depend on, inputs before users. Iterative: graphs can be deep. */
export function toposort(outputs: readonly Tensor[]): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, "open" | "done">();
  const stack: Node[] = [];
  for (const output of outputs) stack.push(output.node);
  stack.reverse();
  while (stack.length > 0) {
    const node = stack[stack.length - 1];
    const seen = state.get(node);
    if (seen === undefined) {
      state.set(node, "open");
      for (let i = node.inputs.length - 1; i >= 0; i--) {
        const input = node.inputs[i].node;
        if (!state.has(input)) stack.push(input);
      }
    } else {
      stack.pop();
      if (seen === "open") {
        state.set(node, "done");
        order.push(node);
      }
    }
  }
  return order;
}

/** How many nodes read each tensor; being an output of the graph counts as one reader. */
export function countUses(outputs: readonly Tensor[]): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  const add = (t: Tensor) => uses.set(t, (uses.get(t) ?? 0) + 1);
  for (const node of toposort(outputs)) node.inputs.forEach(add);
  outputs.forEach(add);
  return uses;
}
