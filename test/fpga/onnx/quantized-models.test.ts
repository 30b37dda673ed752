import { describe, expect, it } from "vitest";
import { float32 } from "../../../src/base/host-array.ts";
import { createRng } from "../../../src/base/rng.ts";
import { printFormat } from "../../../src/fpga/format.ts";
import { evaluateNetwork, importOnnx } from "../../../src/fpga/onnx/index.ts";
import type { Emitter, ModelProto } from "../../../src/onnx/index.ts";
import {
  expectFixed,
  expectSameAsRuntime,
  handmade,
  number,
  type Quant,
  quant,
  quantOf,
  sample,
  shapeOf,
} from "./support.ts";

/** Elements of int8 (3), uint8 (2) or int32 (6) in the place of floats, by initializer name. */
function withIntegers(model: ModelProto, types: Readonly<Record<string, number>>): ModelProto {
  const initializer = model.graph.initializer.map((tensor) => {
    const dataType = types[tensor.name ?? ""];
    if (!dataType || !tensor.rawData) return tensor;
    const { rawData, ...kept } = tensor;
    return { ...kept, dataType, int32Data: [...new Float32Array(rawData.slice().buffer)] };
  });
  return { ...model, graph: { ...model.graph, initializer } };
}

const matrix = (emit: Emitter, values: readonly number[], shape: readonly number[], name: string) =>
  emit.constant(float32(values, shape), name);

/** Whole numbers from -most to most. */
function integers(seed: number, count: number, most: number): number[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => rng.integer(2 * most + 1) - most);
}

describe("QuantizeLinear and DequantizeLinear", () => {
  const types = { zero: 3, unsigned: 2, "fc1.weight": 3, "fc1.bias": 6, "fc2.weight": 3 };
  const model = withIntegers(
    handmade(["batch", 4], (emit, x) => {
      const zero = matrix(emit, [0], [], "zero");
      const unsigned = matrix(emit, [0], [], "unsigned");
      const pair = (value: string, scale: number, point: string) => {
        const s = number(emit, scale);
        return emit.node("DequantizeLinear", [
          emit.node("QuantizeLinear", [value, s, point]),
          s,
          point,
        ]);
      };
      const stored = (value: string, scales: readonly number[], axis: number) =>
        emit.node("DequantizeLinear", [value, matrix(emit, scales, [scales.length], "scales")], {
          axis,
        });
      const w1 = stored(
        matrix(emit, integers(1, 12, 40), [3, 4], "fc1.weight"),
        [1 / 64, 1 / 32, 1 / 128],
        0,
      );
      const b1 = stored(matrix(emit, [300, -70, 1025], [3], "fc1.bias"), [1 / 1024], 0);
      const y = emit.node("Gemm", [pair(x, 1 / 16, zero), w1, b1], { transB: 1 });
      const hidden = pair(emit.node("Relu", [y]), 1 / 32, unsigned);
      const w2 = emit.node("Transpose", [
        stored(matrix(emit, integers(2, 6, 40), [2, 3], "fc2.weight"), [1 / 64], 0),
      ]);
      return { y: emit.node("MatMul", [hidden, w2]) };
    }),
    types,
  );

  it("become casts and formats of weights; results equal ONNX Runtime's", async () => {
    const network = await expectSameAsRuntime(model, { tolerance: 1e-6 });
    expect(shapeOf(network)).toBe("quantize affine relu quantize affine");
    const [input, fc1, , hidden, fc2] = network.nodes;
    if (
      input.op !== "quantize" ||
      hidden.op !== "quantize" ||
      fc1.op !== "affine" ||
      fc2.op !== "affine"
    )
      throw new Error("other nodes");
    expect(input.formats.map(printFormat)).toEqual(["fixed<8,4,RND_CONV,SAT>"]);
    expect(hidden.formats.map(printFormat)).toEqual(["ufixed<8,3,RND_CONV,SAT>"]);
    const eight = (whole: number) => `fixed<8,${whole},RND_CONV,SAT>`;
    expect(fc1.weightFormats?.map(printFormat)).toEqual(
      [2, 2, 2, 2, 3, 3, 3, 3, 1, 1, 1, 1].map(eight),
    );
    expect(fc1.biasFormats?.map(printFormat)).toEqual(["fixed<12,2,RND_CONV,SAT>"]);
    expect(fc2.weightFormats?.map(printFormat)).toEqual([eight(2)]);
    expect(fc1.layer).toBe("fc1");
    expect([...fc1.bias]).toEqual([300 / 1024, -70 / 1024, 1025 / 1024]);
  });

  it("are obeyed bit by bit by the program", () => {
    const network = importOnnx(model);
    const program = expectFixed(network, sample(network), 1e-9); // nothing is free to differ
    const casts = program.ops.flatMap((op) => (op.op === "quantize" ? op.formats : []));
    expect(casts.map(printFormat)).toContain("fixed<8,4,RND_CONV,SAT>");
  });

  const attempt =
    (scale: readonly number[], zeros: readonly number[], type = 3, attributes = {}) =>
    () =>
      importOnnx(
        withIntegers(
          handmade(["batch", 2], (emit, x) => {
            const s = matrix(emit, scale, scale.length === 1 ? [] : [scale.length], "s");
            const z = matrix(emit, zeros, zeros.length === 1 ? [] : [zeros.length], "z");
            return { y: emit.node("QuantizeLinear", [x, s, z], attributes) };
          }),
          { z: type },
        ),
      );

  it("take one scale per feature", () => {
    const [node] = attempt([0.5, 0.25], [0, 0])().nodes;
    if (node.op !== "quantize") throw new Error("no cast");
    expect(node.formats.map(printFormat)).toEqual([
      "fixed<8,7,RND_CONV,SAT>",
      "fixed<8,6,RND_CONV,SAT>",
    ]);
  });

  it("take weights stored as floats, unsigned 8 bits without a zero point, and integer inputs", async () => {
    const mixed = withIntegers(
      handmade(["batch", 2], (emit, x) => {
        const [s, zero] = [number(emit, 1 / 8), matrix(emit, [0], [], "zero")];
        const w = matrix(emit, [0.3, -0.2, 9, -40], [2, 2], "fc.weight");
        const stored = emit.node("QuantizeLinear", [w, s, zero]);
        const y = emit.node("MatMul", [
          emit.node("DequantizeLinear", [emit.node("QuantizeLinear", [x, s]), s]),
          emit.node("DequantizeLinear", [stored, s, zero]),
        ]);
        return { y };
      }),
      { zero: 3 },
    );
    const network = await expectSameAsRuntime(mixed, { tolerance: 1e-6 });
    expect(shapeOf(network)).toBe("quantize affine");
    const [cast, product] = network.nodes;
    if (cast.op !== "quantize" || product.op !== "affine") throw new Error("other nodes");
    expect(cast.formats.map(printFormat)).toEqual(["ufixed<8,5,RND_CONV,SAT>"]);
    expect([...product.weights]).toEqual([0.25, 9, -0.25, -16]); // -40 saturates
    const whole = handmade(["batch", 2], (emit, x) => ({
      y: emit.node("Relu", [emit.node("DequantizeLinear", [x, number(emit, 0.5)])]),
    }));
    const [info] = whole.graph.input;
    const shape = info.type.tensorType.shape;
    const type = { tensorType: { elemType: 3, ...(shape && { shape }) } };
    const int8 = { ...whole, graph: { ...whole.graph, input: [{ ...info, type }] } };
    const { inputs } = importOnnx(int8);
    expect(inputs[0]).toMatchObject({
      isInteger: [true, true],
      ranges: [
        [-128, 127],
        [-128, 127],
      ],
    });
    expect(evaluateNetwork(importOnnx(int8), { x: Float64Array.of(-3, 5) }).y).toEqual(
      Float64Array.of(0, 2.5),
    );
  });

  it("refuse other scales, zero points, types and axes by name", () => {
    expect(attempt([0.3], [0])).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "quantizelinear" (QuantizeLinear): scale 0.30000001192092896; only powers of two are exact in fixed point]`,
    );
    expect(attempt([0.5], [128], 2)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "quantizelinear" (QuantizeLinear): zero point 128; only 0 is supported]`,
    );
    expect(attempt([0.5], [0], 6)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "quantizelinear" (QuantizeLinear): integers of 8 or 16 bits are supported]`,
    );
    expect(attempt([0.5, 0.5, 0.5], [0, 0, 0])).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "quantizelinear" (QuantizeLinear): 3 scales for axis 1 of [1,2]]`,
    );
    expect(attempt([0.5], [0], 3, { block_size: 2 })).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "quantizelinear" (QuantizeLinear): scales of blocks; one per tensor or per axis is supported]`,
    );
    const dynamic = () =>
      importOnnx(handmade(["n", 2], (e, x) => ({ y: e.node("DynamicQuantizeLinear", [x]) })));
    expect(dynamic).toThrow("its scale depends on the data; export with fixed scales");
  });
});

/** Rows times a matrix [from, to], in float64. */
const times = (x: readonly number[], w: readonly number[], to: number) =>
  Array.from({ length: to }, (_, j) => x.reduce((sum, v, i) => sum + v * w[i * to + j], 0));

/** The network of a model against a function of rows that was written apart from it. */
function expectSameAsFormula(
  model: ModelProto,
  formula: (x: readonly number[]) => readonly number[],
) {
  const network = importOnnx(model);
  const inputs = sample(network);
  const { x } = inputs;
  const width = network.inputs[0].labels.length;
  const rows = Array.from({ length: x.length / width }, (_, i) => [
    ...x.slice(i * width, (i + 1) * width),
  ]);
  const { y } = evaluateNetwork(network, inputs);
  const expected = rows.flatMap(formula);
  expect(y.length).toBe(expected.length);
  y.forEach((v, i) => {
    expect(v).toBeCloseTo(expected[i], 12);
  });
  return network;
}

const weightsOf = (seed: number, count: number) => {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => Math.fround(rng.normal()));
};

describe("quantization-aware models", () => {
  it("as Brevitas exports them: weights and activations cast, batch norm in between", () => {
    const input: Quant = { bits: 6, scale: 1 / 8 };
    const weight: Quant = { bits: 4, scale: 1 / 4, narrow: 1 };
    const hidden: Quant = { bits: 5, scale: 1 / 8, signed: 0 };
    const [w1, w2] = [weightsOf(1, 12), weightsOf(2, 6)];
    const gamma = [0.5, 1.5, -0.75].map(Math.fround);
    const beta = [0.25, -0.5, 0.125];
    const mean = [0.5, 0.25, -1];
    const variance = [1, 2, 0.5];
    const epsilon = Math.fround(1e-5);
    const model = handmade(["batch", 4], (emit, x) => {
      const first = quant(emit, matrix(emit, w1, [4, 3], "layers.0.weight"), weight);
      const y = emit.node("MatMul", [quant(emit, x, input), first]);
      const norm = [gamma, beta, mean, variance].map((values, i) =>
        matrix(emit, values, [3], `layers.1.${i}`),
      );
      const z = emit.node("BatchNormalization", [y, ...norm], { epsilon: { float: 1e-5 } });
      const activation = quant(emit, emit.node("Relu", [z]), hidden);
      const second = quant(emit, matrix(emit, w2, [2, 3], "layers.4.weight"), weight);
      const transposed = emit.node("Transpose", [second], { perm: [1, 0] });
      return { y: emit.node("MatMul", [activation, transposed]) };
    });
    const network = expectSameAsFormula(model, (x) => {
      const y = times(
        x.map((v) => quantOf(v, input)),
        w1.map((v) => quantOf(v, weight)),
        3,
      );
      const z = y.map(
        (v, i) => ((v - mean[i]) / Math.sqrt(variance[i] + epsilon)) * gamma[i] + beta[i],
      );
      const h = z.map((v) => quantOf(Math.max(v, 0), hidden));
      const q = w2.map((v) => quantOf(v, weight));
      return [0, 1].map((r) => h.reduce((sum, v, i) => sum + v * q[r * 3 + i], 0));
    });
    expect(shapeOf(network)).toBe("quantize affine affine relu quantize affine");
    const [, first] = network.nodes;
    expect(first).toMatchObject({ op: "affine", layer: "layers_0" });
    if (first.op !== "affine") throw new Error("no product");
    expect(first.weightFormats?.map(printFormat)).toEqual(["fixed<4,2,RND_CONV,SAT_SYM>"]);
    expectFixed(network, sample(network), 0.06); // casts of 5 bits turn on single roundings
  });

  it.each(["ROUND", "FLOOR"])(
    "as QKeras exports them: kernels, biases, quantized relu, %s",
    (mode) => {
      const kernel: Quant = { bits: 6, scale: 1 / 32, mode: "ROUND" };
      const bias: Quant = { bits: 6, scale: 1 / 16, mode: "ROUND" };
      const relu: Quant = { bits: 6, scale: 1 / 16, signed: 0, mode };
      const [w, b] = [weightsOf(3, 12).map((v) => v / 4), weightsOf(4, 3)];
      const model = handmade(["batch", 4], (emit, x) => {
        const weight = quant(emit, matrix(emit, w, [4, 3], "q_dense/kernel"), kernel);
        const product = emit.node("MatMul", [quant(emit, x, { bits: 8, scale: 1 / 32 }), weight]);
        const sum = emit.node("Add", [
          product,
          quant(emit, matrix(emit, b, [3], "q_dense/bias"), bias),
        ]);
        return { y: quant(emit, emit.node("Relu", [sum]), relu) };
      });
      const network = expectSameAsFormula(model, (x) =>
        times(
          x.map((v) => quantOf(v, { bits: 8, scale: 1 / 32 })),
          w.map((v) => quantOf(v, kernel)),
          3,
        ).map((v, i) => quantOf(Math.max(v + quantOf(b[i], bias), 0), relu)),
      );
      expect(shapeOf(network)).toBe("quantize affine relu quantize");
      expectFixed(network, sample(network), 1e-9); // every format is prescribed: nothing may differ
    },
  );
});
