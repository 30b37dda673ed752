import { Node, type Tensor } from "./tensor.ts";
import { toposort } from "./walk.ts";

/**
 * Looks at one node whose inputs are already rewritten. Returns its new outputs, or null to keep
 * the node as it is.
 */
export type Rule = (node: Node, original: Node) => readonly Tensor[] | null;

/** Rebuilds the graph bottom-up under a rule; what no rule touches is kept, not copied. */
export function rewrite(outputs: readonly Tensor[], rule: Rule): Tensor[] {
  const replaced = new Map<Tensor, Tensor>();
  const now = (t: Tensor) => replaced.get(t) ?? t;
  for (const original of toposort(outputs)) {
    const inputs = original.inputs.map(now);
    const changed = inputs.some((t, i) => t !== original.inputs[i]);
    const node = changed ? new Node(original.op, inputs, original.attrs) : original;
    const result = rule(node, original) ?? node.outputs;
    original.outputs.forEach((t, i) => {
      if (result[i] !== t) replaced.set(t, result[i]);
    });
  }
  return outputs.map(now);
}

/** Replaces given tensors wherever they are used. */
export function substitute(
  outputs: readonly Tensor[],
  replacements: ReadonlyMap<Tensor, Tensor>,
): Tensor[] {
  return rewrite(outputs, (node, original) => {
    if (!original.outputs.some((t) => replacements.has(t))) return null;
    return original.outputs.map((t, i) => replacements.get(t) ?? node.outputs[i]);
  });
}
