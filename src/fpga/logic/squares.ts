import type { NodeId } from "../netlist.ts";
import { bitsOf } from "./intervals.ts";
import type { LogicBuilder } from "./logic-builder.ts";
import type { Summand } from "./row-sums.ts";

/** Bits up to which a table of squares takes less logic than the sum. */
const tableBits = 6;

/**
 * Rows that add up to a · a. From a = a0 + 2 a' with a' = floor(a / 2) follows
 * a^2 = a0 (1 + 4 a') + 4 a'^2, so bit i gates the bits above it only: half the partial products.
 */
export function squareRows(builder: LogicBuilder, a: NodeId): Summand[] {
  const { lo, hi } = builder.interval(a);
  const bits = bitsOf({ lo, hi });
  if (bits <= tableBits) {
    const values = Int32Array.from({ length: hi - lo + 1 }, (_, i) => (lo + i) ** 2);
    return [{ node: builder.table(a, lo, values, "square"), shift: 0, sign: 1, depth: 0 }];
  }
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
  return summands;
}
