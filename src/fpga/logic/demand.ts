import type { LogicNode, Netlist } from "../netlist.ts";
import { isConcat } from "./delays.ts";
import { bitsOf } from "./intervals.ts";

/** Bits of a wire that anything reads: from `low` up to but without `end`. */
export interface BitRange {
  readonly low: number;
  readonly end: number;
}

/** What a node reads of one of its operands to make some of its own bits. */
export interface BitUse extends BitRange {
  readonly node: number;
}

/** Nodes that only name bits of others: no logic, no delay. */
export function isWiring(nodes: readonly LogicNode[], node: LogicNode): boolean {
  return node.op === "shift" || node.op === "wrap" || node.op === "bit" || isConcat(nodes, node);
}

/**
 * How many of a sum's lowest bits are bits of one operand as they are: those below the other
 * operand's lowest, unless that operand is taken away.
 */
export function passedBits(node: LogicNode): { readonly node: number; readonly bits: number } {
  if (node.op !== "add" && node.op !== "sub") return { node: -1, bits: 0 };
  const { a, b, shiftA, shiftB } = node;
  if (shiftA === 0) return { node: a, bits: shiftB };
  return shiftB === 0 && node.op === "add" ? { node: b, bits: shiftA } : { node: -1, bits: 0 };
}

/** Bits of the operands that bits [low, end) of a node depend on, cut to what the operands have. */
export function usesOf(nodes: readonly LogicNode[], node: LogicNode, range: BitRange): BitUse[] {
  const { low, end } = range;
  const use = (id: number, from: number, to: number): BitUse => {
    const bits = bitsOf(nodes[id]);
    // beyond its bits a wire with a sign repeats the last one
    const last = nodes[id].lo < 0 && to > bits ? bits - 1 : bits;
    return {
      node: id,
      low: Math.max(0, Math.min(from, last)),
      end: Math.max(0, Math.min(to, bits)),
    };
  };
  const all = (id: number) => use(id, 0, bitsOf(nodes[id]));
  switch (node.op) {
    case "input":
    case "constant":
    case "serial":
      return [];
    case "shift":
      return [use(node.a, low - node.by, end - node.by)];
    case "wrap":
      return [use(node.a, low, Math.min(end, node.width))];
    case "bit":
      return [use(node.a, node.bit, node.bit + 1)];
    case "add":
    case "sub": {
      const from = isConcat(nodes, node) ? low : 0;
      return [
        use(node.a, from - node.shiftA, end - node.shiftA),
        use(node.b, from - node.shiftB, end - node.shiftB),
      ];
    }
    case "multiply":
      return [use(node.a, 0, end), use(node.b, 0, end)];
    case "select":
      return [all(node.condition), use(node.a, low, end), use(node.b, low, end)];
    case "clamp":
    case "table":
      return [all(node.a)];
    default:
      return [all(node.a), all(node.b)];
  }
}

/** Bits of each node that the outputs depend on. */
export function demandedBits({ nodes, blocks, outputs }: Netlist): BitRange[] {
  const ranges: BitRange[] = nodes.map(() => ({ low: 64, end: 0 }));
  const demand = ({ node, low, end }: BitUse) => {
    if (end <= low) return;
    const known = ranges[node];
    ranges[node] = { low: Math.min(low, known.low), end: Math.max(end, known.end) };
  };
  const whole = (id: number) => demand({ node: id, low: 0, end: bitsOf(nodes[id]) });
  for (const output of outputs) output.nodes.forEach(whole);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    if (ranges[i].end <= ranges[i].low) {
      ranges[i] = { low: 0, end: 0 };
      continue;
    }
    if (node.op === "serial") blocks[node.block].inputs.forEach(whole);
    for (const use of usesOf(nodes, node, ranges[i])) demand(use);
  }
  return ranges;
}
