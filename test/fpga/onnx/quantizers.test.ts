import { describe, expect, it } from "vitest";
import { float32 } from "../../../src/base/host-array.ts";
import { createRng } from "../../../src/base/rng.ts";
import { printFormat } from "../../../src/fpga/format.ts";
import { evaluateNetwork, importOnnx } from "../../../src/fpga/onnx/index.ts";
import { handmade, number, type Quant, quant, quantOf, shapeOf, weights } from "./support.ts";

const domain = "qonnx.custom_op.general";
describe("QONNX quantizers", () => {
  it.each([
    [{ mode: "ROUND" }],
    [{ mode: "FLOOR", bits: 5 }],
    [{ mode: "DOWN" }],
    [{ mode: "HALF_UP" }],
    [{ mode: "half_down" }],
    [{ narrow: 1 }],
    [{ signed: 0, scale: 2 }],
    [{ scale: 0.0625, bits: 8 }],
  ])("cast data as defined: %o", (q) => {
    const model = handmade(["batch", 1], (emit, x) => ({ y: quant(emit, x, q) }));
    const network = importOnnx(model);
    const step = (q as Quant).scale ?? 0.25;
    const x = Float64Array.from({ length: 401 }, (_, i) => ((i - 200) * step) / 8);
    const { y } = evaluateNetwork(network, { x });
    const upper = { ...q, ...("mode" in q ? { mode: q.mode.toUpperCase() } : {}) };
    expect([...y]).toEqual([...x].map((v) => quantOf(v, upper)));
  });

  it("give weights, biases and data their formats", () => {
    const model = handmade(["batch", 4], (emit, x) => {
      const rng = createRng(1);
      const w = quant(emit, weights(emit, rng, [4, 2], "fc1.weight"), { bits: 6, scale: 2 ** -4 });
      const b = quant(emit, weights(emit, rng, [2], "fc1.bias"), { bits: 10, scale: 2 ** -7 });
      const y = emit.node("Add", [emit.node("MatMul", [quant(emit, x), w]), b]);
      return { y: quant(emit, emit.node("Relu", [y]), { signed: 0, bits: 8 }, "IntQuant") };
    });
    const { nodes } = importOnnx(model);
    expect(shapeOf({ nodes })).toBe("quantize affine relu quantize");
    const [input, affine, , output] = nodes;
    if (affine.op !== "affine" || input.op !== "quantize" || output.op !== "quantize")
      throw new Error("other nodes");
    expect(affine.layer).toBe("fc1");
    expect(affine.weightFormats?.map(printFormat)).toEqual(["fixed<6,2,RND_CONV,SAT>"]);
    expect(affine.biasFormats?.map(printFormat)).toEqual(["fixed<10,3,RND_CONV,SAT>"]);
    expect(input.formats.map(printFormat)).toEqual(["fixed<4,2,RND_CONV,SAT>"]);
    expect(output.formats.map(printFormat)).toEqual(["ufixed<8,6,RND_CONV,SAT>"]);
    expect([...affine.weights].every((w) => Number.isInteger(w * 16) && Math.abs(w) < 2)).toBe(
      true,
    );
  });

  it("are not merged over: a scale behind prescribed weights stays its own", () => {
    const model = handmade(["batch", 2], (emit, x) => {
      const w = quant(emit, weights(emit, createRng(1), [2, 3], "w"));
      const scaled = emit.node("Mul", [emit.node("MatMul", [x, w]), number(emit, 0.3)]);
      return { y: emit.node("Relu", [scaled]) };
    });
    expect(shapeOf(importOnnx(model))).toBe("affine affine relu");
  });

  it("take scales per channel, also for convolutions", () => {
    const model = handmade(["batch", 1, 5], (emit, x) => {
      const scale = emit.constant(float32([0.5, 0.125], [2, 1, 1]));
      const kernel = weights(emit, createRng(1), [2, 1, 3], "conv.weight");
      const inputs = [kernel, scale, number(emit, 0), number(emit, 5)];
      const w = emit.node(
        "Quant",
        inputs,
        { signed: 1, narrow: 0, rounding_mode: "ROUND" },
        domain,
      );
      return { y: emit.node("Conv", [x, w]) };
    });
    const affine = importOnnx(model).nodes[0];
    if (affine.op !== "affine") throw new Error("no affine");
    const five = (integer: number) => `fixed<5,${integer},RND_CONV,SAT>`;
    expect(affine.weightFormats?.map(printFormat)).toEqual([4, 4, 4, 2, 2, 2].map(five));
  });

  it("make weights bipolar, with 0 as +1", () => {
    const model = handmade(["batch", 3], (emit, x) => {
      const w = emit.constant(float32([0.3, -2, 0], [3, 1]));
      const b = emit.node("BipolarQuant", [w, number(emit, 0.5)], {}, domain);
      return { y: emit.node("MatMul", [x, b]) };
    });
    const [affine] = importOnnx(model).nodes;
    expect(affine).toMatchObject({ op: "affine", weights: Float64Array.of(0.5, -0.5, 0.5) });
  });

  it("truncate: version 1 shifts the value, version 2 keeps its place", () => {
    const attributes = { rounding_mode: "FLOOR" };
    const model = handmade(["batch", 1], (emit, x) => {
      const [one, zero, six, four] = [0.5, 0, 6, 4].map((v) => number(emit, v));
      const old = [x, one, zero, six, four];
      const recent = [x, one, zero, six, number(emit, 2), zero, four];
      return {
        old: emit.node("Trunc", old, attributes, domain),
        recent: emit.node("Trunc", recent, { ...attributes, signed: 1, narrow: 0 }, domain),
      };
    });
    const x = Float64Array.from({ length: 64 }, (_, i) => (i - 32) / 2);
    const { old, recent } = evaluateNetwork(importOnnx(model), { x });
    expect([...old]).toEqual([...x].map((v) => Math.floor(v / 0.5 / 4) * 0.5 + 0));
    expect([...recent]).toEqual([...x].map((v) => Math.floor(v / 2) * 2 + 0));
  });
});

describe("QONNX quantizers refuse", () => {
  const attempt = (q: Quant) => () =>
    importOnnx(handmade(["batch", 1], (emit, x) => ({ y: quant(emit, x, q) })));

  it("scales that are no power of two", () => {
    expect(attempt({ scale: 0.3 })).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "quant" (Quant): scale 0.30000001192092896; only powers of two are exact in fixed point]`,
    );
  });
  it("rounding modes that no logic type has", () => {
    expect(attempt({ mode: "CEIL" })).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "quant" (Quant): rounding mode CEIL; supported: ROUND, HALF_EVEN, FLOOR, DOWN, ROUND_TO_ZERO, HALF_UP, HALF_DOWN]`,
    );
  });
  it("narrow ranges without sign", () => {
    expect(attempt({ signed: 0, narrow: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "quant" (Quant): narrow without sign; ap_ufixed has no such range]`,
    );
  });
  it("fractions of a bit", () => {
    expect(attempt({ bits: 3.5 })).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "quant" (Quant): bit width [3.5]; one whole number from 1 to 48 is supported]`,
    );
  });
  it("signs of data", () => {
    expect(attempt({ bits: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "quant" (Quant): the sign of data has no fixed-point layer; only weights may be bipolar]`,
    );
  });
  it("zero points", () => {
    const model = handmade(["batch", 1], (emit, x) => {
      const inputs = [x, number(emit, 1), number(emit, 3), number(emit, 8)];
      return { y: emit.node("Quant", inputs, { signed: 1, narrow: 0 }, domain) };
    });
    expect(() => importOnnx(model)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: importOnnx: node "quant" (Quant): zero point 3; only 0 is supported]`,
    );
  });
});
