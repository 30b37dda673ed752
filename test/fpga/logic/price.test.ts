import { describe, expect, it } from "vitest";
import { ufixed } from "../../../src/fpga/format.ts";
import { buildNetlist } from "../../../src/fpga/logic/build.ts";
import { pipelineNetlist } from "../../../src/fpga/logic/pipeline.ts";
import { price } from "../../../src/fpga/logic/price.ts";
import type { FixedOp, FixedProgram } from "../../../src/fpga/program.ts";
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
    // yosys 0.23, synth_xilinx -family xcup -flatten -noiopad -noclkbuf at 200 MHz, from text in
    // which every adder stays an adder ({a, 1'b0} + {b, 1'b0}, which alumacc does not merge)
    const measured = [
      { program: denseProgram([4, 32, 32, 32, 1], { inputBits: 10 }), luts: 8551, ffs: 1430 },
      { program: denseProgram([4, 1], { bits: 12, zeros: 0, inputBits: 10 }), luts: 132, ffs: 9 },
    ];
    for (const { program, luts, ffs } of measured) {
      const estimate = priceOf(program);
      expect(Math.abs(estimate.luts / luts - 1)).toBeLessThan(0.2);
      expect(Math.abs(estimate.ffs / ffs - 1)).toBeLessThan(0.2);
    }
  });

  it("needs no DSP for squares, one for a product", () => {
    const at = { output: "y", layer: "l" };
    expect(priceOf(oneOp({ op: "multiply", a: "b", b: "b", ...at })).dsps).toBe(0);
    expect(priceOf(oneOp({ op: "multiply", a: "a", b: "b", ...at })).dsps).toBe(1);
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
