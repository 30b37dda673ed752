import { describe, expect, test } from "vitest";
import { float32 } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { input } from "../../src/ops/index.ts";
import {
  type Objective,
  objectiveOf,
  rawTarget,
  totalLoss,
} from "../../src/tasks/recalibration/objectives.ts";
import { evaluate } from "../nn/support.ts";
import { forward, isClose } from "../tolerances.ts";

const rng = createRng(11);
const n = 200;
const outputs = Float64Array.from({ length: n }, () => 1.5 * rng.normal());
const targets = Float64Array.from({ length: n }, () => rng.normal());
const standard = { mean: 0.3, deviation: 0.7 };
const logCosh = (x: number) => Math.abs(x) + Math.log1p(Math.exp(-2 * Math.abs(x))) - Math.LN2;
const ratio = (o: number, t: number) => Math.exp((o - t) * standard.deviation);

/** Loss per row by the graph of an objective. */
async function losses(objective: Objective): Promise<Float64Array> {
  const [o, t] = ["output", "target"].map((name) => input(name, "float32", ["batch", 1]));
  const feeds = { output: float32(outputs, [n, 1]), target: float32(targets, [n, 1]) };
  return (await evaluate({ loss: objective.loss(o, t) }, feeds)).loss;
}

async function decoded(objective: Objective, level1: ArrayLike<number>): Promise<Float64Array> {
  const [o, l] = ["output", "level1"].map((name) => input(name, "float32", ["batch", 1]));
  const feeds = { output: float32(outputs, [n, 1]), level1: float32(level1, [n, 1]) };
  return (await evaluate({ value: objective.decode(o, l) }, feeds)).value;
}

function expectClose(actual: ArrayLike<number>, expected: (row: number) => number, scale = 1) {
  const { relative, absolute } = forward.float32;
  const tolerance = { relative: scale * relative, absolute: scale * absolute };
  for (let i = 0; i < n; i++)
    expect(
      isClose(actual[i], expected(i), tolerance),
      `row ${i}: ${actual[i]}, expected ${expected(i)}`,
    ).toBe(true);
}

describe("losses against plain float64 formulas", () => {
  test.each<
    [Parameters<typeof objectiveOf>[0], Parameters<typeof objectiveOf>[1], (i: number) => number]
  >([
    ["eta", { minimize: "relative", loss: "mse" }, (i) => (outputs[i] - targets[i]) ** 2],
    ["phi", { minimize: "relative", loss: "logcosh" }, (i) => logCosh(outputs[i] - targets[i])],
    ["pt", { minimize: "delta", loss: "mse" }, (i) => (outputs[i] - targets[i]) ** 2],
    ["pt", { minimize: "delta", loss: "logcosh" }, (i) => logCosh(outputs[i] - targets[i])],
    [
      "pt",
      { minimize: "relative", loss: "logcosh" },
      (i) => (ratio(outputs[i], targets[i]) - 1) ** 2 / standard.deviation ** 2,
    ],
    [
      "pt",
      { minimize: "width", loss: "mse" },
      (i) =>
        (0.1 * logCosh(Math.log(ratio(outputs[i], targets[i])) / 0.1)) / standard.deviation ** 2,
    ],
  ])("%s, %j", async (quantity, config, expected) => {
    // exp of differences of float32 numbers: a few roundings more than one operation
    expectClose(await losses(objectiveOf(quantity, config, standard)), expected, 20);
  });

  test("the relative loss is the square of the error of Table 7", async () => {
    const config = { minimize: "relative", loss: "mse" } as const;
    const objective = objectiveOf("pt", config, standard);
    const level1 = 20;
    const offline = targets.map((t) => level1 * Math.exp(t * standard.deviation + standard.mean));
    const calibrated = await decoded(objective, new Float64Array(n).fill(level1));
    const l = await losses(objective);
    expectClose(l, (i) => ((calibrated[i] / offline[i] - 1) / standard.deviation) ** 2, 50);
    expect(rawTarget("pt", "relative")(level1, offline[3])).toBeCloseTo(
      targets[3] * standard.deviation + standard.mean,
      12,
    );
  });

  test("the total is the mean over quantities and weighted rows", async () => {
    const config = { minimize: "delta", loss: "mse" } as const;
    const objectives = (["phi", "pt"] as const).map((q) => objectiveOf(q, config, standard));
    const [p, t] = ["p", "t"].map((name) => input(name, "float32", ["batch", 2]));
    const w = input("w", "float32", ["batch"]);
    const weights = [1, 2, 0.5];
    const [ps, ts] = [outputs.slice(0, 6), targets.slice(0, 6)];
    const feeds = { p: float32(ps, [3, 2]), t: float32(ts, [3, 2]), w: float32(weights) };
    const { loss } = await evaluate({ loss: totalLoss(objectives)(p, t, w) }, feeds);
    const sum = ps.reduce((s, x, i) => s + weights[i >> 1] * (x - ts[i]) ** 2, 0);
    expect(loss[0]).toBeCloseTo(sum / (2 * 3.5), 5);
  });
});

describe("the way back to physics", () => {
  const config = { minimize: "delta", loss: "mse" } as const;
  const delta = (i: number) => outputs[i] * standard.deviation + standard.mean;
  const level1 = Float64Array.from({ length: n }, () => Math.fround(6.28 * rng.uniform()));

  test("pt and eta: L1 minus the predicted difference", async () => {
    for (const q of ["pt", "eta"] as const)
      expectClose(
        await decoded(objectiveOf(q, config, standard), level1),
        (i) => level1[i] - delta(i),
        10,
      );
  });

  test("pt by its logarithm: L1 times the predicted factor, never negative", async () => {
    for (const minimize of ["relative", "width"] as const) {
      const value = await decoded(objectiveOf("pt", { ...config, minimize }, standard), level1);
      expectClose(value, (i) => level1[i] * Math.exp(delta(i)), 10);
    }
  });

  test("phi stays in [0, 2 pi) after corrections of many turns and at its very ends", async () => {
    for (const turns of [0, 1, -1, 3]) {
      const shift = { mean: 2 * Math.PI * turns, deviation: 0.7 };
      const phi = await decoded(objectiveOf("phi", config, shift), level1);
      for (let i = 0; i < n; i++) {
        expect(phi[i]).toBeGreaterThanOrEqual(0);
        expect(phi[i]).toBeLessThan(2 * Math.PI);
        const expected = level1[i] - outputs[i] * 0.7;
        expect(Math.abs(Math.sin((phi[i] - expected) / 2))).toBeLessThan(1e-5);
      }
    }
    // float32(2 pi) is above 2 pi, and tiny negative angles round to it
    const edge = objectiveOf("phi", config, { mean: 0, deviation: 1e-9 });
    const ends = await decoded(edge, new Float64Array(n));
    for (const x of ends) expect(x >= 0 && x < 2 * Math.PI).toBe(true);
    const last = Math.fround(2 * Math.PI);
    const top = await decoded(edge, new Float64Array(n).fill(last));
    for (const x of top) expect(x >= 0 && x < 2 * Math.PI).toBe(true);
  });

  test("targets: phi wrapped the short way round, the others plain", () => {
    expect(rawTarget("phi", "relative")(0.1, 2 * Math.PI - 0.1)).toBeCloseTo(0.2, 12);
    expect(rawTarget("phi", "delta")(6.2, 0.1)).toBeCloseTo(6.1 - 2 * Math.PI, 12);
    expect(rawTarget("eta", "width")(1, 1.5)).toBe(-0.5);
    expect(rawTarget("pt", "delta")(20, 15)).toBe(5);
    expect(rawTarget("pt", "width")(20, 10)).toBeCloseTo(-Math.LN2, 12);
  });
});
