import type { NodeId } from "../netlist.ts";
import { bitsOf, type Interval, scaled } from "./intervals.ts";
import type { LogicBuilder } from "./logic-builder.ts";

/** sign · (node << shift), ready after `depth` adders. */
export interface Summand {
  readonly node: NodeId;
  readonly shift: number;
  readonly sign: 1 | -1;
  readonly depth: number;
}

export interface SumOptions {
  /** What the sum can be where that is known better than from the summands. */
  readonly range?: Interval;
  /** Adders the tree may be deeper than the least possible, where that makes them narrower. */
  readonly extraDepth?: number;
}

/**
 * Sum of the summands and a constant as a tree: the two narrowest first, which makes the adders
 * narrow, as long as the tree stays within its depth (sum of 2^depth <= 2^limit, Kraft); then the
 * two that are ready first.
 */
export function sumOf(
  builder: LogicBuilder,
  summands: readonly Summand[],
  constant: number,
  { range, extraDepth = 1 }: SumOptions = {},
): NodeId {
  const items = summands.filter(({ node }) => builder.value(node) === null);
  const rest = summands.reduce(
    (sum, { node, shift, sign }) => sum + sign * (builder.value(node) ?? 0) * 2 ** shift,
    constant,
  );
  if (rest !== 0) items.push(constantSummand(builder, rest));
  if (items.length === 0) return builder.constant(0);
  const waiting = items.map((item) => widened(builder, item));
  let kraft = waiting.reduce((sum, { depth }) => sum + 2 ** depth, 0);
  const limit = 2 ** (Math.ceil(Math.log2(kraft)) + extraDepth);
  while (waiting.length > 1) {
    waiting.sort(byWidth);
    if (kraft + growth(waiting) > limit) waiting.sort(byArrival);
    kraft += growth(waiting);
    const [x, y] = waiting.splice(0, 2);
    waiting.push(widened(builder, pair(builder, x, y, waiting.length === 0 ? range : undefined)));
  }
  const [{ node, shift, sign }] = waiting;
  return sign === 1
    ? builder.shift(node, shift)
    : builder.sub(builder.constant(0), node, 0, shift, range);
}

/** An odd constant and its shift. */
function constantSummand(builder: LogicBuilder, value: number): Summand {
  let shift = 0;
  while ((value / 2 ** shift) % 2 === 0) shift++;
  return { node: builder.constant(value / 2 ** shift), shift, sign: 1, depth: 0 };
}

function pair(builder: LogicBuilder, x: Summand, y: Summand, total?: Interval): Summand {
  const [a, b] = x.sign >= y.sign ? [x, y] : [y, x];
  const shift = Math.min(a.shift, b.shift);
  const depth = Math.max(a.depth, b.depth) + 1;
  const [shiftA, shiftB] = [a.shift - shift, b.shift - shift];
  const bound = total && scaled(total, a.sign * 2 ** -shift);
  const node =
    a.sign === b.sign
      ? builder.add(a.node, b.node, shiftA, shiftB, bound)
      : builder.sub(a.node, b.node, shiftA, shiftB, bound);
  return { node, shift, sign: a.sign, depth };
}

interface Waiting extends Summand {
  readonly width: number;
}

const widened = (builder: LogicBuilder, item: Summand): Waiting => ({
  ...item,
  width: bitsOf(builder.interval(item.node)) + item.shift,
});

/** What joining the first two adds to the sum of 2^depth. */
const growth = ([x, y]: readonly Waiting[]): number =>
  2 ** (Math.max(x.depth, y.depth) + 1) - 2 ** x.depth - 2 ** y.depth;

const byArrival = (x: Waiting, y: Waiting) => x.depth - y.depth || x.width - y.width;
const byWidth = (x: Waiting, y: Waiting) => x.width - y.width || x.depth - y.depth;

/**
 * The same as a balanced tree in the given order, two neighbors at a time: what is written down
 * without thinking about widths.
 */
export function plainSumOf(
  builder: LogicBuilder,
  summands: readonly Summand[],
  constant: number,
  range?: Interval,
): NodeId {
  let level = [...summands];
  if (constant !== 0) level.push(constantSummand(builder, constant));
  if (level.length === 0) return builder.constant(0);
  while (level.length > 1) {
    const next: Summand[] = [];
    for (let i = 0; i < level.length; i += 2)
      next.push(i + 1 < level.length ? pair(builder, level[i], level[i + 1]) : level[i]);
    level = next;
  }
  const [{ node, shift, sign }] = level;
  const sum =
    sign === 1 ? builder.shift(node, shift) : builder.sub(builder.constant(0), node, 0, shift);
  return range ? builder.bounded(sum, range) : sum;
}
