import { describe, expect, test } from "vitest";
import { ConfigError, DivergedError, ShapeError } from "../../../src/base/errors.ts";
import { float32 } from "../../../src/base/host-array.ts";
import {
  calibrate,
  compareWithFloat,
  lowerNetwork,
  planUniform,
} from "../../../src/fpga/quantize/index.ts";
import {
  type QuantizedTraining,
  type QuantizedTrainingOptions,
  quantizedNetwork,
  trainQuantized,
  type WidthBudget,
} from "../../../src/fpga/training/index.ts";
import { mse } from "../../../src/nn/index.ts";
import { applyLayer, evaluate, runtime } from "../../nn/support.ts";
import { evaluateNetwork, toyNetwork, toyRows } from "./support.ts";

const data = toyRows(1, 4000);
const validation = toyRows(2, 1000);

function train(
  budget: WidthBudget,
  options: Partial<QuantizedTrainingOptions> = {},
): Promise<QuantizedTraining> {
  return trainQuantized(runtime, {
    network: toyNetwork(),
    data,
    validation,
    loss: ({ rows, y, weight }) => mse()(rows, y, weight),
    budget,
    epochs: 20,
    batchSize: 100,
    lr: 0.005,
    seed: 5,
    ...options,
  });
}

/** The training graph in inference form, and the exported network, on the validation rows. */
async function bothWays({ plan, variables, network }: QuantizedTraining) {
  const layer = quantizedNetwork(plan, variables);
  const x = validation.x.data as Float32Array;
  const applied = await applyLayer(layer, variables, validation.x, { training: false });
  const { y } = await evaluate({ y: applied.y });
  const rows = Array.from({ length: x.length / 2 }, (_, i) => {
    const values = evaluateNetwork(network, x.subarray(2 * i, 2 * i + 2));
    return ["corrected", "plain"].map((name) => values.get(name)?.[0] as number);
  });
  // a quarter of b passes the layers by
  return {
    graph: rows.map((_, i) => [y[2 * i] + x[2 * i + 1] / 4, y[2 * i + 1]]),
    exported: rows,
  };
}

describe("trainQuantized", () => {
  test("reaches a budget of bit operations and keeps the error of the noise", async () => {
    const result = await train({ ebops: 300 });
    expect(result.keepsBudget).toBe(true);
    expect(result.best.ebops).toBeLessThanOrEqual(300);
    expect(result.best.ebops).toBeGreaterThan(270);
    expect(result.best.validationLoss).toBeLessThan(0.05 ** 2 * 2); // the noise is 0.05²
    expect(result.layers.ebops).toBe(result.best.ebops);
    const { exported, graph } = await bothWays(result);
    expect(exported).toEqual(graph);
  });

  test("a small budget prunes", async () => {
    const { best, layers, frontier } = await train({ ebops: 60 });
    expect(best.ebops).toBeLessThanOrEqual(60);
    expect(layers.sparsity).toBeGreaterThan(0.5);
    frontier.slice(1).forEach((epoch, i) => {
      expect(epoch.ebops).toBeGreaterThan(frontier[i].ebops);
      expect(epoch.validationLoss).toBeLessThan(frontier[i].validationLoss);
    });
  });

  test("without need to save, widths stay or grow", async () => {
    const { history, layers } = await train({ ebops: 1e9 }, { epochs: 8 });
    const [first, last] = [history[0], history[history.length - 1]];
    expect(last.ebops).toBeGreaterThan(0.9 * first.ebops);
    expect(layers.meanWeightBits).toBeGreaterThan(3);
  });

  test("fixed widths stay what they are, and export exactly", async () => {
    const result = await train({ bits: 5 }, { epochs: 10 });
    const { layers } = result.layers;
    expect(layers[0].formats.every(({ width, signed }) => width === 5 && !signed)).toBe(true);
    expect(Math.max(...layers.flatMap((l) => Array.from(l.integers, Math.abs)))).toBeLessThan(16);
    expect(result.best.validationLoss).toBeLessThan(0.01);
    const { exported, graph } = await bothWays(result);
    expect(exported).toEqual(graph);
  });

  test("the program that is made of it computes the same integers", async () => {
    const { network } = await train({ ebops: 300 }, { epochs: 6 });
    const inputs = { x: Float64Array.from(validation.x.data as Float32Array) };
    const plan = planUniform(network, calibrate(network, inputs), { bits: 16 });
    const [difference] = compareWithFloat(network, lowerNetwork(network, plan), inputs);
    expect(difference.largest).toBe(0);
  });

  test("learns through what follows the dense layers", async () => {
    const y = validation.y.data as Float32Array;
    const x = validation.x.data as Float32Array;
    const totals = Float32Array.from({ length: 1000 }, (_, i) => y[2 * i] + x[2 * i + 1] / 4);
    const own = { ...validation, y: float32(totals, [1000, 1]) };
    const { best } = await train(
      { ebops: 400 },
      { data: own, validation: own, loss: ({ outputs, y }) => mse()(outputs().total, y, null) },
    );
    expect(best.validationLoss).toBeLessThan(0.01);
  });

  test("leaves what follows the dense layers alone", async () => {
    const { network } = await train({ bits: 4 }, { epochs: 1 });
    expect(network.nodes.map((node) => `${node.op} ${node.output}`)).toEqual([
      "quantize dense_sum_in",
      "affine dense_sum_sum",
      "activation dense_sum_relu",
      "quantize dense_sum_out",
      "affine dense_corrected_sum",
      "quantize dense_corrected_all",
      "pick corrected_terms",
      "affine corrected",
      "pick plain",
      "add total",
    ]);
    const passing = network.nodes.find((node) => node.output === "corrected");
    expect(passing).toMatchObject({ weights: Float64Array.of(0.25, 0.25) }); // one unit for both
  });

  test("weights and biases lie on the grids that their formats name", async () => {
    const { network } = await train({ ebops: 300 }, { epochs: 4 });
    for (const node of network.nodes) {
      if (node.op !== "affine" || !node.weightFormats) continue;
      const check = (values: Float64Array, formats = node.weightFormats) =>
        values.forEach((value, i) => {
          const { width, integer } = formats?.[i] ?? { width: 0, integer: 0 };
          const n = value * 2 ** (width - integer);
          expect(n).toBe(Math.round(n));
          expect(Math.abs(n)).toBeLessThan(2 ** Math.max(0, width - 1));
        });
      check(node.weights);
      check(node.bias, node.biasFormats);
    }
  });

  test("the same seed gives the same bytes, another one does not", async () => {
    const run = async (seed: number) =>
      JSON.stringify((await train({ ebops: 300 }, { epochs: 3, seed })).variables);
    const first = await run(1);
    expect(await run(1)).toBe(first);
    expect(await run(2)).not.toBe(first);
  });

  test("refuses what it cannot use", async () => {
    const network = toyNetwork();
    const bad = { ...data, x: float32([1, 2, 3], [1, 3]) };
    await expect(train({ bits: 1 })).rejects.toThrow(ConfigError);
    await expect(train({ bits: 4 }, { outputSteps: [0.1] })).rejects.toThrow(/2 output steps/);
    await expect(train({ ebops: 0 })).rejects.toThrow(/budget of 0/);
    await expect(train({ bits: 4 }, { data: bad })).rejects.toThrow(ShapeError);
    const nodes = network.nodes.slice(1);
    await expect(train({ bits: 4 }, { network: { ...network, nodes } })).rejects.toThrow(
      /does not read the input/,
    );
    const poisoned = { ...data, y: float32(new Float32Array(8000).fill(Number.NaN), [4000, 2]) };
    await expect(train({ bits: 4 }, { data: poisoned })).rejects.toThrow(DivergedError);
  });
});
