import { describe, expect, it } from "vitest";
import { float32, hostArray } from "../../../src/base/host-array.ts";
import { createRng } from "../../../src/base/rng.ts";
import { importOnnx } from "../../../src/fpga/onnx/index.ts";
import { decodeModel, type Emitter } from "../../../src/onnx/index.ts";
import { expectFixed, expectSameAsRuntime, handmade, sample, shapeOf, weights } from "./support.ts";

type Build = (emit: Emitter, x: string) => string;

const integer = (emit: Emitter, value: number) =>
  emit.constant(hostArray("int64", [], BigInt64Array.of(BigInt(value))));

/** x.size(axis) as torch.onnx writes it. */
const sizeOf = (emit: Emitter, x: string, axis: number) =>
  emit.node("Gather", [emit.node("Shape", [x]), integer(emit, axis)], { axis: 0 });

/** A shape of sizes and numbers. */
const shape = (emit: Emitter, ...sizes: (string | number)[]) =>
  emit.node(
    "Concat",
    sizes.map((size) =>
      typeof size === "number" ? emit.ints([size]) : emit.node("Unsqueeze", [size, emit.ints([0])]),
    ),
    { axis: 0 },
  );

const linear = (emit: Emitter, x: string, name: string, from: number, to: number) => {
  const rng = createRng(name);
  const w = weights(emit, rng, [to, from], `${name}.weight`);
  return emit.node("Gemm", [x, w, weights(emit, rng, [to], `${name}.bias`)], { transB: 1 });
};

describe("models as PyTorch exports them", () => {
  it("Linear, BatchNorm1d, ReLU, Dropout, Linear, softmax(dim=1)", async () => {
    const model = handmade(["batch", 6], (emit, x) => {
      const rng = createRng(1);
      const norm = ["weight", "bias", "running_mean"].map((n) =>
        weights(emit, rng, [8], `bn.${n}`),
      );
      const variance = emit.constant(float32([1, 2, 3, 4, 5, 6, 7, 8], [8]), "bn.running_var");
      const y = linear(emit, x, "fc1", 6, 8);
      const z = emit.node("BatchNormalization", [y, ...norm, variance], {
        epsilon: { float: 1e-5 },
      });
      const hidden = emit.node("Dropout", [emit.node("Relu", [z])]);
      return { y: emit.node("Softmax", [linear(emit, hidden, "fc2", 8, 4)], { axis: 1 }) };
    });
    const network = await expectSameAsRuntime(model);
    expect(shapeOf(network)).toBe("affine relu affine softmax");
    expect(network.nodes.map((node) => node.layer)).toEqual(["fc1", "relu", "fc2", "softmax"]);
    expectFixed(network);
  });

  it("Conv2d, MaxPool2d, x.view(x.size(0), -1), Linear", async () => {
    const model = handmade(["batch", 1, 6, 6], (emit, x) => {
      const rng = createRng(1);
      const kernel = weights(emit, rng, [2, 1, 3, 3], "conv1.weight");
      const attributes = { kernel_shape: [3, 3], pads: [0, 0, 0, 0], strides: [1, 1], group: 1 };
      const c = emit.node("Conv", [x, kernel, weights(emit, rng, [2], "conv1.bias")], attributes);
      const pooled = emit.node("MaxPool", [emit.node("Relu", [c])], {
        kernel_shape: [2, 2],
        strides: [2, 2],
        ceil_mode: 0,
      });
      const flat = emit.node("Reshape", [pooled, shape(emit, sizeOf(emit, pooled, 0), -1)]);
      return { y: linear(emit, flat, "fc", 8, 3) };
    });
    const network = await expectSameAsRuntime(model);
    expect(network.nodes.at(-1)).toMatchObject({ op: "affine", layer: "fc", rows: 3, columns: 8 });
    expectFixed(network, sample(network, 256, 0));
  });

  const reshapes: Record<string, Build> = {
    "x.view(b, c // 2, 2)": (e, x) => {
      const half = e.node("Cast", [integer(e, 3)], { to: 7 });
      return e.node("ReduceMax", [
        e.node("Reshape", [x, shape(e, sizeOf(e, x, 0), half, 2)]),
        e.ints([2]),
      ]);
    },
    "sizes by Slice, cast to int32 and back, batch at the end": (e, x) => {
      const all = e.node("Cast", [e.node("Shape", [x])], { to: 6 });
      const batch = e.node("Cast", [e.node("Slice", [all, e.ints([0]), e.ints([1])])], { to: 7 });
      const swapped = e.node("Transpose", [x], { perm: [1, 0] });
      const target = e.node("Concat", [e.ints([2, 3]), batch], { axis: 0 });
      const grid = e.node("Reshape", [swapped, target]);
      return e.node("Transpose", [e.node("Relu", [grid])], { perm: [2, 1, 0] });
    },
    "all features as one size, a product": (e, x) => {
      const grid = e.node("Reshape", [x, e.ints([0, 2, 3])]);
      const rest = e.node("Slice", [e.node("Shape", [grid]), e.ints([1]), e.ints([9])]);
      const size = e.node("ReduceProd", [rest], { keepdims: 1 });
      const batch = e.node("Shape", [grid], { start: 0, end: 1 });
      return e.node("Reshape", [
        e.node("Exp", [grid]),
        e.node("Concat", [batch, size], { axis: 0 }),
      ]);
    },
    "ones of the batch's size": (e, x) => {
      const target = shape(e, sizeOf(e, x, 0), 2);
      const ones = e.node("Expand", [e.constant(float32([1], [1, 1])), target]);
      return e.node("Concat", [ones, e.node("Relu", [x]), e.node("ConstantOfShape", [target])], {
        axis: 1,
      });
    },
    "expand with -1 for sizes that stay": (e, x) => {
      const target = shape(e, sizeOf(e, x, 0), -1);
      const zeros = e.node("ConstantOfShape", [e.node("Shape", [target])]);
      const minus = e.node("Sub", [e.node("Cast", [zeros], { to: 7 }), e.ints([1, 1])]);
      const isKept = e.node("Equal", [target, minus]);
      const sizes = e.node("Where", [isKept, e.ints([1, 1]), target]);
      const row = e.constant(float32([1, 2, 3, 4, 5, 6], [1, 6]));
      return e.node("Mul", [e.node("Expand", [row, sizes]), x]);
    },
    "x[:, : (c + 1) // 4], a division of integers": (e, x) => {
      const more = e.node("Add", [sizeOf(e, x, 1), integer(e, 1)]);
      const end = e.node("Unsqueeze", [e.node("Div", [more, integer(e, 4)]), e.ints([0])]);
      const twice = e.node("Mul", [end, e.ints([2])]);
      return e.node("Slice", [x, e.ints([0]), twice, e.ints([1])]);
    },
    "repeat(1, 2)": (e, x) => e.node("Tile", [x, e.ints([1, 2])]),
  };

  it.each(Object.entries(reshapes))("shapes of a free batch: %s", async (_, build) => {
    const model = handmade(["batch", 6], (emit, x) => ({ y: build(emit, x) }));
    const network = await expectSameAsRuntime(model);
    expectFixed(network);
  });

  const softer = (e: Emitter, x: string, type: string, attributes = {}) =>
    e.node(type, [x], attributes);
  const functions: Record<string, Build> = {
    Elu: (e, x) => softer(e, x, "Elu", { alpha: { float: 0.7 } }),
    Selu: (e, x) => softer(e, x, "Selu"),
    Celu: (e, x) => softer(e, x, "Celu", { alpha: { float: 0.5 } }),
    Softsign: (e, x) => softer(e, x, "Softsign"),
    Mish: (e, x) => softer(e, x, "Mish"),
    "Gelu, tanh": (e, x) => softer(e, x, "Gelu", { approximate: "tanh" }),
    SiLU: (e, x) => e.node("Mul", [x, e.node("Sigmoid", [x])]),
    LogSoftmax: (e, x) => softer(e, x, "LogSoftmax", { axis: 1 }),
    "LogSoftmax of sums": (e, x) => softer(e, linear(e, x, "fc", 6, 3), "LogSoftmax", { axis: -1 }),
    ReduceLogSumExp: (e, x) => e.node("ReduceLogSumExp", [x, e.ints([1])], { keepdims: 0 }),
    ReduceL1: (e, x) => e.node("ReduceL1", [x, e.ints([1])]),
    ReduceL2: (e, x) => e.node("ReduceL2", [x, e.ints([1])]),
    "layer norm, written out": (e, x) => {
      const centered = e.node("Sub", [x, e.node("ReduceMean", [x, e.ints([-1])])]);
      const square = e.node("Pow", [centered, e.constant(float32([2], []))]);
      const variance = e.node("ReduceMean", [square, e.ints([-1])]);
      const safe = e.node("Add", [variance, e.constant(float32([1e-5], []))]);
      return e.node("Div", [centered, e.node("Sqrt", [safe])]);
    },
  };

  it.each(Object.entries(functions))("%s, in float and in logic", async (_, build) => {
    const model = handmade(["batch", 6], (emit, x) => ({ y: build(emit, x) }));
    expectFixed(await expectSameAsRuntime(model));
  });
});

// bytes of the files, base64
const torchMlp =
  "CAcSB3B5dG9yY2gaBjEuMTMuMDr+CQpuCgF4CgpmYzEud2VpZ2h0CghmYzEuYmlhcxISL2ZjMS9HZW1tX291dHB1dF8wGgkv" +
  "ZmMxL0dlbW0iBEdlbW0qDwoFYWxwaGEVAACAP6ABASoOCgRiZXRhFQAAgD+gAQEqDQoGdHJhbnNCGAGgAQIKvQEKEi9mYzEv" +
  "R2VtbV9vdXRwdXRfMAoJYm4ud2VpZ2h0Cgdibi5iaWFzCg9ibi5ydW5uaW5nX21lYW4KDmJuLnJ1bm5pbmdfdmFyEh8vYm4v" +
  "QmF0Y2hOb3JtYWxpemF0aW9uX291dHB1dF8wGhYvYm4vQmF0Y2hOb3JtYWxpemF0aW9uIhJCYXRjaE5vcm1hbGl6YXRpb24q" +
  "EQoHZXBzaWxvbhWsxSc3oAEBKhIKCG1vbWVudHVtFWZmZj+gAQEKPgofL2JuL0JhdGNoTm9ybWFsaXphdGlvbl9vdXRwdXRf" +
  "MBIOL1JlbHVfb3V0cHV0XzAaBS9SZWx1IgRSZWx1CnsKDi9SZWx1X291dHB1dF8wCgpmYzIud2VpZ2h0CghmYzIuYmlhcxIS" +
  "L2ZjMi9HZW1tX291dHB1dF8wGgkvZmMyL0dlbW0iBEdlbW0qDwoFYWxwaGEVAACAP6ABASoOCgRiZXRhFQAAgD+gAQEqDQoG" +
  "dHJhbnNCGAGgAQIKNwoSL2ZjMi9HZW1tX291dHB1dF8wEgF5GggvU29mdG1heCIHU29mdG1heCoLCgRheGlzGAGgAQISCXRv" +
  "cmNoX2ppdCrVAQgICAYQAUIKZmMxLndlaWdodErAAeTM0j1IOYm+peTLvtTMVr52DwU+PPINvjM4Mb5ob8W+27u8PSQSvb6/" +
  "jEi+huykPoHgZj3+XkC9OPlhvkZ8hL6QW4c+swNgPi0BrD7/RoW+1P2JPSN9Dz5rURw+ClG2Pu3VkD3VfUi+hbp2PmFZEz3R" +
  "uG++vdZ/PiNkgD4NzSa+ib8xvoRnnL2XmWm+Qsn5PH0orz1bbyK9o7UZvvlhoD6QKCs+av15vocM0D53jaY+oGUOPgGvPr63" +
  "SjA++GxVPiowCAgQAUIIZmMxLmJpYXNKIH4Ykz31NpY+/dHBvZZ0FT5RJP29iOA0vvNlz74iLtE9KjEICBABQglibi53ZWln" +
  "aHRKIAAAgD8AAIA/AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/Ki8ICBABQgdibi5iaWFzSiAAAAAAAAAAAAAAAAAAAAAAAAAA" +
  "AAAAAAAAAAAAAAAAACo3CAgQAUIPYm4ucnVubmluZ19tZWFuSiAVoj09DDaAPgM8ub3Zwwk+6PvOvd8mIL4n5ba+JezJPSo2" +
  "CAgQAUIOYm4ucnVubmluZ192YXJKIBoRzz7scgI/gwCqPnIk5D6ewZw+pbiKPmLAnD7zG/c+KpUBCAQICBABQgpmYzIud2Vp" +
  "Z2h0SoAByQCmviuxiD59lfw93AmOvQ9kgr6qTi0+70QiPuMUST3mCzW+w8tcvizAhT6k1au9vcA+PnvMHT0usxS90heJvpPY" +
  "oL3ZEpm+OoWYvmQxNL4eQSk9xyqwvmgMzL21lIy+pD94Pg7Bvz2iJZO+IG1wvsjDE76sCQq+dKKhvmGeXb4qIAgEEAFCCGZj" +
  "Mi5iaWFzShD8xxa9IHFEPiKurb414hy9WhgKAXgSEwoRCAESDQoHEgViYXRjaAoCCAZiGAoBeRITChEIARINCgcSBWJhdGNo" +
  "CgIIBEICEA0=";

const helperMlp =
  "CAg6vwIKEgoBeAoCdzESAWEiBk1hdE11bAoPCgFhCgJiMRIBYiIDQWRkCgwKAWISAWMiBFJlbHUKGgoCdzISA3cyZiIEQ2Fz" +
  "dCoJCgJ0bxgBoAECCiQKAWMKA3cyZgoCYjISAXkiBEdlbW0qDQoGdHJhbnNCGAGgAQISBmhlbHBlcio8CAMIBBABIjCuR+E/" +
  "zczMPkjhej8pXA9AKVzvP0jher8zM3M/mpkZvs3MzL2F69E+KVwPPpqZuT9CAncxKhoIBBABIhDNzMw9zcxMvpqZmT7NzMw+" +
  "QgJiMSomCAIIBBAGKhoB/v//////////AQMBAgD///////////8BAUICdzIqEggCEAEiCAAAAD8AAAC/QgJiMloUCgF4Eg8K" +
  "DQgBEgkKAxIBTgoCCANiFAoBeRIPCg0IARIJCgMSAU4KAggCQgQKABAN";

describe("files that other programs wrote", () => {
  it("torch.onnx.export of PyTorch 1.13, operator set 13", async () => {
    // nn.Linear(6, 8), nn.BatchNorm1d(8), relu, nn.Linear(8, 4), softmax(dim=1); batch free
    const model = decodeModel(Buffer.from(torchMlp, "base64"));
    expect(model.producerName).toBe("pytorch");
    const network = await expectSameAsRuntime(model);
    expect(shapeOf(network)).toBe("affine relu affine softmax");
    expectFixed(network);
  });

  it("onnx.helper.make_tensor of onnx 1.12, elements in lists", async () => {
    const model = decodeModel(Buffer.from(helperMlp, "base64"));
    expect(model.graph.initializer.every((tensor) => tensor.rawData === undefined)).toBe(true);
    const network = await expectSameAsRuntime(model);
    expect(shapeOf(network)).toBe("affine relu affine");
    expectFixed(network);
  });
});

describe("the batch size is refused", () => {
  const attempt = (build: Build) => () =>
    importOnnx(handmade(["batch", 6], (emit, x) => ({ y: build(emit, x) })));

  it("as a number to compute with", () => {
    const build: Build = (e, x) => e.node("Div", [x, e.node("Cast", [sizeOf(e, x, 0)], { to: 1 })]);
    expect(attempt(build)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "div" (Div): computes with the batch size, which logic does not know; use a constant]`,
    );
    expect(attempt((e, x) => e.node("Mul", [x, sizeOf(e, x, 0)]))).toThrow(
      "computes with the batch size",
    );
    expect(attempt((e, x) => sizeOf(e, x, 0))).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: output "y" is the batch size; remove it]`,
    );
  });

  it("multiplied into features", () => {
    const build: Build = (e, x) => {
      const twice = e.node("Mul", [sizeOf(e, x, 0), integer(e, 2)]);
      return e.node("Reshape", [x, shape(e, twice, 3)]);
    };
    expect(attempt(build)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "reshape" (Reshape): size 0 of the shape mixes the batch with features]`,
    );
  });

  it("in a comparison that it could satisfy", () => {
    const build: Build = (e, x) => e.node("Equal", [sizeOf(e, x, 0), integer(e, 4)]);
    expect(attempt(build)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "equal" (Equal): only constants are compared, not data and not the batch size]`,
    );
  });

  it("erf and logarithms have no table", () => {
    expect(attempt((e, x) => e.node("Erf", [x]))).toThrow(
      "(Erf): not supported: there is no table",
    );
    expect(attempt((e, x) => e.node("Gelu", [x]))).toThrow('export with approximate = "tanh"');
    expect(attempt((e, x) => e.node("Log", [x]))).toThrow(
      "(Log): not supported: there is no table",
    );
  });
});
