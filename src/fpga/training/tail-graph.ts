import { ConfigError } from "../../base/errors.ts";
import { float32 } from "../../base/host-array.ts";
import { fixedDim, type Tensor } from "../../graph/index.ts";
import {
  add,
  clip,
  concat,
  constant,
  div,
  exp,
  floor,
  gemm,
  leakyRelu,
  max,
  maximum,
  mul,
  relu,
  sigmoid,
  softmax,
  softplus,
  split,
  sqrt,
  sub,
  tanh,
} from "../../ops/index.ts";
import type { FloatActivation, FloatNetwork, FloatNode } from "../network.ts";

/**
 * What follows the trained layers, as a graph: outputs [batch, lanes] by name from the network's
 * input x [batch, lanes] and the vector `known`, in float32; casts are left out.
 * @param network - with nodes for all but the vector that is known.
 * @throws ConfigError for what has no gradient (argmax) or is no dense layer.
 */
export function tailGraph(
  network: FloatNetwork,
  x: Tensor,
  known: { readonly name: string; readonly value: Tensor },
): Record<string, Tensor> {
  const nodes = new Map(network.nodes.map((node) => [node.output, node]));
  const values = new Map([
    [network.inputs[0].name, x],
    [known.name, known.value],
  ]);
  const at = (name: string): Tensor => {
    const value = values.get(name) ?? tensorOf(nodes.get(name) as FloatNode, at);
    values.set(name, value);
    return value;
  };
  return Object.fromEntries(network.outputs.map(({ name, from }) => [name, at(from)]));
}

function tensorOf(node: FloatNode, at: (name: string) => Tensor): Tensor {
  switch (node.op) {
    case "affine": {
      if (node.gather !== null) throw unusable(node);
      const weights = constant(float32(node.weights, [node.rows, node.columns]));
      return gemm(at(node.input), weights, constant(float32(node.bias)), { transB: true });
    }
    case "activation":
      return activated(at(node.input), node);
    case "quantize":
      return at(node.input);
    case "pick":
      return pickLanes(node.inputs.map(at), node.lanes);
    case "constant":
      return constant(float32(node.values, [1, node.values.length]));
    case "add":
      return add(at(node.a), at(node.b));
    case "sub":
      return sub(at(node.a), at(node.b));
    case "multiply":
      return mul(at(node.a), at(node.b));
    case "maximum":
      return maximum(at(node.a), at(node.b));
    case "modulo": {
      const value = at(node.input);
      return sub(value, mul(floor(mul(value, 1 / node.period)), node.period));
    }
    case "softmax":
      return softmax(at(node.input));
    case "max":
      return max(at(node.input), { axes: 1, keepDims: true });
    case "argmax":
      throw unusable(node);
  }
}

const unusable = ({ op, layer }: FloatNode) =>
  new ConfigError(
    `quantized training: ${op} "${layer}" cannot be learned through; use the rows of the last dense layer in the loss`,
  );

function activated(x: Tensor, { kind, alpha, beta }: FloatActivation): Tensor {
  switch (kind) {
    case "relu":
      return relu(x);
    case "leakyRelu":
      return leakyRelu(x, alpha);
    case "hardSigmoid":
      return clip(add(mul(x, alpha), beta), 0, 1);
    case "sigmoid":
      return sigmoid(x);
    case "tanh":
      return tanh(x);
    case "exp":
      return exp(x);
    case "reciprocal":
      return div(1, x);
    case "sqrt":
      return sqrt(x);
    case "softplus":
      return softplus(x);
    case "identity":
      return x;
  }
}

/** Lanes of vectors [batch, lanes] in any order. */
export function pickLanes(
  inputs: readonly Tensor[],
  lanes: readonly (readonly [number, number])[],
): Tensor {
  const pieces = inputs.map((x) => split(x, new Array<number>(fixedDim("pick", x, 1)).fill(1), 1));
  const picked = lanes.map(([which, lane]) => pieces[which][lane]);
  return picked.length === 1 ? picked[0] : concat(picked, 1);
}
