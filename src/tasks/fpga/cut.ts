import { FormatError } from "../../base/errors.ts";
import { hostArray } from "../../base/host-array.ts";
import {
  type ModelProto,
  type NodeProto,
  toTensorProto,
  type ValueInfoProto,
} from "../../onnx/index.ts";

/** A model in two: what is computed before the logic, and the logic. */
export interface CutModel {
  /** From the model's inputs to the ports of the logic; null where the logic is all of it. */
  readonly before: ModelProto | null;
  /** Tensors that become ports of the logic, [batch, width] each; the first are the features. */
  readonly ports: readonly string[];
}

/** Missing values, categories and logarithms: features that no trigger word has as they are. */
const outsideLogic = new Set(["IsNaN", "Equal", "OneHot", "Log"]);

/**
 * Where the logic of a model begins: at its inputs, or, where features are made of missing values,
 * categories or logarithms, at the vector of features, which all of those go through; inputs that
 * are used after it as well are ports of their own.
 * @throws FormatError where no single vector parts them from the rest.
 */
export function cutModel(model: ModelProto, name: string): CutModel {
  const { node: nodes, output: outputs, input: inputs } = model.graph;
  const sources = nodes.filter(({ opType }) => outsideLogic.has(opType));
  if (sources.length === 0) return { before: null, ports: inputs.map((i) => i.name) };
  const results = outputs.map((o) => o.name);
  const after = reachable(nodes, new Set(sources.flatMap((n) => n.output)), null);
  const separates = (tensor: string) => {
    const around = reachable(nodes, new Set(sources.flatMap((n) => n.output)), tensor);
    return after.has(tensor) && !results.some((r) => around.has(r));
  };
  const separators = nodes.filter((n) => separates(n.output[0]));
  const chosen = separators.find((n) => n.opType === "Concat") ?? separators[0];
  const features = chosen?.output[0];
  if (features === undefined || results.includes(features))
    throw new FormatError(
      `fpga: ${name}: node "${sources[0].name}" (${sources[0].opType}) has no logic, and its results do not go through one vector of features; export the network without its preprocessing`,
    );
  const logic = logicNodes(nodes, results, features);
  const made = new Set([...logic.flatMap((n) => n.output), ...constants(model)]);
  const used = logic.flatMap((n) => n.input).filter((t) => t !== "" && !made.has(t));
  const ports = [features, ...new Set(used.filter((t) => t !== features))];
  return { before: withOutputs(model, ports), ports };
}

/** Name of the only input of a logic that features are computed before. */
export const featurePort = "features";

/** The logic of a cut model: one input [batch, sum of widths], parted into the ports. */
export function logicModel(
  model: ModelProto,
  { before, ports }: CutModel,
  widths: readonly number[],
): ModelProto {
  if (!before) return model;
  const { graph } = model;
  const results = graph.output.map((o) => o.name);
  const node = logicNodes(graph.node, results, ports[0]);
  const used = new Set(node.flatMap((n) => n.input));
  const initializer = graph.initializer.filter((t) => used.has(t.name ?? ""));
  const sizes = hostArray("int64", [widths.length], BigInt64Array.from(widths, BigInt));
  const split: NodeProto = {
    opType: "Split",
    name: featurePort,
    input: [featurePort, `${featurePort}/widths`],
    output: ports,
    attribute: [{ name: "axis", type: 2, i: 1 }],
  };
  const total = widths.reduce((a, b) => a + b, 0);
  return {
    ...model,
    graph: {
      ...graph,
      node: [split, ...node],
      initializer: [...initializer, toTensorProto(`${featurePort}/widths`, sizes)],
      input: [floatInfo(featurePort, total)],
    },
  };
}

/** Tensors that depend on `from`, not going through `without`. */
function reachable(nodes: readonly NodeProto[], from: ReadonlySet<string>, without: string | null) {
  const found = new Set([...from].filter((t) => t !== without));
  for (const { input, output } of nodes)
    if (input.some((t) => found.has(t))) for (const t of output) if (t !== without) found.add(t);
  return found;
}

/** Nodes that come after the features and that the outputs need. */
function logicNodes(
  nodes: readonly NodeProto[],
  outputs: readonly string[],
  features: string,
): NodeProto[] {
  const after = reachable(nodes, new Set([features]), null);
  return neededNodes(nodes, outputs).filter(
    (n) => !n.output.includes(features) && n.output.some((t) => after.has(t)),
  );
}

/** Nodes that some tensors are made by, in order. */
function neededNodes(nodes: readonly NodeProto[], tensors: readonly string[]): NodeProto[] {
  const needed = new Set(tensors);
  const found: NodeProto[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.output.some((t) => needed.has(t))) continue;
    found.unshift(node);
    for (const t of node.input) needed.add(t);
  }
  return found;
}

function constants({ graph }: ModelProto): string[] {
  return graph.initializer.map((t) => t.name ?? "");
}

/** The same model with other outputs, and only the nodes that they need. */
function withOutputs(model: ModelProto, names: readonly string[]): ModelProto {
  const { graph } = model;
  const node = neededNodes(graph.node, names);
  const used = new Set(node.flatMap((n) => n.input));
  const initializer = graph.initializer.filter((t) => used.has(t.name ?? ""));
  const output = names.map((name) => floatInfo(name, null));
  return { ...model, graph: { ...graph, node, initializer, output } };
}

function floatInfo(name: string, width: number | null): ValueInfoProto {
  const shape =
    width === null ? {} : { shape: { dim: [{ dimParam: "batch" }, { dimValue: width }] } };
  return { name, type: { tensorType: { elemType: 1, ...shape } } };
}
