import { invariant } from "../../base/errors.ts";
import { bitsOf, type Interval } from "../logic/intervals.ts";
import type { LogicNode, Netlist, NodeId } from "../netlist.ts";

/** A generated file. */
export interface EmittedFile {
  /** Relative to the folder of the project, with /. */
  readonly path: string;
  readonly text: string;
}

/** How a wire is declared. */
export interface WireType {
  readonly width: number;
  readonly signed: boolean;
}

/** The type that holds an interval; at least one bit. */
export const typeOf = (interval: Interval): WireType => ({
  width: Math.max(1, bitsOf(interval)),
  signed: interval.lo < 0,
});

/** "signed [7:0]" in two cells, so that types align. */
export function typeCells({ width, signed }: WireType): [string, string] {
  return [signed ? "signed" : "", width === 1 && !signed ? "" : `[${width - 1}:0]`];
}

/** "wire signed [7:0] x", without the semicolon. */
export const declaration = (kind: string, type: WireType, name: string): string =>
  [kind, ...typeCells(type), name].filter(Boolean).join(" ");

/** Type of `wire` and `logic` declarations in one text. */
export const typeText = (type: WireType): string => typeCells(type).filter(Boolean).join(" ");

/** A literal of exactly these bits: 4'd3, -8'sd5. */
export function literal(value: number, { width, signed }: WireType): string {
  if (!signed) return `${width}'d${value < 0 ? 2 ** width + value : value}`;
  if (value === -(2 ** (width - 1))) return `${width}'sb1${"0".repeat(width - 1)}`;
  return value < 0 ? `-${width}'sd${-value}` : `${width}'sd${value}`;
}

/** Wires a node reads in the clock of its own result; a serial product reads none. */
export function operandsOf(node: LogicNode): NodeId[] {
  switch (node.op) {
    case "input":
    case "constant":
    case "serial":
      return [];
    case "shift":
    case "wrap":
    case "clamp":
    case "bit":
    case "table":
      return [node.a];
    case "select":
      return [node.condition, node.a, node.b];
    default:
      return [node.a, node.b];
  }
}

/** True for every node that an output needs. */
export function liveNodes({ nodes, blocks, outputs }: Netlist): boolean[] {
  const isLive = new Array<boolean>(nodes.length).fill(false);
  for (const output of outputs) for (const id of output.nodes) isLive[id] = true;
  for (let id = nodes.length - 1; id >= 0; id--) {
    if (!isLive[id]) continue;
    const node = nodes[id];
    const operands = node.op === "serial" ? blocks[node.block].inputs : operandsOf(node);
    for (const operand of operands) {
      invariant(operand < id, `emit: node ${id} uses ${operand}, which comes later`);
      isLive[operand] = true;
    }
  }
  return isLive;
}

/** No wire may be declared by a slip of a name; bits that casts drop are meant to be unused. */
export const framed = (text: string): string => {
  const [head, ...rest] = text.split("\nmodule ");
  return `${head}
\`default_nettype none
/* verilator lint_off UNUSEDSIGNAL */
module ${rest.join("\nmodule ")}\`default_nettype wire
`;
};
