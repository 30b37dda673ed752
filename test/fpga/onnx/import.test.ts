import { describe, expect, it } from "vitest";
import { float32, hostArray } from "../../../src/base/host-array.ts";
import { createRng } from "../../../src/base/rng.ts";
import { importOnnx } from "../../../src/fpga/onnx/index.ts";
import { exportFalkon } from "../../../src/kernels/index.ts";
import { activation, batchNorm, dense, exportModel, sequential } from "../../../src/nn/index.ts";
import { decodeModel, type Emitter } from "../../../src/onnx/index.ts";
import {
  add,
  and,
  argmax,
  cast,
  concat,
  constant,
  div,
  exp,
  floor,
  greaterEqual,
  leakyRelu,
  less,
  mul,
  relu,
  reshape,
  sigmoid,
  softmax,
  softplus,
  split,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  where,
} from "../../../src/ops/index.ts";
import { expectSameAsRuntime, handmade, normals, shapeOf, weights } from "./support.ts";

const turn = 2 * Math.PI;
const muonUnits = { phi: turn / 576, eta: 0.010875, pt: 0.5 };
const muonMetadata = {
  "forty.inputs": JSON.stringify([
    { name: "hwPt", unit: null, range: [0, 511] },
    { name: "hwPhi", unit: null, range: [0, 575] },
    { name: "hwEta", unit: null, range: [-256, 255] },
  ]),
  "forty.outputs": JSON.stringify([
    { name: "phi", unit: "rad" },
    { name: "eta", unit: null },
    { name: "pt", unit: "GeV" },
  ]),
};

/** A recalibration of muons as the tasks export it, trained or not. */
function muonModel(hidden: number) {
  const model = sequential(
    dense(3, hidden, { bias: false }),
    batchNorm(hidden),
    activation(relu),
    dense(hidden, hidden),
    activation(relu),
    dense(hidden, 3),
  );
  return decodeModel(
    exportModel({
      name: "recalibration",
      model,
      variables: model.init(createRng(3)),
      inputs: { muons: { dtype: "float32", shape: [3] } },
      before: ({ muons }) => {
        const [pt, phi, eta] = split(muons, [1, 1, 1], 1);
        const physical = concat([mul(pt, 0.5), mul(phi, turn / 576), mul(eta, 0.010875)], 1);
        return mul(sub(physical, row([6, 3, 0])), row([0.02, 0.3, 0.8]));
      },
      after: (y, { muons }) => {
        const [hwPt, hwPhi, hwEta] = split(muons, [1, 1, 1], 1);
        const [g, h, r] = split(y, [1, 1, 1], 1);
        const phi = sub(mul(hwPhi, turn / 576), add(mul(g, 0.2), 0.01));
        const first = sub(phi, mul(floor(mul(phi, 1 / turn)), turn));
        const wrapped = where(and(greaterEqual(first, 0), less(first, turn)), first, 0);
        const eta = sub(mul(hwEta, 0.010875), add(mul(h, 0.03), 0.001));
        const pt = mul(mul(hwPt, exp(add(mul(r, 0.2), -0.1))), 0.5);
        return {
          phi: reshape(wrapped, ["batch"]),
          eta: reshape(eta, ["batch"]),
          pt: reshape(pt, ["batch"]),
        };
      },
      metadata: muonMetadata,
    }),
  );
}

const row = (values: readonly number[]) => constant(float32(values, [1, values.length]));

/** Rows of hardware integers. */
function muons(rows: number): Float64Array {
  const rng = createRng(5);
  return Float64Array.from(
    { length: 3 * rows },
    (_, i) => [rng.integer(512), rng.integer(576), rng.integer(512) - 256][i % 3],
  );
}

describe("importOnnx of our exports", () => {
  const inputs = { muons: muons(200) };
  const periods = { phi: turn };

  it("takes raw muon integers through the network and its wrapped angle", async () => {
    const network = await expectSameAsRuntime(muonModel(8), { rows: 200, inputs, periods });
    expect(network.inputs[0]).toEqual({
      name: "muons",
      labels: ["hwPt", "hwPhi", "hwEta"],
      ranges: [
        [0, 511],
        [0, 575],
        [-256, 255],
      ],
      isInteger: [true, true, true],
    });
    expect(network.outputs.map((output) => output.physical)).toEqual(["rad", null, "GeV"]);
    expect(network.name).toBe("recalibration");
  });

  it("gives hardware units with weight 1 on the integers, a period of 576 and no factor left", async () => {
    const network = await expectSameAsRuntime(muonModel(8), {
      rows: 200,
      inputs,
      periods,
      units: muonUnits,
    });
    expect(shapeOf(network)).toBe(
      "affine relu affine relu pick affine pick modulo affine exp pick multiply pick",
    );
    expect(network.nodes.find((node) => node.op === "modulo")).toMatchObject({ period: 576 });
    const last = network.nodes.find((node) => node.op === "affine" && node.rows === 2);
    if (last?.op !== "affine") throw new Error("no matrix of two rows");
    expect(last.layer).toBe("dense5");
    expect([...last.weights.slice(0, 2)]).toEqual([1, 0]);
    expect([...last.weights.slice(last.columns, last.columns + 2)]).toEqual([0, 1]);
    const pt = network.nodes.find((node) => node.op === "multiply");
    expect(network.outputs[2].from).toBe(pt?.output);
  });

  it("names layers by their weights", () => {
    const layers = importOnnx(muonModel(4)).nodes.map((node) => node.layer);
    expect([...new Set(layers)]).toEqual([
      "dense0",
      "relu",
      "dense3",
      "relu_1",
      "dense5",
      "modulo",
      "exp",
      "mul_11",
    ]);
  });

  it.each(["gaussian", "linear", "polynomial"] as const)(
    "takes Falkon with a %s kernel, whose tensors hold the batch last",
    async (type) => {
      const rng = createRng(4);
      const kernels = {
        gaussian: { type: "gaussian" as const, width: 1.5 },
        linear: { type: "linear" as const, offset: 1 },
        polynomial: { type: "polynomial" as const, degree: 3, offset: 1, scale: 0.2 },
      };
      const kernel = kernels[type];
      const model = decodeModel(
        exportFalkon({
          kernel,
          centers: normals(rng, [10, 4]),
          alpha: normals(rng, [10, 2]),
          lambda: 1e-3,
        } as never),
      );
      const network = await expectSameAsRuntime(model, { tolerance: 1e-5 });
      expect(shapeOf(network)).toBe(
        {
          gaussian: "affine multiply affine pick affine exp affine",
          linear: "affine",
          polynomial: "affine multiply multiply affine",
        }[type],
      );
    },
  );

  it("takes classes as probabilities and as a decision", async () => {
    const model = sequential(
      dense(16, 12),
      activation((x) => leakyRelu(x, 0.125)),
      dense(12, 5),
    );
    const onnx = exportModel({
      model,
      variables: model.init(createRng(1)),
      inputs: { x: { dtype: "float32", shape: [16] } },
      after: (y) => ({ p: softmax(y), best: cast(argmax(y, 1), "float32") }),
    });
    const network = await expectSameAsRuntime(decodeModel(onnx));
    expect(shapeOf(network)).toBe("affine leakyRelu affine softmax argmax");
  });

  it("takes the anomaly trigger, a sum of squares", async () => {
    const model = sequential(
      dense(57, 32),
      activation(relu),
      dense(32, 16),
      activation(relu),
      dense(16, 8),
    );
    const onnx = exportModel({
      model,
      variables: model.init(createRng(1)),
      inputs: { x: { dtype: "float32", shape: [57] } },
      after: (y) => ({ score: sum(square(y), { axes: 1 }) }),
    });
    const network = await expectSameAsRuntime(decodeModel(onnx));
    expect(shapeOf(network)).toBe("affine relu affine relu affine multiply affine");
  });

  it("takes inputs that come one by one, and functions of single numbers", async () => {
    const model = sequential(dense(2, 4), activation(tanh), dense(4, 1));
    const onnx = exportModel({
      model,
      variables: model.init(createRng(1)),
      inputs: { a: { dtype: "float32", shape: [] }, b: { dtype: "float32", shape: [] } },
      before: ({ a, b }) =>
        concat([reshape(div(a, 10), ["batch", 1]), reshape(b, ["batch", 1])], 1),
      after: (y, { a }) => {
        const s = sigmoid(y);
        return { y: add(s, reshape(a, ["batch", 1])), z: sqrt(div(softplus(y), s)) };
      },
    });
    const network = await expectSameAsRuntime(decodeModel(onnx));
    expect(network.inputs.map((input) => input.labels)).toEqual([["a"], ["b"]]);
  });
});

describe("importOnnx of convolutions", () => {
  const conv = (attributes: Record<string, number | string | readonly number[]>, groups = 1) =>
    handmade(["batch", 2, 6, 5], (emit, x) => {
      const rng = createRng(2);
      const scaled = emit.node("Mul", [x, emit.constant(float32([0.25], []))]);
      const kernel = weights(emit, rng, [4, 2 / groups, 3, 2], "conv1.weight");
      const bias = weights(emit, rng, [4], "conv1.bias");
      const y = emit.node("Conv", [scaled, kernel, bias], { ...attributes, group: groups });
      const norm = [1, 2, 3].map(() => weights(emit, rng, [4]));
      const variance = emit.constant(float32([1, 2, 3, 4]));
      const z = emit.node("BatchNormalization", [y, ...norm, variance], {});
      return { z: emit.node("Relu", [z]) };
    });

  it.each([
    [{}],
    [{ strides: [2, 1] }],
    [{ pads: [1, 0, 1, 1] }],
    [{ dilations: [2, 2], pads: [1, 1, 1, 1] }],
    [{ auto_pad: "SAME_UPPER", strides: [2, 2] }],
  ])("folds scale and batch norm into one matrix at all positions: %o", async (attributes) => {
    const network = await expectSameAsRuntime(conv(attributes));
    expect(shapeOf(network)).toBe("affine relu pick");
    expect(network.nodes[0]).toMatchObject({ layer: "conv1", rows: 4, columns: 12 });
  });

  it("keeps groups apart", async () => {
    const network = await expectSameAsRuntime(conv({}, 2));
    expect(network.nodes.filter((node) => node.op === "affine").length).toBeLessThanOrEqual(4);
  });

  it("takes a small image network: convolution, pools, flatten, dense", async () => {
    const model = handmade([1, 1, 8, 8], (emit, x) => {
      const rng = createRng(9);
      const c = emit.node("Conv", [x, weights(emit, rng, [3, 1, 3, 3])], { pads: [1, 1, 1, 1] });
      const r = emit.node("Relu", [c]);
      const a = emit.node("AveragePool", [r], { kernel_shape: [2, 2], strides: [2, 2] });
      const m = emit.node("MaxPool", [a], { kernel_shape: [2, 2], strides: [2, 2] });
      const flat = emit.node("Flatten", [m], { axis: 1 });
      const y = emit.node("Gemm", [flat, weights(emit, rng, [12, 5]), weights(emit, rng, [5])]);
      return { y, mean: emit.node("GlobalAveragePool", [r]) };
    });
    await expectSameAsRuntime(model);
  });

  it("takes one dimension, and products at each position", async () => {
    const model = handmade(["n", 3, 7], (emit, x) => {
      const rng = createRng(9);
      const c = emit.node("Conv", [x, weights(emit, rng, [2, 3, 3])], { strides: [2] });
      const t = emit.node("Transpose", [c], { perm: [0, 2, 1] });
      const y = emit.node("MatMul", [emit.node("Relu", [t]), weights(emit, rng, [2, 4])]);
      return { y, left: emit.node("MatMul", [weights(emit, rng, [2, 3]), x]) };
    });
    const network = await expectSameAsRuntime(model);
    expect(network.nodes.some((node) => node.op === "affine" && node.gather?.length === 6)).toBe(
      true,
    );
  });
});

describe("importOnnx of single operators", () => {
  const ints = (emit: Emitter, values: readonly number[]) => emit.ints(values);
  const number = (emit: Emitter, ...values: number[]) =>
    emit.constant(float32(values, values.length === 1 ? [] : [values.length]));
  const cases: Record<string, (emit: Emitter, x: string) => string> = {
    Abs: (e, x) => e.node("Abs", [x]),
    "Clip to both sides": (e, x) => e.node("Clip", [x, number(e, -0.5), number(e, 0.75)]),
    "Clip below": (e, x) => e.node("Clip", [x, number(e, -0.5), ""]),
    "Max with a constant": (e, x) => e.node("Max", [x, number(e, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)]),
    "Min of two tensors": (e, x) => e.node("Min", [x, e.node("Mul", [x, x])]),
    "Max of three": (e, x) => e.node("Max", [x, e.node("Neg", [x]), number(e, 0.5)]),
    "PRelu with a slope per lane": (e, x) =>
      e.node("PRelu", [x, number(e, 0, 0.1, 0.2, 0.3, 1, 2)]),
    LeakyRelu: (e, x) => e.node("LeakyRelu", [x], { alpha: { float: 0.2 } }),
    HardSigmoid: (e, x) => e.node("HardSigmoid", [x]),
    HardSwish: (e, x) => e.node("HardSwish", [x]),
    "Pow 2": (e, x) => e.node("Pow", [x, number(e, 2)]),
    "Pow 5": (e, x) => e.node("Pow", [x, number(e, 5)]),
    "Div by a tensor": (e, x) => e.node("Div", [x, e.node("Exp", [x])]),
    "Sub from a constant": (e, x) => e.node("Sub", [number(e, 1), x]),
    Sum: (e, x) => e.node("Sum", [x, e.node("Relu", [x]), number(e, 1)]),
    "residual sum": (e, x) => e.node("Relu", [e.node("Add", [x, e.node("Relu", [x])])]),
    "difference from the mean": (e, x) =>
      e.node("Tanh", [e.node("Sub", [x, e.node("ReduceMean", [x, ints(e, [-1])])])]),
    "ReduceMax dropped": (e, x) => e.node("ReduceMax", [x, ints(e, [1])], { keepdims: 0 }),
    ReduceMin: (e, x) => e.node("ReduceMin", [x, ints(e, [1])]),
    ReduceSumSquare: (e, x) => e.node("ReduceSumSquare", [x, ints(e, [1])]),
    "Softmax in groups": (e, x) =>
      e.node("Softmax", [e.node("Reshape", [x, ints(e, [0, 2, 3])])], { axis: 1 }),
    "Slice backward": (e, x) =>
      e.node("Slice", [x, ints(e, [4]), ints(e, [-7]), ints(e, [1]), ints(e, [-2])]),
    "Gather with repeats": (e, x) =>
      e.node("Relu", [
        e.node("Gather", [x, e.constant(hostArray("int64", [3], BigInt64Array.of(5n, 0n, 5n)))], {
          axis: 1,
        }),
      ]),
    "Squeeze, Unsqueeze": (e, x) =>
      e.node("Squeeze", [e.node("Unsqueeze", [x, ints(e, [1, 3])]), ints(e, [1])]),
    "Split, Concat": (e, x) => {
      const [a, b, c] = e.multi("Split", [x, ints(e, [1, 2, 3])], { axis: 1 }, 3);
      return e.node("Concat", [c, a, b], { axis: -1 });
    },
    "Pad with ones": (e, x) => e.node("Pad", [x, ints(e, [0, 1, 0, 2]), number(e, 1)]),
    "a gate of one lane": (e, x) => {
      const [a, rest] = e.multi("Split", [x, ints(e, [1, 5])], { axis: 1 }, 2);
      return e.node("Mul", [e.node("Sigmoid", [a]), rest]);
    },
    "constants folded through any operator": (e, x) =>
      e.node("Mul", [x, e.node("Softmax", [e.node("Exp", [number(e, 1, 2, 3, 4, 5, 6)])])]),
    "a bottleneck of linear layers": (e, x) => {
      const rng = createRng(3);
      const narrow = e.node("Gemm", [x, weights(e, rng, [6, 1])]);
      return e.node("Gemm", [narrow, weights(e, rng, [1, 6])]);
    },
    "Gemm with factors": (e, x) =>
      e.node("Gemm", [x, weights(e, createRng(3), [2, 6]), number(e, 1, 2)], {
        alpha: { float: 0.5 },
        beta: { float: 2 },
        transB: 1,
      }),
    "MatMul with a vector": (e, x) => e.node("MatMul", [x, weights(e, createRng(3), [6])]),
  };

  it.each(Object.entries(cases))("%s", async (_, build) => {
    await expectSameAsRuntime(handmade(["batch", 6], (emit, x) => ({ y: build(emit, x) })));
  });

  it("keeps a bottleneck of linear layers, and merges where that is smaller", () => {
    const chain = (width: number) =>
      shapeOf(
        importOnnx(
          handmade(["batch", 6], (emit, x) => {
            const rng = createRng(3);
            const inner = emit.node("Gemm", [x, weights(emit, rng, [6, width])]);
            return { y: emit.node("Gemm", [inner, weights(emit, rng, [width, 6])]) };
          }),
        ),
      );
    expect(chain(1)).toBe("affine affine");
    expect(chain(20)).toBe("affine");
  });

  it("takes networks with a batch that is the last axis", async () => {
    const model = handmade([6, "batch"], (emit, x) => {
      const rng = createRng(3);
      const y = emit.node("Gemm", [weights(emit, rng, [6, 4]), x], { transA: 1 });
      return { y: emit.node("Transpose", [emit.node("Relu", [y])], { perm: [1, 0] }) };
    });
    await expectSameAsRuntime(model);
  });
});
