import { float32 } from "../../../src/base/host-array.ts";
import { createRng } from "../../../src/base/rng.ts";
import { rangeOf } from "../../../src/fpga/format.ts";
import type { FloatNetwork, FloatNode } from "../../../src/fpga/network.ts";
import type { TrainingRows } from "../../../src/fpga/training/index.ts";

/** From hardware integers a and b: |a - 32| / 16 and b / 32, both with noise of 0.05. */
export function toyRows(seed: number, rows: number): TrainingRows {
  const rng = createRng(seed);
  const x = new Float32Array(2 * rows);
  const y = new Float32Array(2 * rows);
  for (let i = 0; i < rows; i++) {
    const [a, b] = [rng.integer(64), rng.integer(64) - 32];
    x.set([a, b], 2 * i);
    y.set([Math.abs(a - 32) / 16 + 0.05 * rng.normal(), b / 32 + 0.05 * rng.normal()], 2 * i);
  }
  return { x: float32(x, [rows, 2]), y: float32(y, [rows, 2]) };
}

const affine = (
  at: { readonly input: string; readonly output: string; readonly columns: number },
  weights: readonly number[],
  bias: readonly number[],
) =>
  ({
    op: "affine",
    ...at,
    rows: bias.length,
    weights: Float64Array.from(weights),
    bias: Float64Array.from(bias),
    gather: null,
    weightFormats: null,
    biasFormats: null,
    layer: `dense_${at.output}`,
  }) satisfies FloatNode;

/**
 * The function of those rows in eight hidden neurons, half of them in vain, and a wrong start for
 * the rest. The first result is added to a quarter of b, which passes by; the second one stays.
 */
export function toyNetwork(): FloatNetwork {
  const rng = createRng(3);
  const noise = (n: number, scale = 0.1) => Array.from({ length: n }, () => scale * rng.normal());
  const first = [1, 0, -1, 0, 0, 1, 0, -1].map((w) => w / 32);
  return {
    name: "toy",
    inputs: [
      {
        name: "x",
        labels: ["a", "b"],
        ranges: [
          [0, 63],
          [-32, 31],
        ],
        isInteger: [true, true],
      },
    ],
    nodes: [
      affine(
        { input: "x", output: "sum", columns: 2 },
        [...first, ...noise(8, 1 / 32)],
        [-1, 1, 0, 0, ...noise(4)],
      ),
      { op: "activation", kind: "relu", alpha: 0, beta: 0, input: "sum", output: "h", layer: "r" },
      {
        op: "pick",
        inputs: ["x", "h"],
        lanes: [[0, 1], ...Array.from({ length: 8 }, (_, i) => [1, i] as const)],
        output: "both",
        layer: "b",
      },
      affine({ input: "both", output: "corrected", columns: 9 }, [0.25, 2, 2, ...noise(6)], [0.1]),
      affine({ input: "h", output: "plain", columns: 8 }, [0, 0, 1, -1, ...noise(4)], [0]),
      { op: "add", a: "corrected", b: "plain", output: "total", layer: "after" },
    ],
    outputs: [{ name: "total", from: "total", physical: null }],
  };
}

/** Vectors of a network of affine, relu, pick, add and truncating casts in float64: exact here. */
export function evaluateNetwork(
  network: FloatNetwork,
  x: ArrayLike<number>,
): Map<string, Float64Array> {
  const values = new Map([[network.inputs[0].name, Float64Array.from(x)]]);
  const at = (name: string) => values.get(name) as Float64Array;
  for (const node of network.nodes) values.set(node.output, Float64Array.from(applyNode(node, at)));
  return values;
}

function applyNode(node: FloatNode, at: (name: string) => Float64Array): Iterable<number> {
  switch (node.op) {
    case "affine":
      return node.bias.map((bias, j) =>
        at(node.input).reduce((sum, v, i) => sum + v * node.weights[j * node.columns + i], bias),
      );
    case "activation":
      return at(node.input).map((v) => Math.max(v, 0));
    case "pick":
      return node.lanes.map(([which, lane]) => at(node.inputs[which])[lane]);
    case "add":
      return at(node.a).map((v, i) => v + at(node.b)[i]);
    case "quantize":
      return at(node.input).map((v, i) => {
        const format = node.formats[i];
        const step = 2 ** (format.integer - format.width);
        const { lo, hi } = rangeOf(format);
        return Math.max(lo, Math.min(hi, Math.floor(v / step))) * step;
      });
    default:
      throw new Error(`no ${node.op} in the toy`);
  }
}
