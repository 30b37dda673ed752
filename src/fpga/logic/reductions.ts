import type { NodeId } from "../netlist.ts";
import type { LogicBuilder } from "./logic-builder.ts";

/** The larger of two. */
export function larger(builder: LogicBuilder, a: NodeId, b: NodeId): NodeId {
  return builder.select(builder.less(a, b), b, a);
}

/** The largest, as a balanced tree of comparisons. */
export function maxNode(builder: LogicBuilder, nodes: readonly NodeId[]): NodeId {
  return tree(nodes, (a, b) => larger(builder, a, b));
}

/** The index of the first largest: the right one of a pair wins only where the left is less. */
export function argmaxNode(builder: LogicBuilder, nodes: readonly NodeId[]): NodeId {
  const lanes = nodes.map((value, i) => ({ value, index: builder.constant(i) }));
  return tree(lanes, (a, b) => {
    const isRight = builder.less(a.value, b.value);
    return {
      value: builder.select(isRight, b.value, a.value),
      index: builder.select(isRight, b.index, a.index),
    };
  }).index;
}

/** n mod period for n in [-period, 2 period). */
export function moduloNode(builder: LogicBuilder, node: NodeId, period: number): NodeId {
  const { lo, hi } = builder.interval(node);
  if (lo >= 0 && hi < period) return node;
  const size = builder.constant(period);
  const bound = { lo: 0, hi: period - 1 };
  const power = Math.log2(period);
  if (Number.isInteger(power)) return builder.wrap(node, power, false);
  const below = builder.add(node, size);
  const above = builder.sub(node, size);
  const isBelow = builder.less(node, builder.constant(0));
  const isAbove = builder.not(builder.less(node, size));
  // the branch that is taken is within the period, whatever the others are
  const bits = Math.ceil(power);
  const cut = (n: NodeId) => builder.wrap(n, bits, false);
  const inside = builder.select(isAbove, cut(above), cut(node), bound);
  return builder.select(isBelow, cut(below), inside, bound);
}

function tree<T>(items: readonly T[], join: (a: T, b: T) => T): T {
  if (items.length === 1) return items[0];
  const half = Math.ceil(items.length / 2);
  return join(tree(items.slice(0, half), join), tree(items.slice(half), join));
}
