import type { Netlist, NodeId } from "../netlist.ts";
import type { FixedProgram, Lanes } from "../program.ts";
import { identifier } from "./names.ts";
import { typeOf, type WireType } from "./wires.ts";

/** One lane of a bus: bits [low, low + width). */
export interface BusField extends WireType {
  readonly label: string;
  readonly low: number;
  /** The wire, or null where the logic does not use the lane. */
  readonly node: NodeId | null;
  readonly lo: number;
  readonly hi: number;
  /** value = n · 2^-fraction; null where not known. */
  readonly fraction: number | null;
}

/** A vector of the program as one port of the top module, lane 0 in the lowest bits. */
export interface Bus {
  readonly name: string;
  readonly width: number;
  readonly fields: readonly BusField[];
}

/** Ports of a design: all inputs, all outputs. */
export interface Ports {
  readonly inputs: readonly Bus[];
  readonly outputs: readonly Bus[];
}

type Lane = Omit<BusField, "low" | "width" | "signed">;

/** Layout of the top module's ports; all lanes of the program where it is given, else those used. */
export function portsOf(netlist: Netlist, program?: FixedProgram, lanes?: Lanes): Ports {
  const wires = new Map<string, Map<number, NodeId>>();
  for (const [id, node] of netlist.nodes.entries())
    if (node.op === "input") {
      const port = wires.get(node.port) ?? new Map<number, NodeId>();
      wires.set(node.port, port.set(node.lane, id));
    }
  const inputs = program
    ? program.inputs.map((input) =>
        bus(
          input.name,
          input.lanes.map(({ lo, hi, fraction }, lane) => ({
            label: input.labels[lane] ?? `${input.name}_${lane}`,
            node: wires.get(input.name)?.get(lane) ?? null,
            lo,
            hi,
            fraction,
          })),
        ),
      )
    : [...wires].map(([port, used]) =>
        bus(
          port,
          [...used]
            .sort(([a], [b]) => a - b)
            .map(([lane, node]) => usedLane(netlist, node, `${port}_${lane}`, null)),
        ),
      );
  const outputs = netlist.outputs.map(({ name, nodes }) => {
    const from = program?.outputs.find((output) => output.name === name)?.from;
    return bus(
      name,
      nodes.map((node, lane) => {
        const label = nodes.length === 1 ? name : `${name}_${lane}`;
        const fraction = from === undefined ? null : (lanes?.get(from)?.[lane].fraction ?? null);
        return usedLane(netlist, node, label, fraction);
      }),
    );
  });
  return { inputs, outputs };
}

function usedLane(netlist: Netlist, node: NodeId, label: string, fraction: number | null): Lane {
  const { lo, hi } = netlist.nodes[node];
  return { label, node, lo, hi, fraction };
}

function bus(name: string, lanes: readonly Lane[]): Bus {
  let low = 0;
  const fields = lanes.map((lane) => {
    const field = { ...lane, ...typeOf(lane), low };
    low += field.width;
    return field;
  });
  return { name: identifier(name), width: low, fields };
}

/** Bit range of a field within its bus: "[8:0]". */
export const bitRange = ({ low, width }: { readonly low: number; readonly width: number }) =>
  width === 1 ? `[${low}]` : `[${low + width - 1}:${low}]`;

/** A table of the lanes of a bus for comments. */
export function describeBus({ name, width, fields }: Bus, direction: string): string[] {
  const rows = fields.map((field) => {
    const steps = field.fraction === null || field.fraction === 0 ? "" : ` x 2^${-field.fraction}`;
    return [
      bitRange(field),
      field.label,
      `${field.signed ? "signed" : "unsigned"} ${field.width} bit${field.width > 1 ? "s" : ""},`,
      `${field.lo} to ${field.hi}${steps}`,
    ];
  });
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i].length)));
  return [
    `${direction} ${name}, ${width} bits:`,
    ...rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`),
  ];
}
