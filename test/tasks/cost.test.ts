import { describe, expect, test } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import { exportModel } from "../../src/nn/index.ts";
import { inferenceCost, network } from "../../src/tasks/index.ts";
import { featureGraph, outputGraph } from "../../src/tasks/recalibration/model.ts";
import { objectiveOf } from "../../src/tasks/recalibration/objectives.ts";
import { reportSource } from "../../src/tasks/recalibration/source-report.ts";

/** The report's network alone: no features before, no units after. */
function bare(shape: string, features: number, outputs: number): Uint8Array {
  const model = network(shape, features, outputs);
  const variables = model.init(createRng(1));
  return exportModel({ model, variables, inputs: { x: { dtype: "float32", shape: [features] } } });
}

describe("cost of one inference", () => {
  test("a 32x3 network from 4 features to 3 outputs, counted by hand", () => {
    const cost = inferenceCost(bare("32x3", 4, 3));
    const macs = 4 * 32 + 32 * 32 * 2 + 32 * 3;
    const biases = 3 * 32 + 3; // batch norm is folded: its shift is the bias
    expect(cost.macs).toBe(macs);
    expect(cost.parameters).toBe(macs + biases);
    expect(cost.flops).toBe(2 * macs + biases + 3 * 32); // and one operation per ReLU
  });

  test("the exact count adds scaling and units, counted node by node in the exported file", () => {
    const shape = "32x3";
    const model = network(shape, 4, 3);
    const standard = { mean: 0.1, deviation: 0.5 };
    const objectives = (["phi", "eta", "pt"] as const).map((q) =>
      objectiveOf(q, { minimize: "delta", loss: "mse" }, standard),
    );
    const scale = { offset: [0, 1, 2, 3], scale: [1, 2, 3, 4] };
    const bytes = exportModel({
      model,
      variables: model.init(createRng(1)),
      inputs: { muons: { dtype: "float32", shape: [4] } },
      before: (inputs) => featureGraph(reportSource, inputs.muons, scale),
      after: (y, inputs) => outputGraph(reportSource, inputs.muons, y, objectives),
    });
    const cost = inferenceCost(bytes);
    const network32 = 2 * 2272 + 99 + 96;
    const units = 3; // hwPt, hwPhi, hwEta times their bin widths
    const scaling = 2 * 3; // (x - offset) scale, but of the first, which does nothing
    const way = 3 * 3; // L1 - (y deviation + mean)
    const turn = 8; // into [0, 2 pi): two products, floor, difference, two tests, and, select
    expect(cost.flops).toBe(network32 + units + scaling + way + turn);
    expect(cost.macs).toBe(2272);
  });

  /*
   * The report's Table 8 has 66 432 operations for 128x4 and 3 296 for 32x3. Both are H (D + N H + T)
   * with D = 4 features (pt, phi, eta, charge), T = 3 targets and N the number of hidden layers:
   * 128 (4 + 4 * 128 + 3) and 32 (4 + 3 * 32 + 3). It counts a multiplication with its addition as
   * one, and one H x H matrix too many (N hidden layers have N - 1 between them); biases and
   * activations are left out.
   */
  test.each([
    ["128x4", 66_432, 128 * 128],
    ["32x3", 3_296, 32 * 32],
  ])(
    "%s: the report's %i is its formula, one hidden matrix above the exact products",
    (shape, reported, hidden) => {
      const cost = inferenceCost(bare(shape, 4, 3));
      expect(cost.reportFlops).toBe(reported);
      expect(cost.macs + hidden).toBe(reported);
    },
  );
});
