import { decodeModel, type NodeProto } from "../../onnx/index.ts";

/** What one inference costs. */
export interface InferenceCost {
  /** Floating-point operations, counted node by node in the exported file for one object. */
  readonly flops: number;
  /** Multiply-accumulates of the matrix products among them. */
  readonly macs: number;
  /** Exponentials among them, which the report leaves out of the cost of a kernel machine. */
  readonly exponentials: number;
  /** Numbers stored in the weight matrices and biases. */
  readonly parameters: number;
  /** The report's approximation: H (D + N H + T) of a network, M T of a kernel machine. */
  readonly reportFlops: number;
}

/** Nodes that move or select data and compute nothing. */
const moves = new Set([
  "Split",
  "Reshape",
  "Concat",
  "Identity",
  "Cast",
  "Gather",
  "Transpose",
  "Pad",
]);

/**
 * Counts the operations of an exported recalibration. A matrix product costs two operations per
 * weight (and one per bias), an elementwise node one per element and per object.
 */
export function inferenceCost(model: Uint8Array): InferenceCost {
  const { graph } = decodeModel(model);
  const dims = new Map<string, readonly number[]>(
    graph.initializer.map((t) => [t.name as string, t.dims]),
  );
  const initializers = new Set(dims.keys());
  for (const { name, type } of graph.input)
    dims.set(
      name,
      (type.tensorType.shape?.dim ?? []).map((d) => Number(d.dimValue ?? 1)),
    );
  let flops = 0;
  let macs = 0;
  let exponentials = 0;
  let parameters = 0;
  const products: (readonly [number, number])[] = [];
  for (const node of graph.node) {
    const inputs = node.input.map((name) => dims.get(name) ?? []);
    if (node.opType === "Gemm" || node.opType === "MatMul") {
      const [k, n] = weightShape(node, initializers, inputs);
      products.push([k, n]);
      macs += k * n;
      flops += 2 * k * n + (inputs[2] ? n : 0);
      parameters += k * n + (inputs[2] ? n : 0);
      dims.set(node.output[0], [1, n]);
      continue;
    }
    const size = outputSize(node, inputs);
    for (const [i, name] of node.output.entries()) dims.set(name, [1, size[i] ?? size[0]]);
    if (node.opType === "ReduceSum") flops += elements(inputs[0]);
    else if (!moves.has(node.opType)) flops += size[0];
    if (node.opType === "Exp") exponentials += size[0];
  }
  const isKernel = graph.initializer.some(({ name }) => name === "centers");
  const [m, targets] = products.at(-1) ?? [0, 0];
  const reportFlops = isKernel ? m * targets : byFormula(products);
  return { flops, macs, exponentials, parameters, reportFlops };
}

/** H (D + N H + T) of a network of N hidden layers of H neurons, from its matrix products. */
function byFormula(products: readonly (readonly [number, number])[]): number {
  const [[features, width], outputs] = [products[0] ?? [0, 0], products.at(-1)?.[1] ?? 0];
  return width * (features + (products.length - 1) * width + outputs);
}

const elements = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);

/** Inner and outer size of the weights of a product, whichever operand holds them. */
function weightShape(
  node: NodeProto,
  initializers: ReadonlySet<string>,
  inputs: readonly (readonly number[])[],
): readonly [number, number] {
  const at = initializers.has(node.input[1]) ? 1 : 0;
  const flag = node.attribute.find((a) => a.name === (at === 1 ? "transB" : "transA"))?.i === 1;
  const [rows, columns] = inputs[at];
  const [first, second] = flag ? [columns, rows] : [rows, columns];
  return at === 1 ? [first, second] : [second, first];
}

/** Elements per muon of each output; broadcasting takes the largest operand. */
function outputSize(node: NodeProto, inputs: readonly (readonly number[])[]): number[] {
  const sizes = inputs.map(elements);
  if (node.opType === "Split") return node.output.map(() => sizes[0] / node.output.length);
  if (node.opType === "Concat") return [sizes.reduce((n, s) => n + s, 0)];
  if (node.opType === "ReduceSum") return [1];
  if (node.opType === "Gather") return [sizes[1]];
  if (node.opType === "Reshape") return [sizes[0]];
  return [Math.max(1, ...sizes)];
}
