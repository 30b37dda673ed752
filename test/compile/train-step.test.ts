import { describe, expect, it } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import { compile } from "../../src/compile/index.ts";
import { elementCount, type Tensor, toposort } from "../../src/graph/index.ts";
import {
  activation,
  adam,
  batchNorm,
  dense,
  mse,
  sequential,
  supervised,
} from "../../src/nn/index.ts";
import { stateLayout, trainGraph } from "../../src/nn/train-step.ts";
import { decodeModel } from "../../src/onnx/index.ts";
import { relu } from "../../src/ops/index.ts";

const features = 7;
const hidden = 32;
const batchSize = 256;

/** One step of [dense, batch norm, relu] twice and a dense, by mean squared error and Adam. */
function compiledStep() {
  const block = (inputs: number) => [
    dense(inputs, hidden, { bias: false }),
    batchNorm(hidden),
    activation(relu),
  ];
  const model = sequential(...block(features), ...block(hidden), dense(hidden, 1));
  const objective = supervised(model, mse());
  const optimizer = adam();
  const layout = stateLayout(objective.init(createRng(1)), optimizer);
  const columns = {
    x: { dtype: "float32", shape: [features] },
    y: { dtype: "float32", shape: [1] },
  } as const;
  const spec = { objective, optimizer, penalties: [], layout, columns, batchSize };
  const { inputs, next } = trainGraph(spec);
  let graph: readonly Tensor[] = [];
  const bytes = compile({
    name: "train",
    outputs: { next },
    inputs,
    onPass: (_, tensors) => {
      graph = tensors;
    },
  });
  return { model: decodeModel(bytes), graph };
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
}

/** These counts are memory passes and so the speed of training: raise none without a benchmark. */
describe("the compiled training step", () => {
  const { model, graph } = compiledStep();

  it("is the ONNX nodes of a step written by hand", () => {
    // Gemm: 3 forward, 3 for weights and 2 for inputs backward
    expect(countBy(model.graph.node, (n) => n.opType)).toMatchInlineSnapshot(`
      {
        "Add": 7,
        "Concat": 5,
        "Div": 2,
        "Gemm": 8,
        "HardSigmoid": 2,
        "LayerNormalization": 2,
        "Mul": 30,
        "ReduceSum": 6,
        "Relu": 2,
        "Reshape": 26,
        "Split": 3,
        "Sqrt": 1,
        "Sub": 7,
      }
    `);
  });

  it("passes over the hidden layers no more often than it must", () => {
    const nodes = toposort(graph).filter(
      (n) => n.outputs.length > 0 && elementCount(n.outputs[0].shape) === hidden * batchSize,
    );
    // mul, for each layer: gamma; backward mask, g y and y mean(g y)
    expect(countBy(nodes, (n) => n.op.name)).toMatchInlineSnapshot(`
      {
        "add": 2,
        "matmul": 4,
        "mul": 8,
        "relu": 2,
        "standardize": 2,
        "step": 2,
        "sub": 4,
      }
    `);
  });

  it("runs feature-major in the hidden layers", () => {
    const shapes = toposort(graph).flatMap((n) => n.outputs.map((t) => t.shape.join()));
    expect(shapes).toContain(`${hidden},${batchSize}`);
    expect(shapes).not.toContain(`${batchSize},${hidden}`);
  });
});
