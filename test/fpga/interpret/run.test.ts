import { describe, expect, it } from "vitest";
import { fixed, ufixed } from "../../../src/fpga/format.ts";
import { interpret } from "../../../src/fpga/interpret/run.ts";
import type { FixedOp, FixedProgram } from "../../../src/fpga/program.ts";

const program = (...ops: readonly FixedOp[]): FixedProgram => ({
  name: "p",
  inputs: [
    {
      name: "x",
      labels: ["a", "b"],
      lanes: [
        { fraction: 0, lo: -100, hi: 100 },
        { fraction: 2, lo: -100, hi: 100 },
      ],
    },
  ],
  ops,
  outputs: ops.map(({ output }) => ({ name: output, from: output, unit: 1, physical: null })),
  strategies: {},
});
const rows = Float64Array.of(-7, 30, 12, -3, 0, 0);
const of = (...ops: readonly FixedOp[]) =>
  Object.fromEntries(
    Object.entries(interpret(program(...ops), { x: rows }).outputs).map(([k, v]) => [k, [...v]]),
  );

describe("interpreter, by hand", () => {
  it("every operation on three rows", () => {
    const split: FixedOp[] = [
      { op: "pick", inputs: ["x"], lanes: [[0, 0]], output: "a", layer: "l" },
      { op: "pick", inputs: ["x"], lanes: [[0, 1]], output: "b", layer: "l" },
    ];
    const both = { a: "a", b: "b", layer: "l" };
    const one = { input: "a", layer: "l" };
    expect(
      of(
        ...split,
        { op: "add", ...both, output: "add" }, // in quarters: -28 + 30
        { op: "sub", ...both, output: "sub" },
        { op: "multiply", ...both, output: "multiply" },
        { op: "maximum", ...both, output: "maximum" },
        { op: "less", ...both, output: "less" },
        { op: "select", condition: "less", ...both, output: "select" },
        { op: "relu", ...one, output: "relu" },
        { op: "clamp", ...one, lo: -5, hi: 5, output: "clamp" },
        { op: "modulo", input: "clamp", period: 6, output: "modulo", layer: "l" },
        { op: "rescale", ...one, by: [3], output: "rescale" },
        {
          op: "table",
          input: "clamp",
          first: -5,
          values: Int32Array.from({ length: 11 }, (_, i) => 100 + i),
          fraction: 0,
          label: "t",
          output: "table",
          layer: "l",
        },
        { op: "constant", values: [4, -1], fraction: 0, output: "constant", layer: "l" },
        { op: "max", input: "x", output: "max", layer: "l" },
        { op: "argmax", input: "x", output: "argmax", layer: "l" },
      ),
    ).toEqual({
      a: [-7, 12, 0],
      b: [30, -3, 0],
      add: [2, 45, 0],
      sub: [-58, 51, 0],
      multiply: [-210, -36, 0],
      maximum: [30, 48, 0],
      less: [1, 0, 0],
      select: [-28, -3, 0],
      relu: [0, 12, 0],
      clamp: [-5, 5, 0],
      modulo: [1, 5, 0],
      rescale: [-7, 12, 0],
      table: [100, 110, 105],
      constant: [4, -1, 4, -1, 4, -1],
      max: [30, 48, 0],
      argmax: [1, 0, 0], // the first of equal ones
    });
  });

  it("products of gathered lanes, with their own fractions", () => {
    const op: FixedOp = {
      op: "affine",
      input: "x",
      rows: 2,
      columns: 2,
      weights: Int32Array.of(1, 2, -3, 0),
      weightFraction: [0, 1],
      bias: [5, -1],
      gather: Int32Array.of(0, 1, 1, -1),
      accumulator: null,
      output: "y",
      layer: "l",
    };
    // first row of x: 4·-7 + 2·30 + 5, -3·4·-7 - 1, then 30 + 5, -3·30 - 1
    expect(of(op).y.slice(0, 4)).toEqual([37, 83, 35, -91]);
  });

  it("casts each product and each sum of an accumulator in order", () => {
    const op: FixedOp = {
      op: "affine",
      input: "x",
      rows: 1,
      columns: 2,
      weights: Int32Array.of(1, 1),
      weightFraction: [0],
      bias: [10],
      gather: null,
      accumulator: fixed(4, 3, "TRN", "SAT"), // halves in [-8, 7]
      output: "y",
      layer: "l",
    };
    // 5 halves; -7 saturates to -8, sum -3; 30 quarters are 15 halves, saturate to 7: 4
    // 5; 12 -> 7, sum 12 -> 7; -3 quarters -> -2 halves: 5
    const { outputs, counts } = interpret(program(op), { x: rows }, { probe: true });
    expect([...outputs.y]).toEqual([4, 5, 5]);
    expect(counts).toEqual([
      {
        layer: "l",
        wire: "y",
        op: "accumulator",
        values: 3,
        min: 2.5,
        max: 13.75,
        wrapped: 0,
        saturated: 2,
        lostBits: 1,
        lanes: [0],
      },
    ]);
  });

  it("counts what casts lose, by kind", () => {
    const quantize = (output: string, formats: readonly [ReturnType<typeof fixed>]): FixedOp => ({
      op: "quantize",
      input: "x",
      formats,
      output,
      layer: "cast",
    });
    const { outputs, counts } = interpret(
      program(quantize("wrap", [fixed(4, 4)]), quantize("sat", [ufixed(6, 4, "RND", "SAT")])),
      { x: rows },
      { probe: true },
    );
    expect([...outputs.wrap]).toEqual([-7, 7, -4, -1, 0, 0]);
    expect([...outputs.sat]).toEqual([0, 30, 48, 0, 0, 0]);
    const base = { layer: "cast", op: "quantize", values: 6, min: -7, max: 12 };
    expect(counts).toEqual([
      { ...base, wire: "wrap", wrapped: 1, saturated: 0, lostBits: 2, lanes: [0] },
      { ...base, wire: "sat", wrapped: 0, saturated: 2, lostBits: 0, lanes: [0, 1] },
    ]);
    const plain = program(quantize("wrap", [fixed(4, 4)]));
    expect(interpret(plain, { x: rows }).counts).toBeNull();
  });
});
