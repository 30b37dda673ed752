import { describe, expect, it } from "vitest";
import { float32 } from "../../../src/base/host-array.ts";
import { evaluateNetwork, importOnnx } from "../../../src/fpga/onnx/index.ts";
import type { Emitter } from "../../../src/onnx/index.ts";
import { handmade } from "./support.ts";

type Build = (emit: Emitter, x: string) => string;
const attempt =
  (build: Build, shape: readonly (number | string)[] = ["batch", 4]) =>
  () =>
    importOnnx(handmade(shape, (emit, x) => ({ y: build(emit, x) })));
const number = (emit: Emitter, ...values: number[]) =>
  emit.constant(float32(values, [values.length]));

describe("importOnnx refuses", () => {
  it("operators it does not know, and says which it knows", () => {
    const build: Build = (emit, x) => emit.node("LayerNormalization", [x, number(emit, 1)]);
    expect(attempt(build)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "layernormalization" (LayerNormalization): not supported: needs mean and variance of each inference at run time; train with batch norm, which folds away; supported: Abs, Add, ArgMax, AveragePool, BatchNormalization, BipolarQuant, Cast, Celu, Clip, Concat, Constant, ConstantOfShape, Conv, DequantizeLinear, Div, Dropout, Elu, Equal, Exp, Expand, Flatten, Gather, Gelu, Gemm, GlobalAveragePool, GlobalMaxPool, HardSigmoid, HardSwish, Identity, IntQuant, LeakyRelu, LinearRegressor, LogSoftmax, MatMul, Max, MaxPool, Min, Mish, Mul, Neg, PRelu, Pad, Pow, Quant, QuantizeLinear, Reciprocal, ReduceL1, ReduceL2, ReduceLogSumExp, ReduceMax, ReduceMean, ReduceMin, ReduceProd, ReduceSum, ReduceSumSquare, Relu, Reshape, Scaler, Selu, Shape, Sigmoid, Slice, Softmax, Softplus, Softsign, Split, Sqrt, Squeeze, Sub, Sum, Tanh, Tile, Transpose, Trunc, Unsqueeze, Where]`,
    );
  });

  it("operators of other domains", () => {
    const build: Build = (emit, x) => emit.node("FusedGemm", [x], {}, "com.microsoft");
    expect(attempt(build)).toThrow('"fusedgemm" (FusedGemm): not supported (domain com.microsoft)');
  });

  it("shapes that depend on the data", () => {
    expect(attempt((emit, x) => emit.node("NonZero", [x]))).toThrow(
      "the shape of its result depends on the data",
    );
    const build: Build = (emit, x) => emit.node("Reshape", [x, x]);
    expect(attempt(build)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "reshape" (Reshape): shape depends on the data; it must be constant]`,
    );
  });

  it("Floor and Where that are no remainder", () => {
    expect(attempt((emit, x) => emit.node("Floor", [x]))).toThrow(
      'node "floor" (Floor): not supported: only as x - p floor(x / p), the remainder of a period',
    );
    const twoPeriods: Build = (emit, x) => {
      const turns = emit.node("Floor", [emit.node("Div", [x, number(emit, 3)])]);
      return emit.node("Sub", [x, emit.node("Mul", [turns, number(emit, 4)])]);
    };
    expect(attempt(twoPeriods)).toThrow('node "floor" (Floor): not supported');
  });

  it("products of data", () => {
    const build: Build = (emit, x) =>
      emit.node("MatMul", [x, emit.node("Transpose", [x], { perm: [1, 0] })]);
    expect(attempt(build)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "matmul" (MatMul): both sides depend on the data; one must be constant]`,
    );
  });

  it("sums over the batch", () => {
    const build: Build = (emit, x) => emit.node("ReduceSum", [x, emit.ints([0])]);
    expect(attempt(build)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "reducesum" (ReduceSum): works across the batch; each inference stands alone]`,
    );
  });

  it("reshapes that mix the batch with features", () => {
    const build: Build = (emit, x) => emit.node("Reshape", [x, emit.ints([-1, 2])]);
    expect(attempt(build)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "reshape" (Reshape): reshape from [1,4] to [2,2] mixes the batch with features]`,
    );
  });

  it("weights that are not numbers", () => {
    const build: Build = (emit, x) =>
      emit.node("Mul", [x, emit.constant(float32([1, 2, Number.NaN, 4], [4]), "scale")]);
    expect(attempt(build)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: tensor "scale" holds NaN at element 2 of [4]; train again or replace it]`,
    );
  });

  it("divisions by zero", () => {
    const build: Build = (emit, x) => emit.node("Div", [x, number(emit, 1, 0, 1, 1)]);
    expect(attempt(build)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "div" (Div): divides by 0 (element 1 of "const")]`,
    );
  });

  it("shapes that do not fit", () => {
    const add: Build = (emit, x) => emit.node("Add", [x, number(emit, 1, 2, 3)]);
    expect(attempt(add)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "add" (Add): shapes [1,4] and [3] do not broadcast]`,
    );
    const product: Build = (emit, x) =>
      emit.node("Gemm", [x, emit.constant(float32([1, 2], [2, 1]))]);
    expect(attempt(product)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "gemm" (Gemm): inner sizes differ: [1,4] x [2,1]]`,
    );
  });

  it("inputs with a fixed batch, or two free sizes", () => {
    const relu: Build = (emit, x) => emit.node("Relu", [x]);
    expect(attempt(relu, [16, 4])).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: input "x" [16, 4] has a fixed batch size; export with a free one, or 1]`,
    );
    expect(attempt(relu, ["batch", "n"])).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: input "x" [batch, n] has 2 free sizes; only the batch may be free]`,
    );
  });

  it("units of outputs that are not there", () => {
    const model = handmade(["batch", 1], (emit, x) => ({ pt: emit.node("Relu", [x]) }));
    expect(() => importOnnx(model, { units: { phi: 1 } })).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx.units: no output "phi"; the model has pt]`,
    );
  });

  it("metadata that is no list", () => {
    const model = handmade(["batch", 1], (emit, x) => ({ y: emit.node("Relu", [x]) }), {
      "forty.inputs": "{}",
    });
    expect(() => importOnnx(model)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: metadata "forty.inputs" is no list of { name, unit, range }]`,
    );
  });
});

describe("evaluateNetwork", () => {
  const network = importOnnx(handmade(["batch", 2], (emit, x) => ({ y: emit.node("Exp", [x]) })));

  it("tells every value to a trace, inputs too", () => {
    const seen: Record<string, number[]> = {};
    evaluateNetwork(network, { x: Float64Array.of(0, 1, 2, 3) }, (name, values) => {
      seen[name] = [...values];
    });
    expect(seen).toEqual({ x: [0, 1, 2, 3], exp: [0, 1, 2, 3].map(Math.exp) });
  });

  it("refuses inputs that are not whole rows", () => {
    expect(() =>
      evaluateNetwork(network, { x: Float64Array.of(1) }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: evaluateNetwork: input "x" has 1 values, expected n rows of 2]`,
    );
  });
});
