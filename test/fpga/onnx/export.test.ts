import { describe, expect, it } from "vitest";
import { createRng, type Rng } from "../../../src/base/rng.ts";
import { type FixedFormat, fixed, parseFormat, ufixed } from "../../../src/fpga/format.ts";
import { inferLanes, interpret } from "../../../src/fpga/interpret/index.ts";
import { evaluateNetwork, exportQonnx, importOnnx } from "../../../src/fpga/onnx/index.ts";
import type { FixedOp, FixedProgram, Lane } from "../../../src/fpga/program.ts";
import { decodeModel, encodeModel } from "../../../src/onnx/index.ts";

const input = (lanes: readonly Lane[]) => ({
  name: "x",
  labels: lanes.map((_, i) => `hwX${i}`),
  lanes,
});

const layer = "layer";
const byte: Lane = { fraction: 4, lo: -128, hi: 127 };
const bytes = (n: number) => Array.from({ length: n }, () => byte);

function program(
  lanes: readonly Lane[],
  ops: readonly FixedOp[],
  outputs = [ops[ops.length - 1].output],
): FixedProgram {
  return {
    name: "p",
    inputs: [input(lanes)],
    ops,
    outputs: outputs.map((from) => ({ name: `out_${from}`, from, unit: 0.5, physical: "GeV" })),
    strategies: {},
  };
}

/** Runs a program, and its QONNX file read back, on random integers; all values must be the same. */
function expectRoundTrip(p: FixedProgram, seed = 1, rows = 200): void {
  const rng = createRng(seed);
  const { lanes } = p.inputs[0];
  const integers = new Float64Array(rows * lanes.length);
  const reals = integers.map((_, i) => {
    const { lo, hi, fraction } = lanes[i % lanes.length];
    integers[i] = lo + rng.integer(hi - lo + 1);
    return integers[i] * 2 ** -fraction;
  });
  const expected = interpret(p, { x: integers }).outputs;
  const inferred = inferLanes(p);
  const network = importOnnx(decodeModel(encodeModel(exportQonnx(p))));
  const given = evaluateNetwork(network, { x: reals });
  for (const { name, from } of p.outputs) {
    const own = inferred.get(from)!;
    const real = expected[name].map((n, i) => n * 2 ** -own[i % own.length].fraction);
    expect([...given[name]]).toEqual([...real].map((v) => v + 0));
  }
}

function affine(
  rng: Rng,
  inputName: string,
  rows: number,
  columns: number,
  output: string,
): FixedOp {
  return {
    op: "affine",
    input: inputName,
    rows,
    columns,
    weights: Int32Array.from({ length: rows * columns }, () => rng.integer(63) - 31),
    weightFraction: Array.from({ length: rows }, () => rng.integer(8)),
    bias: Array.from({ length: rows }, () => rng.integer(4001) - 2000),
    gather: null,
    accumulator: null,
    output,
    layer: output,
  };
}

const quantize = (inputName: string, formats: readonly FixedFormat[], output: string): FixedOp => ({
  op: "quantize",
  input: inputName,
  formats,
  output,
  layer: output,
});

describe("exportQonnx, read back", () => {
  it("gives the integers of a network of random layers, bit for bit", () => {
    for (let seed = 1; seed <= 8; seed++) {
      const rng = createRng(seed);
      const relu = ufixed(6 + rng.integer(5), 4, "RND", "SAT");
      const last = Array.from({ length: 3 }, () =>
        fixed(
          5 + rng.integer(8),
          3 + rng.integer(4),
          "RND_CONV",
          rng.integer(2) ? "SAT" : "SAT_SYM",
        ),
      );
      const p = program(
        [{ fraction: 0, lo: 0, hi: 511 }, { fraction: 0, lo: -256, hi: 255 }, ...bytes(2)],
        [
          affine(rng, "x", 5, 4, "a"),
          { op: "relu", input: "a", output: "r", layer },
          quantize("r", [relu], "q"),
          affine(rng, "q", 3, 5, "b"),
          quantize("b", last, "y"),
        ],
        ["y", "a"],
      );
      expectRoundTrip(p, seed);
    }
  });

  it.each(["TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_CONV"])("rounds as %s", (mode) => {
    for (const text of [
      `fixed<5,3,${mode},SAT>`,
      `fixed<5,2,${mode},SAT_SYM>`,
      `ufixed<5,3,${mode},SAT>`,
    ])
      expectRoundTrip(program([byte], [quantize("x", [parseFormat(text)], "y")]));
  });

  it("keeps WRAP where nothing can overflow", () => {
    expectRoundTrip(program([byte], [quantize("x", [fixed(7, 5)], "y")]));
  });

  it("gives convolutions, with zeros around", () => {
    const rng = createRng(3);
    const window = (i: number) => [i - 1, i, i + 1].map((at) => (at < 0 || at > 5 ? -1 : at));
    const conv: FixedOp = {
      ...(affine(rng, "x", 2, 3, "c") as Extract<FixedOp, { op: "affine" }>),
      gather: Int32Array.from([0, 1, 2, 3, 4, 5].flatMap(window)),
      output: "c",
      layer: "conv",
    };
    expectRoundTrip(program(bytes(6), [conv, { op: "relu", input: "c", output: "y", layer }]));
  });

  it("gives sums, products, extremes, clamps, shifts of the point and parts of vectors", () => {
    const ops: FixedOp[] = [
      {
        op: "pick",
        inputs: ["x"],
        lanes: [
          [0, 3],
          [0, 1],
        ],
        output: "p",
        layer,
      },
      {
        op: "pick",
        inputs: ["p", "x"],
        lanes: [
          [1, 0],
          [0, 0],
        ],
        output: "q",
        layer,
      },
      { op: "add", a: "p", b: "q", output: "s", layer },
      { op: "sub", a: "s", b: "x2", output: "d", layer },
      { op: "multiply", a: "d", b: "q", output: "m", layer },
      { op: "maximum", a: "m", b: "p", output: "n", layer },
      { op: "clamp", input: "n", lo: -300, hi: 900, output: "c", layer },
      { op: "rescale", input: "c", by: [2, -3], output: "y", layer },
      { op: "max", input: "y", output: "top", layer },
      { op: "argmax", input: "x", output: "best", layer },
    ];
    const constant: FixedOp = { op: "constant", values: [5, -7], fraction: 2, output: "x2", layer };
    expectRoundTrip(program(bytes(4), [constant, ...ops], ["y", "top", "best"]));
  });

  it("gives wrapped angles", () => {
    const lane = { fraction: 2, lo: -2304, hi: 4607 };
    const op: FixedOp = { op: "modulo", input: "x", period: 2304, output: "y", layer };
    expectRoundTrip(program([lane], [op]));
  });

  it.each([
    ["exp(-x)", (x: number) => Math.exp(-x), 0],
    ["1/x", (x: number) => 1 / x, 1],
    ["tanh", Math.tanh, -100],
    ["sigmoid", (x: number) => 1 / (1 + Math.exp(-x)), -128],
  ])("gives the table of %s as the function and a cast", (label, f, lo) => {
    const lane = { fraction: 5, lo, hi: 127 };
    const values = Int32Array.from({ length: lane.hi - lo + 1 }, (_, i) =>
      Math.round(f((lo + i) * 2 ** -5) * 2 ** 7),
    );
    const op: FixedOp = {
      op: "table",
      input: "x",
      first: lo,
      values,
      fraction: 7,
      label,
      output: "y",
      layer,
    };
    expectRoundTrip(program([lane], [op]));
  });

  it("keeps biases of more than 24 bits exact", () => {
    const op = { ...affine(createRng(1), "x", 1, 2, "y"), bias: [2 ** 40 + 1] } as FixedOp;
    expectRoundTrip(program(bytes(2), [op]));
  });

  it("says what goes in and comes out", () => {
    const model = exportQonnx(program(bytes(1), [quantize("x", [fixed(4, 2, "TRN", "SAT")], "y")]));
    expect(Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]))).toEqual({
      "forty.inputs": '[{"name":"hwX0","unit":null,"range":[-8,7.9375],"integer":false}]',
      "forty.outputs": '[{"name":"out_y","unit":"GeV","scale":0.5}]',
    });
    expect(model.opsetImport).toContainEqual({ domain: "qonnx.custom_op.general", version: 1 });
  });
});

describe("exportQonnx refuses", () => {
  const attempt =
    (...ops: FixedOp[]) =>
    () =>
      exportQonnx(program(bytes(2), ops));

  it("what QONNX has no operator for", () => {
    expect(
      attempt({ op: "less", a: "x", b: "x", output: "y", layer: "cut" }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: exportQonnx: layer "cut", less: QONNX has no operator for it]`,
    );
  });

  it("casts that may wrap", () => {
    expect(attempt(quantize("x", [fixed(4, 2)], "y"))).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: exportQonnx: layer "y", quantize: fixed<4,2> may overflow, and QONNX only saturates; use SAT, or more integer bits]`,
    );
  });

  it("roundings without a mode", () => {
    expect(
      attempt(quantize("x", [fixed(4, 3, "RND_MIN_INF", "SAT")], "y")),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: exportQonnx: layer "y", quantize: rounding RND_MIN_INF of fixed<4,3,RND_MIN_INF,SAT> has no QONNX mode]`,
    );
  });

  it("accumulators", () => {
    const op = { ...affine(createRng(1), "x", 1, 2, "y"), accumulator: fixed(20, 10) } as FixedOp;
    expect(attempt(op)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: exportQonnx: layer "y", affine: sums that are cast at each step have no QONNX operator]`,
    );
  });

  it("weights beyond float32", () => {
    const op = { ...affine(createRng(1), "x", 1, 2, "y"), weights: Int32Array.of(2 ** 25 + 1, 1) };
    expect(attempt(op as FixedOp)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: exportQonnx: 524288.015625 of "y.weight" needs more than the 24 bits of float32, which QONNX holds its numbers in]`,
    );
  });

  it("tables of no known function", () => {
    const values = Int32Array.from({ length: 256 }, (_, i) => (i * i) % 17);
    const op = { op: "table" as const, first: -128, values, fraction: 0, label: "odd" };
    expect(attempt({ ...op, input: "x", output: "y", layer })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: exportQonnx: layer "layer", table: the table "odd" is no rounded exp, 1/x, sigmoid, tanh, sqrt or softplus]`,
    );
  });
});
