import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { fixed } from "../../../src/fpga/format.ts";
import { buildNetlist, delaysOf, simulateNetlist } from "../../../src/fpga/logic/index.ts";
import { bitsOf } from "../../../src/fpga/logic/intervals.ts";
import type { FixedOp, FixedProgram } from "../../../src/fpga/program.ts";

interface Range {
  readonly lo: number;
  readonly hi: number;
}

function times(a: Range, b: Range, more: Partial<FixedProgram> = {}): FixedProgram {
  const input = (name: string, range: Range) => ({
    name,
    labels: [name],
    lanes: [{ fraction: 0, ...range }],
  });
  return {
    name: "times",
    inputs: [input("a", a), input("b", b)],
    ops: [{ op: "multiply", a: "a", b: "b", output: "y", layer: "product" }],
    outputs: [{ name: "y", from: "y", unit: 1, physical: null }],
    strategies: {},
    ...more,
  };
}

const isMultiply = ({ op }: { op: string }) => op === "multiply";
/** Two's complement or unsigned, full range. */
const whole = (bits: number, signed: boolean): Range =>
  signed ? { lo: -(2 ** (bits - 1)), hi: 2 ** (bits - 1) - 1 } : { lo: 0, hi: 2 ** bits - 1 };

describe("a product of two wires", () => {
  it("is exact for all pairs of up to five bits, with and without signs, with no multiplier", () => {
    for (const signs of [0, 1, 2, 3])
      for (let m = 1; m <= 5; m++)
        for (let n = 1; n <= 5; n++) {
          const [a, b] = [whole(m, signs % 2 === 1), whole(n, signs > 1)];
          const netlist = buildNetlist(times(a, b));
          expect(netlist.nodes.some(isMultiply)).toBe(false);
          for (let x = a.lo; x <= a.hi; x++)
            for (let y = b.lo; y <= b.hi; y++)
              expect(simulateNetlist(netlist, { a: [x], b: [y] }).y).toEqual([x * y + 0]);
        }
  });

  it("is exact for ranges anywhere, of up to 24 bits each", () => {
    const rng = createRng("products");
    for (let trial = 0; trial < 60; trial++) {
      const range = (): Range => {
        const size = 2 ** (1 + rng.integer(24));
        const lo = rng.integer(size) - (size >> 1);
        return { lo, hi: lo + rng.integer(size) };
      };
      const [a, b] = [range(), range()];
      const netlist = buildNetlist(times(a, b));
      const [node] = netlist.outputs[0].nodes;
      for (let i = 0; i < 40; i++) {
        const draw = ({ lo, hi }: Range) =>
          i < 4 ? [lo, hi][(i >> (lo === a.lo ? 0 : 1)) & 1] : lo + rng.integer(hi - lo + 1);
        const [x, y] = [draw(a), draw(b)];
        const [product] = simulateNetlist(netlist, { a: [x], b: [y] }).y;
        expect(BigInt(product)).toBe(BigInt(x) * BigInt(y));
        expect(product).toBeGreaterThanOrEqual(netlist.nodes[node].lo);
        expect(product).toBeLessThanOrEqual(netlist.nodes[node].hi);
      }
    }
  });

  it("takes the half for rounding into its rows", () => {
    const [a, b] = [whole(8, false), whole(9, true)];
    const rounded = { op: "quantize", input: "y", formats: [fixed(13, 13, "RND")] } as const;
    const scale: FixedOp = { op: "rescale", input: "a", by: [4], output: "s", layer: "product" };
    const program = times(a, b, {
      ops: [
        scale,
        { op: "multiply", a: "s", b: "b", output: "y", layer: "product" },
        { ...rounded, output: "z", layer: "product" },
      ],
      outputs: [{ name: "z", from: "z", unit: 1, physical: null }],
    });
    const netlist = buildNetlist(program);
    // eight rows and the half
    const adders = netlist.nodes.filter(({ op }) => op === "add" || op === "sub").length;
    expect(adders).toBe(8);
    for (let x = 0; x <= a.hi; x += 3)
      for (let y = b.lo; y <= b.hi; y += 5)
        expect(simulateNetlist(netlist, { a: [x], b: [y] }).z).toEqual([
          Math.floor((x * y) / 16 + 0.5) + 0,
        ]);
  });

  it("is as deep as a balanced tree of its rows, whose gates take no time", () => {
    const netlist = buildNetlist(times(whole(8, false), whole(12, true)), { extraDepth: 0 });
    const delays = delaysOf(netlist);
    netlist.nodes.forEach(({ op }, i) => {
      if (op === "select") expect(delays[i]).toBe(0);
    });
    const depths = netlist.nodes.map(() => 0);
    netlist.nodes.forEach((node, i) => {
      if (node.op === "add" || node.op === "sub")
        depths[i] = 1 + Math.max(depths[node.a], depths[node.b]);
    });
    expect(Math.max(...depths)).toBeLessThanOrEqual(4);
    expect(bitsOf(netlist.nodes[netlist.outputs[0].nodes[0]])).toBe(20);
  });

  it("is a multiplier where the layer asks for one", () => {
    const strategies = { product: { kind: "multipliers" } } as const;
    const netlist = buildNetlist(times(whole(8, true), whole(8, true), { strategies }));
    expect(netlist.nodes.filter(isMultiply)).toHaveLength(1);
    expect(simulateNetlist(netlist, { a: [-128], b: [-128] }).y).toEqual([16384]);
  });

  it("with a constant is shifted sums", () => {
    const constant = { op: "constant", values: [-45], fraction: 0, output: "c", layer: "product" };
    const program = times(whole(8, true), whole(8, true), {
      ops: [constant as FixedOp, { op: "multiply", a: "a", b: "c", output: "y", layer: "product" }],
    });
    const netlist = buildNetlist(program);
    expect(netlist.nodes.some(isMultiply)).toBe(false);
    for (let x = -128; x < 128; x++)
      expect(simulateNetlist(netlist, { a: [x], b: [0] }).y).toEqual([-45 * x + 0]);
  });
});
