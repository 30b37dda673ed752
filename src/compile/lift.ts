import { type HostArray, sizeOf } from "../base/host-array.ts";
import { rewrite, type Tensor } from "../graph/index.ts";
import { apply } from "../graph/tensor.ts";
import { constant, isConstant } from "../ops/index.ts";

/**
 * Gives numbers beside columns [..., 1] as many axes as the columns have. ONNX Runtime broadcasts
 * a scalar along the last axis: over columns that is one element at a time, 23 instead of 1.4 ns
 * each, while it passes over axes that are 1 in both.
 */
export function liftNumbers(outputs: readonly Tensor[]): Tensor[] {
  return rewrite(outputs, ({ op, inputs, attrs, outputs: [y] }) => {
    if (!op.elementwise || y.rank < 2 || y.shape[y.rank - 1] !== 1) return null;
    const lifted = inputs.map((x) => (isNumber(x) && x.rank < y.rank ? lift(x, y.rank) : x));
    const changed = lifted.some((x, i) => x !== inputs[i]);
    return changed && lifted.some((x) => !isConstant(x)) ? [apply(op, lifted, attrs)] : null;
  });
}

const isNumber = (x: Tensor) => isConstant(x) && sizeOf(x.shape as number[]) === 1;

function lift({ node }: Tensor, rank: number): Tensor {
  const { dtype, data } = node.attrs.value as HostArray;
  return constant({ dtype, data, shape: new Array(rank).fill(1) }, dtype, `${node.attrs.label}`);
}
