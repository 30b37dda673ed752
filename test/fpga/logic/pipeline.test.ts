import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { buildNetlist } from "../../../src/fpga/logic/build.ts";
import { delaysOf, ultraScalePlus2 } from "../../../src/fpga/logic/delays.ts";
import { operandsOf } from "../../../src/fpga/logic/live.ts";
import { MinCut } from "../../../src/fpga/logic/min-cut.ts";
import { pipelineNetlist } from "../../../src/fpga/logic/pipeline.ts";
import { price } from "../../../src/fpga/logic/price.ts";
import type { Netlist, Pipeline } from "../../../src/fpga/netlist.ts";
import { denseProgram } from "./networks.ts";
import { randomProgram } from "./random-programs.ts";

/** The slowest path between two clock edges in ns; operands never come from a later stage. */
function slowestPath(netlist: Netlist, { stages }: Pipeline): number {
  const delays = delaysOf(netlist);
  const arrivals = new Float64Array(netlist.nodes.length);
  netlist.nodes.forEach((node, i) => {
    for (const operand of operandsOf(node, netlist.blocks)) {
      if (netlist.nodes[operand].op === "constant") continue;
      expect(stages[operand]).toBeLessThanOrEqual(stages[i]);
      if (stages[operand] === stages[i]) arrivals[i] = Math.max(arrivals[i], arrivals[operand]);
    }
    arrivals[i] += delays[i];
  });
  return Math.max(...arrivals);
}

describe("pipeline", () => {
  const netlist = buildNetlist(denseProgram([16, 32, 16, 4]));

  it("keeps every path within the clock, at any clock", () => {
    for (const clockMhz of [100, 200, 360, 500]) {
      const pipeline = pipelineNetlist(netlist, { clockMhz });
      expect(slowestPath(netlist, pipeline)).toBeLessThanOrEqual(
        1000 / clockMhz - ultraScalePlus2.overhead + 1e-6,
      );
      const last = Math.max(...netlist.outputs[0].nodes.map((node) => pipeline.stages[node]));
      expect(last).toBeLessThan(pipeline.latency);
    }
  });

  it("keeps the order and the time of random programs, however they are moved", () => {
    for (let seed = 0; seed < 25; seed++) {
      const random = buildNetlist(randomProgram(createRng(`pipeline ${seed}`), 14));
      const early = pipelineNetlist(random, { clockMhz: 600, retime: false });
      const moved = pipelineNetlist(random, { clockMhz: 600 });
      expect(moved.latency).toBe(early.latency);
      // slower nodes than a clock stand alone
      const slowest = Math.max(1000 / 600 - ultraScalePlus2.overhead, ...delaysOf(random));
      expect(slowestPath(random, moved)).toBeLessThanOrEqual(slowest + 1e-6);
      for (const output of random.outputs)
        for (const node of output.nodes) expect(moved.stages[node]).toBeLessThan(moved.latency);
      expect(Math.min(...moved.stages)).toBe(0);
    }
  });

  it("takes more clocks at a faster clock, but not more time than its registers add", () => {
    const clocks = [100, 200, 400].map(
      (clockMhz) => pipelineNetlist(netlist, { clockMhz }).latency,
    );
    expect(clocks[0]).toBeLessThan(clocks[1]);
    expect(clocks[1]).toBeLessThan(clocks[2]);
  });

  it("moves nodes where fewer registers are needed, without another clock", () => {
    const early = pipelineNetlist(netlist, { clockMhz: 250, retime: false });
    const moved = pipelineNetlist(netlist, { clockMhz: 250 });
    expect(moved.latency).toBe(early.latency);
    expect(price(netlist, moved).ffs).toBeLessThan(0.9 * price(netlist, early).ffs);
  });

  it("starts serialized products every `reuse` clocks, their results `latency` clocks later", () => {
    const program = denseProgram([16, 8, 2]);
    const serial = buildNetlist({
      ...program,
      strategies: { layer1: { kind: "serial", reuse: 4 } },
    });
    const pipeline = pipelineNetlist(serial, { clockMhz: 200 });
    expect(pipeline.interval).toBe(4);
    const results = serial.nodes.flatMap(({ op }, i) =>
      op === "serial" ? [pipeline.stages[i]] : [],
    );
    expect(new Set(results)).toEqual(new Set([serial.blocks[0].latency]));
  });
});

describe("smallest cut", () => {
  it("is the smallest over all subsets", () => {
    const rng = createRng("min cut");
    for (let trial = 0; trial < 60; trial++) {
      const n = 7;
      const edges = Array.from(
        { length: 16 },
        () => [rng.integer(n), rng.integer(n), rng.integer(9)] as const,
      );
      const network = new MinCut(n);
      for (const [a, b, room] of edges) network.edge(a, b, room);
      const cost = (isSource: (v: number) => boolean) =>
        edges.reduce((sum, [a, b, room]) => sum + (isSource(a) && !isSource(b) ? room : 0), 0);
      let least = Number.POSITIVE_INFINITY;
      for (let set = 0; set < 2 ** n; set++)
        if ((set & 1) === 1 && (set & 2) === 0)
          least = Math.min(
            least,
            cost((v) => ((set >> v) & 1) === 1),
          );
      const { capacity, isSource } = network.cut(0, 1);
      expect(capacity).toBe(least);
      expect(cost((v) => isSource[v] === 1)).toBe(least);
    }
  });
});
