import type { LogicNode, NodeId } from "../netlist.ts";
import { literal, typeOf, type WireType } from "./wires.ts";

/** A wire as an expression of its own width, and a constant as a literal of the width asked for. */
export interface Operands {
  readonly text: (id: NodeId) => string;
  readonly node: (id: NodeId) => LogicNode;
}

type Combinational = Exclude<LogicNode, { op: "input" | "constant" | "serial" | "table" }>;

/**
 * The right-hand side of a node, of exactly the bits of its result. Sums and products work modulo
 * 2^bits: all operands are cast to the width of the result first (by their own sign), after which
 * neither extension nor signedness of the expression matters.
 */
export function expression(node: Combinational, operands: Operands): string {
  const result = typeOf(node);
  const cast = (id: NodeId) => castTo(id, result, operands);
  const shifted = (id: NodeId, by: number) => (by === 0 ? cast(id) : `(${cast(id)} << ${by})`);
  switch (node.op) {
    case "add": {
      const joined = concatenated(node, result, operands);
      if (joined !== null) return joined;
      const b = operands.node(node.b);
      // modulo 2^bits, so that the sign of the literal does not matter
      if (b.op === "constant" && b.value < 0 && node.shiftB === 0)
        return `${shifted(node.a, node.shiftA)} - ${literal(modulo(-b.value, result.width, false), { ...result, signed: false })}`;
      return `${shifted(node.a, node.shiftA)} + ${shifted(node.b, node.shiftB)}`;
    }
    case "sub":
      return `${shifted(node.a, node.shiftA)} - ${shifted(node.b, node.shiftB)}`;
    case "shift":
      return node.by >= 0
        ? `${cast(node.a)} << ${node.by}`
        : lowBits(node.a, -node.by, result, operands);
    case "wrap":
      return lowBits(node.a, 0, result, operands);
    case "clamp":
      return clamped(node, result, operands);
    case "multiply":
      return `${cast(node.a)} * ${cast(node.b)}`;
    case "less":
      return compared(node.a, "<", node.b, operands);
    case "equal":
      return compared(node.a, "==", node.b, operands);
    case "and":
      return `${cast(node.a)} & ${cast(node.b)}`;
    case "or":
      return `${cast(node.a)} | ${cast(node.b)}`;
    case "xor":
      return `${cast(node.a)} ^ ${cast(node.b)}`;
    case "bit":
      return oneBit(node.a, node.bit, operands);
    case "select":
      return `${truth(node.condition, operands)} ? ${cast(node.a)} : ${cast(node.b)}`;
  }
}

/** The wire extended or cut to the width; a constant as a literal. */
function castTo(id: NodeId, { width, signed }: WireType, { node, text }: Operands): string {
  const source = node(id);
  if (source.op === "constant")
    return literal(modulo(source.value, width, signed), { width, signed });
  return typeOf(source).width === width ? text(id) : `${width}'(${text(id)})`;
}

/** A sum whose low side fits below the other's lowest bit: the bits side by side. */
function concatenated(
  node: Combinational & { op: "add" | "sub" },
  { width, signed }: WireType,
  operands: Operands,
): string | null {
  const [a, b] = [
    { id: node.a, shift: node.shiftA },
    { id: node.b, shift: node.shiftB },
  ];
  const [low, high] = a.shift < b.shift ? [a, b] : [b, a];
  const { lo, hi } = operands.node(low.id);
  if (lo < 0 || hi * 2 ** low.shift >= 2 ** high.shift || width <= high.shift) return null;
  const parts = [
    castTo(high.id, { width: width - high.shift, signed }, operands),
    castTo(low.id, { width: high.shift - low.shift, signed: false }, operands),
    ...(low.shift > 0 ? [`${low.shift}'d0`] : []),
  ];
  return `{${parts.join(", ")}}`;
}

/** A constant as it reads in these bits. */
function modulo(value: number, width: number, signed: boolean): number {
  const low = value - Math.floor(value / 2 ** width) * 2 ** width;
  return signed && low >= 2 ** (width - 1) ? low - 2 ** width : low;
}

/** Bits [low, low + width) of the wire, by its sign where it has fewer. */
function lowBits(id: NodeId, low: number, result: WireType, operands: Operands): string {
  const source = typeOf(operands.node(id));
  if (operands.node(id).op === "constant" || (low === 0 && source.width <= result.width))
    return castTo(id, result, operands);
  if (low + result.width > source.width) return `${result.width}'(${operands.text(id)} >>> ${low})`;
  return `${operands.text(id)}${range(low, result.width)}`;
}

const range = (low: number, width: number) =>
  width === 1 ? `[${low}]` : `[${low + width - 1}:${low}]`;

function clamped(
  node: Combinational & { op: "clamp" },
  result: WireType,
  operands: Operands,
): string {
  const { lo, hi } = operands.node(node.a);
  const source = typeOf({ lo, hi });
  if (node.min > hi) return literal(node.min, result);
  if (node.max < lo) return literal(node.max, result);
  const a = operands.text(node.a);
  const limits = [
    { isThere: lo < node.min, test: below(a, source, node.min), value: node.min },
    { isThere: hi > node.max, test: above(a, source, node.max), value: node.max },
  ].filter(({ isThere }) => isThere);
  const choices = limits.map(({ test, value }) => `${test} ? ${literal(value, result)} : `);
  return `${choices.join("")}${castTo(node.a, result, operands)}`;
}

/** a < min; a look at the upper bits where min is 0 or -2^k. */
function below(a: string, source: WireType, min: number): string {
  const sign = source.width - 1;
  if (source.signed && min === 0) return `${a}[${sign}]`;
  const k = Math.log2(-min);
  if (source.signed && Number.isInteger(k) && k < sign)
    return `${a}[${sign}] & ~&${a}${span(sign - 1, k)}`;
  return `${a} < ${literal(min, source)}`;
}

/** a > max; a look at the upper bits where max is 2^k - 1. */
function above(a: string, source: WireType, max: number): string {
  const top = source.width - (source.signed ? 2 : 1);
  const k = Math.log2(max + 1);
  if (!Number.isInteger(k) || k > top) return `${a} > ${literal(max, source)}`;
  const bits = `|${a}${span(top, k)}`;
  return source.signed ? `~${a}[${source.width - 1}] & (${bits})` : bits;
}

const span = (high: number, low: number) => (high === low ? `[${low}]` : `[${high}:${low}]`);

/** Compared as signed numbers where one of them is. */
function compared(a: NodeId, by: "<" | "==", b: NodeId, operands: Operands): string {
  const types = [a, b].map((id) => typeOf(operands.node(id)));
  const signed = types.some((type) => type.signed);
  const width = Math.max(...types.map((type) => type.width + (signed && !type.signed ? 1 : 0)));
  const side = (id: NodeId) => {
    const node = operands.node(id);
    const type = typeOf(node);
    if (node.op === "constant" || type.width === width)
      return castTo(id, { width, signed }, operands);
    if (type.signed === signed) return `${width}'(${operands.text(id)})`;
    return `$signed(${width}'(${operands.text(id)}))`;
  };
  return `${side(a)} ${by} ${side(b)}`;
}

function oneBit(id: NodeId, bit: number, operands: Operands): string {
  const node = operands.node(id);
  const { width, signed } = typeOf(node);
  if (node.op === "constant")
    return literal(modulo(Math.floor(node.value / 2 ** bit), 1, false), binary);
  if (bit >= width && !signed) return "1'd0";
  if (width === 1) return operands.text(id);
  return `${operands.text(id)}[${Math.min(bit, width - 1)}]`;
}

const binary: WireType = { width: 1, signed: false };

const truth = (id: NodeId, operands: Operands): string =>
  typeOf(operands.node(id)).width === 1
    ? operands.text(id)
    : `(${operands.text(id)} != ${literal(0, typeOf(operands.node(id)))})`;
