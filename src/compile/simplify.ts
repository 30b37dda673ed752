import { type DType, fromNumbers, type HostArray, toNumbers } from "../base/host-array.ts";
import {
  broadcastShapes,
  elementCount,
  type Node,
  type Rule,
  rewrite,
  sameShape,
  type Tensor,
} from "../graph/index.ts";
import { apply } from "../graph/tensor.ts";
import { constant, isConstant } from "../ops/index.ts";

/** Constants up to this many elements are computed ahead. */
const foldLimit = 4096;

/** Drops what does nothing, folds constants, and lets elementwise ops broadcast by themselves. */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  return rewrite(outputs, simplifyNode);
}

const simplifyNode: Rule = (node) => {
  const own = node.op.simplify?.(node);
  if (own) return [own];
  const folded = fold(node);
  if (folded) return [folded];
  return dropExpansion(node);
};

/** Elementwise readers of an explicit broadcast read what was broadcast, where shapes allow. */
function dropExpansion(node: Node): readonly Tensor[] | null {
  if (!node.op.elementwise) return null;
  const target = node.outputs[0].shape;
  let inputs = node.inputs;
  for (let i = 0; i < inputs.length; i++) {
    if (!inputs[i].node.op.expands) continue;
    const trial = inputs.map((t, j) => (j === i ? t.node.inputs[0] : t));
    const shape = broadcastShapes(
      node.op.name,
      trial.map((t) => t.shape),
    );
    if (sameShape(shape, target)) inputs = trial;
  }
  return inputs === node.inputs ? null : [apply(node.op, inputs, node.attrs)];
}

/** The value of an elementwise op on small constants, as a constant; null where it is inexact. */
function fold(node: Node): Tensor | null {
  const [y] = node.outputs;
  const size = elementCount(y.shape);
  if (!node.op.fold || size === null || size > foldLimit || !node.inputs.every(isConstant))
    return null;
  const values = node.inputs.map((t) => readBroadcast(t, y));
  const result = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const operands = values.map((v) => v(i));
    if (!operands.every((v, k) => isExact(node.inputs[k].dtype, v))) return null;
    result[i] = node.op.fold(...operands);
    if (!isExact(y.dtype, Math.trunc(result[i]))) return null;
  }
  return constant(fromNumbers(y.dtype, y.shape as number[], result));
}

/** Integers that a float64 holds and that their dtype does not wrap around. */
function isExact(dtype: DType, value: number): boolean {
  if (dtype === "int32") return value === (value | 0);
  return dtype === "int64" ? Number.isSafeInteger(value) : true;
}

/** Reads a constant as if it had y's shape. */
function readBroadcast(t: Tensor, y: Tensor): (flat: number) => number {
  const data = toNumbers(t.node.attrs.value as HostArray);
  const offset = y.rank - t.rank;
  return (flat) => {
    let rest = flat;
    let at = 0;
    let stride = 1;
    for (let axis = y.rank - 1; axis >= offset; axis--) {
      const size = t.shape[axis - offset] as number;
      const position = rest % (y.shape[axis] as number);
      rest = Math.floor(rest / (y.shape[axis] as number));
      if (size !== 1) at += position * stride;
      stride *= size;
    }
    return data[at];
  };
}
