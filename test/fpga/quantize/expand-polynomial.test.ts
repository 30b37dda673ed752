import { describe, expect, it } from "vitest";
import type { FloatNetwork, FloatNode } from "../../../src/fpga/network.ts";
import { evaluateNetwork } from "../../../src/fpga/onnx/index.ts";
import {
  calibrate,
  compareWithFloat,
  lowerNetwork,
  planUniform,
  totalEbops,
} from "../../../src/fpga/quantize/index.ts";
import { affine, muonLanes, muonSample, network, randomWeights, sample } from "./networks.ts";

/** Products that raise a vector "k" to a power: squares of squares, then what is left. */
function powerNodes(power: number): FloatNode[] {
  const nodes: FloatNode[] = [];
  const product = (a: string, b: string, output: string) => {
    nodes.push({ op: "multiply", a, b, output, layer: "power" });
    return output;
  };
  const raised = (n: number): string => {
    if (n === 1) return "k";
    const half = raised(Math.floor(n / 2));
    const square = product(half, half, `square${n}`);
    return n % 2 === 0 ? square : product(square, "k", `power${n}`);
  };
  raised(power);
  return nodes;
}

const columns = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Sums of alpha (c x + offset)^power beside lanes that pass by, as Falkon models are imported. */
function falkon(
  lanes: number | readonly (readonly [number, number])[],
  {
    power,
    offset,
    centers,
    alpha,
  }: { power: number; offset: number; centers: number; alpha: number },
): FloatNetwork {
  const d = typeof lanes === "number" ? lanes : lanes.length;
  const scales =
    typeof lanes === "number" ? columns(d).map(() => 1) : [1 / 150, 1 / 300, 1 / 150, 1];
  const c = randomWeights(centers, d, 11).map((row) => row.map((w, j) => 0.5 * w * scales[j]));
  const powers = powerNodes(power);
  const from = powers[powers.length - 1].output;
  const alphas = randomWeights(2, centers, 12).map((row) => [0.3, ...row.map((w) => alpha * w)]);
  return network(lanes, [
    affine(
      "k",
      "x",
      c,
      columns(centers).map((j) => offset + (j % 3) * offset * 0.1),
    ),
    ...powers,
    {
      op: "pick",
      inputs: ["x", from],
      lanes: [[0, 1], ...columns(centers).map((j) => [1, j] as const)],
      output: "all",
      layer: "alpha",
    },
    affine("y", "all", alphas, [0.5, -1]),
  ]);
}

/** Vectors of the network that a calibration sample makes of one, and its results. */
function expanded(net: FloatNetwork, x: Float64Array) {
  const calibration = calibrate(net, { x });
  const given = evaluateNetwork(net, { x }).y;
  const made = evaluateNetwork(calibration.network, { x }).y;
  const largest = given.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const difference = given.reduce((most, v, i) => Math.max(most, Math.abs(v - made[i])), 0);
  const names = calibration.network.nodes.map((node) => node.output);
  return { calibration, names, relative: difference / largest };
}

/** Every second kernel a neighbor of the one before it, with the opposite alpha. */
function withTwins(node: FloatNode): FloatNode {
  if (node.op !== "affine") return node;
  const { weights, columns: width } = node;
  return {
    ...node,
    bias: node.output === "k" ? node.bias.map((_, j) => node.bias[j - (j % 2)]) : node.bias,
    weights: weights.map((weight, i) => {
      const column = i % width;
      const row = (i - column) / width;
      if (node.output === "k") return row % 2 === 1 ? 1.0001 * weights[i - width] : weight;
      return column > 0 && column % 2 === 0 ? -weights[i - 1] : weight;
    }),
  };
}

describe("a sum of powers", () => {
  for (const power of [2, 3, 4, 5])
    for (const offset of [0, 1.3])
      it(`of degree ${power} with offset ${offset} is the polynomial written out`, () => {
        const net = falkon(muonLanes, { power, offset, centers: 40, alpha: 1 });
        const { names, relative } = expanded(net, muonSample(300, 5));
        expect(names).not.toContain("k");
        expect(names).toContain(`y_t${power}`);
        expect(relative).toBeLessThan(1e-11);
      });

  it("of numbers that are not whole is written out as well", () => {
    const net = falkon(3, { power: 3, offset: 1, centers: 30, alpha: 1 });
    const { names, relative } = expanded(net, sample(300, 3, 6));
    expect(names).not.toContain("k");
    expect(relative).toBeLessThan(1e-12);
  });

  it("makes each product once, and none of a charge with itself", () => {
    const net = falkon(muonLanes, { power: 3, offset: 1, centers: 40, alpha: 1 });
    const { calibration } = expanded(net, muonSample(300, 5));
    // 3 variables to degree 3: 19 products; times the charge, to degree 2: 10
    const products = calibration.network.nodes.find((node) => node.output === "y_x2");
    const all = [...calibration.values].filter(([name]) => /^y_(t\d|x\d)$/.test(name));
    expect(products?.op).toBe("multiply");
    expect(all.reduce((n, [, lanes]) => n + lanes.length, 0)).toBe(29);
  });

  it("stays as it is where fewer kernels than products are left", () => {
    const net = falkon(8, { power: 4, offset: 1, centers: 3, alpha: 1 });
    expect(expanded(net, sample(100, 8, 7)).names).toContain("k");
  });

  it("of single lanes stays as it is", () => {
    const identity = columns(3).map((i) => columns(3).map((j) => (i === j ? 0.5 : 0)));
    const net = network(3, [
      affine("k", "x", identity, [0.1, 0.2, 0.3]),
      ...powerNodes(2),
      affine("y", "square2", [[1, 2, 3]], [0]),
    ]);
    expect(expanded(net, sample(100, 3, 8)).names).toContain("k");
  });

  it("whose terms cancel stays within 3 percent of its spread at 12 bits, for a tenth of the bits", () => {
    const net = falkon(muonLanes, { power: 4, offset: 1.3, centers: 60, alpha: 1e4 });
    const twins = { ...net, nodes: net.nodes.map(withTwins) };
    const x = muonSample(2000, 9);
    const calibration = calibrate(twins, { x });
    const program = lowerNetwork(
      twins,
      planUniform(twins, calibration, { bits: 12, steps: { y: 2 ** -8 } }),
    );
    const [{ rms }] = compareWithFloat(twins, program, { x });
    // without the lane that passes by
    const sums = evaluateNetwork(twins, { x }).y.map((y, i) => y - 0.3 * x[4 * (i >> 1) + 1]);
    const first = sums.filter((_, i) => i % 2 === 0);
    const mean = first.reduce((a, b) => a + b, 0) / first.length;
    const spread = Math.sqrt(first.reduce((a, b) => a + (b - mean) ** 2, 0) / first.length);
    expect(rms / spread).toBeLessThan(3e-2);
    expect(rms).toBeGreaterThan(0);
    // the kernels themselves take 128,278
    expect(totalEbops(program)).toBeLessThan(13_000);
  });
});
