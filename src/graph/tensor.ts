import { GraphError, invariant } from "../base/errors.ts";
import type { DType, HostArray } from "../base/host-array.ts";
import type { Emitter } from "../onnx/emitter.ts";

/** Length of an axis: a number, or the name of a size that is bound at compile time or at run. */
export type Dim = number | string;
export type Shape = readonly Dim[];

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

export type AttrValue =
  | string
  | number
  | boolean
  | null
  | readonly AttrValue[]
  | HostArray
  | TensorType
  | CustomRule;
/** Attributes of a node: plain data, so that equal nodes can be recognized. */
export type Attrs = { readonly [name: string]: AttrValue };
/** Gradient rule carried by a custom-gradient node. */
export type CustomRule = (
  g: Tensor,
  y: Tensor,
  inputs: readonly Tensor[],
) => readonly (Tensor | null)[];

/** What a gradient rule sees of the node it differentiates. */
export interface VjpContext<A> {
  /** Inputs of the node; `x` is the first of them. */
  readonly inputs: readonly Tensor[];
  readonly x: Tensor;
  /** Outputs of the node; `y` is the first of them. */
  readonly outputs: readonly Tensor[];
  readonly y: Tensor;
  readonly attrs: A;
  /** Cotangents of all outputs, null where none arrived. The rule's `g` is that of output 0. */
  readonly cotangents: readonly (Tensor | null)[];
}

/** What a lowering sees besides the names of its inputs. */
export interface LowerContext<A> {
  readonly attrs: A;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/**
 * One operation: shape rule, gradient and lowering side by side. Passes read the optional
 * properties and never ask for an op by name.
 */
export interface OpDef<A extends Attrs = Attrs> {
  readonly name: string;
  /** Types of the outputs; throws `ShapeError` or `DTypeError` when the graph is built. */
  infer(inputs: readonly Tensor[], attrs: A): TensorType | readonly TensorType[];
  /**
   * Vector-Jacobian product: one cotangent per input, null where not differentiable. Rules of
   * broadcasting ops return the cotangent of the broadcast shape; the walk sums it back. Absent
   * for ops without a derivative.
   */
  vjp?(g: Tensor, context: VjpContext<A>): readonly (Tensor | null)[];
  /** Writes the node in ONNX and returns the names of its outputs. */
  lower(
    emit: Emitter,
    inputs: readonly string[],
    context: LowerContext<A>,
  ): string | readonly string[];
  /** Acts on each element by itself, inputs broadcast. */
  readonly elementwise?: true;
  /** Inputs may be swapped. */
  readonly commutative?: true;
  /** Result depends on more than inputs and attributes: never shared or folded. */
  readonly opaque?: true;
  /** Linear in all its inputs at once: f(c x, c y) = c f(x, y). */
  readonly homogeneous?: true;
  /** Value of an elementwise op on numbers, for folding constants. */
  fold?(...values: number[]): number;
  /** Repeats its first input along axes; elementwise readers may do without. */
  readonly expands?: true;
  /** Swaps the two axes of a matrix where it is applied to one. */
  readonly swapsAxes?: true;
  /** Takes over transposed matrices among its inputs: the node that reads the originals. */
  absorb?(node: Node, original: (x: Tensor) => Tensor | null): Tensor | null;
  /** For a node of rank 2: the same computation with its result transposed. */
  transposed?(node: Node, transpose: (x: Tensor) => Tensor): Tensor;
  /** `transposed` costs nothing: it only changes attributes. */
  readonly freelyTransposed?: true;
  /** Replaces a node that has become trivial by one of its inputs or a simpler node. */
  simplify?(node: Node): Tensor | null;
}

let nextId = 0; // names nodes uniquely within the process; no behavior depends on its value

/** One application of an op. Immutable. */
export class Node {
  readonly id: number;
  readonly op: OpDef;
  readonly inputs: readonly Tensor[];
  readonly attrs: Attrs;
  readonly outputs: readonly Tensor[];

  constructor(op: OpDef, inputs: readonly Tensor[], attrs: Attrs) {
    this.id = nextId++;
    this.op = op;
    this.inputs = inputs;
    this.attrs = attrs;
    const types = op.infer(inputs, attrs);
    const list = Array.isArray(types) ? (types as readonly TensorType[]) : [types as TensorType];
    this.outputs = list.map((type, i) => new Tensor(this, i, type));
  }
}

/** A value of the graph: output `index` of a node. Immutable; holds no data. */
export class Tensor {
  readonly node: Node;
  readonly index: number;
  readonly dtype: DType;
  readonly shape: Shape;

  constructor(node: Node, index: number, type: TensorType) {
    this.node = node;
    this.index = index;
    this.dtype = type.dtype;
    this.shape = type.shape;
  }

  get rank(): number {
    return this.shape.length;
  }
}

/** Applies an op with one output. */
export function apply<A extends Attrs>(op: OpDef<A>, inputs: readonly Tensor[], attrs: A): Tensor {
  const outputs = applyMulti(op, inputs, attrs);
  invariant(outputs.length === 1, `${op.name} has ${outputs.length} outputs, not one`);
  return outputs[0];
}

/** Applies an op with several outputs. */
export function applyMulti<A extends Attrs>(
  op: OpDef<A>,
  inputs: readonly Tensor[],
  attrs: A,
): readonly Tensor[] {
  for (const x of inputs)
    if (!(x instanceof Tensor))
      throw new GraphError(
        `${op.name}: expected tensors, got ${typeof x}; wrap values with constant()`,
      );
  return new Node(op as unknown as OpDef, inputs, attrs).outputs;
}
