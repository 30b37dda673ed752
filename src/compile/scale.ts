import {
  apply,
  elementCount,
  type Node,
  type OpDef,
  rewrite,
  type Shape,
  sameShape,
  type Tensor,
} from "../graph/index.ts";
import { addOp, divOp, mulOp, subOp } from "../ops/binary.ts";
import { div, isConstant, mul, reshape, scalarValue, where } from "../ops/index.ts";
import { matmulOp } from "../ops/matmul.ts";
import { sumOp } from "../ops/reduce.ts";
import { whereOp } from "../ops/select.ts";

/**
 * Moves factors that are smaller than what they multiply (a number, one per feature) to where
 * they meet the smallest tensor: out of sums and differences, out of reductions, through matrix
 * products to the smaller operand. Each full-size multiplication saved is a pass over memory.
 */
export function moveScales(outputs: readonly Tensor[]): Tensor[] {
  return rewrite(outputs, (node) => {
    const rule = rules.get(node.op);
    const result = rule?.(node) ?? null;
    return result && [result];
  });
}

const isFloat = (t: Tensor) => t.dtype.startsWith("float");

/** A named size counts as large. */
function sizeOf(shape: Shape): number {
  return elementCount(shape.map((d) => (typeof d === "string" ? 1 << 20 : d))) as number;
}

interface Scaled {
  readonly body: Tensor;
  readonly scale: Tensor;
}

/** t as body * scale, the scale smaller than the body; null where it is no such product. */
function scaled(t: Tensor): Scaled | null {
  if (t.node.op !== (mulOp as OpDef)) return null;
  const [a, b] = t.node.inputs;
  const size = sizeOf(t.shape);
  if (sameShape(a.shape, t.shape) && sizeOf(b.shape) < size) return { body: a, scale: b };
  if (sameShape(b.shape, t.shape) && sizeOf(a.shape) < size) return { body: b, scale: a };
  return null;
}

/** t / factor where t is a product that contains the factor; null otherwise. */
function withoutFactor(t: Tensor, factor: Tensor): Tensor | null {
  const { op, inputs } = t.node;
  if (op === (mulOp as OpDef)) {
    for (const i of [0, 1]) {
      const other = inputs[1 - i];
      if (inputs[i] === factor && sameShape(other.shape, t.shape)) return other;
      const rest = withoutFactor(inputs[i], factor);
      if (rest) return mul(rest, other);
    }
  }
  if (op === (divOp as OpDef) && isFloat(t)) {
    const rest = withoutFactor(inputs[0], factor);
    if (rest) return div(rest, inputs[1]);
  }
  return null;
}

const rules = new Map<OpDef, (node: Node) => Tensor | null>([
  // (x s) t = x (s t) for small t, (x y) s for a full-size y
  [
    mulOp as OpDef,
    ({ inputs, outputs: [y] }) => {
      for (const i of [0, 1]) {
        const inner = scaled(inputs[i]);
        if (!inner || !sameShape(inputs[i].shape, y.shape)) continue;
        const other = inputs[1 - i];
        if (sizeOf(other.shape) < sizeOf(y.shape)) return mul(inner.body, mul(inner.scale, other));
        if (scaled(other)) {
          const second = scaled(other) as Scaled;
          return mul(mul(inner.body, second.body), mul(inner.scale, second.scale));
        }
        return mul(mul(inner.body, other), inner.scale);
      }
      return null;
    },
  ],
  // x / c = x (1/c) for a constant c, so that one rule serves both
  [
    divOp as OpDef,
    ({ inputs: [x, c], outputs: [y] }) => {
      const inverse = 1 / (scalarValue(c) ?? 0);
      const isNormal = Math.abs(inverse) > 1e-37 && Math.abs(inverse) < 1e37;
      if (!isNormal || !isFloat(x) || isConstant(x) || !sameShape(x.shape, y.shape)) return null;
      return mul(x, inverse);
    },
  ],
  [addOp as OpDef, combine],
  [subOp as OpDef, combine],
  // sum(x s) = s sum(x) where s does not vary along the summed axes
  [
    sumOp as unknown as OpDef,
    ({ inputs: [x], attrs, outputs: [y] }) => {
      const product = scaled(x);
      if (!product) return null;
      const axes = attrs.axes as readonly number[];
      const aligned = [...new Array(x.rank - product.scale.rank).fill(1), ...product.scale.shape];
      if (axes.some((a) => aligned[a] !== 1)) return null;
      const kept = attrs.keepDims ? aligned : aligned.filter((_, i) => !axes.includes(i));
      if (y.rank < kept.length) return null;
      return mul(apply(sumOp, [product.body], attrs as never), reshape(product.scale, kept));
    },
  ],
  // where(c, x s, 0) = where(c, x, 0) s for a finite number s; a tensor s may hold the very
  // infinities that c keeps out
  [
    whereOp as OpDef,
    ({ inputs: [condition, a, b], outputs: [y] }) => {
      for (const [value, zero, first] of [
        [a, b, true],
        [b, a, false],
      ] as const) {
        const product = scaled(value);
        if (!product || scalarValue(zero) !== 0 || !sameShape(value.shape, y.shape)) continue;
        if (!Number.isFinite(scalarValue(product.scale))) continue;
        const body = first
          ? where(condition, product.body, zero)
          : where(condition, zero, product.body);
        return mul(body, product.scale);
      }
      return null;
    },
  ],
  [matmulOp as unknown as OpDef, throughProduct],
]);

/** x s ± y s = (x ± y) s, where s can be taken out of both. */
function combine({ op, inputs: [a, b], outputs: [y] }: Node): Tensor | null {
  for (const [lead, other] of [
    [a, b],
    [b, a],
  ]) {
    const product = scaled(lead);
    if (!product || !sameShape(lead.shape, y.shape)) continue;
    const rest = withoutFactor(other, product.scale);
    if (!rest) continue;
    const pair = lead === a ? [product.body, rest] : [rest, product.body];
    return mul(apply(op, pair, {}), product.scale);
  }
  return null;
}

/** Along the contracted axis a scale may sit on either operand; along the other, on the result. */
function throughProduct({ inputs, attrs, outputs: [y] }: Node): Tensor | null {
  const [a, b, c] = inputs;
  if (y.rank !== 2 || a.rank !== 2 || b.rank !== 2 || c) return null;
  for (const i of [0, 1]) {
    const product = scaled(inputs[i]);
    if (!product) continue;
    const { body, scale } = product;
    const other = inputs[1 - i];
    const flag = [attrs.transA, attrs.transB];
    const contracted = (operand: number) => ((operand === 0) !== Boolean(flag[operand]) ? 1 : 0);
    const aligned = scale.rank === 2 ? scale.shape : [1, ...(scale.rank ? scale.shape : [1])];
    const varies = aligned.flatMap((d, axis) => (d === 1 ? [] : [axis]));
    if (varies.length > 1) continue;
    const bodies = (x: Tensor, z: Tensor) => (i === 0 ? [x, z] : [z, x]);
    const onContracted = varies.length === 0 || varies[0] === contracted(i);
    if (onContracted && sizeOf(other.shape) < sizeOf(body.shape)) {
      const shape: [number | string, number | string] = [1, 1];
      if (varies.length === 1) shape[contracted(1 - i)] = aligned[varies[0]];
      const moved = mul(other, reshape(scale, shape));
      return apply(matmulOp, bodies(body, moved), attrs as never);
    }
    const onResult = varies.length === 0 || varies[0] !== contracted(i);
    if (onResult && sizeOf(y.shape) < sizeOf(body.shape)) {
      const shape: [number | string, number | string] = [1, 1];
      if (varies.length === 1) shape[i] = aligned[varies[0]];
      return mul(apply(matmulOp, bodies(body, other), attrs as never), reshape(scale, shape));
    }
  }
  return null;
}
