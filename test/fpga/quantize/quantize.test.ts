import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { type FixedFormat, fixed, fractionOf, ufixed } from "../../../src/fpga/format.ts";
import { castReal, inferLanes } from "../../../src/fpga/interpret/index.ts";
import type { FloatNetwork, FloatNode } from "../../../src/fpga/network.ts";
import { evaluateNetwork } from "../../../src/fpga/onnx/index.ts";
import {
  calibrate,
  compareWithFloat,
  correctBiases,
  lowerNetwork,
  planForBudget,
  planUniform,
  prepare,
  spanBits,
  totalEbops,
  type UniformOptions,
} from "../../../src/fpga/quantize/index.ts";
import {
  activation,
  affine,
  muonNetwork,
  muonSample,
  network,
  randomWeights,
  sample,
  zeros,
} from "./networks.ts";

/** Differences to float64 of a uniform plan, on the sample it was chosen on. */
function differences(net: FloatNetwork, inputs: Float64Array, options: UniformOptions) {
  const calibration = calibrate(net, { x: inputs });
  const program = lowerNetwork(net, planUniform(net, calibration, options));
  return compareWithFloat(net, program, { x: inputs });
}

const mlp = (): FloatNetwork =>
  network(3, [
    affine("a", "x", randomWeights(12, 3, 1), sample(1, 12, 2) as unknown as number[]),
    activation("h", "a", "relu"),
    affine("y", "h", randomWeights(2, 12, 3), [0.3, -0.2]),
  ]);

/** Numbers on the grid of 16-bit ports, so that the ports themselves round nothing. */
const gridSample = (rows: number, lanes: number, seed: number) =>
  sample(rows, lanes, seed).map((v) => Math.round(v * 256) / 256);

describe("a uniform plan", () => {
  it("gives the float result within 1e-5 where formats are 24 bits wide", () => {
    const [{ largest }] = differences(mlp(), gridSample(500, 3, 4), { bits: 24 });
    expect(largest).toBeLessThan(1e-5);
    expect(largest).toBeGreaterThan(0);
  });

  it("takes the remainder of lanes of very different ranges", () => {
    const scales = [0.4, 0.04, 0.004]; // within one period of the first
    const inputs = gridSample(500, 3, 6).map((v, i) => v * scales[i % 3]);
    const net = network(3, [{ op: "modulo", input: "x", period: 2, output: "y", layer: "y" }]);
    const [{ rms, spread }] = differences(net, inputs, { bits: 16 });
    expect(rms / spread).toBeLessThan(1e-3);
  });

  it("halves the error with every bit", () => {
    const errors = [6, 8, 10, 12].map(
      (bits) => differences(mlp(), gridSample(800, 3, 4), { bits })[0].rms,
    );
    for (let i = 1; i < errors.length; i++) {
      expect(errors[i - 1] / errors[i]).toBeGreaterThan(2);
      expect(errors[i - 1] / errors[i]).toBeLessThan(8);
    }
  });

  it("stays within what its steps predict", () => {
    // one product: weights err by step / sqrt 12 each, the output by its own step
    const net = network([[-128, 127]], [affine("y", "x", [[0.7], [-0.3]], [0.1, 0])]);
    const x = sample(400, [[-128, 127]], 5);
    const [{ rms, step }] = differences(net, x, { bits: 8 });
    expect(rms).toBeLessThan(Math.hypot(step / Math.sqrt(12), (128 / Math.sqrt(3)) * 2 ** -8));
  });

  it("keeps weights that are on a grid as the small integers they are", () => {
    const net = network(
      [
        [0, 7],
        [0, 7],
      ],
      [affine("y", "x", [[0.5, -2]], [0])],
    );
    const calibration = calibrate(net, {
      x: sample(
        64,
        [
          [0, 7],
          [0, 7],
        ],
        1,
      ),
    });
    const { ops } = lowerNetwork(net, planUniform(net, calibration, { bits: 10 }));
    const product = ops.find((op) => op.op === "affine")!;
    if (product.op !== "affine") throw new TypeError("no product");
    expect(Array.from(product.weights).map(spanBits)).toEqual([1, 1]);
  });

  it("refuses formats that do not hold the sample and says what would do", () => {
    const net = mlp();
    const calibration = calibrate(net, { x: gridSample(200, 3, 4) });
    const narrow = { bits: 8, formats: { h: ufixed(8, -3, "RND", "SAT") } };
    expect(() => planUniform(net, calibration, narrow)).toThrow(
      /h: \d+ of 2400 values .* outside of ufixed<8,-3,RND,SAT>.* [1-4] integer bits would do/,
    );
  });

  it("refuses weights that are not numbers", () => {
    const net = network(1, [affine("y", "x", [[Number.NaN]], [0])]);
    expect(() => calibrate(net, { x: Float64Array.of(1) })).toThrow(/1 of 2 weights of y/);
  });

  it("refuses tables past 14 address bits", () => {
    const net = network(1, [activation("y", "x", "tanh")]);
    const calibration = calibrate(net, { x: sample(100, 1, 1) });
    expect(() => planUniform(net, calibration, { bits: 8, tableBits: 14 })).not.toThrow();
    const wide = { bits: 8, widths: { "y/address": 16 } };
    expect(() => planUniform(net, calibration, wide)).toThrow(/table of y would have 16 address/);
  });
});

describe("activations", () => {
  const kinds = [
    ["relu", 0, 0, 1e-4],
    ["leakyRelu", 0.125, 0, 1e-4],
    ["leakyRelu", 0.3, 0, 2e-3],
    ["leakyRelu", -0.5, 0, 1e-3],
    ["hardSigmoid", 0.25, 0.5, 1e-3],
    ["sigmoid", 0, 0, 1e-3],
    ["tanh", 0, 0, 2e-3],
    ["exp", 0, 0, 5e-3],
    ["softplus", 0, 0, 2e-3],
    ["identity", 0, 0, 1e-4],
  ] as const;
  it.each(kinds)(
    "%s with alpha %d, beta %d agree within a table's step",
    (kind, alpha, beta, tolerance) => {
      const net = network(2, [
        affine(
          "a",
          "x",
          [
            [1, 0.5],
            [-0.5, 1],
            [0.25, 0.25],
          ],
          [0.1, 0, -0.1],
        ),
        activation("y", "a", kind, alpha, beta),
      ]);
      const [{ rms }] = differences(net, gridSample(500, 2, 3), { bits: 14, tableBits: 12 });
      expect(rms).toBeLessThan(tolerance);
      expect(rms).toBeGreaterThan(0);
    },
  );

  it.each(["reciprocal", "sqrt"] as const)("%s agrees for positive numbers", (kind) => {
    const net = network(1, [activation("y", "x", kind)]);
    const x = sample(500, 1, 3).map((v) => Math.round(256 * (0.5 + Math.abs(v))) / 256);
    expect(differences(net, x, { bits: 14, tableBits: 12 })[0].rms).toBeLessThan(2e-3);
  });

  it("softmax sums to one and its largest lane is the argmax", () => {
    const logits = affine("a", "x", randomWeights(5, 3, 7), zeros(5));
    const soft: FloatNode = { op: "softmax", input: "a", output: "y", layer: "soft" };
    const [{ rms }] = differences(network(3, [logits, soft]), gridSample(500, 3, 3), { bits: 12 });
    expect(rms).toBeLessThan(2e-3);
    const best: FloatNode = { op: "argmax", input: "a", output: "y", layer: "best" };
    const net = network(3, [logits, best]);
    const [{ rms: wrong }] = differences(net, gridSample(500, 3, 3), { bits: 14 });
    expect(wrong).toBeLessThan(0.2); // near ties may fall the other way
  });
});

describe("a convolution", () => {
  it("shares weights over positions, zeros around the edge", () => {
    const conv = affine("a", "x", randomWeights(3, 3, 5), [0.1, 0, -0.1]) as FloatNode & {
      op: "affine";
    };
    const gather = Int32Array.from([-1, 0, 1, 0, 1, 2, 1, 2, 3, 2, 3, -1]); // 4 positions
    const net = network(4, [
      { ...conv, gather },
      activation("h", "a", "relu"),
      affine("y", "h", randomWeights(2, 12, 6), [0, 0]),
    ]);
    const runs = [8, 20].map((bits) => differences(net, gridSample(400, 4, 3), { bits })[0].rms);
    expect(runs[0]).toBeLessThan(0.03);
    expect(runs[1]).toBeLessThan(2e-5);
  });
});

describe("prescribed formats", () => {
  it("are obeyed bit by bit", () => {
    const weights = fixed(6, 2, "RND_CONV", "SAT");
    const grid = (v: number) => castReal(v, weights).integer / 2 ** fractionOf(weights);
    const w = randomWeights(4, 3, 9).map((row) => row.map(grid));
    const activations: FixedFormat = ufixed(5, 2, "RND_CONV", "SAT");
    const incoming = fixed(8, 3, "RND", "SAT");
    const net = network(3, [
      { op: "quantize", input: "x", formats: [incoming], output: "q", layer: "q" },
      affine("a", "q", w, [0.5, 0, 0, -0.25], [weights]),
      activation("h", "a", "relu"),
      { op: "quantize", input: "h", formats: [activations], output: "g", layer: "g" },
      affine("y", "g", [w[0].concat(w[1][0])], [0], [weights]),
    ]);
    const x = gridSample(500, 3, 3);
    const calibration = calibrate(net, { x });
    // 18 fraction bits: the output itself rounds nothing
    const plan = planUniform(net, calibration, { bits: 8, steps: { y: 2 ** -18 } });
    const [{ largest }] = compareWithFloat(net, lowerNetwork(net, plan), { x });
    expect(largest).toBe(0);
  });
});

describe("a network like the muon recalibration", () => {
  const net = muonNetwork(11);
  const x = muonSample(1500, 12);

  it("passes hardware integers through and keeps their units", () => {
    const prepared = prepare(net);
    expect(prepare(prepared)).toEqual(prepared);
    expect(evaluateNetwork(prepared, { x }).eta[7]).toBeCloseTo(
      evaluateNetwork(net, { x }).eta[7],
      9,
    );
    const program = lowerNetwork(net, planUniform(net, calibrate(net, { x }), { bits: 8 }));
    const units = Object.fromEntries(program.outputs.map(({ name, unit }) => [name, unit]));
    expect(units.phi).toBeCloseTo((2 * Math.PI) / 576, 12);
    expect(units.eta).toBeCloseTo(0.010875, 12);
    const modulo = program.ops.find((op) => op.op === "modulo")!;
    const lanes = inferLanes(program).get(modulo.output)!;
    if (modulo.op !== "modulo") throw new TypeError("no modulo");
    expect(modulo.period).toBe(576 * 2 ** lanes[0].fraction);
  });

  it("agrees better with every two bits, and at 12 far below the hardware's own steps", () => {
    const runs = [6, 8, 10, 12].map((bits) => differences(net, x, { bits }));
    for (let i = 1; i < runs.length; i++)
      runs[i].forEach(({ rms }, j) => {
        expect(rms).toBeLessThan(runs[i - 1][j].rms);
      });
    expect(runs[3][0].rms).toBeLessThan(2e-3);
    expect(runs[3][1].rms).toBeLessThan(2e-4);
  });

  it("gives outputs the steps asked for", () => {
    const plan = planUniform(net, calibrate(net, { x }), {
      bits: 8,
      steps: { phi: 0.002, eta: 0.001 },
    });
    const program = lowerNetwork(net, plan);
    const [phi, eta] = compareWithFloat(net, program, { x });
    expect(phi.step).toBeLessThanOrEqual(0.002);
    expect(phi.step).toBeGreaterThan(0.001);
    expect(eta.step).toBeGreaterThan(0.0005);
  });

  it("has smaller mean shifts once they are moved into the biases", () => {
    const calibration = calibrate(net, { x });
    const plan = planUniform(net, calibration, { bits: 5, steps: { phi: 1e-4, eta: 1e-5 } });
    const before = compareWithFloat(net, lowerNetwork(net, plan), { x });
    const corrected = correctBiases(net, plan, calibration);
    const after = compareWithFloat(net, lowerNetwork(net, corrected), { x });
    expect(Math.abs(after[0].mean)).toBeLessThan(0.5 * Math.abs(before[0].mean) + 1e-4);
    expect(after[0].rms).toBeLessThanOrEqual(before[0].rms * 1.05);
  });

  it("meets a budget of bit operations, each step cheaper than the one before", () => {
    const part = x.subarray(0, 4 * 200);
    const calibration = calibrate(net, { x: part });
    const evaluate = (program: Parameters<typeof totalEbops>[0]) =>
      compareWithFloat(net, program, { x: part })[0].rms;
    const visited = planForBudget(net, calibration, {
      budget: { ebops: 6000 },
      evaluate,
      startBits: 8,
    });
    const last = visited[visited.length - 1];
    expect(last.cost).toBeLessThanOrEqual(6000);
    expect(visited[visited.length - 2].cost).toBeGreaterThan(6000);
    for (let i = 1; i < visited.length; i++)
      expect(visited[i].cost).toBeLessThanOrEqual(visited[i - 1].cost);
    expect(last.error).toBeGreaterThan(visited[0].error);
    expect(() => planForBudget(net, calibration, { budget: { luts: 1 }, evaluate })).toThrow(
      /needs `price`/,
    );
  });
});

describe("a Gaussian kernel machine whose weights cancel", () => {
  const rng = createRng(21);
  const centers = Array.from({ length: 100 }, () => [rng.normal(), rng.normal()]);
  // a ridge fit of a smooth function, by hand: alphas of alternating signs around a mean
  const alphas = centers.map((c, i) => Math.sin(c[0]) * 0.5 + (i % 2 === 0 ? 40 : -40));
  const net = network(2, [
    { op: "multiply", a: "x", b: "x", output: "squares", layer: "squares" },
    affine("norm", "squares", [[-0.5, -0.5]], [0]),
    {
      op: "pick",
      inputs: ["x", "norm"],
      lanes: [
        [0, 0],
        [0, 1],
        [1, 0],
      ],
      output: "all",
      layer: "all",
    },
    affine(
      "exponents",
      "all",
      centers.map(([a, b]) => [a, b, 1]),
      centers.map(([a, b]) => -0.5 * (a * a + b * b)),
    ),
    activation("kernel", "exponents", "exp"),
    affine("y", "kernel", [alphas], [0]),
  ]);

  it("agrees with float within a hundredth of its spread at 12 bits", () => {
    const x = gridSample(600, 2, 22);
    const { y } = evaluateNetwork(net, { x });
    const mean = y.reduce((a, b) => a + b, 0) / y.length;
    const spread = Math.sqrt(y.reduce((a, b) => a + (b - mean) ** 2, 0) / y.length);
    const [{ rms }] = differences(net, x, { bits: 12 });
    expect(rms).toBeLessThan(0.01 * spread);
  });
});

describe("effective bit operations", () => {
  it("count digits between the first and last that are not zero", () => {
    expect([0, 1, -8, 12, 5, -7].map(spanBits)).toEqual([0, 1, 1, 2, 3, 3]);
  });

  it("are the sum over products of both widths", () => {
    const net = network(
      [
        [0, 15],
        [0, 3],
      ],
      [
        affine(
          "y",
          "x",
          [
            [3, 0.5],
            [0, 5],
          ],
          [0, 0],
        ),
      ],
    );
    const calibration = calibrate(net, {
      x: sample(
        64,
        [
          [0, 15],
          [0, 3],
        ],
        1,
      ),
    });
    const program = lowerNetwork(net, planUniform(net, calibration, { bits: 8 }));
    expect(totalEbops(program)).toBe(4 * 2 + 2 * 1 + 2 * 3);
  });
});
