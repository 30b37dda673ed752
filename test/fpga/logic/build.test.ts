import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { interpret } from "../../../src/fpga/interpret/run.ts";
import { buildLogic, buildNetlist } from "../../../src/fpga/logic/build.ts";
import { simulateNetlist } from "../../../src/fpga/logic/simulate.ts";
import type { FixedProgram, Strategy } from "../../../src/fpga/program.ts";
import { denseProgram } from "./networks.ts";
import { randomInputs, randomProgram } from "./random-programs.ts";

const rows = 25;

/** Every output of the netlist against the interpreter, and every node within its interval. */
function expectEqual(program: FixedProgram, seed: string) {
  const rng = createRng(seed);
  const inputs = randomInputs(rng, program, rows);
  const { outputs } = interpret(program, inputs);
  const netlist = buildNetlist(program);
  for (let row = 0; row < rows; row++) {
    const slice = Object.fromEntries(
      program.inputs.map(({ name, lanes }) => [
        name,
        inputs[name].slice(row * lanes.length, (row + 1) * lanes.length),
      ]),
    );
    const results = simulateNetlist(netlist, slice);
    for (const [name, values] of Object.entries(results)) {
      const expected = outputs[name].slice(row * values.length, (row + 1) * values.length);
      expect(values, `${seed}, ${name} of row ${row}`).toEqual([...expected]);
    }
    for (const { name, nodes } of netlist.outputs)
      nodes.forEach((node, i) => {
        const { lo, hi } = netlist.nodes[node];
        expect(results[name][i], seed).toBeGreaterThanOrEqual(lo);
        expect(results[name][i], seed).toBeLessThanOrEqual(hi);
      });
  }
}

describe("netlist of random programs", () => {
  it("gives what the interpreter gives, whatever the operations", () => {
    for (let seed = 0; seed < 100; seed++)
      expectEqual(randomProgram(createRng(seed), 14), `seed ${seed}`);
  });
});

describe("the nodes of the vectors", () => {
  it("hold what the interpreter has for the vector, or are left out", () => {
    let named = 0;
    for (let seed = 0; seed < 30; seed++) {
      const rng = createRng(`vectors ${seed}`);
      const program = randomProgram(rng, 14);
      const { netlist, vectors } = buildLogic(program);
      const all = program.ops.map(({ output }) => output);
      const outputs = all.map((from) => ({ name: from, from, unit: 1, physical: null }));
      const inputs = randomInputs(rng, program, 1);
      const expected = interpret({ ...program, outputs }, inputs).outputs;
      for (const name of all) {
        const nodes = vectors.get(name) ?? [];
        expect(nodes).toHaveLength(expected[name].length);
        const there = nodes.filter((node) => node >= 0);
        const values = simulateNetlist({ ...netlist, outputs: [{ name, nodes: there }] }, inputs)[
          name
        ];
        expect(values, `${name} of ${seed}`).toEqual(
          [...expected[name]].filter((_, lane) => nodes[lane] >= 0),
        );
        named += there.length;
      }
    }
    expect(named).toBeGreaterThan(100);
  });
});

describe("limits", () => {
  it("that follow each other and meet are one", () => {
    const limit = (input: string, lo: number, hi: number, output: string) =>
      ({ op: "clamp", input, lo, hi, output, layer: "l" }) as const;
    const netlist = buildNetlist({
      name: "limits",
      inputs: [{ name: "x", labels: ["x"], lanes: [{ fraction: 0, lo: -50, hi: 50 }] }],
      ops: [limit("x", 0, 40, "y"), limit("y", -10, 7, "z"), limit("z", 3, 20, "w")],
      outputs: [{ name: "w", from: "w", unit: 1, physical: null }],
      strategies: {},
    });
    expect(netlist.nodes.filter(({ op }) => op === "clamp")).toMatchObject([{ min: 3, max: 7 }]);
    for (let x = -50; x <= 50; x++)
      expect(simulateNetlist(netlist, { x: [x] }).w).toEqual([Math.max(3, Math.min(7, x))]);
  });
});

describe("products with constants", () => {
  const program = denseProgram([12, 9]);
  const affine = program.ops[0];
  if (affine.op !== "affine") throw new Error("the first operation is the product");
  const { weights, bias, rows: height, columns } = affine;
  const bare: FixedProgram = {
    ...program,
    ops: [affine],
    outputs: [{ name: "y", from: affine.output, unit: 1, physical: null }],
  };
  const strategies: Record<string, Strategy> = {
    adders: { kind: "adders" },
    multipliers: { kind: "multipliers" },
    serial: { kind: "serial", reuse: 3 },
  };

  for (const [name, strategy] of Object.entries(strategies))
    it(`are W x + b in whole numbers, built as ${name}`, () => {
      const rng = createRng(name);
      for (const share of [true, false]) {
        const netlist = buildNetlist({ ...bare, strategies: { layer1: strategy } }, { share });
        for (let trial = 0; trial < 20; trial++) {
          const x = Array.from({ length: columns }, () => rng.integer(256) - 128);
          const exact = Array.from({ length: height }, (_, r) =>
            x.reduce(
              (sum, value, c) => sum + BigInt(weights[r * columns + c]) * BigInt(value),
              BigInt(bias[r]),
            ),
          );
          expect(simulateNetlist(netlist, { x }).y.map(BigInt)).toEqual(exact);
        }
      }
    });

  it("have no multipliers as adders, and one per weight that is no power of two otherwise", () => {
    const count = (strategy: Strategy) =>
      buildNetlist({ ...bare, strategies: { layer1: strategy } }).nodes.filter(
        ({ op }) => op === "multiply",
      ).length;
    const powers = weights.filter((w) => w === 0 || Number.isInteger(Math.log2(Math.abs(w))));
    expect(count({ kind: "adders" })).toBe(0);
    // equal weights of a column share theirs
    const pairs = new Set([...weights].map((w, i) => `${w},${i % columns}`));
    const free = new Set(
      [...weights].flatMap((w, i) => (powers.includes(w) ? `${w},${i % columns}` : [])),
    );
    expect(count({ kind: "multipliers" })).toBe(pairs.size - free.size);
  });
});

describe("squares", () => {
  it("of every number of up to 9 bits are exact, with no multiplier", () => {
    for (const [lo, hi] of [
      [-256, 255],
      [0, 255],
      [-8, 7],
      [-3, 100],
    ]) {
      const netlist = buildNetlist({
        name: "square",
        inputs: [{ name: "x", labels: ["x"], lanes: [{ fraction: 0, lo, hi }] }],
        ops: [{ op: "multiply", a: "x", b: "x", output: "y", layer: "square" }],
        outputs: [{ name: "y", from: "y", unit: 1, physical: null }],
        strategies: {},
      });
      expect(netlist.nodes.some(({ op }) => op === "multiply")).toBe(false);
      for (let x = lo; x <= hi; x++)
        expect(simulateNetlist(netlist, { x: [x] }).y).toEqual([x * x]);
    }
  });
});

describe("a convolution", () => {
  it("has the adders of its kernel at every position, and merges what windows share", () => {
    const width = 12;
    const gather = Int32Array.from(
      { length: (width - 2) * 3 },
      (_, i) => Math.floor(i / 3) + (i % 3),
    );
    const op = {
      op: "affine",
      input: "x",
      rows: 2,
      columns: 3,
      weights: Int32Array.of(3, 0, 5, 7, 1, -3),
      weightFraction: [0, 0],
      bias: [0, 0],
      gather,
      accumulator: null,
      output: "y",
      layer: "conv",
    } as const;
    const lanes = Array.from({ length: width }, () => ({ fraction: 0, lo: 0, hi: 15 }));
    const labels = lanes.map((_, i) => `x${i}`);
    const netlist = buildNetlist({
      name: "conv",
      inputs: [{ name: "x", labels, lanes }],
      ops: [op],
      outputs: [{ name: "y", from: "y", unit: 1, physical: null }],
      strategies: {},
    });
    const adders = netlist.nodes.filter(({ op }) => op === "add" || op === "sub").length;
    // 3 x0 + 5 x2 and 7 x0 + x1 - 3 x2 take four to six adders each
    expect(adders).toBeLessThanOrEqual((width - 2) * 8);
    const x = Array.from({ length: width }, (_, i) => (i * 7) % 16);
    const expected = Array.from({ length: width - 2 }, (_, p) => [
      3 * x[p] + 5 * x[p + 2],
      7 * x[p] + x[p + 1] - 3 * x[p + 2],
    ]).flat();
    expect(simulateNetlist(netlist, { x }).y).toEqual(expected);
  });
});
