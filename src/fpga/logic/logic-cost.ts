import type { LogicNode, Netlist } from "../netlist.ts";
import { isConcat } from "./delays.ts";
import type { BitRange } from "./demand.ts";
import { bitsOf } from "./intervals.ts";
import type { Resources } from "./price.ts";
import { serialBits, serialShape } from "./serial-shape.ts";

type Cost = Partial<Resources>;

/**
 * LUTs, DSPs and block RAMs of one node, of which only some bits are read. Of two gates before an
 * adder (`absorbedGates`) one is in the adder's LUT, the other feeds the carry.
 */
export function logicOf(
  { nodes }: Netlist,
  node: LogicNode,
  range: BitRange,
  isAbsorbed: boolean,
): Cost {
  const bits = range.end - range.low;
  if (bits <= 0) return {};
  const widthOf = (id: number) => bitsOf(nodes[id]);
  switch (node.op) {
    case "add":
    case "sub":
      return isConcat(nodes, node) ? {} : { luts: adderLuts(nodes, node, range.end) };
    case "clamp":
      return { luts: clampLuts(nodes[node.a], node, bits) };
    case "less":
      return { luts: compareLuts(nodes[node.a], nodes[node.b]) };
    case "equal":
      return { luts: Math.ceil((widthOf(node.a) - 1) / 5) };
    case "select":
      return { luts: isAbsorbed ? bits / 2 : bits };
    case "table":
      return tableCost(node, widthOf(node.a));
    case "multiply":
      return multiplyCost(nodes[node.a], nodes[node.b]);
    case "and":
    case "or":
      return { luts: 1 };
    case "xor":
      return { luts: isConstant(nodes[node.a]) || isConstant(nodes[node.b]) ? 0 : 1 };
    default:
      return {};
  }
}

const isConstant = ({ lo, hi }: LogicNode) => lo === hi;

/**
 * A carry chain with a LUT per bit that both operands have; where one has none, its carry passes
 * the other's bit on. A constant needs no LUTs, it is in how the chain is wired.
 */
function adderLuts(
  nodes: readonly LogicNode[],
  node: LogicNode & { op: "add" | "sub" },
  end: number,
): number {
  const [a, b] = [nodes[node.a], nodes[node.b]];
  if (isConstant(a) || isConstant(b)) return 0;
  const topOf = (x: LogicNode, shift: number) => bitsOf(x) + shift;
  const [topA, topB] = [topOf(a, node.shiftA), topOf(b, node.shiftB)];
  const low = Math.max(node.shiftA, node.shiftB);
  // beyond its bits an operand without sign is 0
  const high = Math.min(
    end,
    Math.max(topA, topB),
    a.lo < 0 ? Number.POSITIVE_INFINITY : topA,
    b.lo < 0 ? Number.POSITIVE_INFINITY : topB,
  );
  return Math.max(0, high - low);
}

/** Two thirds of a LUT per bit against a wire, a fifth against a constant; the sign is a wire. */
function compareLuts(a: LogicNode, b: LogicNode): number {
  const width = Math.max(bitsOf(a), bitsOf(b));
  if (isConstant(a) || isConstant(b)) return Math.ceil((width - 1) / 5);
  return Math.ceil((2 * width) / 3);
}

/** A LUT per bit that holds both limits, and the comparison with limits that are no power of two. */
function clampLuts(a: LogicNode, node: LogicNode & { op: "clamp" }, bits: number): number {
  const width = bitsOf(a);
  const isAbove = a.hi > node.max;
  const isBelow = a.lo < node.min;
  let luts = bits;
  if (isAbove) luts += Math.ceil((width - bits) / 5);
  if (isBelow && node.min !== 0) luts += Math.ceil((width - bits) / 5);
  return luts;
}

/** A LUT holds 64 places of one bit. */
function tableCost(node: LogicNode & { op: "table" }, address: number): Cost {
  return { luts: bitsOf(node) * 2 ** Math.max(0, address - 6) };
}

/** A DSP48E2 multiplies 27 x 18 bits with sign. */
function multiplyCost(a: LogicNode, b: LogicNode): Cost {
  const width = (x: LogicNode) => bitsOf(x) + (x.lo < 0 ? 0 : 1);
  const [large, small] = [Math.max(width(a), width(b)), Math.min(width(a), width(b))];
  return { dsps: Math.ceil(large / 27) * Math.ceil(small / 18) };
}

/**
 * Shared multipliers in DSPs with a register behind each product (which a vendor's tool may take
 * into the DSP) and, as Yosys counts, an inverter per bit of it; their weights in LUTs of 64 places, the held inputs behind multiplexers (4 inputs
 * per LUT), and per row a sum that starts anew from the bias, which takes a second LUT per bit.
 */
export function serialCost(netlist: Netlist, index: number): Cost {
  const block = netlist.blocks[index];
  const { multipliers, perRow, run, rowsEach } = serialShape(block);
  const { input, weight, result } = serialBits(index, netlist);
  const rom = multipliers * weight * Math.ceil((run * rowsEach) / 64);
  const held = perRow * input * Math.ceil(run / 4);
  const partial = (multipliers - multipliers / perRow) * result;
  const products = multipliers * (input + weight);
  return {
    luts: rom + held + partial + products + 2 * block.rows * result,
    ffs: block.inputs.length * input + products + block.rows * result,
    dsps: multipliers * Math.ceil(input / 27) * Math.ceil(weight / 18),
  };
}
