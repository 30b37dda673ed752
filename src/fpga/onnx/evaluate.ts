import { ShapeError } from "../../base/errors.ts";
import type { FloatAffine, FloatNetwork, FloatNode } from "../network.ts";
import { activation, argmaxOf, modulo } from "./functions.ts";
import { castToGrid } from "./quantizers.ts";

/**
 * Computes a network in float64; prescribed casts are exact.
 * @param inputs - by input name, row-major [n, lanes].
 * @param trace - is told the values [n, lanes] of every node and input, in order.
 * @returns outputs by name, [n, lanes].
 */
export function evaluateNetwork(
  network: FloatNetwork,
  inputs: Readonly<Record<string, Float64Array>>,
  trace?: (output: string, values: Float64Array) => void,
): Record<string, Float64Array> {
  const values = new Map<string, Float64Array>();
  let rows: number | null = null;
  for (const { name, labels } of network.inputs) {
    const given = inputs[name];
    const n = (given?.length ?? Number.NaN) / labels.length;
    if (!Number.isInteger(n) || (rows !== null && rows !== n))
      throw new ShapeError(
        `evaluateNetwork: input "${name}" has ${given?.length ?? "no"} values, expected ${rows ?? "n"} rows of ${labels.length}`,
      );
    rows = n;
    values.set(name, given);
    trace?.(name, given);
  }
  const n = rows ?? 1;
  const read = (name: string) => values.get(name)!;
  for (const node of network.nodes) {
    const result = evaluateNode(node, read, n);
    values.set(node.output, result);
    trace?.(node.output, result);
  }
  return Object.fromEntries(network.outputs.map(({ name, from }) => [name, read(from)]));
}

function evaluateNode(
  node: FloatNode,
  read: (name: string) => Float64Array,
  n: number,
): Float64Array {
  switch (node.op) {
    case "affine":
      return evaluateAffine(node, read(node.input), n);
    case "activation":
      return read(node.input).map(activation(node));
    case "quantize": {
      const x = read(node.input);
      const width = x.length / n;
      const { formats } = node;
      return x.map((v, i) => castToGrid(v, formats[formats.length === 1 ? 0 : i % width]));
    }
    case "modulo":
      return read(node.input).map((v) => modulo(v, node.period));
    case "constant": {
      const width = node.values.length;
      return Float64Array.from({ length: n * width }, (_, i) => node.values[i % width]);
    }
    case "pick": {
      const sources = node.inputs.map(read);
      const widths = sources.map((source) => source.length / n);
      const { lanes } = node;
      return Float64Array.from({ length: n * lanes.length }, (_, i) => {
        const [which, lane] = lanes[i % lanes.length];
        return sources[which][Math.floor(i / lanes.length) * widths[which] + lane];
      });
    }
    case "softmax":
      return softmax(read(node.input), n);
    case "max":
    case "argmax": {
      const x = read(node.input);
      const width = x.length / n;
      return Float64Array.from({ length: n }, (_, row) => {
        const best = argmaxOf(x, row * width, width);
        return node.op === "argmax" ? best : x[row * width + best];
      });
    }
    default:
      return evaluateBinary(node.op, read(node.a), read(node.b), n);
  }
}

const binaries = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
  maximum: Math.max,
} as const;

/** One lane goes with all of the other side. */
function evaluateBinary(op: keyof typeof binaries, a: Float64Array, b: Float64Array, n: number) {
  const f = binaries[op];
  const width = Math.max(a.length, b.length) / n;
  const at = (x: Float64Array, i: number) => x[x.length === n ? Math.floor(i / width) : i];
  return Float64Array.from({ length: n * width }, (_, i) => f(at(a, i), at(b, i)));
}

function evaluateAffine(node: FloatAffine, x: Float64Array, n: number): Float64Array {
  const { rows, columns, weights, bias, gather } = node;
  const width = x.length / n;
  const positions = gather ? gather.length / columns : 1;
  const y = new Float64Array(n * positions * rows);
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let p = 0; p < positions; p++)
      for (let r = 0; r < rows; r++) {
        let sum = bias[r];
        for (let c = 0; c < columns; c++) {
          const lane = gather ? gather[p * columns + c] : c;
          if (lane >= 0) sum += weights[r * columns + c] * x[i * width + lane];
        }
        y[at++] = sum;
      }
  return y;
}

function softmax(x: Float64Array, n: number): Float64Array {
  const width = x.length / n;
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += width) {
    const top = x[start + argmaxOf(x, start, width)];
    let sum = 0;
    for (let i = start; i < start + width; i++) sum += y[i] = Math.exp(x[i] - top);
    for (let i = start; i < start + width; i++) y[i] /= sum;
  }
  return y;
}
