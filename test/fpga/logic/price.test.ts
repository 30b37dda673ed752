import { describe, expect, it } from "vitest";
import { ufixed } from "../../../src/fpga/format.ts";
import { buildNetlist } from "../../../src/fpga/logic/build.ts";
import { pipelineNetlist } from "../../../src/fpga/logic/pipeline.ts";
import { price } from "../../../src/fpga/logic/price.ts";
import type { FixedOp, FixedProgram } from "../../../src/fpga/program.ts";
import { kernelProgram, muonProgram, serialized } from "../emit/large-programs.ts";
import { denseProgram } from "./networks.ts";

const priceOf = (program: FixedProgram, { share = true, clockMhz = 200 } = {}) => {
  const netlist = buildNetlist(program, { share });
  return price(netlist, pipelineNetlist(netlist, { clockMhz }));
};

/** One operation on two inputs of 8 and 12 bits with sign. */
function oneOp(op: FixedOp): FixedProgram {
  return {
    name: "one",
    inputs: [
      { name: "a", labels: ["a"], lanes: [{ fraction: 0, lo: -128, hi: 127 }] },
      { name: "b", labels: ["b"], lanes: [{ fraction: 0, lo: -2048, hi: 2047 }] },
    ],
    ops: [op],
    outputs: [{ name: "y", from: "y", unit: 1, physical: null }],
    strategies: {},
  };
}

describe("price", () => {
  it("is what Yosys makes of single operations", () => {
    // yosys 0.23, synth_xilinx -family xcup -flatten, LUT cells of each expression
    const at = { output: "y", layer: "l" };
    expect(priceOf(oneOp({ op: "add", a: "a", b: "b", ...at })).luts).toBe(12);
    expect(priceOf(oneOp({ op: "less", a: "b", b: "a", ...at })).luts).toBe(8);
    const byte = [ufixed(8, 8, "TRN", "SAT")];
    expect(priceOf(oneOp({ op: "quantize", input: "b", formats: byte, ...at })).luts).toBeCloseTo(
      8,
      -1,
    );
  });

  it("is within a fifth of what Yosys makes of whole networks", () => {
    // yosys 0.23 as run-yosys.ts runs it on the emitted text, LUT and SRL cells and flip-flops
    const serial = serialized(3, 32);
    const measured = [
      {
        program: denseProgram([4, 32, 32, 32, 1], { inputBits: 10 }),
        clockMhz: 200,
        counted: [8647, 1350],
      },
      { program: kernelProgram(0), clockMhz: 360, counted: [219, 118] },
      { program: kernelProgram(100), clockMhz: 360, counted: [17975, 8041] },
      { program: muonProgram([32, 3]), clockMhz: 360, counted: [21586, 9668] },
      {
        program: muonProgram([32, 3], { strategies: serial }),
        clockMhz: 360,
        counted: [6346, 3914],
      },
    ];
    for (const { program, clockMhz, counted } of measured) {
      const { luts, ffs } = priceOf(program, { clockMhz });
      expect(Math.abs(luts / counted[0] - 1), program.name).toBeLessThan(0.2);
      expect(Math.abs(ffs / counted[1] - 1), program.name).toBeLessThan(0.2);
    }
  });

  it("counts no register for bits of a sum that an operand has already", () => {
    // y = a + 16 b and a itself pass the same edge: the lowest four bits are held once
    const lanes: [number, number][] = [
      [0, 0],
      [1, 0],
    ];
    const program = oneOp({ op: "pick", inputs: ["a", "b"], lanes, output: "x", layer: "l" });
    const sumOfBoth: FixedOp = {
      op: "affine",
      input: "x",
      rows: 1,
      columns: 2,
      weights: Int32Array.of(1, 16),
      weightFraction: [0],
      bias: [0],
      gather: null,
      accumulator: null,
      output: "y",
      layer: "l",
    };
    const ops = [...program.ops, sumOfBoth];
    const both = [...program.outputs, { ...program.outputs[0], name: "a", from: "a" }];
    const sum = priceOf({ ...program, ops });
    expect(priceOf({ ...program, ops, outputs: both }).ffs).toBe(sum.ffs + 4);
  });

  it("needs no DSP for squares and products, one where the layer asks for multipliers", () => {
    const at = { output: "y", layer: "l" };
    expect(priceOf(oneOp({ op: "multiply", a: "b", b: "b", ...at })).dsps).toBe(0);
    const product = oneOp({ op: "multiply", a: "a", b: "b", ...at });
    expect(priceOf(product).dsps).toBe(0);
    expect(priceOf({ ...product, strategies: { l: { kind: "multipliers" } } }).dsps).toBe(1);
  });

  it("counts a quarter fewer LUTs with shared sums than row by row", () => {
    for (const seed of [1, 2, 3]) {
      const program = denseProgram([4, 32, 32, 32, 1], { seed, inputBits: 10 });
      const shared = priceOf(program).luts;
      expect(shared).toBeLessThan(0.75 * priceOf(program, { share: false }).luts);
    }
  });

  it("adds up over the layers, and says the latency in ns", () => {
    const total = priceOf(denseProgram([8, 8, 2]), { clockMhz: 250 });
    expect(total.perLayer.map(({ layer }) => layer)).toEqual(["layer1", "layer2"]);
    expect(total.perLayer.reduce((sum, { luts }) => sum + luts, 0)).toBe(total.luts);
    expect(total.latencyNs).toBe(total.latencyClocks * 4);
  });
});
