import type { HostArray } from "../base/host-array.ts";
import { rewrite, type Tensor } from "../graph/index.ts";
import { apply } from "../graph/tensor.ts";
import { concat, constant, isConstant } from "../ops/index.ts";

/** Columns that a short row has at most: beyond, one operation over all of them costs less. */
const mostColumns = 8;

/**
 * Moves elementwise operations with a constant row before the concatenation that made their
 * columns: op(concat(a, b), [r, s]) = concat(op(a, r), op(b, s)), the same values. ONNX Runtime
 * broadcasts a short row one row at a time: 97 us for [4096, 4], where four columns take 26.
 */
export function splitRows(outputs: readonly Tensor[]): Tensor[] {
  return rewrite(outputs, ({ op, inputs, attrs, outputs: [y] }) => {
    if (!op.elementwise || y.rank < 2) return null;
    const parts = columnsOf(inputs.filter((x) => !isConstant(x)));
    const rows = inputs.filter(isConstant);
    if (parts === null || !rows.some((row) => isRow(row, parts.length))) return null;
    if (!rows.every((row) => isRow(row, parts.length) || isRow(row, 1))) return null;
    const done = parts.map((part, k) =>
      apply(
        op,
        inputs.map((x) => (isConstant(x) ? numberOf(x, k, y.rank) : part)),
        attrs,
      ),
    );
    return [concat(done, y.rank - 1)];
  });
}

/** Columns of the one input, if it puts columns side by side. */
function columnsOf([x, ...others]: readonly Tensor[]): readonly Tensor[] | null {
  if (others.length > 0 || x?.node.op.name !== "concat" || x.node.inputs.length > mostColumns)
    return null;
  const last = x.rank - 1;
  const areColumns = x.node.inputs.every(({ shape }) => shape[last] === 1);
  return areColumns && x.node.attrs.axis === last ? x.node.inputs : null;
}

const isRow = ({ shape }: Tensor, width: number) =>
  (shape.at(-1) ?? 1) === width && shape.slice(0, -1).every((d) => d === 1);

/** Element k of a row, or of a number, with so many axes. */
function numberOf({ node, dtype }: Tensor, k: number, rank: number): Tensor {
  const { data, dtype: stored } = node.attrs.value as HostArray;
  const at = data.length === 1 ? 0 : k;
  const one = { dtype: stored, data: data.slice(at, at + 1), shape: new Array(rank).fill(1) };
  return constant(one as HostArray, dtype);
}
