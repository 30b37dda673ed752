import { invariant } from "../../base/errors.ts";
import type { LogicNode, NodeId, SerialBlock } from "../netlist.ts";
import { bitsOf, type Interval, product, unsignedBits, wrapped } from "./intervals.ts";

type Parts<T> = T extends unknown ? Omit<T, "lo" | "hi" | "layer"> : never;
type Shape = Parts<LogicNode>;

/**
 * Makes logic nodes one by one: equal nodes are made once, what is constant is computed at once,
 * and what the intervals say cannot happen is left out. Every function returns the node of its
 * result, which may be one of the operands.
 */
export class LogicBuilder {
  readonly nodes: LogicNode[] = [];
  readonly blocks: SerialBlock[] = [];
  /** Layer that new nodes belong to. */
  layer = "";
  /** Sums are made once per scope. */
  scope = "";
  readonly #known = new Map<string, NodeId>();

  interval(a: NodeId): Interval {
    return this.nodes[a];
  }

  /** The integer of a wire that never changes, else null. */
  value(a: NodeId): number | null {
    const { lo, hi } = this.nodes[a];
    return lo === hi ? lo : null;
  }

  /** The same wire, known to stay within an interval. */
  bounded(a: NodeId, { lo, hi }: Interval): NodeId {
    const node = this.nodes[a];
    if (lo <= node.lo && hi >= node.hi) return a;
    const range = narrow(node, { lo, hi });
    this.nodes[a] = { ...node, ...range };
    return range.lo === range.hi ? this.constant(range.lo) : a;
  }

  input(port: string, lane: number, { lo, hi }: Interval): NodeId {
    return this.#make(`i${port}:${lane}`, { op: "input", port, lane }, { lo, hi });
  }

  constant(value: number): NodeId {
    return this.#make(`c${value}`, { op: "constant", value }, { lo: value, hi: value });
  }

  /** (a << shiftA) + (b << shiftB); `bound` says more about the result than the operands do. */
  add(a: NodeId, b: NodeId, shiftA = 0, shiftB = 0, bound?: Interval): NodeId {
    const [x, y] = [this.#times(a, shiftA), this.#times(b, shiftB)];
    if (x.lo === 0 && x.hi === 0) return this.shift(b, shiftB);
    if (y.lo === 0 && y.hi === 0) return this.shift(a, shiftA);
    const range = narrow({ lo: x.lo + y.lo, hi: x.hi + y.hi }, bound);
    if (range.lo === range.hi) return this.constant(range.lo);
    if (a === b && shiftA === shiftB) return this.shift(a, shiftA + 1);
    if (shiftA > 0 && shiftB > 0) {
      const by = Math.min(shiftA, shiftB);
      return this.shift(this.add(a, b, shiftA - by, shiftB - by, divided(range, by)), by);
    }
    if (a > b || (a === b && shiftA > shiftB)) return this.add(b, a, shiftB, shiftA, bound);
    const key = `${this.scope}+${a},${b},${shiftA},${shiftB}`;
    return this.#make(key, { op: "add", a, b, shiftA, shiftB }, range);
  }

  /** (a << shiftA) - (b << shiftB) */
  sub(a: NodeId, b: NodeId, shiftA = 0, shiftB = 0, bound?: Interval): NodeId {
    const [x, y] = [this.#times(a, shiftA), this.#times(b, shiftB)];
    if (y.lo === 0 && y.hi === 0) return this.shift(a, shiftA);
    const range = narrow({ lo: x.lo - y.hi, hi: x.hi - y.lo }, bound);
    if (range.lo === range.hi) return this.constant(range.lo);
    if (a === b) {
      if (shiftA === shiftB) return this.constant(0);
      if (shiftA === shiftB + 1) return this.shift(a, shiftB);
    }
    const fixed = this.value(b);
    if (fixed !== null) return this.add(a, this.constant(-fixed * 2 ** shiftB), shiftA, 0, bound);
    if (shiftA > 0 && shiftB > 0) {
      const by = Math.min(shiftA, shiftB);
      return this.shift(this.sub(a, b, shiftA - by, shiftB - by, divided(range, by)), by);
    }
    const key = `${this.scope}-${a},${b},${shiftA},${shiftB}`;
    return this.#make(key, { op: "sub", a, b, shiftA, shiftB }, range);
  }

  /** a · 2^by, rounded down. */
  shift(a: NodeId, by: number): NodeId {
    const node = this.nodes[a];
    if (by === 0) return a;
    const range = {
      lo: Math.floor(node.lo * 2 ** by),
      hi: Math.floor(node.hi * 2 ** by),
    };
    if (range.lo === range.hi) return this.constant(range.lo);
    // floor(floor(x / m) / n) = floor(x / mn), and what came in on the left is 0
    if (node.op === "shift" && (node.by > 0 || by < 0)) return this.shift(node.a, node.by + by);
    return this.#make(`s${a},${by}`, { op: "shift", a, by }, range);
  }

  /** a mod 2^width, read with or without a sign; nothing where a fits anyway. */
  wrap(a: NodeId, width: number, signed: boolean): NodeId {
    const { lo, hi } = this.nodes[a];
    const least = signed ? -(2 ** (width - 1)) : 0;
    if (lo >= least && hi < least + 2 ** width) return a;
    if (width === 0) return this.constant(0);
    if (lo === hi) return this.constant(wrapped(lo, width, signed));
    // where all values lie in one period, only their place moves
    const turn = Math.floor((lo - least) / 2 ** width);
    const range =
      turn === Math.floor((hi - least) / 2 ** width)
        ? { lo: lo - turn * 2 ** width, hi: hi - turn * 2 ** width }
        : { lo: least, hi: least + 2 ** width - 1 };
    return this.#make(`w${a},${width},${signed}`, { op: "wrap", a, width, signed }, range);
  }

  clamp(a: NodeId, min: number, max: number): NodeId {
    const inner = this.nodes[a];
    const { lo, hi } = inner;
    if (lo >= min && hi <= max) return a;
    // twice held within limits that meet is held once within both
    if (inner.op === "clamp" && inner.min <= max && inner.max >= min)
      return this.clamp(inner.a, Math.max(min, inner.min), Math.min(max, inner.max));
    const range = {
      lo: Math.max(min, Math.min(lo, max)),
      hi: Math.min(max, Math.max(hi, min)),
    };
    if (range.lo === range.hi) return this.constant(range.lo);
    // the ends that cannot be passed are left at the wire's own
    const [least, most] = [Math.max(min, lo), Math.min(max, hi)];
    const node = { op: "clamp", a, min: least, max: most } as const;
    return this.#make(`l${a},${least},${most}`, node, range);
  }

  multiply(a: NodeId, b: NodeId): NodeId {
    const [x, y] = [this.value(a), this.value(b)];
    if (x !== null && y !== null) return this.constant(x * y);
    for (const [fixed, other] of [
      [x, b],
      [y, a],
    ] as const)
      if (fixed !== null) {
        if (fixed === 0) return this.constant(0);
        const log = unsignedBits(Math.abs(fixed)) - 1;
        if (fixed === 2 ** log) return this.shift(other, log);
        if (fixed === -(2 ** log)) return this.sub(this.constant(0), other, 0, log);
      }
    const [first, second] = a < b ? [a, b] : [b, a];
    const range = product(this.nodes[a], this.nodes[b], a === b);
    const node = { op: "multiply", a: first, b: second } as const;
    return this.#make(`*${first},${second}`, node, range);
  }

  /** 1 where a < b, else 0. */
  less(a: NodeId, b: NodeId): NodeId {
    const [x, y] = [this.nodes[a], this.nodes[b]];
    if (x.hi < y.lo) return this.constant(1);
    if (x.lo >= y.hi || a === b) return this.constant(0);
    if (y.lo === 0 && y.hi === 0) return this.bit(a, bitsOf(x) - 1);
    if (x.lo === -1 && x.hi === -1) return this.not(this.bit(b, bitsOf(y) - 1));
    return this.#make(`<${a},${b}`, { op: "less", a, b }, binary);
  }

  equal(a: NodeId, b: NodeId): NodeId {
    const [x, y] = [this.nodes[a], this.nodes[b]];
    if (a === b) return this.constant(1);
    if (x.hi < y.lo || x.lo > y.hi) return this.constant(0);
    const [first, second] = a < b ? [a, b] : [b, a];
    const isConstant = x.lo === x.hi && y.lo === y.hi;
    if (isConstant) return this.constant(x.lo === y.lo ? 1 : 0);
    return this.#make(`=${first},${second}`, { op: "equal", a: first, b: second }, binary);
  }

  and(a: NodeId, b: NodeId): NodeId {
    if (a === b || this.value(b) === 1) return a;
    if (this.value(a) === 1) return b;
    if (this.value(a) === 0 || this.value(b) === 0) return this.constant(0);
    return this.#bitwise("and", a, b);
  }

  or(a: NodeId, b: NodeId): NodeId {
    if (a === b || this.value(b) === 0) return a;
    if (this.value(a) === 0) return b;
    if (this.value(a) === 1 || this.value(b) === 1) return this.constant(1);
    return this.#bitwise("or", a, b);
  }

  xor(a: NodeId, b: NodeId): NodeId {
    if (a === b) return this.constant(0);
    if (this.value(b) === 0) return a;
    if (this.value(a) === 0) return b;
    const [x, y] = [this.value(a), this.value(b)];
    if (x !== null && y !== null) return this.constant(x ^ y);
    return this.#bitwise("xor", a, b);
  }

  not(a: NodeId): NodeId {
    return this.xor(a, this.constant(1));
  }

  /** Bit of a, counted from the lowest; bits above the highest repeat the sign. */
  bit(a: NodeId, bit: number): NodeId {
    const node = this.nodes[a];
    const value = this.value(a);
    if (value !== null) return this.constant(Math.floor(value / 2 ** bit) % 2 === 0 ? 0 : 1);
    const bits = bitsOf(node);
    if (bit >= bits && node.lo >= 0) return this.constant(0);
    const at = Math.min(bit, bits - 1);
    if (bits === 1 && node.lo === 0) return a;
    if (node.op === "shift" && at - node.by >= 0) return this.bit(node.a, at - node.by);
    if (node.op === "shift") return this.constant(0);
    if (node.op === "wrap" && at < node.width) return this.bit(node.a, at);
    return this.#make(`b${a},${at}`, { op: "bit", a, bit: at }, binary);
  }

  /** a where the condition (0 or 1) holds, else b. */
  select(condition: NodeId, a: NodeId, b: NodeId, bound?: Interval): NodeId {
    const known = this.value(condition);
    if (known !== null) return known === 0 ? b : a;
    if (a === b) return a;
    const [x, y] = [this.nodes[a], this.nodes[b]];
    if (x.lo === 1 && x.hi === 1 && y.lo === 0 && y.hi === 0) return condition;
    const range = narrow({ lo: Math.min(x.lo, y.lo), hi: Math.max(x.hi, y.hi) }, bound);
    return this.#make(`?${condition},${a},${b}`, { op: "select", condition, a, b }, range);
  }

  /** values[a - first]; cut to what a can hold. */
  table(a: NodeId, first: number, values: Int32Array, label: string): NodeId {
    const { lo, hi } = this.nodes[a];
    invariant(
      lo >= first && hi < first + values.length,
      `table ${label} has ${first} to ${first + values.length - 1}, its wire ${lo} to ${hi}`,
    );
    const used = values.slice(lo - first, hi - first + 1);
    const range = { lo: used.reduce(smaller), hi: used.reduce(larger) };
    if (range.lo === range.hi) return this.constant(range.lo);
    if (used.every((value, i) => value === lo + i)) return a;
    const node = { op: "table", a, first: lo, values: used, label } as const;
    return this.#make(`t${a},${label},${used.join()}`, node, range);
  }

  serial(block: number, index: number, range: Interval): NodeId {
    if (range.lo === range.hi) return this.constant(range.lo);
    return this.#make(`r${block},${index}`, { op: "serial", block, index }, range);
  }

  #bitwise(op: "and" | "or" | "xor", a: NodeId, b: NodeId): NodeId {
    const [first, second] = a < b ? [a, b] : [b, a];
    return this.#make(`${op}${first},${second}`, { op, a: first, b: second }, binary);
  }

  #times(a: NodeId, shift: number): Interval {
    const { lo, hi } = this.nodes[a];
    return { lo: lo * 2 ** shift, hi: hi * 2 ** shift };
  }

  #make(key: string, shape: Shape, { lo, hi }: Interval): NodeId {
    const known = this.#known.get(key);
    if (known === undefined) {
      this.nodes.push({ ...shape, lo: lo + 0, hi: hi + 0, layer: this.layer } as LogicNode);
      this.#known.set(key, this.nodes.length - 1);
      return this.nodes.length - 1;
    }
    return this.bounded(known, { lo, hi });
  }
}

const binary: Interval = { lo: 0, hi: 1 };
const smaller = (a: number, b: number) => Math.min(a, b);
const larger = (a: number, b: number) => Math.max(a, b);

const narrow = (range: Interval, bound: Interval | undefined): Interval =>
  bound === undefined
    ? range
    : { lo: Math.max(range.lo, bound.lo), hi: Math.min(range.hi, bound.hi) };

const divided = ({ lo, hi }: Interval, by: number): Interval => ({
  lo: Math.floor(lo / 2 ** by),
  hi: Math.floor(hi / 2 ** by),
});
