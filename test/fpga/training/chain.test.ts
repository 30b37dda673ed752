import { describe, expect, test } from "vitest";
import { grad } from "../../../src/autodiff/index.ts";
import { ConfigError } from "../../../src/base/errors.ts";
import { float32 } from "../../../src/base/host-array.ts";
import type { FloatNetwork, FloatNode } from "../../../src/fpga/network.ts";
import { evaluateNetwork } from "../../../src/fpga/onnx/index.ts";
import { findChain, tailGraph } from "../../../src/fpga/training/index.ts";
import { constant, input, sum } from "../../../src/ops/index.ts";
import { evaluate } from "../../nn/support.ts";
import { toyNetwork } from "./support.ts";

describe("findChain", () => {
  test("finds the dense layers, all that reads the last ReLU, and the units of what passes by", () => {
    const chain = findChain(toyNetwork());
    expect(chain.layers.map(({ rows, columns, name }) => [name, rows, columns])).toEqual([
      ["dense_sum", 8, 2],
      ["dense_corrected", 2, 8],
    ]);
    expect(chain.units).toEqual([0.25, 1]);
    const [, last] = chain.layers;
    expect(Array.from(last.weights.slice(0, 2))).toEqual([8, 8]); // 2 in units of a quarter
    expect(last.bias[0]).toBe(0.4);
    expect(Array.from(last.weights.slice(8, 12))).toEqual([0, 0, 1, -1]);
  });

  test("passes over casts", () => {
    const network = toyNetwork();
    const format = {
      signed: true,
      width: 8,
      integer: 4,
      rounding: "RND",
      overflow: "SAT",
    } as const;
    const cast = (input: string, output: string): FloatNode => ({
      op: "quantize",
      input,
      output,
      formats: [format],
      layer: "cast",
    });
    const [first, relu, ...rest] = network.nodes as [FloatNode, FloatNode, ...FloatNode[]];
    const nodes = [first, cast("sum", "cast"), { ...relu, input: "cast" } as FloatNode, ...rest];
    const chain = findChain({ ...network, nodes });
    expect(chain.layers).toEqual(findChain(network).layers);
    expect([...chain.inside].toSorted()).toEqual(
      ["both", "cast", "corrected", "h", "plain", "sum"].toSorted(),
    );
  });

  test("names what it cannot train", () => {
    const network = toyNetwork();
    const refuses = (changed: Partial<FloatNetwork>, message: RegExp) => {
      expect(() => findChain({ ...network, ...changed })).toThrow(ConfigError);
      expect(() => findChain({ ...network, ...changed })).toThrow(message);
    };
    refuses({ nodes: [] }, /no dense layer/);
    refuses({ inputs: [...network.inputs, ...network.inputs] }, /2 inputs/);
    refuses({ nodes: network.nodes.slice(1) }, /does not read the input but "both"/);
    refuses({ nodes: network.nodes.slice(0, 2) }, /feeds no dense layer/);
    refuses({ nodes: network.nodes.slice(0, 1) }, /no ReLU after layer "dense_sum"/);
  });
});

describe("tailGraph", () => {
  const activations = ["sigmoid", "tanh", "exp", "softplus", "leakyRelu", "hardSigmoid"] as const;
  const activation = (kind: (typeof activations)[number]): FloatNode => ({
    op: "activation",
    kind,
    alpha: 0.2,
    beta: 0.5,
    input: "rows",
    output: kind,
    layer: kind,
  });
  const network: FloatNetwork = {
    ...toyNetwork(),
    nodes: [
      ...activations.map(activation),
      { op: "pick", inputs: ["x", "rows"], lanes: [[0, 1], [1, 0]], output: "pair", layer: "p" }, // biome-ignore format: short
      { op: "modulo", input: "pair", period: 3, output: "wrapped", layer: "m" },
      { op: "multiply", a: "wrapped", b: "exp", output: "product", layer: "t" },
      { op: "maximum", a: "product", b: "tanh", output: "larger", layer: "t" },
      { op: "sub", a: "larger", b: "softplus", output: "difference", layer: "t" },
      { op: "softmax", input: "difference", output: "shares", layer: "s" },
      { op: "max", input: "shares", output: "top", layer: "s" },
      { op: "argmax", input: "shares", output: "which", layer: "s" },
    ],
    outputs: ["difference", "shares", "top", "sigmoid", "leakyRelu", "hardSigmoid"].map((name) => ({
      name,
      from: name,
      physical: null,
    })),
  };
  const x = [3, -7, 40, 5];
  const rows = [0.25, -1.5, 0.75, 0.1];
  const known = { name: "rows", value: constant(float32(rows, [2, 2])) };

  test("gives what the network gives in float64", async () => {
    const got = await evaluate(tailGraph(network, constant(float32(x, [2, 2])), known));
    const rowsAsInput = { ...network.inputs[0], name: "rows" };
    const expected = evaluateNetwork(
      { ...network, inputs: [...network.inputs, rowsAsInput] },
      { x: Float64Array.from(x), rows: Float64Array.from(rows) },
    );
    for (const [name, values] of Object.entries(expected))
      values.forEach((value, i) => {
        expect(got[name][i], name).toBeCloseTo(value, 5);
      });
  });

  test("has gradients, and says where there is none", async () => {
    const value = input("rows", "float32", [2, 2]);
    const { difference } = tailGraph(network, constant(float32(x, [2, 2])), { ...known, value });
    const { g } = await evaluate(
      { g: grad(sum(difference), [value])[0] },
      {
        rows: float32(rows, [2, 2]),
      },
    );
    expect(g.every((slope) => slope !== 0)).toBe(true);
    const outputs = [{ name: "which", from: "which", physical: null }];
    expect(() => tailGraph({ ...network, outputs }, value, known)).toThrow(/argmax "s" cannot/);
  });
});
