import { type FixedFormat, fixed, ufixed } from "../../../src/fpga/format.ts";
import type { FixedOp, FixedProgram, ProgramInput, Strategy } from "../../../src/fpga/program.ts";
import { dense, quantize } from "./programs.ts";

/** Models of the trigger's size with random weights. */

/** A muon as Level 1 has it. */
export const muons: ProgramInput = {
  name: "muons",
  labels: ["hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1"],
  lanes: [
    { fraction: 0, lo: 0, hi: 511 },
    { fraction: 0, lo: 0, hi: 575 },
    { fraction: 0, lo: -256, hi: 255 },
    { fraction: 0, lo: 0, hi: 1 },
  ],
};

const inputs = (n: number, format: FixedFormat): ProgramInput => {
  const hi = 2 ** (format.width - 1);
  const lane = { fraction: format.width - format.integer, lo: -hi, hi: hi - 1 };
  return {
    name: "x",
    labels: Array.from({ length: n }, (_, i) => `x${i}`),
    lanes: Array.from({ length: n }, () => lane),
  };
};

/** Dense layers with casts and ReLU between; the last one is left without ReLU. */
function layers(
  from: string,
  sizes: readonly number[],
  { bits, hidden, last }: { bits: number; hidden: FixedFormat; last: FixedFormat },
): FixedOp[] {
  return sizes.slice(1).flatMap((rows, i) => {
    const layer = `dense${i + 1}`;
    const isLast = i === sizes.length - 2;
    const product = dense(layer, i === 0 ? from : `dense${i}`, [sizes[i], rows], { bits });
    if (isLast) return [product, quantize(layer, `${layer}.sum`, layer, last)];
    return [
      product,
      { op: "relu", input: `${layer}.sum`, output: `${layer}.relu`, layer } as FixedOp,
      quantize(layer, `${layer}.relu`, layer, hidden),
    ];
  });
}

/** exp over 8 bits with 6 behind the point, as factors with 10. */
const expTable = (layer: string, input: string, output: string): FixedOp[] => [
  quantize(layer, input, `${output}.n`, fixed(8, 2, "RND", "SAT")),
  {
    op: "table",
    input: `${output}.n`,
    first: -128,
    values: Int32Array.from({ length: 256 }, (_, i) => Math.round(1024 * Math.exp((i - 128) / 64))),
    fraction: 10,
    label: "exp",
    output,
    layer,
  },
];

const pick = (layer: string, output: string, ...lanes: [string, number][]): FixedOp => {
  const names = [...new Set(lanes.map(([input]) => input))];
  return {
    op: "pick",
    inputs: names,
    lanes: lanes.map(([input, lane]) => [names.indexOf(input), lane] as const),
    output,
    layer,
  };
};

/** Corrections of phi (in a full turn), eta and pt by a network of depth x width. */
export function muonProgram(
  [width, depth]: readonly [number, number],
  { strategies = {}, bits = 6 }: { strategies?: Record<string, Strategy>; bits?: number } = {},
): FixedProgram {
  const sizes = [4, ...Array.from({ length: depth }, () => width), 3];
  const last = `dense${depth + 1}`;
  const out = (name: string, from: string, physical: string | null, unit: number) => ({ name, from, physical, unit }); // biome-ignore format: short
  return {
    name: `muon${width}x${depth}`,
    inputs: [muons],
    ops: [
      { op: "rescale", input: "muons", by: [8, 9, 8, 0], output: "scaled", layer: "scale" },
      quantize("scale", "scaled", "in", fixed(8, 2), ufixed(8, 1), fixed(8, 1), ufixed(1, 1)),
      ...layers("in", sizes, {
        bits,
        hidden: ufixed(7, 3, "RND", "SAT"),
        last: fixed(10, 4, "RND", "SAT"),
      }),
      pick("outputs", "phi", ["muons", 1]),
      pick("outputs", "phi.shift", [last, 0]),
      { op: "sub", a: "phi", b: "phi.shift", output: "phi.open", layer: "outputs" },
      { op: "modulo", input: "phi.open", period: 576 * 64, output: "phiCalib", layer: "outputs" },
      pick("outputs", "eta", ["muons", 2]),
      pick("outputs", "eta.shift", [last, 1]),
      { op: "sub", a: "eta", b: "eta.shift", output: "etaCalib", layer: "outputs" },
      pick("outputs", "pt", ["muons", 0]),
      pick("outputs", "pt.log", [last, 2]),
      ...expTable("outputs", "pt.log", "factor"),
      { op: "multiply", a: "pt", b: "factor", output: "ptCalib", layer: "outputs" },
    ],
    outputs: [
      out("phiCalib", "phiCalib", "rad", (2 * Math.PI) / 576),
      out("etaCalib", "etaCalib", null, 0.010875),
      out("ptCalib", "ptCalib", "GeV", 0.5),
    ],
    strategies,
  };
}

/** Sum over centers of alpha exp(-|x - c|^2) for three outputs, or only linear terms. */
export function kernelProgram(centers: number): FixedProgram {
  const ops: FixedOp[] = [
    { op: "rescale", input: "muons", by: [8, 9, 8, 0], output: "scaled", layer: "scale" },
    quantize("scale", "scaled", "in", fixed(8, 2), ufixed(8, 1), fixed(8, 1), ufixed(1, 1)),
  ];
  if (centers === 0) ops.push(dense("linear", "in", [4, 3], { bits: 10 }));
  // |x - c|^2 = |x|^2 - 2 x.c + |c|^2
  else
    ops.push(
      { op: "multiply", a: "in", b: "in", output: "squares", layer: "distance" },
      { ...dense("norm", "squares", [4, 1]), weights: new Int32Array(4).fill(-1), weightFraction: [0], bias: [0] }, // biome-ignore format: short
      dense("cross", "in", [4, centers], { bits: 8 }),
      { op: "add", a: "cross.sum", b: "norm.sum", output: "distance", layer: "distance" },
      ...expTable("kernel", "distance", "kernel"),
      dense("alpha", "kernel", [centers, 3], { bits: 9 }),
    );
  const sum = centers === 0 ? "linear.sum" : "alpha.sum";
  ops.push(quantize("outputs", sum, "y", fixed(14, 6, "RND", "SAT")));
  return {
    name: centers === 0 ? "falkon_linear" : `falkon_gaussian${centers}`,
    inputs: [muons],
    ops,
    outputs: [{ name: "y", from: "y", unit: 1, physical: null }],
    strategies: {},
  };
}

/** 57-32-16-8 and the sum of squares of the 8 means, with the formats of AXOL1TL v3. */
export function anomalyProgram(): FixedProgram {
  const mu = fixed(10, 7, "RND_CONV", "SAT");
  return {
    name: "anomaly",
    inputs: [inputs(57, fixed(8, 6))],
    ops: [
      ...layers("x", [57, 32, 16, 8], {
        bits: 6,
        hidden: ufixed(10, 6, "RND_CONV", "SAT"),
        last: mu,
      }),
      { op: "multiply", a: "dense3", b: "dense3", output: "squares", layer: "score" },
      { ...dense("score", "squares", [8, 1]), weights: new Int32Array(8).fill(1), weightFraction: [0], bias: [0] }, // biome-ignore format: short
      quantize("score", "score.sum", "score", ufixed(18, 14, "RND", "SAT")),
    ],
    outputs: [{ name: "score", from: "score", unit: 1, physical: null }],
    strategies: {},
  };
}

/** The jet tagger 16-64-32-32-5 with softmax by tables, and the class. */
export function jetProgram(): FixedProgram {
  const hidden = ufixed(7, 3, "RND", "SAT");
  return {
    name: "jets",
    inputs: [inputs(16, fixed(8, 3))],
    ops: [
      ...layers("x", [16, 64, 32, 32, 5], { bits: 6, hidden, last: fixed(10, 5, "RND", "SAT") }),
      { op: "max", input: "dense4", output: "largest", layer: "softmax" },
      { op: "sub", a: "dense4", b: "largest", output: "below", layer: "softmax" },
      ...expTable("softmax", "below", "exp"),
      { ...dense("softmax.sum", "exp", [5, 1]), weights: new Int32Array(5).fill(1), weightFraction: [0], bias: [0], layer: "softmax" }, // biome-ignore format: short
      quantize("softmax", "softmax.sum.sum", "total", ufixed(9, 4, "RND", "SAT")),
      {
        op: "table",
        input: "total",
        first: 0,
        values: Int32Array.from({ length: 512 }, (_, i) => Math.round(2 ** 15 / Math.max(i, 16))),
        fraction: 10,
        label: "1/x",
        output: "reciprocal",
        layer: "softmax",
      },
      { op: "multiply", a: "exp", b: "reciprocal", output: "product", layer: "softmax" },
      quantize("softmax", "product", "probabilities", ufixed(10, 0, "RND", "SAT")),
      { op: "argmax", input: "dense4", output: "class", layer: "class" },
    ],
    outputs: [
      { name: "probabilities", from: "probabilities", unit: 1, physical: null },
      { name: "best", from: "class", unit: 1, physical: null },
    ],
    strategies: {},
  };
}

/** 8 x 8 pixels, 3 filters of 3 x 3 at every second place, dense to 4. */
export function convolutionProgram(): FixedProgram {
  const [side, filter, step] = [8, 3, 2];
  const gather: number[] = [];
  for (let y = 0; y < side; y += step)
    for (let x = 0; x < side; x += step)
      for (let dy = 0; dy < filter; dy++)
        for (let dx = 0; dx < filter; dx++)
          gather.push(y + dy < side && x + dx < side ? (y + dy) * side + x + dx : -1);
  const rows = 3 * (gather.length / 9);
  return {
    name: "conv2d",
    inputs: [inputs(side * side, fixed(6, 3))],
    ops: [
      dense("conv", "x", [9, 3], { bits: 5, gather: Int32Array.from(gather) }),
      { op: "relu", input: "conv.sum", output: "conv.relu", layer: "conv" },
      quantize("conv", "conv.relu", "conv", ufixed(6, 4, "RND", "SAT")),
      dense("dense", "conv", [rows, 4], { bits: 5 }),
      quantize("dense", "dense.sum", "y", fixed(10, 6, "RND", "SAT")),
    ],
    outputs: [{ name: "y", from: "y", unit: 1, physical: null }],
    strategies: {},
  };
}

/** Every hidden layer of the 128 x 4 network over so many clocks. */
export const serialized = (depth: number, reuse: number): Record<string, Strategy> =>
  Object.fromEntries(
    Array.from({ length: depth + 1 }, (_, i) => [`dense${i + 1}`, { kind: "serial", reuse }]),
  );
