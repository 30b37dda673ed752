import { ConfigError } from "../../base/errors.ts";
import type { Netlist, Pipeline } from "../netlist.ts";
import { type DelayModel, delaysOf, ultraScalePlus2 } from "./delays.ts";
import { operandsOf } from "./live.ts";
import { fewerRegisters, slack } from "./registers.ts";

export interface PipelineOptions {
  readonly clockMhz: number;
  /** Default: UltraScale+ of speed grade -2. */
  readonly delay?: DelayModel;
  /** False: every node as early as it can be. Default true: where fewest registers are needed. */
  readonly retime?: boolean;
}

/**
 * Places the registers. Inputs are taken as they come in stage 0, straight from their ports, and
 * the logic of stage s works between the clock edges s and s + 1; operands of earlier stages come
 * through registers, and all outputs pass a register at the last edge. So `latency` counts the
 * edges from the one that brings the inputs (valid_in) to the one after which the outputs hold
 * (valid_out). A node as slow as more than one clock gets a stage of its own.
 */
export function pipelineNetlist(
  netlist: Netlist,
  { clockMhz, delay = ultraScalePlus2, retime = true }: PipelineOptions,
): Pipeline {
  if (!(clockMhz > 0)) throw new ConfigError(`pipeline: expected a clock > 0 MHz, got ${clockMhz}`);
  const budget = Math.max(delay.level, 1000 / clockMhz - delay.overhead);
  const delays = delaysOf(netlist, delay).map((ns) => Math.min(ns, budget));
  const earliest = earliestStages(netlist, delays, budget);
  const latency =
    Math.max(0, ...netlist.outputs.flatMap((o) => o.nodes).map((n) => earliest[n])) + 1;
  const stages = retime ? fewerRegisters(netlist, earliest, { delays, budget, latency }) : earliest;
  const interval = Math.max(1, ...netlist.blocks.map(({ reuse }) => reuse));
  return { stages: [...stages], latency, interval, clockMhz };
}

/** As soon as the operands are there and the time in the stage lasts. */
function earliestStages({ nodes, blocks }: Netlist, delays: Float64Array, budget: number) {
  const stages = new Int32Array(nodes.length);
  const arrivals = new Float64Array(nodes.length);
  nodes.forEach((node, i) => {
    let stage = 0;
    let arrival = 0;
    for (const operand of operandsOf(node, blocks)) {
      if (stages[operand] > stage) [stage, arrival] = [stages[operand], 0];
      if (stages[operand] === stage) arrival = Math.max(arrival, arrivals[operand]);
    }
    if (node.op === "serial") [stage, arrival] = [stage + blocks[node.block].latency, 0];
    else if (arrival + delays[i] > budget + slack) [stage, arrival] = [stage + 1, 0];
    stages[i] = stage;
    arrivals[i] = arrival + delays[i];
  });
  return stages;
}
