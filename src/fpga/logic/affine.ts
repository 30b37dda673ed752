import { type FixedFormat, fractionOf } from "../format.ts";
import { positionsOf } from "../interpret/lanes.ts";
import type { NodeId } from "../netlist.ts";
import type { AffineOp, Strategy } from "../program.ts";
import { accumulated, isExact } from "./accumulate.ts";
import { adderGraph } from "./adder-graph.ts";
import { overflowNode } from "./casts.ts";
import { type Interval, scaled } from "./intervals.ts";
import type { LogicBuilder } from "./logic-builder.ts";
import { plainSumOf, type Summand, sumOf } from "./row-sums.ts";
import { serialLatency } from "./serial-shape.ts";
import { signedDigits } from "./signed-digits.ts";
import { nodeOf, type Wire, wireOf } from "./wire.ts";

export interface AffineOptions {
  readonly strategy: Strategy;
  /** False: every row from its own signed digits. */
  readonly share: boolean;
  /** Adders a row may be deeper than a balanced tree of its digits. */
  readonly extraDepth: number;
  /** True where only one step reads the result. */
  readonly isOpen: boolean;
}

/** Rows of W x + b for every position of the gather, position by position. */
export function affineWires(
  builder: LogicBuilder,
  op: AffineOp,
  input: readonly Wire[],
  options: AffineOptions,
): Wire[] {
  const positions = positionsOf(op);
  const finest = positions.map((lanes) => {
    const fractions = Array.from(lanes).flatMap((lane) => (lane < 0 ? [] : input[lane].fraction));
    return fractions.length === 0 ? 0 : Math.max(...fractions);
  });
  const layout = {
    op,
    positions: positions.length,
    ...alignment(builder, input, { op, positions, finest }),
  };
  const sums =
    options.strategy.kind === "adders"
      ? (options.share ? sharedRows : plainRows)(builder, layout, options.extraDepth)
      : options.strategy.kind === "multipliers"
        ? multipliedRows(builder, layout)
        : serialRows(builder, layout, options.strategy.reuse);
  return sums.map((plus, i) => {
    const fraction = finest[Math.floor(i / op.rows)] + op.weightFraction[i % op.rows];
    if (op.accumulator !== null)
      return accumulatedWire(builder, layout, { i, fraction, plus, accumulator: op.accumulator });
    const isOpen = options.isOpen && options.strategy.kind !== "serial";
    return { fraction, plus, isOpen, isRectified: false };
  });
}

/** A row's sum plus an offset. */
type RowSum = (offset: number) => NodeId;

interface Layout {
  readonly op: AffineOp;
  readonly positions: number;
  /** Weights [rows, columns] with the columns' shifts in them. */
  readonly weights: Int32Array;
  /** Nodes [positions, columns], aligned up to the shifts in the weights. */
  readonly columns: readonly NodeId[];
}

interface Gather {
  readonly op: AffineOp;
  /** Lanes of each position's columns, -1 for a zero; and the finest fraction among them. */
  readonly positions: readonly ArrayLike<number>[];
  readonly finest: readonly number[];
}

/**
 * Brings the columns of each position to their finest fraction: by shifts in the weights where a
 * column has the same shift at all positions, else by shifting the nodes.
 */
function alignment(
  builder: LogicBuilder,
  input: readonly Wire[],
  { op, positions, finest }: Gather,
): Pick<Layout, "weights" | "columns"> {
  const { rows, columns } = op;
  const nodes = input.map((wire) => nodeOf(builder, wire));
  const weights = op.weights.slice();
  const result: NodeId[] = [];
  const shiftOf = (p: number, c: number) => finest[p] - input[positions[p][c]].fraction;
  const common = Array.from({ length: columns }, (_, c) => {
    const shifts = new Set<number>();
    positions.forEach((lanes, p) => {
      if (lanes[c] >= 0) shifts.add(shiftOf(p, c));
    });
    const [first = 0] = shifts;
    const column = Array.from({ length: rows }, (_, r) => weights[r * columns + c]);
    const fits = column.every((weight) => Math.abs(weight) * 2 ** first < 2 ** 30);
    if (shifts.size !== 1 || !fits) return 0;
    for (let r = 0; r < rows; r++) weights[r * columns + c] *= 2 ** first;
    return first;
  });
  positions.forEach((lanes, p) => {
    for (let c = 0; c < columns; c++)
      result.push(
        lanes[c] < 0
          ? builder.constant(0)
          : builder.shift(nodes[lanes[c]], shiftOf(p, c) - common[c]),
      );
  });
  return { weights, columns: result };
}

/** What each column can hold at any position. */
function columnRanges(builder: LogicBuilder, { op, columns }: Layout): Interval[] {
  return Array.from({ length: op.columns }, (_, c) => {
    let { lo, hi } = builder.interval(columns[c]);
    for (let at = c; at < columns.length; at += op.columns) {
      const range = builder.interval(columns[at]);
      lo = Math.min(lo, range.lo);
      hi = Math.max(hi, range.hi);
    }
    return { lo, hi };
  });
}

/** One graph of adders for all positions. */
function sharedRows(builder: LogicBuilder, layout: Layout, extraDepth: number): RowSum[] {
  const { op, positions, weights, columns } = layout;
  const graph = adderGraph(weights, op.rows, columnRanges(builder, layout), { extraDepth });
  const sums: RowSum[] = [];
  for (let p = 0; p < positions; p++) {
    const terms = columns.slice(p * op.columns, (p + 1) * op.columns);
    for (const { a, b, shiftA, shiftB, isDifference, lo, hi } of graph.adders)
      terms.push(
        isDifference
          ? builder.sub(terms[a], terms[b], shiftA, shiftB, { lo, hi })
          : builder.add(terms[a], terms[b], shiftA, shiftB, { lo, hi }),
      );
    graph.rows.forEach((row, r) => {
      const range = rowRange(builder, layout, p, r);
      const summands = row.map(
        ({ term, shift, sign }): Summand => ({
          node: terms[term],
          shift,
          sign,
          depth: graph.depths[term],
        }),
      );
      sums.push((offset) => {
        const constant = op.bias[r] + offset;
        return sumOf(builder, summands, constant, { range: plus(range, constant), extraDepth });
      });
    });
  }
  return sums;
}

/** Each row by itself, a tree of all digits of its weights in order; nothing is made once for two. */
function plainRows(builder: LogicBuilder, layout: Layout): RowSum[] {
  const { op, positions, weights, columns } = layout;
  return Array.from({ length: positions * op.rows }, (_, i) => {
    const [p, r] = [Math.floor(i / op.rows), i % op.rows];
    const range = rowRange(builder, layout, p, r);
    const summands: Summand[] = [];
    for (let c = 0; c < op.columns; c++)
      for (const digit of signedDigits(weights[r * op.columns + c]))
        summands.push({ node: columns[p * op.columns + c], ...digit, depth: 0 });
    const scope = `${builder.layer}.${i} `;
    return (offset) => {
      const constant = op.bias[r] + offset;
      builder.scope = scope;
      const sum = plainSumOf(builder, summands, constant, plus(range, constant));
      builder.scope = "";
      return sum;
    };
  });
}

/** One multiplier for each weight that is no power of two. */
function multipliedRows(builder: LogicBuilder, layout: Layout): RowSum[] {
  const { op, positions, weights, columns } = layout;
  const sums: RowSum[] = [];
  for (let p = 0; p < positions; p++)
    for (let r = 0; r < op.rows; r++) {
      const range = rowRange(builder, layout, p, r);
      const summands: Summand[] = [];
      for (let c = 0; c < op.columns; c++) {
        const weight = weights[r * op.columns + c];
        if (weight === 0) continue;
        const power = Math.log2(Math.abs(weight));
        const isPower = Number.isInteger(power);
        const node = columns[p * op.columns + c];
        summands.push({
          node: isPower ? node : builder.multiply(node, builder.constant(weight)),
          shift: isPower ? power : 0,
          sign: isPower && weight < 0 ? -1 : 1,
          depth: isPower ? 0 : 1,
        });
      }
      sums.push((offset) => {
        const constant = op.bias[r] + offset;
        return sumOf(builder, summands, constant, { range: plus(range, constant) });
      });
    }
  return sums;
}

/** One block of shared multipliers per position. */
function serialRows(builder: LogicBuilder, layout: Layout, reuse: number): RowSum[] {
  const { op, positions, weights, columns } = layout;
  const sums: RowSum[] = [];
  for (let p = 0; p < positions; p++) {
    const block = builder.blocks.length;
    builder.blocks.push({
      layer: builder.layer,
      inputs: columns.slice(p * op.columns, (p + 1) * op.columns),
      rows: op.rows,
      weights,
      bias: op.bias,
      reuse,
      latency: serialLatency(reuse),
    });
    for (let r = 0; r < op.rows; r++) {
      const node = builder.serial(block, r, plus(rowRange(builder, layout, p, r), op.bias[r]));
      sums.push((offset) => builder.add(node, builder.constant(offset)));
    }
  }
  return sums;
}

/** A result whose sums are held in an accumulator; from the exact sum where that is the same. */
function accumulatedWire(
  builder: LogicBuilder,
  { op, weights, columns }: Layout,
  result: { i: number; fraction: number; plus: RowSum; accumulator: FixedFormat },
): Wire {
  const { i, fraction, plus, accumulator } = result;
  const [p, r] = [Math.floor(i / op.rows), i % op.rows];
  const row = {
    inputs: columns.slice(p * op.columns, (p + 1) * op.columns),
    weights: weights.subarray(r * op.columns, (r + 1) * op.columns),
    bias: op.bias[r],
    fraction,
    accumulator,
  };
  const more = fractionOf(accumulator) - fraction;
  const node = isExact(builder, row)
    ? overflowNode(builder, builder.shift(plus(0), more), accumulator)
    : accumulated(builder, row);
  return wireOf(builder, node, fractionOf(accumulator));
}

/** What a row without its bias can be at one position. */
function rowRange(builder: LogicBuilder, layout: Layout, position: number, row: number): Interval {
  const { op, weights, columns } = layout;
  let [lo, hi] = [0, 0];
  for (let c = 0; c < op.columns; c++) {
    const part = scaled(
      builder.interval(columns[position * op.columns + c]),
      weights[row * op.columns + c],
    );
    lo += part.lo;
    hi += part.hi;
  }
  return { lo, hi };
}

const plus = ({ lo, hi }: Interval, by: number): Interval => ({ lo: lo + by, hi: hi + by });
