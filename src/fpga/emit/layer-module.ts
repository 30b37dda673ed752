import type { NodeId } from "../netlist.ts";
import type { ModuleContext } from "./context.ts";
import { expression } from "./expression.ts";
import { columns, comment } from "./layout.ts";
import type { LayerPlan, Plan } from "./plan.ts";
import { planRegisters } from "./registers.ts";
import { serialInstance, serialResult } from "./serial-module.ts";
import { declaration, literal, typeCells, typeOf } from "./wires.ts";

/** The module of one layer: wires clock by clock, registers where they are read later. */
export function layerModule(layer: LayerPlan, context: ModuleContext): string {
  const { plan, delayModule } = context;
  const { netlist, pipeline, names } = plan;
  const { nodes } = netlist;
  const local = plan.moduleScope();
  const registers = planRegisters(
    [...layer.imports, ...layer.nodes].map((id) => ({
      ...nodes[id],
      id,
      name: names[id],
      from: pipeline.stages[id],
      taps: layer.taps.get(id) ?? [],
    })),
    { delayModule, names: local },
  );
  const read = (id: NodeId, clock: number) => {
    const node = nodes[id];
    return node.op === "constant" ? literal(node.value, typeOf(node)) : registers.nameAt(id, clock);
  };
  const exported = new Set(layer.exports);
  const serialNames = new Map(
    layer.blocks.map((block, i) => [block, local.claim(i > 0 ? `serial_${i}` : "serial")]),
  );
  const body: string[] = [];
  const clocks = clocksOf(layer, plan, registers.clocks);
  for (const clock of clocks) {
    const there = layer.nodes.filter((id) => pipeline.stages[id] === clock);
    const text = [
      ...registers.text(clock),
      ...layer.blocks
        .filter((block) => plan.starts[block] === clock)
        .flatMap((block) => serialInstance(block, serialNames.get(block)!, read, context)),
      ...wires(there, exported, read, { ...context, serialNames }, local.claim),
    ];
    if (text.length > 0) body.push("", `  // clock ${clock}`, ...text);
  }
  return [
    ...comment([
      `Layer ${layer.layer || "(unnamed)"} of ${netlist.name}`,
      ...context.notes(layer.layer).map((line) => `  ${line}`),
      `  ${counted(layer.imports.length, "wire")} in, ${layer.exports.length} out, clocks ${clocks[0]} to ${clocks[clocks.length - 1]}`,
    ]),
    "",
    `module ${layer.module} (`,
    ...ports(layer, plan),
    ");",
    ...body,
    "",
    "endmodule",
    "",
  ].join("\n");
}

const counted = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;

/** Name of the port that says in which clock the block begins. */
export const startPort = (clock: number) => `start_t${clock}`;

/** Clocks in which a layer reads the pipeline's valid bit, ascending. */
export const startClocks = (layer: LayerPlan, { starts }: Plan): number[] =>
  [...new Set(layer.blocks.map((block) => starts[block]))].sort((a, b) => a - b);

function clocksOf(
  { nodes, blocks }: LayerPlan,
  { pipeline, starts }: Plan,
  registered: readonly number[],
): number[] {
  const computed = nodes.map((id) => pipeline.stages[id]);
  const started = blocks.map((block) => starts[block]);
  return [...new Set([...computed, ...registered, ...started])].sort((a, b) => a - b);
}

function ports(layer: LayerPlan, plan: Plan): string[] {
  const { nodes } = plan.netlist;
  const row = (direction: string, id: NodeId) => [
    `${direction} logic`,
    ...typeCells(typeOf(nodes[id])),
    plan.names[id],
  ];
  const rows = [
    ["input  logic", "", "", "clk"],
    ...startClocks(layer, plan).map((clock) => ["input  logic", "", "", startPort(clock)]),
    ...layer.imports.map((id) => row("input ", id)),
    ...layer.exports.map((id) => row("output", id)),
  ];
  return columns(
    rows.map((cells, i) => [...cells.slice(0, 3), `${cells[3]}${i < rows.length - 1 ? "," : ""}`]),
    "    ",
  );
}

/**
 * Wires of one clock: those that stay here, then those that are ports, then tables, whose wires are
 * declared ahead of all.
 */
function wires(
  ids: readonly NodeId[],
  exported: ReadonlySet<NodeId>,
  read: (id: NodeId, clock: number) => string,
  context: ModuleContext & { readonly serialNames: ReadonlyMap<number, string> },
  claim: (name: string) => string,
): string[] {
  const { plan, tables, serialNames } = context;
  const { nodes } = plan.netlist;
  const text = (operand: NodeId, id: NodeId) => read(operand, plan.pipeline.stages[id]);
  const declarations: string[] = [];
  const inner: string[][] = [];
  const assigned: string[][] = [];
  const instances: string[][] = [];
  for (const id of ids) {
    const node = nodes[id];
    const name = plan.names[id];
    const type = typeOf(node);
    if (node.op === "input" || node.op === "constant") continue;
    if (node.op === "table") {
      if (!exported.has(id)) declarations.push(`  ${declaration("wire", type, name)};`);
      const module = tables.moduleOf(node, nodes[node.a]);
      const ports = `(.n(${text(node.a, id)}), .value(${name}));`;
      instances.push([module, claim(`${name}_rom`), ports]);
      continue;
    }
    const right =
      node.op === "serial"
        ? serialResult(node, serialNames.get(node.block)!, context)
        : expression(node, { text: (operand) => text(operand, id), node: (o) => nodes[o] });
    const isDsp =
      node.op === "multiply" && [node.a, node.b].some((o) => nodes[o].op === "constant");
    const wire = exported.has(id) && isDsp ? claim(`${name}_dsp`) : name;
    if (isDsp) inner.push([useDsp, ...typeCells(type), wire, `= ${right};`]);
    else if (exported.has(id)) assigned.push(["assign", name, `= ${right};`]);
    else inner.push(["wire", ...typeCells(type), name, `= ${right};`]);
    if (wire !== name) assigned.push(["assign", name, `= ${wire};`]);
  }
  return [
    ...declarations,
    ...columns(inner, "  "),
    ...columns(assigned, "  "),
    ...columns(instances, "  "),
  ];
}

const useDsp = '(* use_dsp = "yes" *) wire';
