import {
  countUses,
  elementCount,
  type Node,
  type OpDef,
  rewrite,
  sameShape,
  type Tensor,
} from "../graph/index.ts";
import { addOp, mulOp, subOp } from "../ops/binary.ts";
import { gemm, sub } from "../ops/index.ts";
import { matmulOp } from "../ops/matmul.ts";
import { affine } from "../ops/normalize.ts";

/**
 * Joins what one ONNX node can do: a bias goes into the matrix product before it, a scale and a
 * shift per row become one pass over memory.
 */
export function merge(outputs: readonly Tensor[]): Tensor[] {
  const uses = countUses(outputs);
  return rewrite(outputs, (node, original) => {
    if (node.outputs[0].rank !== 2) return null;
    const single = (i: number) => uses.get(original.inputs[i]) === 1;
    const result =
      biasedProduct(node, single) ?? scaleAndShift(node, single) ?? shiftApart(node, single);
    return result && [result];
  });
}

type Single = (i: number) => boolean;

/** a b + c. */
function biasedProduct({ op, inputs, outputs: [y] }: Node, single: Single): Tensor | null {
  if (op !== (addOp as OpDef)) return null;
  for (const i of [0, 1]) {
    const product = inputs[i].node;
    const bias = inputs[1 - i];
    const plain = product.op === (matmulOp as unknown as OpDef) && product.inputs.length === 2;
    const broadcast = bias.rank < 2 || bias.shape.includes(1);
    if (!plain || !broadcast || !sameShape(product.outputs[0].shape, y.shape) || !single(i))
      continue;
    const [a, b] = product.inputs;
    return gemm(a, b, bias, product.attrs);
  }
  return null;
}

/** x scale + shift with scale and shift per row. */
function scaleAndShift({ op, inputs, outputs: [y] }: Node, single: Single): Tensor | null {
  if (op !== (addOp as OpDef)) return null;
  for (const i of [0, 1]) {
    const product = rowScaled(inputs[i]);
    if (product && isPerRow(inputs[1 - i], y) && single(i) && isLong(y))
      return affine(product.body, product.scale, inputs[1 - i]);
  }
  return null;
}

/** (d - shift) - x scale = d - (x scale + shift). */
function shiftApart(
  { op, inputs: [first, second], outputs: [y] }: Node,
  single: Single,
): Tensor | null {
  if (op !== (subOp as OpDef) || first.node.op !== (subOp as OpDef)) return null;
  const [d, shift] = first.node.inputs;
  const product = rowScaled(second);
  if (!product || !isPerRow(shift, y) || !sameShape(d.shape, y.shape)) return null;
  return single(0) && single(1) && isLong(y)
    ? sub(d, affine(product.body, product.scale, shift))
    : null;
}

function rowScaled(t: Tensor): { body: Tensor; scale: Tensor } | null {
  if (t.node.op !== (mulOp as OpDef)) return null;
  const [a, b] = t.node.inputs;
  if (isPerRow(b, t) && sameShape(a.shape, t.shape)) return { body: a, scale: b };
  return isPerRow(a, t) && sameShape(b.shape, t.shape) ? { body: b, scale: a } : null;
}

/** [n, 1] beside [n, m]. */
function isPerRow(t: Tensor, y: Tensor): boolean {
  return sameShape(t.shape, [y.shape[0], 1]) && y.shape[1] !== 1;
}

/** Long enough that a pass over memory costs more than the node's own overhead. */
function isLong(y: Tensor): boolean {
  return y.dtype === "float32" && (elementCount(y.shape) ?? 0) >= 1 << 15;
}
