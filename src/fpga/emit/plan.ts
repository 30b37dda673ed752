import { invariant } from "../../base/errors.ts";
import type { Netlist, NodeId, Pipeline } from "../netlist.ts";
import type { Bus } from "./buses.ts";
import { type Scope, scope } from "./names.ts";
import { liveNodes, operandsOf } from "./wires.ts";

/** What one layer's module holds. */
export interface LayerPlan {
  readonly layer: string;
  /** Name of the module. */
  readonly module: string;
  /** Name of its instance in the top module. */
  readonly instance: string;
  /** Nodes computed here, by clock, then by number. */
  readonly nodes: readonly NodeId[];
  /** Serialized products computed here, by their place in `netlist.blocks`. */
  readonly blocks: readonly number[];
  /** Wires that come in, and own wires that others or the outputs use. */
  readonly imports: readonly NodeId[];
  readonly exports: readonly NodeId[];
  /** Clocks in which a wire is used later than it is there, ascending. */
  readonly taps: ReadonlyMap<NodeId, readonly number[]>;
}

/** Everything that names and places wires, made once for all modules. */
export interface Plan {
  readonly top: string;
  readonly netlist: Netlist;
  readonly pipeline: Pipeline;
  readonly isLive: readonly boolean[];
  /** Name of each wire, the same in all modules; constants have none. */
  readonly names: readonly string[];
  /** Clock in which the inputs of each block are captured. */
  readonly starts: readonly number[];
  readonly layers: readonly LayerPlan[];
  /** A scope in which no wire's name and no fixed port's name is free. */
  moduleScope(): Scope;
}

/** Names of fixed ports and wires of the generated modules. */
const fixedNames = ["clk", "rst", "valid_in", "valid_out", "ready", "start", "valid", "accept"];

/** Groups the nodes by layer and says which wires cross, under which names. */
export function planLayers(
  netlist: Netlist,
  pipeline: Pipeline,
  options: {
    readonly top: string;
    readonly buses: readonly Bus[];
    readonly vectors?: ReadonlyMap<string, readonly NodeId[]> | undefined;
  },
): Plan {
  const { nodes } = netlist;
  const isLive = liveNodes(netlist);
  const starts = netlist.blocks.map(() => 0);
  for (const [id, node] of nodes.entries())
    if (node.op === "serial")
      starts[node.block] = pipeline.stages[id] - netlist.blocks[node.block].latency;
  const taken = [...fixedNames, ...options.buses.map((bus) => bus.name)];
  const names = wireNames(netlist, isLive, { ...options, taken });
  const modules = scope([options.top]);
  const byLayer = new Map<string, NodeId[]>();
  for (const [id, node] of nodes.entries()) {
    if (!isLive[id] || node.op === "input" || node.op === "constant") continue;
    const ids = byLayer.get(node.layer);
    if (ids === undefined) byLayer.set(node.layer, [id]);
    else ids.push(id);
  }
  const isExported = exportedNodes(netlist, isLive);
  const instances = scope([...taken, ...names]);
  const layers = [...byLayer].map(([layer, ids]) => {
    const label = layer === "" ? "logic_" : layer;
    return {
      layer,
      module: modules.claim(`${options.top}_${label}`),
      instance: instances.claim(label),
      ...contents(ids, { netlist, pipeline, starts, isExported }),
    };
  });
  return {
    top: options.top,
    netlist,
    pipeline,
    isLive,
    names,
    starts,
    layers,
    moduleScope: () => scope([...taken, ...names]),
  };
}

/** Nodes that another layer or an output reads. */
function exportedNodes({ nodes, blocks, outputs }: Netlist, isLive: readonly boolean[]): boolean[] {
  const isExported = new Array<boolean>(nodes.length).fill(false);
  for (const [id, node] of nodes.entries()) {
    if (!isLive[id]) continue;
    const operands = node.op === "serial" ? blocks[node.block].inputs : operandsOf(node);
    for (const operand of operands)
      if (nodes[operand].layer !== node.layer) isExported[operand] = true;
  }
  for (const output of outputs) for (const id of output.nodes) isExported[id] = true;
  return isExported;
}

function contents(
  ids: readonly NodeId[],
  context: {
    readonly netlist: Netlist;
    readonly pipeline: Pipeline;
    readonly starts: readonly number[];
    readonly isExported: readonly boolean[];
  },
): Pick<LayerPlan, "nodes" | "blocks" | "imports" | "exports" | "taps"> {
  const { netlist, pipeline, starts, isExported } = context;
  const { stages } = pipeline;
  const own = new Set(ids);
  const imports = new Set<NodeId>();
  const blocks = new Set<number>();
  const uses = new Map<NodeId, Set<number>>();
  const use = (id: NodeId, clock: number) => {
    if (netlist.nodes[id].op === "constant") return;
    if (!own.has(id)) imports.add(id);
    invariant(stages[id] <= clock, `emit: wire ${id} of clock ${stages[id]} is used in ${clock}`);
    if (stages[id] < clock) uses.set(id, (uses.get(id) ?? new Set()).add(clock));
  };
  for (const id of ids) {
    const node = netlist.nodes[id];
    if (node.op === "serial") blocks.add(node.block);
    for (const operand of operandsOf(node)) use(operand, stages[id]);
  }
  for (const block of blocks)
    for (const input of netlist.blocks[block].inputs) use(input, starts[block]);
  return {
    nodes: [...ids].sort((a, b) => stages[a] - stages[b] || a - b),
    blocks: [...blocks].sort((a, b) => a - b),
    imports: [...imports].sort((a, b) => a - b),
    exports: ids.filter((id) => isExported[id]),
    taps: new Map([...uses].map(([id, clocks]) => [id, [...clocks].sort((a, b) => a - b)])),
  };
}

/**
 * Inputs by their labels; wires of the program's vectors "vector_lane", outputs too; wires that
 * leave a layer "layer_i"; all others by what they are and their number in the netlist: s12 is a sum.
 */
function wireNames(
  netlist: Netlist,
  isLive: readonly boolean[],
  {
    taken,
    buses,
    vectors,
  }: {
    readonly taken: readonly string[];
    readonly buses: readonly Bus[];
    readonly vectors?: ReadonlyMap<string, readonly NodeId[]> | undefined;
  },
): string[] {
  const { nodes } = netlist;
  const names = new Array<string>(nodes.length).fill("");
  const wires = scope(taken);
  const claim = (id: NodeId, name: string) => {
    if (names[id] === "" && isLive[id] && nodes[id].op !== "constant")
      names[id] = wires.claim(name);
  };
  for (const { fields } of buses)
    for (const { node, label } of fields)
      if (node !== null && nodes[node].op === "input") claim(node, label);
  for (const [vector, ids] of vectors ?? [])
    for (const [lane, id] of ids.entries())
      claim(id, ids.length === 1 ? vector : `${vector}_${lane}`);
  for (const { name, nodes: ids } of netlist.outputs)
    for (const [lane, id] of ids.entries()) claim(id, `${name}_${lane}`);
  const isExported = exportedNodes(netlist, isLive);
  const count = new Map<string, number>();
  for (const [id, { layer }] of nodes.entries()) {
    if (names[id] !== "" || !isExported[id] || !isLive[id] || nodes[id].op === "constant") continue;
    const i = count.get(layer) ?? 0;
    count.set(layer, i + 1);
    claim(id, `${layer}_${i}`);
  }
  for (const [id, { op }] of nodes.entries()) claim(id, `${letters[op]}${id}`);
  return names;
}

const letters = {
  input: "i",
  constant: "c",
  add: "s",
  sub: "s",
  shift: "q",
  wrap: "q",
  clamp: "q",
  multiply: "p",
  less: "c",
  equal: "c",
  and: "b",
  or: "b",
  xor: "b",
  bit: "b",
  select: "m",
  table: "t",
  serial: "r",
} as const;
