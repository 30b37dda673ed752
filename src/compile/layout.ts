import { apply, countUses, elementCount, type Node, rewrite, type Tensor } from "../graph/index.ts";
import { reshape, transpose } from "../ops/index.ts";

/**
 * Moves transposes of matrices toward the outputs, through elementwise ops and reductions, until
 * they meet another transpose or a matrix product and vanish. So a network written over
 * `[batch, features]` runs feature-major wherever one of its layers wants that.
 */
export function layout(outputs: readonly Tensor[]): Tensor[] {
  const uses = countUses(outputs);
  return rewrite(outputs, (node, original) => {
    const single = (i: number) => uses.get(original.inputs[i]) === 1;
    const result = absorb(node) ?? turn(node, single) ?? widen(node) ?? sink(node, single);
    return result && [result];
  });
}

/** The matrix under a transpose, or null. */
function untransposed(t: Tensor): Tensor | null {
  const { op, attrs, inputs } = t.node;
  const swapped = op.swapsAxes && t.rank === 2 && (attrs.perm as readonly number[])[0] === 1;
  return swapped ? inputs[0] : null;
}

/** Products read transposed operands as they are, with a flag. */
function absorb(node: Node): Tensor | null {
  return node.outputs[0].rank === 2 ? (node.op.absorb?.(node, untransposed) ?? null) : null;
}

/** A transposed product is a product. Only where nobody else reads it as it was. */
function turn(node: Node, single: (i: number) => boolean): Tensor | null {
  const inner = untransposed(node.outputs[0]);
  return inner && single(0) ? turnedProduct(inner) : null;
}

/** (A B)ᵀ = Bᵀ Aᵀ; null for what is no product, or where `widen` would turn it back. */
function turnedProduct({ rank, node }: Tensor): Tensor | null {
  const turned =
    rank === 2 && node.op.freelyTransposed ? node.op.transposed?.(node, transpose) : null;
  return turned && !isTall(turned.node) ? turned : null;
}

/**
 * A tall, narrow product of a turned operand is computed wide: few long rows are several times
 * faster than many short ones.
 */
function widen(node: Node): Tensor | null {
  const turned = isTall(node) ? node.op.transposed?.(node, transpose) : null;
  return turned ? transpose(turned) : null;
}

/** A product of a turned operand that is tall and narrow; a named size counts as tall. */
function isTall({ op, attrs, outputs: [y] }: Node): boolean {
  if (!op.freelyTransposed || y.rank !== 2 || !attrs.transA) return false;
  const [rows, columns] = y.shape.map((d) => elementCount([d]));
  return columns !== null && columns <= narrow && (rows === null || rows >= 4 * columns);
}
const narrow = 16;

/** f(xᵀ) = f(x)ᵀ for elementwise f, and reductions over xᵀ are reductions over x. */
function sink(node: Node, single: (i: number) => boolean): Tensor | null {
  const { op, inputs, attrs, outputs } = node;
  const raw = inputs.map(untransposed);
  const found = raw.filter((t) => t !== null);
  if (found.length === 0) return null;
  if (op.transposed && !op.freelyTransposed) {
    const swapped = op.transposed(node, (x) => untransposed(x) ?? transpose(x));
    return outputs[0].rank === 2 ? transpose(swapped) : swapped;
  }
  if (!op.elementwise || outputs[0].rank !== 2) return null;
  const size = elementCount(outputs[0].shape);
  const mayTurnLeaves = found.some((t) => !isLeaf(t)); // else two leaves would turn each other
  const turned: Tensor[] = [];
  for (const [i, x] of inputs.entries()) {
    const other =
      raw[i] ??
      (isSmall(x, size) ? turnSmall(x) : null) ??
      (single(i) ? turnedProduct(x) : null) ??
      (mayTurnLeaves && isLeaf(x) ? transpose(x) : null);
    if (other === null) return null;
    turned.push(other);
  }
  return transpose(apply(op, turned, attrs));
}

const isLeaf = (x: Tensor) => x.node.inputs.length === 0;

/** Broadcast along at least one axis, so that turning it costs little. */
function isSmall(x: Tensor, size: number | null): boolean {
  return x.rank < 2 || (x.shape.includes(1) && elementCount(x.shape) !== size);
}

function turnSmall(x: Tensor): Tensor {
  if (x.rank === 0) return x;
  if (x.rank === 1) return reshape(x, [x.shape[0], 1]);
  return reshape(x, [x.shape[1], x.shape[0]]);
}
