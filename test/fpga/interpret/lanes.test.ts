import { describe, expect, it } from "vitest";
import { fixed, ufixed } from "../../../src/fpga/format.ts";
import { inferLanes } from "../../../src/fpga/interpret/lanes.ts";
import { interpret } from "../../../src/fpga/interpret/run.ts";
import type { AffineOp, FixedOp, FixedProgram, Lane } from "../../../src/fpga/program.ts";
import { randomInputs, randomProgram } from "./random-programs.ts";

type Bare<T> = T extends FixedOp ? Omit<T, "output" | "layer"> : never;

/** A program of one input "x" and operations that make "w0", "w1", ... */
function program(lanes: readonly Lane[], ...ops: readonly Bare<FixedOp>[]): FixedProgram {
  const last = ops.length === 0 ? "x" : `w${ops.length - 1}`;
  return {
    name: "p",
    inputs: [{ name: "x", labels: lanes.map((_, i) => `x${i}`), lanes }],
    ops: ops.map((op, i) => ({ ...op, output: `w${i}`, layer: `l${i}` }) as FixedOp),
    outputs: [{ name: "y", from: last, unit: 1, physical: null }],
    strategies: {},
  };
}
const lanesAfter = (lanes: readonly Lane[], ...ops: readonly Bare<FixedOp>[]) =>
  inferLanes(program(lanes, ...ops)).get(`w${ops.length - 1}`);
const lane = (fraction: number, lo: number, hi: number): Lane => ({ fraction, lo, hi });

const affine = (weights: readonly number[], more: Partial<AffineOp> = {}) => ({
  op: "affine" as const,
  input: "x",
  rows: 1,
  columns: weights.length,
  weights: Int32Array.from(weights),
  weightFraction: [0],
  bias: [0],
  gather: null,
  accumulator: null,
  ...more,
});

describe("lanes of an operation", () => {
  const x = [lane(0, -3, 5), lane(2, 0, 7)];
  it.each<[string, readonly Lane[], Bare<FixedOp>, readonly Lane[]]>([
    // at fraction 2 the first lane counts four times: 2·4·[-3, 5] - 3·[0, 7] + 1
    ["affine by sign", x, affine([2, -3], { bias: [1] }), [lane(2, -44, 41)]],
    [
      "affine that reads a lane twice",
      x,
      affine([2, -1], { gather: Int32Array.of(0, 0) }),
      [lane(0, -3, 5)],
    ],
    [
      "affine with positions of their own fraction",
      x,
      affine([3], { gather: Int32Array.of(0, -1, 1), weightFraction: [1] }),
      [lane(1, -9, 15), lane(1, 0, 0), lane(3, 0, 21)],
    ],
    [
      "affine in an accumulator",
      x,
      affine([1, 1], { accumulator: fixed(9, 5) }),
      [lane(4, -256, 255)],
    ],
    [
      "quantize that fits",
      x,
      { op: "quantize", input: "x", formats: [fixed(5, 4)] },
      [lane(1, -6, 10), lane(1, 0, 3)],
    ],
    [
      "quantize that saturates",
      x,
      { op: "quantize", input: "x", formats: [ufixed(2, 2, "RND", "SAT")] },
      [lane(0, 0, 3), lane(0, 0, 2)],
    ],
    [
      "quantize that wraps",
      x,
      { op: "quantize", input: "x", formats: [fixed(3, 3)] },
      [lane(0, -4, 3), lane(0, 0, 1)],
    ],
    [
      "quantize that wraps as a whole",
      [lane(0, 9, 11)],
      { op: "quantize", input: "x", formats: [fixed(3, 3)] },
      [lane(0, 1, 3)],
    ],
    [
      "quantize that sets to zero",
      [lane(0, 2, 9)],
      { op: "quantize", input: "x", formats: [fixed(3, 3, "TRN", "SAT_ZERO")] },
      [lane(0, 0, 3)],
    ],
    [
      "quantize to no bits",
      [lane(0, 2, 9)],
      { op: "quantize", input: "x", formats: [fixed(0, 2)] },
      [lane(-2, 0, 0)],
    ],
    ["square", x, { op: "multiply", a: "x", b: "x" }, [lane(0, 0, 25), lane(4, 0, 49)]],
    ["relu", x, { op: "relu", input: "x" }, [lane(0, 0, 5), lane(2, 0, 7)]],
    ["clamp", x, { op: "clamp", input: "x", lo: -1, hi: 2 }, [lane(0, -1, 2), lane(2, 0, 2)]],
    ["rescale", x, { op: "rescale", input: "x", by: [3, -1] }, [lane(3, -3, 5), lane(1, 0, 7)]],
    [
      "modulo",
      [lane(0, -2, 11), lane(0, 6, 8)],
      { op: "modulo", input: "x", period: 6 },
      [lane(0, 0, 5), lane(0, 0, 2)],
    ],
    [
      "table",
      [lane(0, 1, 2)],
      {
        op: "table",
        input: "x",
        first: 0,
        values: Int32Array.of(99, 4, -6, 70),
        fraction: 3,
        label: "t",
      },
      [lane(3, -6, 4)],
    ],
    ["max", x, { op: "max", input: "x" }, [lane(2, 0, 20)]],
    ["argmax", x, { op: "argmax", input: "x" }, [lane(0, 0, 1)]],
    ["less", x, { op: "less", a: "x", b: "x" }, [lane(0, 0, 1), lane(0, 0, 1)]],
    ["pick", x, { op: "pick", inputs: ["x"], lanes: [[0, 1]] }, [lane(2, 0, 7)]],
    ["constant", x, { op: "constant", values: [3], fraction: 1 }, [lane(1, 3, 3)]],
  ])("%s", (_, lanes, op, want) => {
    expect(lanesAfter(lanes, op)).toEqual(want);
  });

  it("of two vectors are aligned to the finer fraction", () => {
    const [a, b] = [lane(0, -3, 5), lane(2, 0, 7)];
    const pick = (k: number): Bare<FixedOp> => ({ op: "pick", inputs: ["x"], lanes: [[0, k]] });
    const both = (op: Bare<FixedOp>) => lanesAfter([a, b], pick(0), pick(1), op)?.[0];
    expect(both({ op: "add", a: "w0", b: "w1" })).toEqual(lane(2, -12, 27));
    expect(both({ op: "sub", a: "w0", b: "w1" })).toEqual(lane(2, -19, 20));
    expect(both({ op: "maximum", a: "w0", b: "w1" })).toEqual(lane(2, 0, 20));
    expect(both({ op: "multiply", a: "w0", b: "w1" })).toEqual(lane(2, -21, 35));
    expect(both({ op: "select", condition: "w0", a: "w0", b: "w1" })).toEqual(lane(2, -12, 20));
  });

  it("hold all results of random programs", () => {
    for (let seed = 0; seed < 60; seed++) {
      const made = randomProgram(`lanes ${seed}`, 1 + (seed % 7));
      const lanes = inferLanes(made);
      const { outputs } = interpret(made, randomInputs(made, 40, seed));
      for (const { name, from } of made.outputs) {
        const of = lanes.get(from) ?? [];
        for (const [i, n] of outputs[name].entries()) {
          const { lo, hi } = of[i % of.length];
          if (!(n >= lo && n <= hi))
            expect.fail(`seed ${seed}, ${name}: ${n} not in [${lo}, ${hi}]`);
        }
      }
    }
  });
});

describe("a program is refused", () => {
  const x = [lane(0, -3, 5), lane(2, 0, 7)];
  it.each<[string, readonly Lane[], Bare<FixedOp>, string, string]>([
    [
      "for an unknown wire",
      x,
      { op: "relu", input: "X" },
      "GraphError",
      'program p: relu of layer "l0": no wire "X" before it; did you mean "x"?',
    ],
    [
      "for a missing weight",
      x,
      { ...affine([1, 2]), columns: 3 },
      "ConfigError",
      'program p: affine of layer "l0": 2 weights for 1 rows of 3 columns',
    ],
    [
      "for columns that are not there",
      x,
      affine([1, 2, 3]),
      "ConfigError",
      "3 columns for 2 lanes",
    ],
    [
      "for a lane that is not there",
      x,
      affine([1], { gather: Int32Array.of(2) }),
      "ConfigError",
      "gather reads lane 2 of 2",
    ],
    [
      "for a bias that is no integer",
      x,
      affine([1, 2], { bias: [0.5] }),
      "ConfigError",
      "bias 0: expected an integer below 2^53, got 0.5",
    ],
    [
      "for a bias that is no number",
      x,
      affine([1, 2], { bias: [Number.NaN] }),
      "ConfigError",
      "got NaN",
    ],
    [
      "for sums beyond 2^53",
      [lane(0, 0, 2 ** 50)],
      affine([9]),
      "ConfigError",
      "row 0: its terms pass 2^53; cast the input to fewer bits",
    ],
    [
      "for products beyond 2^53",
      [lane(0, 0, 2 ** 30)],
      { op: "multiply", a: "x", b: "x" },
      "ConfigError",
      "passes 2^53",
    ],
    [
      "for alignment beyond 2^53",
      [lane(0, 0, 2 ** 30), lane(40, 0, 1)],
      { op: "max", input: "x" },
      "ConfigError",
      "an operand passes 2^53 once it is aligned from fraction 0 to 40",
    ],
    [
      "for a table too short",
      x,
      { op: "table", input: "x", first: -3, values: new Int32Array(9), fraction: 0, label: "exp" },
      "ConfigError",
      'lane 1 holds [0, 7], the table "exp" [-3, 5]',
    ],
    [
      "for numbers outside of two turns",
      x,
      { op: "modulo", input: "x", period: 2 },
      "ConfigError",
      "lane 0 holds [-3, 5], outside of [-2, 4)",
    ],
    [
      "for formats that do not match",
      x,
      { op: "quantize", input: "x", formats: [fixed(3, 3), fixed(3, 3), fixed(3, 3)] },
      "ConfigError",
      "3 formats for 2 lanes",
    ],
    [
      "for an empty vector",
      x,
      { op: "pick", inputs: ["x"], lanes: [] },
      "GraphError",
      '"w0" has no lanes',
    ],
    [
      "for a lane of no input",
      x,
      { op: "pick", inputs: ["x"], lanes: [[1, 0]] },
      "ConfigError",
      "no lane 0 of input 1 of 1",
    ],
    [
      "for a constant that is no integer",
      x,
      { op: "constant", values: [0.5], fraction: 0 },
      "ConfigError",
      "expected integers",
    ],
  ])("%s", (_, lanes, op, name, message) => {
    const run = () => inferLanes(program(lanes, op));
    expect(run).toThrow(expect.objectContaining({ name }));
    expect(run).toThrow(message);
  });

  it("for names made twice, strangers among strategies and outputs", () => {
    const good = program(x, { op: "relu", input: "x" });
    expect(() => inferLanes({ ...good, ops: [...good.ops, ...good.ops] })).toThrow(
      '"w0" is made twice',
    );
    const { outputs } = good;
    expect(() => inferLanes({ ...good, outputs: [...outputs, ...outputs] })).toThrow(
      'output "y" is made twice',
    );
    expect(() => inferLanes({ ...good, strategies: { l7: { kind: "adders" } } })).toThrow(
      'a strategy for layer "l7", which does not exist',
    );
    expect(() => inferLanes({ ...good, outputs: [] })).toThrow("no outputs");
    expect(() =>
      inferLanes({ ...good, inputs: [{ ...good.inputs[0], labels: ["only"] }] }),
    ).toThrow("1 labels for 2 lanes");
  });
});
