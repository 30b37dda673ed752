import {
  buildLogic,
  buildNetlist,
  ebops,
  type FixedProgram,
  type Netlist,
  type NodeId,
  type Pipeline,
  type Price,
  pipelineNetlist,
  price,
  type Strategy,
} from "../../fpga/index.ts";
import type { DesignConfig } from "./config.ts";

/** A program as logic, with its price. */
export interface Design {
  readonly program: FixedProgram;
  readonly netlist: Netlist;
  /** Nodes of the program's vectors, which give wires their names; -1 for lanes left out. */
  readonly vectors: ReadonlyMap<string, readonly NodeId[]>;
  readonly pipeline: Pipeline;
  readonly price: Price;
}

/** The logic of a program under the settings' clock, reuse and DSP blocks. */
export function buildDesign(
  given: FixedProgram,
  config: Pick<DesignConfig, "clock" | "reuse" | "dsps">,
): Design {
  const program = { ...given, strategies: strategiesOf(given, config) };
  const { netlist, vectors } = buildLogic(program);
  const pipeline = pipelineNetlist(netlist, { clockMhz: config.clock });
  return { program, netlist, vectors, pipeline, price: price(netlist, pipeline) };
}

/** LUTs where every product is a tree of its weights' signed digits and nothing is shared. */
export function plainLuts(program: FixedProgram, config: Pick<DesignConfig, "clock">): number {
  const netlist = buildNetlist(program, { share: false });
  const pipeline = pipelineNetlist(netlist, { clockMhz: config.clock, retime: false });
  return price(netlist, pipeline).luts;
}

/**
 * How products are built: all of them over several clocks where multipliers are to be reused, else
 * layers in order of size as multipliers while there are DSP blocks for all of a layer's products.
 */
function strategiesOf(
  program: FixedProgram,
  { reuse, dsps }: Pick<DesignConfig, "reuse" | "dsps">,
): Record<string, Strategy> {
  const layers = ebops(program).filter(({ layer }) =>
    program.ops.some((op) => op.op === "affine" && op.layer === layer),
  );
  if (reuse > 1)
    return Object.fromEntries(layers.map(({ layer }) => [layer, { kind: "serial", reuse }]));
  let left = dsps;
  const strategies: Record<string, Strategy> = {};
  for (const { layer, products } of layers.toSorted((a, b) => b.ebops - a.ebops)) {
    if (products > left) continue;
    left -= products;
    strategies[layer] = { kind: "multipliers" };
  }
  return strategies;
}
