import { expect, test } from "vitest";
import { expression } from "../../../src/fpga/emit/expression.ts";
import { identifier, scope } from "../../../src/fpga/emit/names.ts";
import { emitSystemVerilog } from "../../../src/fpga/emit/system-verilog.ts";
import { packVectors } from "../../../src/fpga/emit/vectors.ts";
import { literal } from "../../../src/fpga/emit/wires.ts";
import { emitWordTop } from "../../../src/fpga/emit/word-top.ts";
import { serialShape } from "../../../src/fpga/logic/serial-shape.ts";
import type { LogicNode, Netlist, Pipeline } from "../../../src/fpga/netlist.ts";

const layer = "l";
const input = (lane: number, lo: number, hi: number): LogicNode => ({ op: "input", port: "x", lane, lo, hi, layer }); // biome-ignore format: short

// 0: signed 4 bits, 1: unsigned 4 bits, 2: a constant, 3: one bit
const nodes: LogicNode[] = [
  input(0, -8, 7),
  input(1, 0, 15),
  { op: "constant", value: -3, lo: -3, hi: -3, layer },
  input(2, 0, 1),
];
const operands = {
  text: (id: number) => (nodes[id].op === "constant" ? "-3'sd3" : ["s", "u", "", "c"][id]),
  node: (id: number) => nodes[id],
};

test.each([
  [{ op: "add", a: 0, b: 1, shiftA: 0, shiftB: 2, lo: -8, hi: 67 }, "8'(s) + (8'(u) << 2)"],
  [{ op: "add", a: 0, b: 1, shiftA: 4, shiftB: 0, lo: -128, hi: 127 }, "{s, u}"],
  [{ op: "add", a: 3, b: 0, shiftA: 1, shiftB: 4, lo: -128, hi: 114 }, "{s, 3'(c), 1'd0}"],
  [{ op: "add", a: 0, b: 2, shiftA: 1, shiftB: 0, lo: -19, hi: 11 }, "(6'(s) << 1) - 6'd3"],
  [{ op: "sub", a: 1, b: 2, shiftA: 0, shiftB: 0, lo: 3, hi: 18 }, "5'(u) - 5'd29"],
  [{ op: "multiply", a: 0, b: 1, lo: -120, hi: 105 }, "8'(s) * 8'(u)"],
  [{ op: "shift", a: 0, by: 3, lo: -64, hi: 56 }, "7'(s) << 3"],
  [{ op: "shift", a: 0, by: -2, lo: -2, hi: 1 }, "s[3:2]"],
  [{ op: "shift", a: 0, by: -5, lo: -1, hi: 0 }, "1'(s >>> 5)"],
  [{ op: "wrap", a: 0, width: 3, signed: false, lo: 0, hi: 7 }, "s[2:0]"],
  [{ op: "wrap", a: 0, width: 6, signed: false, lo: 0, hi: 63 }, "6'(s)"],
  [{ op: "clamp", a: 0, min: 0, max: 5, lo: 0, hi: 5 }, "s[3] ? 3'd0 : s > 4'sd5 ? 3'd5 : 3'(s)"],
  [
    { op: "clamp", a: 0, min: 0, max: 1, lo: 0, hi: 1 },
    "s[3] ? 1'd0 : ~s[3] & (|s[2:1]) ? 1'd1 : 1'(s)",
  ],
  [
    { op: "clamp", a: 0, min: -2, max: 1, lo: -2, hi: 1 },
    "s[3] & ~&s[2:1] ? 2'sb10 : ~s[3] & (|s[2:1]) ? 2'sd1 : 2'(s)",
  ],
  [{ op: "clamp", a: 1, min: 0, max: 7, lo: 0, hi: 7 }, "|u[3] ? 3'd7 : 3'(u)"],
  [{ op: "clamp", a: 1, min: 0, max: 5, lo: 0, hi: 5 }, "u > 4'd5 ? 3'd5 : 3'(u)"],
  [{ op: "less", a: 0, b: 1, lo: 0, hi: 1 }, "5'(s) < $signed(5'(u))"],
  [{ op: "less", a: 1, b: 2, lo: 0, hi: 1 }, "$signed(5'(u)) < -5'sd3"],
  [{ op: "equal", a: 0, b: 2, lo: 0, hi: 1 }, "s == -4'sd3"],
  [{ op: "bit", a: 0, bit: 9, lo: 0, hi: 1 }, "s[3]"],
  [{ op: "bit", a: 1, bit: 9, lo: 0, hi: 1 }, "1'd0"],
  [{ op: "select", condition: 3, a: 0, b: 1, lo: -8, hi: 15 }, "c ? 5'(s) : 5'(u)"],
] as const)("%o is written %s", (node, text) => {
  expect(expression({ ...node, layer }, operands)).toBe(text);
});

test("literals have exactly the bits asked for", () => {
  expect(literal(5, { width: 4, signed: true })).toBe("4'sd5");
  expect(literal(-5, { width: 4, signed: true })).toBe("-4'sd5");
  expect(literal(-8, { width: 4, signed: true })).toBe("4'sb1000");
  expect(literal(2 ** 40, { width: 41, signed: false })).toBe("41'd1099511627776");
});

test("names are identifiers, no reserved words, and come once", () => {
  expect(identifier("conv.1/out put")).toBe("conv_1_out_put");
  expect(["small", "wire", "2x", "", "_a"].map((name) => identifier(name))).toEqual(["small_", "wire_", "n2x", "n", "a"]); // biome-ignore format: short
  const names = scope(["clk"]);
  expect(["clk", "a", "a", "a.b", "a_b"].map((name) => names.claim(name))).toEqual(["clk_2", "a", "a_2", "a_b", "a_b_2"]); // biome-ignore format: short
});

test("multipliers are shared as often as the reuse says", () => {
  const shape = (rows: number, columns: number, reuse: number) =>
    serialShape({ rows, inputs: new Array<number>(columns).fill(0), reuse });
  expect(shape(128, 128, 32).multipliers).toBe((128 * 128) / 32);
  expect(shape(128, 4, 32).multipliers).toBe((128 * 4) / 32);
  expect(shape(6, 4, 1).multipliers).toBe(24);
  expect(shape(3, 7, 2)).toEqual({ multipliers: 12, perRow: 4, run: 2, rowsEach: 1 });
});

const netlist: Netlist = {
  name: "module",
  nodes: [
    ...nodes.slice(0, 2),
    { op: "add", a: 0, b: 1, shiftA: 0, shiftB: 0, lo: -8, hi: 22, layer: "sum" },
    { op: "add", a: 2, b: 0, shiftA: 0, shiftB: 1, lo: -24, hi: 36, layer: "sum" },
  ],
  blocks: [],
  outputs: [{ name: "y", nodes: [3] }],
};
const pipeline: Pipeline = { stages: [0, 0, 0, 1], latency: 2, interval: 1, clockMhz: 240 };

test("a layer is a module with registers where the clocks differ, the same text every time", () => {
  const files = emitSystemVerilog(netlist, pipeline);
  expect(files.map(({ path }) => path)).toEqual(["module__sum.sv", "module_.sv"]);
  expect(files[0].text).toBe(`// Layer sum of module
//   2 wires in, 1 out, clocks 0 to 1

\`default_nettype none
/* verilator lint_off UNUSEDSIGNAL */
module module__sum (
    input  logic              clk,
    input  logic signed [3:0] x_0,
    input  logic        [3:0] x_1,
    output logic signed [6:0] y_0
);

  // clock 0
  wire signed [5:0] s2 = 6'(x_0) + 6'(x_1);

  // clock 1
  logic signed [3:0] x_0_t1;
  logic signed [5:0] s2_t1;
  always_ff @(posedge clk) begin
    x_0_t1 <= x_0;
    s2_t1  <= s2;
  end
  assign y_0 = 7'(s2_t1) + (7'(x_0_t1) << 1);

endmodule
\`default_nettype wire
`);
  expect(emitSystemVerilog(netlist, pipeline)).toEqual(files);
});

test("wires have the names of their vectors; lanes that are left out have none", () => {
  const [{ text }] = emitSystemVerilog(netlist, pipeline, {
    vectors: new Map([["dense.sum", [-1, 2]]]),
  });
  expect(text).toContain("wire signed [5:0] dense_sum_1 = 6'(x_0) + 6'(x_1);");
});

test("an operand that is not there yet is a bug that is said", () => {
  expect(() => emitSystemVerilog(netlist, { ...pipeline, stages: [0, 0, 2, 1] })).toThrow(
    "emit: wire 2 of clock 2 is used in 1",
  );
});

test("vectors are packed lane by lane, lowest first", () => {
  const field = { node: null, fraction: 0, lo: 0, hi: 0 };
  const bus = (name: string) => ({
    name,
    width: 9,
    fields: [
      { ...field, label: "a", low: 0, width: 5, signed: true },
      { ...field, label: "b", low: 5, width: 4, signed: false },
    ],
  });
  const data = { p: [-1, 3, 2, 0], q: [0, 8, -16, 1] };
  const word = (a: number, b: number) => (a & 31) | (b << 5);
  const expected = [word(-1, 3) | (word(0, 8) << 9), word(2, 0) | (word(-16, 1) << 9)];
  expect(packVectors([bus("p"), bus("q")], data)).toEqual({
    text: expected.map((n) => `${n.toString(16).padStart(5, "0")}\n`).join(""),
    n: 2,
  });
  expect(() => packVectors([bus("p")], { p: [1, 2, 3] })).toThrow(
    '"p" needs [n, 2] integers, got 3',
  );
});

test("a word needs a field for every input, within its bits", () => {
  const word = (lowBit: number) => ({
    name: "muon",
    width: 16,
    about: "a word",
    fields: [
      { label: "x_0", lowBit: 0, width: 4, signed: true },
      { label: "x_1", lowBit, width: 6, signed: false },
    ],
  });
  const { text } = emitWordTop(netlist, pipeline, word(4));
  expect(text).toContain("wire        [5:0] x_1_bits = muon[9:4];");
  expect(text).toContain("assign x[7:4] = x_1_bits > 6'd15 ? 4'd15 : 4'(x_1_bits);");
  expect(() => emitWordTop(netlist, pipeline, word(11))).toThrow("x_1 takes bits 11 to 16 of 16");
  expect(() => emitWordTop(netlist, pipeline, { ...word(4), fields: [] })).toThrow(
    "no field for the input x_0",
  );
});
