import type { FixedFormat } from "../format.ts";
import type { FloatNode } from "../network.ts";

/** y[i] = scale[i] x[i] + offset[i]: only between import and simplification. */
export interface DiagonalNode {
  readonly op: "diagonal";
  readonly input: string;
  readonly scale: Float64Array;
  readonly offset: Float64Array;
  /** Formats of the offsets where the file prescribes them, one for all or one each. */
  readonly offsetFormats: readonly FixedFormat[] | null;
  readonly output: string;
  readonly layer: string;
}

/** Nodes while importing. */
export type DraftNode = FloatNode | DiagonalNode;

/** Prescribed formats of a product with constants. */
export interface Prescribed {
  readonly weightFormats: readonly FixedFormat[] | null;
  readonly biasFormats: readonly FixedFormat[] | null;
}

/** Nothing prescribed. */
export const free: Prescribed = { weightFormats: null, biasFormats: null };

/** Vectors that a node reads. */
export function readsOf(node: DraftNode): readonly string[] {
  switch (node.op) {
    case "pick":
      return node.inputs;
    case "constant":
      return [];
    case "add":
    case "sub":
    case "multiply":
    case "maximum":
      return [node.a, node.b];
    default:
      return [node.input];
  }
}

/** A node that reads other vectors. */
export function withReads<T extends DraftNode>(node: T, rename: (vector: string) => string): T;
export function withReads(node: DraftNode, rename: (vector: string) => string): DraftNode {
  switch (node.op) {
    case "pick":
      return { ...node, inputs: node.inputs.map(rename) };
    case "constant":
      return node;
    case "add":
    case "sub":
    case "multiply":
    case "maximum":
      return { ...node, a: rename(node.a), b: rename(node.b) };
    default:
      return { ...node, input: rename(node.input) };
  }
}
