import type { NodeId } from "../netlist.ts";
import type { Interval } from "./intervals.ts";
import type { LogicBuilder } from "./logic-builder.ts";

/**
 * A number on its way: value = n · 2^-fraction, where n may still be a sum that nobody else reads,
 * so that a constant for rounding can go into it, and a max(n, 0) that has yet to be taken.
 */
export interface Wire {
  readonly fraction: number;
  /** The node of n + offset, before max(., 0). */
  readonly plus: (offset: number) => NodeId;
  /** True where an offset costs nothing. */
  readonly isOpen: boolean;
  readonly isRectified: boolean;
}

/** A wire whose node is made. */
export const wireOf = (builder: LogicBuilder, node: NodeId, fraction: number): Wire => ({
  fraction,
  plus: (offset) => builder.add(node, builder.constant(offset)),
  isOpen: false,
  isRectified: false,
});

/** The same wire, known to stay within an interval; for max(n, 0) that follows from n's. */
export function boundedWire(builder: LogicBuilder, wire: Wire, { lo, hi }: Interval): Wire {
  if (wire.isRectified) return wire;
  if (!wire.isOpen)
    return wireOf(builder, builder.bounded(wire.plus(0), { lo, hi }), wire.fraction);
  const plus = (offset: number) =>
    builder.bounded(wire.plus(offset), { lo: lo + offset, hi: hi + offset });
  return { ...wire, plus };
}

/** The node of a wire's integer. */
export function nodeOf(builder: LogicBuilder, wire: Wire): NodeId {
  const node = wire.plus(0);
  return wire.isRectified ? rectify(builder, node) : node;
}

/** max(n, 0) */
export const rectify = (builder: LogicBuilder, node: NodeId): NodeId =>
  builder.clamp(node, 0, Math.max(0, builder.interval(node).hi));
