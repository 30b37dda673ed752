import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { fixed, ufixed } from "../../../src/fpga/format.ts";
import { fixedNetwork } from "../../../src/fpga/interpret/fixed-network.ts";
import { interpret } from "../../../src/fpga/interpret/run.ts";
import { createEvaluator } from "../../../src/fpga/interpret/wasm.ts";
import type { FixedProgram } from "../../../src/fpga/program.ts";
import { opKinds, randomInputs, randomProgram } from "./random-programs.ts";

function expectSame(program: FixedProgram, rows: number, seed: number | string) {
  const inputs = randomInputs(program, rows, seed);
  const want = interpret(program, inputs).outputs;
  const evaluator = createEvaluator(program);
  const got = evaluator.run(inputs);
  expect(Object.keys(got)).toEqual(Object.keys(want));
  for (const [name, values] of Object.entries(want))
    for (const [i, n] of values.entries())
      if (!Object.is(got[name][i], n))
        expect.fail(`${program.name}, ${name}[${i}]: ${got[name][i]}, not ${n}`);
  return evaluator;
}

describe("evaluator in WebAssembly", () => {
  it("gives what the interpreter gives on random programs of every operation", () => {
    const seen = new Set<string>();
    let [fast, all] = [0, 0];
    for (let seed = 0; seed < 300; seed++) {
      const program = randomProgram(seed, 1 + (seed % 10));
      const { kind } = expectSame(program, 1 + ((seed * 7) % 50), seed);
      all++;
      if (kind !== "wasm") continue;
      fast++;
      for (const { op } of program.ops) seen.add(op);
    }
    expect(fast / all).toBeGreaterThan(0.7);
    expect([...seen].sort()).toEqual([...opKinds].sort());
  });

  it.each([
    ["muon recalibration", [4, 32, 32, 32, 3], 6],
    ["large muon recalibration", [4, 128, 128, 128, 128, 3], 6],
    ["anomaly trigger", [57, 32, 16, 8], 6],
    ["jet tagger", [16, 64, 32, 32, 5], 9],
    ["weights that need 32 bits", [3, 9, 5, 2], 18],
  ])("gives what the interpreter gives for the %s", (name, sizes, bits) => {
    const rng = createRng(name);
    const word = (width: number) => rng.integer(2 ** width) - 2 ** (width - 1);
    const program = fixedNetwork({
      name,
      inputs: Array.from({ length: sizes[0] }, (_, i) => ({ label: `x${i}`, format: fixed(9, 4) })),
      layers: sizes.slice(1).map((outputs, k) => ({
        weights: Array.from({ length: outputs }, () =>
          Array.from({ length: sizes[k] }, () => (rng.integer(5) === 0 ? 0 : word(bits))),
        ),
        weightFormat: fixed(bits, 1),
        bias: Array.from({ length: outputs }, () => word(bits)),
        biasFormat: fixed(bits, 2),
        activation: k === sizes.length - 2 ? ("none" as const) : ("relu" as const),
        ...(k === sizes.length - 2 ? {} : { activationFormat: ufixed(6, 2, "RND", "SAT") }),
      })),
    });
    const { kind } = expectSame(program, 777, name);
    expect(kind).toBe("wasm");
  });

  it("says that it stays plain where 32 bits are too few", () => {
    const lanes = [{ fraction: 0, lo: -(2 ** 20), hi: 2 ** 20 }];
    const program: FixedProgram = {
      name: "wide",
      inputs: [{ name: "x", labels: ["x"], lanes }],
      ops: [{ op: "multiply", a: "x", b: "x", output: "y", layer: "square" }],
      outputs: [{ name: "y", from: "y", unit: 1, physical: null }],
      strategies: {},
    };
    const evaluator = expectSame(program, 10, 1);
    expect([evaluator.kind, evaluator.reason]).toEqual([
      "plain",
      'layer "square" gives more than 32 bits',
    ]);
  });

  it("refuses the inputs that the interpreter refuses, in the same words", () => {
    const lanes = [
      { fraction: 0, lo: 0, hi: 9 },
      { fraction: 0, lo: -4, hi: 4 },
    ];
    const program: FixedProgram = {
      name: "p",
      inputs: [{ name: "x", labels: ["hwPt", "hwEta"], lanes }],
      ops: [{ op: "max", input: "x", output: "y", layer: "l" }],
      outputs: [{ name: "y", from: "y", unit: 1, physical: null }],
      strategies: {},
    };
    const evaluator = createEvaluator(program);
    const data = new Float64Array(2 * 1000);
    for (const [value, text] of [
      [5, "5"],
      [0.5, "0.5"],
      [Number.NaN, "NaN"],
    ] as const) {
      data[2 * 700 + 1] = value;
      const message = `program p: input "x", lane "hwEta", row 700: expected an integer in [-4, 4], got ${text}`;
      expect(() => evaluator.run({ x: data })).toThrow(message);
      expect(() => interpret(program, { x: data })).toThrow(message);
    }
    expect(() => evaluator.run({ x: new Int32Array(3) })).toThrow("has 3 integers, no whole rows");
    expect(() => evaluator.run({ z: new Int32Array(2) })).toThrow('no input "z"; its inputs are x');
    expect(() => evaluator.run({})).toThrow('input "x" is missing');
  });
});
