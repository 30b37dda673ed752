import { GraphError } from "../../base/errors.ts";
import type { FloatAffine, FloatNetwork, FloatNode } from "../network.ts";

/** Names of the vectors a node reads. */
export function inputsOf(node: FloatNode): readonly string[] {
  switch (node.op) {
    case "constant":
      return [];
    case "pick":
      return node.inputs;
    case "add":
    case "sub":
    case "multiply":
    case "maximum":
      return [node.a, node.b];
    default:
      return [node.input];
  }
}

/** A product that nothing prescribes and that is computed once. */
export type FreeAffine = FloatAffine & { readonly output: string; readonly layer: string };

/** True for products whose formats are free to choose and that have no `gather`. */
export const isFree = (node: FloatNode): node is FreeAffine =>
  node.op === "affine" && !node.gather && !node.weightFormats && !node.biasFormats;

/** Positions a product is computed at: one without `gather`. */
export const positionsOf = ({
  gather,
  columns,
}: Pick<FloatAffine, "gather" | "columns">): number => (gather ? gather.length / columns : 1);

/** Columns of a row whose weight is not zero. */
export function nonzeroColumns({ weights, columns }: FloatAffine, row: number): number[] {
  const found: number[] = [];
  for (let j = 0; j < columns; j++) if (weights[row * columns + j] !== 0) found.push(j);
  return found;
}

/** Number of lanes of every vector of a network. */
export function widthsOf(network: FloatNetwork): Map<string, number> {
  const widths = new Map<string, number>();
  for (const { name, labels } of network.inputs) widths.set(name, labels.length);
  for (const node of network.nodes) {
    for (const name of inputsOf(node))
      if (!widths.has(name))
        throw new GraphError(
          `${network.name}: ${node.output} reads ${name}, which nothing before it makes`,
        );
    widths.set(node.output, widthOf(node, widths));
  }
  return widths;
}

function widthOf(node: FloatNode, widths: ReadonlyMap<string, number>): number {
  switch (node.op) {
    case "constant":
      return node.values.length;
    case "pick":
      return node.lanes.length;
    case "affine":
      return node.rows * positionsOf(node);
    case "add":
    case "sub":
    case "multiply":
    case "maximum":
      return Math.max(widths.get(node.a)!, widths.get(node.b)!);
    case "max":
    case "argmax":
      return 1;
    default:
      return widths.get(node.input)!;
  }
}

/** The lane that a lane is once picks are looked through. */
export function resolveLane(
  vector: string,
  lane: number,
  nodes: ReadonlyMap<string, FloatNode>,
): { readonly vector: string; readonly lane: number } {
  const node = nodes.get(vector);
  if (node?.op !== "pick") return { vector, lane };
  const [input, from] = node.lanes[lane];
  return resolveLane(node.inputs[input], from, nodes);
}
