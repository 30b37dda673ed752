import type { NodeId } from "../netlist.ts";
import { timesConstant } from "./accumulate.ts";
import { bitsOf, product } from "./intervals.ts";
import type { LogicBuilder } from "./logic-builder.ts";
import { type Summand, sumOf } from "./row-sums.ts";
import { squareRows } from "./squares.ts";

/**
 * a · b + offset without a multiplier: each bit of the narrower side gates the wider one, and a
 * tree adds up the rows. The top bit of a number with sign counts -2^(bits - 1), so its row is
 * taken away. Two gates and the adder behind them fit into one LUT per bit.
 */
export function productNode(builder: LogicBuilder, a: NodeId, b: NodeId, offset: number): NodeId {
  for (const [fixed, other] of [
    [builder.value(a), b],
    [builder.value(b), a],
  ] as const)
    if (fixed !== null) return timesConstant(builder, other, fixed, offset);
  const { lo, hi } = product(builder.interval(a), builder.interval(b), a === b);
  const rows = a === b ? squareRows(builder, a) : rowsOf(builder, a, b);
  return sumOf(builder, rows, offset, { range: { lo: lo + offset, hi: hi + offset } });
}

function rowsOf(builder: LogicBuilder, a: NodeId, b: NodeId): Summand[] {
  const bits = (node: NodeId) => bitsOf(builder.interval(node));
  const [gates, wide] = bits(a) <= bits(b) ? [a, b] : [b, a];
  const count = bits(gates);
  const isSigned = builder.interval(gates).lo < 0;
  return Array.from({ length: count }, (_, bit) => ({
    node: builder.select(builder.bit(gates, bit), wide, builder.constant(0)),
    shift: bit,
    sign: isSigned && bit === count - 1 ? -1 : 1,
    depth: 0,
  }));
}
