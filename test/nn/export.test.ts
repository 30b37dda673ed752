import { describe, expect, it } from "vitest";
import { float32, toNumbers } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import {
  activation,
  adam,
  batchNorm,
  createPredictor,
  dense,
  exportModel,
  mse,
  sequential,
  fit as train,
} from "../../src/nn/index.ts";
import { decodeModel } from "../../src/onnx/index.ts";
import { add, concat, div, mul, relu, reshape } from "../../src/ops/index.ts";
import { applyLayer, distance, evaluate, normals, runtime } from "./support.ts";

const model = sequential(dense(2, 8, { bias: false }), batchNorm(8), activation(relu), dense(8, 1));

describe("exportModel", () => {
  it("agrees with the unfolded network after training, for any number of rows", async () => {
    const x = normals(1, [300, 2]);
    const data = { x, y: normals(2, [300, 1]) };
    const { variables } = await train(runtime, {
      model,
      loss: mse(),
      optimizer: adam(),
      data,
      epochs: 3,
    });
    const onnx = exportModel({ model, variables, inputs: { x: { dtype: "float32", shape: [2] } } });
    const { y } = await applyLayer(model, variables, x, { training: false });
    const expected = (await evaluate({ y })).y;
    for (const blockRows of [300, 7, 1000]) {
      const predictor = await createPredictor(runtime, onnx, { blockRows });
      const got = await predictor.predict({ x });
      expect(got.y.shape).toEqual([300, 1]);
      expect(distance(toNumbers(got.y), expected)).toBeLessThan(1e-5);
      await predictor.dispose();
    }
  });

  it("holds scaling before and after, names its weights by path, and carries metadata", async () => {
    const variables = model.init(createRng(1));
    const onnx = exportModel({
      name: "physical",
      model,
      variables,
      inputs: { pt: { dtype: "float32", shape: [] }, eta: { dtype: "float32", shape: [] } },
      before: ({ pt, eta }) => {
        const column = (t: typeof pt) => reshape(t, ["batch", 1]);
        return concat([column(div(pt, 10)), column(eta)], 1);
      },
      after: (y, { pt }) => ({ ptCorrected: add(mul(reshape(y, ["batch"]), 2), pt) }),
      metadata: { seed: "1" },
    });
    const proto = decodeModel(onnx);
    expect(proto.graph.initializer.map((t) => t.name)).toEqual(
      expect.arrayContaining(["0.weight", "0.bias", "3.weight", "3.bias"]),
    );
    expect(proto.metadataProps).toContainEqual({ key: "seed", value: "1" });
    const pt = float32([5, 20, 40]);
    const eta = float32([0.1, -1, 2]);
    const x = float32([0.5, 0.1, 2, -1, 4, 2], [3, 2]);
    const { y } = await applyLayer(model, variables, x, { training: false });
    const expected = (await evaluate({ y })).y.map((v, i) => 2 * v + Number(pt.data[i]));
    const predictor = await createPredictor(runtime, onnx);
    const got = await predictor.predict({ pt, eta, unused: pt });
    expect(distance(toNumbers(got.ptCorrected), expected)).toBeLessThan(1e-5);
    await predictor.dispose();
  });

  it("predicts into given arrays, and only what they ask for", async () => {
    const x = normals(3, [50, 2]);
    const onnx = exportModel({
      model,
      variables: model.init(createRng(2)),
      inputs: { x: { dtype: "float32", shape: [2] } },
      after: (y) => ({ y, twice: mul(y, 2) }),
    });
    const predictor = await createPredictor(runtime, onnx, { blockRows: 16 });
    const { twice } = await predictor.predict({ x });
    const room = new Float32Array(60).fill(-1);
    const into = { twice: float32(room.subarray(0, 50), [50, 1]) };
    expect(Object.keys(await predictor.predict({ x }, into))).toEqual(["twice"]);
    expect([...room]).toEqual([...toNumbers(twice), ...new Array(10).fill(-1)]);
    const short = { twice: float32(room.subarray(0, 49), [49, 1]) };
    await expect(predictor.predict({ x }, short)).rejects.toThrow(/twice.*49/);
    await predictor.dispose();
  });

  it("asks for a before where no input is named x", () => {
    const inputs = { pt: { dtype: "float32" as const, shape: [] } };
    expect(() => exportModel({ model, variables: model.init(createRng(1)), inputs })).toThrow(
      'exportModel: no input "x" among pt; give "before"',
    );
  });
});
