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

/** A transposed product is a product: (A B)ᵀ = Bᵀ Aᵀ. Only where nobody else reads A B. */
function turn(node: Node, single: (i: number) => boolean): Tensor | null {
  const inner = untransposed(node.outputs[0]);
  if (!inner?.node.op.freelyTransposed || !single(0)) return null;
  return inner.node.op.transposed?.(inner.node, transpose) ?? null;
}

/**
 * A tall, narrow product of a turned operand is computed wide: few long rows are several times
 * faster than many short ones.
 */
function widen(node: Node): Tensor | null {
  const [y] = node.outputs;
  if (!node.op.freelyTransposed || y.rank !== 2 || !node.attrs.transA) return null;
  const [rows, columns] = [elementCount([y.shape[0]]), elementCount([y.shape[1]])];
  if (columns === null || columns > narrow || (rows !== null && rows < 4 * columns)) return null;
  const turned = node.op.transposed?.(node, transpose);
  return turned ? transpose(turned) : null;
}
const narrow = 16;

/** f(xᵀ) = f(x)ᵀ for elementwise f, and reductions over xᵀ are reductions over x. */
function sink(node: Node, single: (i: number) => boolean): Tensor | null {
  const { op, inputs, attrs, outputs } = node;
  const raw = inputs.map(untransposed);
  if (raw.every((t) => t === null)) return null;
  if (op.transposed && !op.freelyTransposed) {
    const swapped = op.transposed(node, (x) => untransposed(x) ?? transpose(x));
    return outputs[0].rank === 2 ? transpose(swapped) : swapped;
  }
  if (!op.elementwise || outputs[0].rank !== 2) return null;
  const size = elementCount(outputs[0].shape);
  const turned: Tensor[] = [];
  for (const [i, x] of inputs.entries()) {
    const original = raw[i];
    if (original) turned.push(original);
    else if (x.rank === 0 || isSmall(x, size)) turned.push(turnSmall(x));
    else if (x.node.op.freelyTransposed && single(i)) turned.push(transpose(x));
    else if (x.node.inputs.length === 0) turned.push(transpose(x));
    else return null;
  }
  return transpose(apply(op, turned, attrs));
}

/** Broadcast along at least one axis, so that turning it costs little. */
function isSmall(x: Tensor, size: number | null): boolean {
  return x.rank < 2 || (x.shape.includes(1) && elementCount(x.shape) !== size);
}

function turnSmall(x: Tensor): Tensor {
  if (x.rank === 0) return x;
  if (x.rank === 1) return reshape(x, [x.shape[0], 1]);
  return reshape(x, [x.shape[1], x.shape[0]]);
}
