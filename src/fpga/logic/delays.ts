import type { LogicNode, Netlist } from "../netlist.ts";
import { bitsOf } from "./intervals.ts";
import { operandsOf } from "./live.ts";

/** Delays in ns from which registers are placed. */
export interface DelayModel {
  /** A lookup table of 6 inputs with the wire to the next. */
  readonly level: number;
  /** The carry chain of an adder, per 8 bits. */
  readonly carry8: number;
  /** A DSP multiplier without its own registers. */
  readonly multiply: number;
  /** Out of a register and into the next one, and what the clock is uncertain by. */
  readonly overhead: number;
}

/**
 * UltraScale+ of speed grade -2, assumed rather than measured: a LUT 0.1 to 0.15 ns and its wire
 * 0.3 to 0.45, a CARRY8 0.06, clock to output, setup and uncertainty 0.1 each. For comparison,
 * mapbuf.readthedocs.io (delay characterization) finds 0.7 ns per level in its flow, and da4ml
 * counts one unit per adder and `carry_size` bits. The vendor's timing report decides; a slower
 * model gives more stages.
 */
export const ultraScalePlus2: DelayModel = {
  level: 0.5,
  carry8: 0.06,
  multiply: 2.2,
  overhead: 0.3,
};

/**
 * Delay of each node of a netlist in ns; wiring takes none, nor does a gate that only adders read:
 * both gates of an adder's bit fit into its lookup table (of 6 inputs, with a second output that
 * feeds the carry).
 */
export function delaysOf(netlist: Netlist, model: DelayModel = ultraScalePlus2): Float64Array {
  const { nodes } = netlist;
  const isAbsorbed = absorbedGates(netlist);
  return Float64Array.from(nodes, (node, i) => (isAbsorbed[i] ? 0 : delayOf(nodes, node, model)));
}

/** Gates (a wire or 0) that nothing but adders read. */
export function absorbedGates({ nodes, blocks, outputs }: Netlist): boolean[] {
  const isGate = nodes.map((node) => node.op === "select" && isZero(nodes[node.b]));
  for (const node of nodes)
    if ((node.op !== "add" && node.op !== "sub") || isConcat(nodes, node))
      for (const operand of operandsOf(node, blocks)) isGate[operand] = false;
  for (const output of outputs) for (const id of output.nodes) isGate[id] = false;
  return isGate;
}

const isZero = ({ lo, hi }: LogicNode) => lo === 0 && hi === 0;

function delayOf(nodes: readonly LogicNode[], node: LogicNode, model: DelayModel): number {
  const { level } = model;
  const carry = (bits: number) => level + model.carry8 * Math.ceil(bits / 8);
  switch (node.op) {
    case "add":
    case "sub":
      return isConcat(nodes, node) ? 0 : carry(bitsOf(node));
    case "less":
      return carry(Math.max(bitsOf(nodes[node.a]), bitsOf(nodes[node.b])));
    case "equal":
      return level * Math.max(1, Math.ceil(Math.log(bitsOf(nodes[node.a])) / Math.log(6)));
    case "clamp":
      return level * clampLevels(nodes[node.a], node);
    case "multiply":
      return model.multiply;
    case "table":
      return level * Math.max(1, 1 + (bitsOf(nodes[node.a]) - 6) / 3);
    case "select":
    case "and":
    case "or":
    case "xor":
      return level;
    default:
      return 0;
  }
}

/**
 * One level where a bit of the result and all bits above it fit into a lookup table: limits at
 * powers of two look at nothing else.
 */
function clampLevels(a: LogicNode, { min, max }: LogicNode & { op: "clamp" }): number {
  const isPower = (n: number) => n === 0 || Number.isInteger(Math.log2(n));
  const atPowers = (min === a.lo || isPower(-min)) && (max === a.hi || isPower(max + 1));
  const above = bitsOf(a) - bitsOf({ lo: min, hi: max });
  return atPowers && above + 1 + (min < 0 ? 1 : 0) <= 6 ? 1 : 2;
}

/** True for a sum that only puts bits beside bits: the low side fits below the other's lowest. */
export function isConcat(nodes: readonly LogicNode[], node: LogicNode): boolean {
  if (node.op !== "add") return false;
  const fits = (low: LogicNode, shiftLow: number, shiftHigh: number) =>
    low.lo >= 0 && low.hi * 2 ** shiftLow < 2 ** shiftHigh;
  return (
    fits(nodes[node.b], node.shiftB, node.shiftA) || fits(nodes[node.a], node.shiftA, node.shiftB)
  );
}
