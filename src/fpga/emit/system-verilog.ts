import type { Netlist, NodeId, Pipeline } from "../netlist.ts";
import type { FixedProgram, Lanes } from "../program.ts";
import { portsOf } from "./buses.ts";
import type { ModuleContext } from "./context.ts";
import { delayModule } from "./delay-module.ts";
import { describeLayer } from "./describe.ts";
import { layerModule } from "./layer-module.ts";
import { identifier, scope } from "./names.ts";
import { planLayers } from "./plan.ts";
import { serialModule, serialTypes } from "./serial-module.ts";
import { collectTables } from "./table-module.ts";
import { topModule } from "./top-module.ts";
import { type EmittedFile, framed } from "./wires.ts";

/** What the emitted text says besides the logic; nothing here changes the logic. */
export interface EmitOptions {
  /** Gives the inputs their labels and full width, and the layers their comments. */
  readonly program?: FixedProgram;
  /** Wires of the program's vectors (`inferLanes`), for binary points in comments. */
  readonly lanes?: Lanes;
  /** Nodes of the program's vectors, which give wires their names. */
  readonly vectors?: ReadonlyMap<string, readonly NodeId[]>;
  /** Name of the top module; the netlist's otherwise. */
  readonly top?: string;
  /** Lines for the top module's header: estimated resources and the like. */
  readonly notes?: readonly string[];
}

/**
 * A netlist as SystemVerilog: one module per layer, tables and serialized products in modules of
 * their own, and a top module with one bus per input and output vector, `valid_in`, `valid_out`.
 * Node n computes in clock stages[n] (clock 0: the inputs); operands that are there earlier are
 * registered up to this clock in the module that reads them, outputs up to clock `latency`. Data has
 * no reset. The text is a function of the arguments alone.
 * @returns files "<module>.sv", the top module last.
 */
export function emitSystemVerilog(
  netlist: Netlist,
  pipeline: Pipeline,
  options: EmitOptions = {},
): EmittedFile[] {
  const { program, lanes, vectors, notes = [] } = options;
  const top = identifier(options.top ?? netlist.name);
  const ports = portsOf(netlist, program, lanes);
  const plan = planLayers(netlist, pipeline, {
    top,
    vectors,
    buses: [...ports.inputs, ...ports.outputs],
  });
  const modules = scope([top, ...plan.layers.map(({ module }) => module)]);
  const used = new Set(plan.layers.flatMap((layer) => layer.blocks));
  const context: ModuleContext = {
    plan,
    delayModule: modules.claim(`${top}_delay`),
    tables: collectTables(top, modules),
    serialModules: netlist.blocks.map(({ layer }) => modules.claim(`${top}_${layer}_serial`)),
    serialTypes: netlist.blocks.map((_, i) => serialTypes(i, netlist)),
    notes: (layer) => (program ? describeLayer(program, layer) : []),
  };
  const layers = plan.layers.map((layer) => [layer.module, layerModule(layer, context)] as const);
  const serials = context.serialModules
    .map((name, i) => [name, i] as const)
    .filter(([, i]) => used.has(i))
    .map(([name, i]) => [name, serialModule(name, i, netlist)] as const);
  const { latency, interval, clockMhz } = pipeline;
  const topText = topModule(ports, context, [
    `${netlist.name}: ${plan.layers.length} layers, latency ${latency} clocks (${((latency / clockMhz) * 1000).toFixed(1)} ns at ${clockMhz} MHz), one inference every ${interval === 1 ? "clock" : `${interval} clocks`}`,
    ...notes,
    `Inputs in clock 0 with valid_in, outputs in clock ${latency} with valid_out; rst, synchronous, clears the valid bits only.`,
  ]);
  const files = new Map([...context.tables.modules(), ...serials, ...layers]);
  const usesDelay = [...files.values(), topText].some((text) =>
    text.includes(`${context.delayModule} #`),
  );
  if (usesDelay) files.set(context.delayModule, delayModule(context.delayModule));
  return [...files, [top, topText] as const].map(([name, text]) => ({
    path: `${name}.sv`,
    text: framed(text),
  }));
}
