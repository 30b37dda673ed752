import { type FixedFormat, fractionOf, rangeOf } from "../format.ts";
import type { NodeId } from "../netlist.ts";
import { castNode, overflowNode } from "./casts.ts";
import { scaled } from "./intervals.ts";
import type { LogicBuilder } from "./logic-builder.ts";
import { sumOf } from "./row-sums.ts";
import { signedDigits } from "./signed-digits.ts";
import { wireOf } from "./wire.ts";

/** One row of a product whose partial sums are cast to an accumulator. */
export interface AccumulatedRow {
  readonly inputs: readonly NodeId[];
  readonly weights: Int32Array;
  /** In steps of `fraction`, like the products. */
  readonly bias: number;
  readonly fraction: number;
  readonly accumulator: FixedFormat;
}

/**
 * True where the casts change nothing but the bits above the accumulator: it has all fraction
 * bits, and it wraps or no partial sum leaves its range.
 */
export function isExact(builder: LogicBuilder, row: AccumulatedRow): boolean {
  const { inputs, weights, bias, fraction, accumulator } = row;
  const more = fractionOf(accumulator) - fraction;
  if (more < 0) return false;
  if (accumulator.overflow === "WRAP") return true;
  const range = rangeOf(accumulator);
  let sum = { lo: bias * 2 ** more, hi: bias * 2 ** more };
  const fits = ({ lo, hi }: { lo: number; hi: number }) => lo >= range.lo && hi <= range.hi;
  return (
    fits(sum) &&
    weights.every((weight, c) => {
      const part = scaled(builder.interval(inputs[c]), weight * 2 ** more);
      sum = { lo: sum.lo + part.lo, hi: sum.hi + part.hi };
      return fits(part) && fits(sum);
    })
  );
}

/**
 * Each product and each sum cast to the accumulator in order of the columns, starting with the
 * bias, as hls4ml does; sums that wrap need no order.
 */
export function accumulated(builder: LogicBuilder, row: AccumulatedRow): NodeId {
  const { inputs, fraction, accumulator } = row;
  const cast = (node: NodeId) => castNode(builder, wireOf(builder, node, fraction), accumulator);
  const parts = [cast(builder.constant(row.bias))];
  row.weights.forEach((weight, c) => {
    if (weight !== 0) parts.push(cast(timesConstant(builder, inputs[c], weight)));
  });
  if (accumulator.overflow !== "WRAP")
    return parts.reduce((sum, part) => overflowNode(builder, builder.add(sum, part), accumulator));
  const summands = parts.map((node) => ({ node, shift: 0, sign: 1, depth: 0 }) as const);
  return overflowNode(builder, sumOf(builder, summands, 0), accumulator);
}

/** weight · node + offset from the signed digits of the weight. */
export function timesConstant(
  builder: LogicBuilder,
  node: NodeId,
  weight: number,
  offset = 0,
): NodeId {
  const summands = signedDigits(weight).map((digit) => ({ node, ...digit, depth: 0 }));
  const { lo, hi } = scaled(builder.interval(node), weight);
  return sumOf(builder, summands, offset, { range: { lo: lo + offset, hi: hi + offset } });
}
