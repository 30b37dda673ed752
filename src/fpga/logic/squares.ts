import type { NodeId } from "../netlist.ts";
import { bitsOf } from "./intervals.ts";
import type { LogicBuilder } from "./logic-builder.ts";
import { type Summand, sumOf } from "./row-sums.ts";

/** Bits up to which a table of squares takes less logic than the sum. */
const tableBits = 6;

/**
 * a · a without a multiplier. From a = a0 + 2 a' with a' = floor(a / 2) follows
 * a^2 = a0 (1 + 4 a') + 4 a'^2, so bit i gates the bits above it only: half the partial products.
 */
export function squareNode(builder: LogicBuilder, a: NodeId): NodeId {
  const { lo, hi } = builder.interval(a);
  if (lo === hi) return builder.constant(lo * lo);
  const bits = bitsOf({ lo, hi });
  if (bits <= tableBits)
    return builder.table(
      a,
      lo,
      Int32Array.from({ length: hi - lo + 1 }, (_, i) => (lo + i) ** 2),
      "square",
    );
  const summands: Summand[] = [];
  for (let bit = 0; bit < bits; bit++) {
    const above = builder.shift(a, -bit - 1);
    const row = builder.add(above, builder.constant(1), 2, 0);
    const isLast = bit === bits - 1;
    // what is left of the top bit alone is 0 or -1, or 0 or 1, and its own square
    const node = isLast
      ? builder.bit(a, bit)
      : builder.select(builder.bit(a, bit), row, builder.constant(0));
    summands.push({ node, shift: 2 * bit, sign: 1, depth: 0 });
  }
  const largest = Math.max(lo * lo, hi * hi);
  const smallest = lo > 0 ? lo * lo : hi < 0 ? hi * hi : 0;
  return sumOf(builder, summands, 0, { range: { lo: smallest, hi: largest } });
}
