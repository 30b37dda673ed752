import type { Netlist, SerialBlock } from "../netlist.ts";
import { bitsOf, type Interval } from "./intervals.ts";

/**
 * How a serialized product shares its multipliers. Where one inference leaves a multiplier less
 * than two whole rows' time, the columns are cut into `perRow` runs of `run` columns and each row
 * has a multiplier per run; else a multiplier computes `rowsEach` rows one after the other.
 */
export interface SerialShape {
  readonly multipliers: number;
  /** Multipliers that work on one row at the same time. */
  readonly perRow: number;
  /** Columns one multiplier goes through for one row. */
  readonly run: number;
  /** Rows one multiplier computes one after the other. */
  readonly rowsEach: number;
}

/** Sharing of a block; multipliers = ceil(rows · inputs / reuse) where the divisions come out even. */
export function serialShape(block: Pick<SerialBlock, "rows" | "inputs" | "reuse">): SerialShape {
  const columnsOf = block.inputs.length;
  const perRow = Math.ceil(columnsOf / block.reuse);
  const run = Math.ceil(columnsOf / perRow);
  const rowsEach = perRow > 1 ? 1 : Math.min(block.rows, Math.floor(block.reuse / columnsOf));
  return { multipliers: perRow * Math.ceil(block.rows / rowsEach), perRow, run, rowsEach };
}

/** Clocks from the inputs of a serialized product to its results: inputs, products, sums. */
export const serialLatency = (reuse: number): number => reuse + 2;

/** Least latency of a block: one clock to capture the inputs, `reuse` to multiply and add up. */
export const leastSerialLatency = ({ reuse }: Pick<SerialBlock, "reuse">): number => reuse + 1;

/** Bits, with a sign, that hold every input of a block, every weight, and every result. */
export function serialBits(
  index: number,
  { nodes, blocks }: Netlist,
): { readonly input: number; readonly weight: number; readonly result: number } {
  const { inputs, weights } = blocks[index];
  const results = nodes.filter((node) => node.op === "serial" && node.block === index);
  return {
    input: signedBits(inputs.map((id) => nodes[id])),
    weight: signedBits([...weights].map((w) => ({ lo: w, hi: w }))),
    result: signedBits(results),
  };
}

function signedBits(intervals: readonly Interval[]): number {
  const lo = intervals.reduce((least, interval) => Math.min(least, interval.lo), -1);
  const hi = intervals.reduce((most, interval) => Math.max(most, interval.hi), 0);
  return bitsOf({ lo, hi });
}
