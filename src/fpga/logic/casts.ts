import { type FixedFormat, fractionOf, type Rounding, rangeOf } from "../format.ts";
import type { NodeId } from "../netlist.ts";
import type { LogicBuilder } from "./logic-builder.ts";
import { rectify, type Wire } from "./wire.ts";

/** The node of a wire cast to a format: rounded, then brought into its range. */
export function castNode(builder: LogicBuilder, wire: Wire, format: FixedFormat): NodeId {
  const rounded = roundNode(builder, wire, fractionOf(format), format.rounding);
  return overflowNode(builder, rounded, format);
}

/**
 * The integer of a wire at another fraction. Rounding never decreases and keeps 0, so
 * max(., 0) is taken afterwards and the modes that ask for the sign see none.
 */
function roundNode(
  builder: LogicBuilder,
  wire: Wire,
  fraction: number,
  rounding: Rounding,
): NodeId {
  const drop = wire.fraction - fraction;
  const finish = (node: NodeId) => (wire.isRectified ? rectify(builder, node) : node);
  if (drop <= 0) return finish(builder.shift(wire.plus(0), -drop));
  const mode = wire.isRectified ? positiveModes[rounding] : rounding;
  const half = 2 ** (drop - 1);
  if (wire.isOpen && mode === "RND") return finish(builder.shift(wire.plus(half), -drop));
  if (wire.isOpen && mode === "RND_MIN_INF")
    return finish(builder.shift(wire.plus(half - 1), -drop));
  if (wire.isOpen && mode === "RND_CONV")
    return finish(halvesToEven(builder, wire.plus(half), drop));
  const node = wire.plus(0);
  const up = carryOf(builder, node, drop, mode);
  return finish(builder.add(builder.shift(node, -drop), up));
}

/** What a mode is for numbers >= 0. */
const positiveModes: Record<Rounding, Rounding> = {
  TRN: "TRN",
  TRN_ZERO: "TRN",
  RND: "RND",
  RND_INF: "RND",
  RND_ZERO: "RND_MIN_INF",
  RND_MIN_INF: "RND_MIN_INF",
  RND_CONV: "RND_CONV",
};

/** floor(n / 2^drop) of n = x + 1/2, whose last bit is cleared where x was a half exactly. */
function halvesToEven(builder: LogicBuilder, node: NodeId, drop: number): NodeId {
  const isHalf = builder.equal(builder.wrap(node, drop, false), builder.constant(0));
  const last = builder.and(builder.bit(node, drop), builder.not(isHalf));
  return builder.add(builder.shift(node, -drop - 1), last, 1, 0);
}

/** 1 where a mode takes the next integer above the floor. */
function carryOf(builder: LogicBuilder, node: NodeId, drop: number, mode: Rounding): NodeId {
  if (mode === "TRN") return builder.constant(0);
  const isNegative = builder.less(node, builder.constant(0));
  if (mode === "TRN_ZERO") return builder.and(isNegative, anyBit(builder, node, drop));
  const half = builder.bit(node, drop - 1);
  if (mode === "RND") return half;
  const isMore = anyBit(builder, node, drop - 1);
  if (mode === "RND_MIN_INF") return builder.and(half, isMore);
  const tie =
    mode === "RND_ZERO"
      ? isNegative
      : mode === "RND_INF"
        ? builder.not(isNegative)
        : builder.bit(node, drop);
  return builder.and(half, builder.or(isMore, tie));
}

/** 1 where one of the low bits is set. */
const anyBit = (builder: LogicBuilder, node: NodeId, bits: number): NodeId =>
  builder.not(builder.equal(builder.wrap(node, bits, false), builder.constant(0)));

/** What a format makes of an integer at its fraction. */
export function overflowNode(builder: LogicBuilder, node: NodeId, format: FixedFormat): NodeId {
  const range = rangeOf(format);
  const { lo, hi } = builder.interval(node);
  if (lo >= range.lo && hi <= range.hi) return node;
  if (format.width === 0) return builder.constant(0);
  if (format.overflow === "WRAP") return builder.wrap(node, format.width, format.signed);
  if (format.overflow !== "SAT_ZERO") return builder.clamp(node, range.lo, range.hi);
  const isOut = builder.or(
    builder.less(node, builder.constant(range.lo)),
    builder.less(builder.constant(range.hi), node),
  );
  const inside = builder.wrap(node, format.width, format.signed);
  return builder.select(isOut, builder.constant(0), inside);
}
