import type { Netlist, Pipeline } from "../netlist.ts";
import { absorbedGates } from "./delays.ts";
import { demandedBits } from "./demand.ts";
import { logicOf, serialCost } from "./logic-cost.ts";
import { registerCost } from "./register-cost.ts";

/** Estimated resources of an UltraScale+ device. */
export interface Resources {
  readonly luts: number;
  readonly ffs: number;
  readonly dsps: number;
  /** Block RAMs of 18 kbit. */
  readonly brams: number;
}

export interface Price extends Resources {
  readonly latencyClocks: number;
  readonly latencyNs: number;
  /** Clocks between two inferences. */
  readonly interval: number;
  /** In order of first appearance; registers count where their wire is made. */
  readonly perLayer: readonly (Resources & { readonly layer: string })[];
}

/**
 * What a pipelined netlist takes, estimated without a synthesis tool: per node the LUTs that
 * Yosys (synth_xilinx -family xcup, every sum a carry chain) makes of it, registers bit by bit
 * from the stages. Within 20 % of Yosys on the networks of the tests.
 */
export function price(netlist: Netlist, pipeline: Pipeline): Price {
  const { nodes, blocks } = netlist;
  const layers = new Map<string, { luts: number; ffs: number; dsps: number; brams: number }>();
  const add = (layer: string, cost: Partial<Resources>) => {
    const sum = layers.get(layer) ?? { luts: 0, ffs: 0, dsps: 0, brams: 0 };
    sum.luts += cost.luts ?? 0;
    sum.ffs += cost.ffs ?? 0;
    sum.dsps += cost.dsps ?? 0;
    sum.brams += cost.brams ?? 0;
    layers.set(layer, sum);
  };
  const demanded = demandedBits(netlist);
  const isAbsorbed = absorbedGates(netlist);
  for (const [i, node] of nodes.entries())
    add(node.layer, logicOf(netlist, node, demanded[i], isAbsorbed[i]));
  for (const [i, { layer }] of blocks.entries()) add(layer, serialCost(netlist, i));
  for (const [i, cost] of registerCost(netlist, pipeline).entries()) add(nodes[i].layer, cost);
  const perLayer = [...layers]
    .map(([layer, cost]) => ({ layer, ...cost, luts: Math.round(cost.luts) }))
    .filter(({ luts, ffs, dsps, brams }) => luts + ffs + dsps + brams > 0);
  const total = (key: keyof Resources) => perLayer.reduce((sum, cost) => sum + cost[key], 0);
  return {
    luts: total("luts"),
    // and the chain of valid bits
    ffs: total("ffs") + pipeline.latency,
    dsps: total("dsps"),
    brams: total("brams"),
    latencyClocks: pipeline.latency,
    latencyNs: (pipeline.latency * 1000) / pipeline.clockMhz,
    interval: pipeline.interval,
    perLayer,
  };
}
