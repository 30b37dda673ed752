import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { importOnnx } from "../../../src/fpga/onnx/index.ts";
import type { Emitter } from "../../../src/onnx/index.ts";
import { expectFixed, expectSameAsRuntime, handmade, sample, shapeOf, weights } from "./support.ts";

/** Dense as tf2onnx writes it: MatMul with [from, to], then Add. */
function dense(emit: Emitter, x: string, name: string, from: number, to: number): string {
  const rng = createRng(name);
  const product = emit.node("MatMul", [x, weights(emit, rng, [from, to], `${name}/kernel:0`)]);
  return emit.node("Add", [product, weights(emit, rng, [to], `${name}/bias:0`)]);
}

describe("models as converters of Keras export them", () => {
  it("Dense, BatchNormalization as Mul and Add, Dense, sigmoid", async () => {
    const model = handmade(["unk__10", 5], (emit, x) => {
      const rng = createRng(1);
      const scaled = emit.node("Mul", [dense(emit, x, "dense", 5, 8), weights(emit, rng, [8])]);
      const shifted = emit.node("Add", [scaled, weights(emit, rng, [8])]);
      const hidden = emit.node("Relu", [shifted]);
      return { y: emit.node("Sigmoid", [dense(emit, hidden, "dense_1", 8, 1)]) };
    });
    const network = await expectSameAsRuntime(model);
    expect(shapeOf(network)).toBe("affine relu affine sigmoid");
    expectFixed(network);
  });

  it("Conv2D and pooling with channels last: transposes around, Reshape to [-1, n]", async () => {
    const model = handmade(["N", 6, 5, 2], (emit, x) => {
      const rng = createRng(2);
      const image = emit.node("Transpose", [x], { perm: [0, 3, 1, 2] });
      const kernel = weights(emit, rng, [3, 2, 3, 3], "conv2d/Conv2D/ReadVariableOp:0");
      const c = emit.node("Conv", [image, kernel], { auto_pad: "SAME_UPPER", strides: [1, 1] });
      const pool = { kernel_shape: [2, 2], strides: [2, 2], auto_pad: "VALID" };
      const pooled = emit.node("MaxPool", [emit.node("Relu", [c])], pool);
      const last = emit.node("Transpose", [pooled], { perm: [0, 2, 3, 1] });
      const flat = emit.node("Reshape", [last, emit.ints([-1, 18])]);
      return { y: emit.node("Softmax", [dense(emit, flat, "dense", 18, 3)], { axis: -1 }) };
    });
    const network = await expectSameAsRuntime(model);
    expect(network.nodes[0]).toMatchObject({ op: "affine", rows: 3, columns: 18 });
    expectFixed(network, sample(network, 256, 0), 1e-2);
  });

  it("keras.layers.Reshape: batch from Shape, the rest constant, through int32", async () => {
    const model = handmade(["N", 6], (emit, x) => {
      const shape = emit.node("Cast", [emit.node("Shape", [x])], { to: 6 });
      const inputs = [shape, emit.ints([0]), emit.ints([1]), emit.ints([0])];
      const batch = emit.node("Squeeze", [emit.node("Slice", inputs), emit.ints([0])]);
      const sizes = [
        emit.node("Unsqueeze", [batch, emit.ints([0])]),
        emit.node("Cast", [emit.ints([3])], { to: 6 }),
        emit.node("Cast", [emit.ints([2])], { to: 6 }),
      ];
      const target = emit.node("Cast", [emit.node("Concat", sizes, { axis: 0 })], { to: 7 });
      const steps = emit.node("Reshape", [x, target]);
      const each = dense(emit, steps, "time_distributed", 2, 4);
      return {
        y: emit.node("ReduceMean", [emit.node("Tanh", [each]), emit.ints([1])], { keepdims: 0 }),
      };
    });
    const network = await expectSameAsRuntime(model);
    expectFixed(network);
  });

  it("Reshape with 0 for sizes that stay, and -1 for the rest", async () => {
    const model = handmade(["N", 2, 6], (emit, x) => {
      const split = emit.node("Reshape", [x, emit.ints([0, 0, 2, -1])]);
      const flat = emit.node("Reshape", [emit.node("Relu", [split]), emit.ints([0, -1])]);
      return { y: dense(emit, flat, "dense", 12, 2) };
    });
    expectFixed(await expectSameAsRuntime(model));
  });
});

describe("models as converters of scikit-learn export them", () => {
  const domain = "ai.onnx.ml";

  it("StandardScaler and a network", async () => {
    const model = handmade(["N", 3], (emit, x) => {
      const attributes = {
        offset: { floats: [0.5, -1, 0.25] },
        scale: { floats: [2, 0.5, 1.5] },
      };
      const scaled = emit.node("Scaler", [x], attributes, domain);
      const hidden = emit.node("Relu", [dense(emit, scaled, "layer1", 3, 6)]);
      return { y: dense(emit, hidden, "layer2", 6, 1) };
    });
    const network = await expectSameAsRuntime(model);
    expect(shapeOf(network)).toBe("affine relu affine");
    expectFixed(network);
  });

  it("one scale for all features, and LinearRegressor", async () => {
    const model = handmade(["N", 3], (emit, x) => {
      const attributes = { offset: { floats: [0.5] }, scale: { floats: [2] } };
      const scaled = emit.node("Scaler", [x], attributes, domain);
      const regressor = {
        coefficients: { floats: [1, -2, 0.5, 0.25, 3, -1] },
        intercepts: { floats: [0.5, -0.5] },
        targets: 2,
      };
      return { y: emit.node("LinearRegressor", [scaled], regressor, domain) };
    });
    const network = await expectSameAsRuntime(model);
    expect(shapeOf(network)).toBe("affine");
    expectFixed(network);
  });

  it("refuses other operators and lists that do not fit, by name", () => {
    const attempt =
      (type: string, attributes = {}) =>
      () =>
        importOnnx(
          handmade(["N", 3], (emit, x) => ({ y: emit.node(type, [x], attributes, domain) })),
        );
    expect(attempt("TreeEnsembleRegressor")).toThrow(
      '"treeensembleregressor" (TreeEnsembleRegressor): not supported (domain ai.onnx.ml)',
    );
    expect(attempt("Scaler", { scale: { floats: [1, 2] } })).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "scaler" (Scaler): 2 scales or offsets for 3 features]`,
    );
    expect(
      attempt("LinearRegressor", { coefficients: { floats: [1] } }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "linearregressor" (LinearRegressor): 1 coefficients for [1,3] and 1 targets]`,
    );
    const probit = { coefficients: { floats: [1, 2, 3] }, post_transform: "PROBIT" };
    expect(attempt("LinearRegressor", probit)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "linearregressor" (LinearRegressor): post_transform PROBIT; only NONE is supported]`,
    );
  });
});
