import { createRng } from "../../../src/base/rng.ts";
import type { FixedFormat } from "../../../src/fpga/format.ts";
import type { FloatNetwork, FloatNode } from "../../../src/fpga/network.ts";

/** A product with given weights [rows, columns]. */
export const affine = (
  output: string,
  input: string,
  weights: readonly (readonly number[])[],
  bias: readonly number[],
  weightFormats: readonly FixedFormat[] | null = null,
): FloatNode => ({
  op: "affine",
  input,
  rows: weights.length,
  columns: weights[0].length,
  weights: Float64Array.from(weights.flat()),
  bias: Float64Array.from(bias),
  gather: null,
  weightFormats,
  biasFormats: null,
  output,
  layer: output,
});

export const activation = (
  output: string,
  input: string,
  kind: (FloatNode & { op: "activation" })["kind"],
  alpha = 0,
  beta = 0,
): FloatNode => ({ op: "activation", input, kind, alpha, beta, output, layer: output });

/** A network of one input; whole numbers where `ranges` are given. */
export const network = (
  lanes: number | readonly (readonly [number, number])[],
  nodes: readonly FloatNode[],
  from = nodes[nodes.length - 1].output,
): FloatNetwork => {
  const ranges = typeof lanes === "number" ? new Array<null>(lanes).fill(null) : lanes;
  return {
    name: "test",
    inputs: [
      {
        name: "x",
        labels: ranges.map((_, i) => `x${i}`),
        ranges,
        isInteger: ranges.map((range) => range !== null),
      },
    ],
    nodes,
    outputs: [{ name: "y", from, physical: null }],
  };
};

/** Normal numbers [n]; whole ones in ranges. */
export function sample(
  rows: number,
  lanes: number | readonly (readonly [number, number])[],
  seed: number,
): Float64Array {
  const rng = createRng(seed);
  if (typeof lanes === "number")
    return Float64Array.from({ length: rows * lanes }, () => rng.normal());
  return Float64Array.from({ length: rows * lanes.length }, (_, i) => {
    const [lo, hi] = lanes[i % lanes.length];
    return lo + rng.integer(hi - lo + 1);
  });
}

/** He-initialized weights [rows][columns]. */
export function randomWeights(rows: number, columns: number, seed: number): number[][] {
  const rng = createRng(seed);
  return Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => rng.normal() * Math.sqrt(2 / columns)),
  );
}

export const zeros = (n: number): number[] => new Array(n).fill(0);

const muonRanges = [
  [0, 511],
  [0, 575],
  [-256, 255],
  [0, 1],
] as const;

/** Ports of the muon model: hwPt, hwPhi, hwEta, hwSign. */
export const muonLanes: readonly (readonly [number, number])[] = muonRanges;

/** Muons of a falling spectrum, hardware integers [rows, 4]. */
export function muonSample(rows: number, seed: number): Float64Array {
  const rng = createRng(seed);
  return Float64Array.from({ length: rows * 4 }, (_, i) => {
    if (i % 4 === 0) return Math.min(511, 8 + Math.floor(rng.exponential() * 25));
    const [lo, hi] = muonRanges[i % 4];
    return lo + rng.integer(hi - lo + 1);
  });
}

/** A network like the muon recalibration: phi wraps, eta is corrected, pt is multiplied by exp. */
export function muonNetwork(seed: number): FloatNetwork {
  const unit = (2 * Math.PI) / 576;
  const scales = [1 / 20, 1 / 170, 1 / 120, 1];
  const first = randomWeights(16, 4, seed).map((row) => row.map((w, j) => w * scales[j]));
  const bias = first.map((row) => -(row[1] * 288 + row[3] * 0.5 + row[0] * 25));
  const last = randomWeights(3, 16, seed + 2);
  const pick = (output: string, lanes: readonly (readonly [number, number])[], from: string) =>
    ({ op: "pick", inputs: ["x", from], lanes, output, layer: "out" }) as const;
  const hidden = Array.from({ length: 16 }, (_, i) => [1, i] as const);
  const nodes: FloatNode[] = [
    affine("a", "x", first, bias),
    activation("h", "a", "relu"),
    affine("b", "h", randomWeights(16, 16, seed + 1), zeros(16)),
    activation("g", "b", "relu"),
    pick("phiIn", [[0, 1], ...hidden], "g"),
    affine("phi", "phiIn", [[unit, ...last[0].map((w) => 0.2 * w)]], [0.01]),
    { op: "modulo", input: "phi", period: 2 * Math.PI, output: "wrapped", layer: "out" },
    pick("etaIn", [[0, 2], ...hidden], "g"),
    affine("eta", "etaIn", [[0.010875, ...last[1].map((w) => 0.01 * w)]], [0.001]),
    affine("logScale", "g", [last[2].map((w) => 0.1 * w)], [-0.7]),
    activation("scale", "logScale", "exp"),
    pick("hwPt", [[0, 0]], "g"),
    { op: "multiply", a: "hwPt", b: "scale", output: "pt", layer: "out" },
  ];
  const { inputs } = network(muonLanes, nodes);
  return {
    name: "muons",
    inputs,
    nodes,
    outputs: [
      { name: "phi", from: "wrapped", physical: "rad" },
      { name: "eta", from: "eta", physical: null },
      { name: "pt", from: "pt", physical: "GeV" },
    ],
  };
}
