import { countUses, type OpDef, rewrite, sameShape, type Tensor } from "../graph/index.ts";
import { addOp } from "../ops/binary.ts";
import { gemm } from "../ops/index.ts";
import { matmulOp } from "../ops/matmul.ts";

/** Adds of a bias become part of the matrix product before them. */
export function merge(outputs: readonly Tensor[]): Tensor[] {
  const uses = countUses(outputs);
  return rewrite(outputs, (node, original) => {
    const [y] = node.outputs;
    if (node.op !== (addOp as OpDef) || y.rank !== 2) return null;
    for (const i of [0, 1]) {
      const product = node.inputs[i].node;
      const bias = node.inputs[1 - i];
      const plain = product.op === (matmulOp as unknown as OpDef) && product.inputs.length === 2;
      const broadcast = bias.rank < 2 || bias.shape.includes(1);
      if (!plain || !broadcast || !sameShape(product.outputs[0].shape, y.shape)) continue;
      if (uses.get(original.inputs[i]) !== 1) continue;
      const [a, b] = product.inputs;
      return [gemm(a, b, bias, product.attrs)];
    }
    return null;
  });
}
