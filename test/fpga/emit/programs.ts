import { createRng } from "../../../src/base/rng.ts";
import { type FixedFormat, overflows, roundings } from "../../../src/fpga/format.ts";
import type { AffineOp, FixedOp, FixedProgram, Strategy } from "../../../src/fpga/program.ts";

/** Random integers in [-2^(bits-1), 2^(bits-1)). */
export function randomWeights(n: number, bits: number, seed: string): Int32Array {
  const rng = createRng(seed);
  return Int32Array.from({ length: n }, () => rng.integer(2 ** bits) - 2 ** (bits - 1));
}

/** A product with random integers. */
export function dense(
  layer: string,
  input: string,
  [columns, rows]: readonly [number, number],
  { bits = 6, gather = null }: { bits?: number; gather?: Int32Array | null } = {},
): AffineOp & { output: string; layer: string } {
  return {
    op: "affine",
    input,
    output: `${layer}.sum`,
    layer,
    rows,
    columns,
    weights: randomWeights(rows * columns, bits, layer),
    weightFraction: Array.from({ length: rows }, () => bits - 1),
    bias: [...randomWeights(rows, bits + 3, `${layer} bias`)],
    gather,
    accumulator: null,
  };
}

export const quantize = (
  layer: string,
  input: string,
  output: string,
  ...formats: FixedFormat[]
): FixedOp => ({ op: "quantize", input, formats, output, layer });

/** Every rounding with every overflow on lanes that drop, keep and add bits, signed and not. */
export function castProgram(): FixedProgram {
  const widths = [
    { signed: true, width: 4, integer: 2 },
    { signed: false, width: 3, integer: 2 },
    { signed: true, width: 5, integer: -1 },
    { signed: true, width: 3, integer: 6 },
    { signed: false, width: 14, integer: 8 },
    { signed: true, width: 1, integer: 1 },
    { signed: true, width: 0, integer: 0 },
  ];
  const formats = roundings.flatMap((rounding) =>
    overflows.flatMap((overflow) => widths.map((format) => ({ ...format, rounding, overflow }))),
  );
  // two inputs: 8 bits with sign, 7 without, both with 4 bits behind the point
  const lanes = formats.map((_, i) => [i % 2, 0] as const);
  return {
    name: "casts",
    inputs: [
      { name: "s", labels: ["s"], lanes: [{ fraction: 4, lo: -128, hi: 127 }] },
      { name: "u", labels: ["u"], lanes: [{ fraction: 4, lo: 0, hi: 100 }] },
    ],
    ops: [
      { op: "pick", inputs: ["s", "u"], lanes, output: "all", layer: "pick" },
      { op: "pick", inputs: ["u", "s"], lanes, output: "others", layer: "pick" },
      quantize("casts", "all", "cast", ...formats),
      quantize("casts", "others", "recast", ...formats),
    ],
    outputs: [
      { name: "first", from: "cast", unit: 1, physical: null },
      { name: "second", from: "recast", unit: 1, physical: null },
    ],
    strategies: {},
  };
}

/** Every kind of operation at least once, over two inputs with lanes of different formats. */
export function everyOp(): FixedProgram {
  const sixBits = { signed: true, width: 6, integer: 3, rounding: "RND", overflow: "SAT" } as const;
  const accumulators = {
    wrap: { signed: true, width: 9, integer: 5, rounding: "TRN", overflow: "WRAP" },
    sat: { signed: true, width: 8, integer: 5, rounding: "RND_CONV", overflow: "SAT" },
  } as const;
  const gather = Int32Array.from([0, 1, 2, 1, 2, 3, -1, 3, 4]);
  const ops: FixedOp[] = [
    dense("exact", "x", [5, 4]),
    { ...dense("wrapping", "x", [5, 2]), accumulator: accumulators.wrap },
    { ...dense("saturating", "x", [5, 2]), accumulator: accumulators.sat },
    dense("conv", "x", [3, 2], { gather }),
    { ...dense("conv.sat", "x", [3, 2], { gather }), accumulator: accumulators.sat },
    dense("dsp", "x", [5, 3]),
    quantize("exact", "exact.sum", "q", sixBits),
    { op: "relu", input: "q", output: "relu", layer: "exact" },
    { op: "pick", inputs: ["x", "q"], lanes: [[0, 4], [1, 3], [1, 0], [0, 0]], output: "mixed", layer: "mix" }, // biome-ignore format: one line
    { op: "add", a: "q", b: "mixed", output: "add", layer: "binary" },
    { op: "sub", a: "mixed", b: "q", output: "sub", layer: "binary" },
    { op: "multiply", a: "mixed", b: "q", output: "multiply", layer: "binary" },
    { op: "multiply", a: "q", b: "q", output: "square", layer: "binary" },
    { op: "maximum", a: "mixed", b: "q", output: "maximum", layer: "binary" },
    { op: "less", a: "mixed", b: "q", output: "less", layer: "compare" },
    { op: "select", condition: "less", a: "mixed", b: "q", output: "select", layer: "compare" },
    { op: "clamp", input: "q", lo: -7, hi: 12, output: "clamp", layer: "compare" },
    { op: "rescale", input: "q", by: [1, -2, 0, 5], output: "rescale", layer: "compare" },
    { op: "constant", values: [3, -100, 0, 7], fraction: 2, output: "constant", layer: "compare" },
    { op: "add", a: "rescale", b: "constant", output: "rescaled", layer: "compare" },
    { op: "modulo", input: "turn", period: 576, output: "modulo", layer: "turn" },
    {
      op: "table",
      input: "q",
      first: -32,
      values: Int32Array.from({ length: 64 }, (_, i) => Math.round(50 * Math.exp((i - 40) / 10))),
      fraction: 4,
      label: "exp",
      output: "table",
      layer: "table",
    },
    { op: "max", input: "mixed", output: "max", layer: "reduce" },
    { op: "argmax", input: "mixed", output: "argmax", layer: "reduce" },
    { op: "argmax", input: "relu", output: "argmax.relu", layer: "reduce" },
    quantize("sums", "saturating.sum", "narrow", { ...sixBits, overflow: "WRAP" }),
  ];
  const outputs = [
    "exact.sum", "wrapping.sum", "saturating.sum", "conv.sum", "conv.sat.sum", "dsp.sum", "relu",
    "mixed", "add", "sub", "multiply", "square", "maximum", "less", "select", "clamp", "rescaled",
    "constant", "modulo", "table", "max", "argmax", "argmax.relu", "narrow",
  ]; // biome-ignore format: a list
  return {
    name: "every_op",
    inputs: [
      {
        name: "x",
        labels: ["a", "b", "wire", "d_t1", "s7"],
        lanes: [
          { fraction: 2, lo: -16, hi: 15 },
          { fraction: 2, lo: 0, hi: 31 },
          { fraction: 0, lo: -3, hi: 8 },
          { fraction: 3, lo: -64, hi: 63 },
          { fraction: 1, lo: 5, hi: 20 },
        ],
      },
      { name: "turn", labels: ["phi", "psi"], lanes: [{ fraction: 0, lo: -570, hi: 1100 }, { fraction: 0, lo: 0, hi: 800 }] }, // biome-ignore format: short
    ],
    ops,
    outputs: outputs.map((from) => ({
      name: `out_${from.replaceAll(".", "_")}`,
      from,
      unit: 1,
      physical: null,
    })),
    strategies: { dsp: { kind: "multipliers" } },
  };
}

/** Two products with a cast between, by the strategies given. */
export function twoLayers(
  strategies: Readonly<Record<string, Strategy>>,
  name = "two_layers",
  hidden = 7,
): FixedProgram {
  const inner = { signed: true, width: 7, integer: 4, rounding: "RND", overflow: "SAT" } as const;
  return {
    name,
    inputs: [
      {
        name: "x",
        labels: ["x0", "x1", "x2", "x3", "x4"],
        lanes: Array.from({ length: 5 }, (_, i) => ({ fraction: 2, lo: i < 2 ? 0 : -30, hi: 40 })),
      },
    ],
    ops: [
      dense("first", "x", [5, hidden]),
      quantize("first", "first.sum", "h", inner),
      dense("second", "h", [hidden, 3]),
      { op: "add", a: "second.sum", b: "x0", output: "y", layer: "tail" },
    ].toSpliced(3, 0, {
      op: "pick",
      inputs: ["x"],
      lanes: [[0, 0]],
      output: "x0",
      layer: "tail",
    }) as FixedOp[],
    outputs: [{ name: "y", from: "y", unit: 1, physical: null }],
    strategies,
  };
}
