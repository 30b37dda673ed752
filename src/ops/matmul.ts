import { ShapeError } from "../base/errors.ts";
import {
  apply,
  broadcastShapes,
  elementCount,
  formatShape,
  type OpDef,
  sameShape,
  type Tensor,
} from "../graph/index.ts";
import { emitTranspose, floats, requireDType } from "./define.ts";
import { sumTo } from "./reduce.ts";
import { reshape, transpose } from "./shape.ts";

/** `transA`, `transB`: the last two axes of that operand are swapped before multiplying. */
export type MatmulAttrs = { readonly transA: boolean; readonly transB: boolean };

/**
 * Matrix product a [..., m, k] b [..., k, n] = [..., m, n], leading axes broadcast. ONNX Gemm for
 * matrices, MatMul beyond.
 * @throws ShapeError where the inner sizes differ.
 */
export function matmul(a: Tensor, b: Tensor, attrs: Partial<MatmulAttrs> = {}): Tensor {
  return apply(matmulOp, [a, b], { transA: attrs.transA ?? false, transB: attrs.transB ?? false });
}

/** a b + c with c broadcast over the product; matrices only. */
export function gemm(a: Tensor, b: Tensor, c: Tensor, attrs: Partial<MatmulAttrs> = {}): Tensor {
  return apply(matmulOp, [a, b, c], {
    transA: attrs.transA ?? false,
    transB: attrs.transB ?? false,
  });
}

export const matmulOp: OpDef<MatmulAttrs> = {
  name: "matmul",
  infer: (inputs, { transA, transB }) => {
    const dtype = requireDType("matmul", inputs, floats);
    const [a, b, c] = inputs;
    if (a.rank < 2 || b.rank < 2)
      throw new ShapeError(
        `matmul: needs two axes each, got ${formatShape(a.shape)} x ${formatShape(b.shape)}; use reshape()`,
      );
    const [m, inner] = lastTwo(a, transA);
    const [k, n] = lastTwo(b, transB);
    if (inner !== k)
      throw new ShapeError(
        `matmul: inner sizes differ: ${formatShape(a.shape)}${transA ? "ᵀ" : ""} x ${formatShape(b.shape)}${transB ? "ᵀ" : ""} (${inner} and ${k})`,
      );
    const batch = broadcastShapes("matmul", [a.shape.slice(0, -2), b.shape.slice(0, -2)]);
    const shape = [...batch, m, n];
    if (c) {
      if (shape.length > 2) throw new ShapeError("matmul: a bias needs operands of rank 2");
      if (!sameShape(broadcastShapes("matmul", [shape, c.shape]), shape))
        throw new ShapeError(
          `matmul: a bias ${formatShape(c.shape)} does not broadcast to the product ${formatShape(shape)}`,
        );
    }
    return { dtype, shape };
  },
  // y = A B: dA = g Bᵀ, dB = Aᵀ g, each transposed again where the operand was
  vjp: (g, { inputs: [a, b, c], attrs: { transA, transB } }) => {
    const da = transA
      ? matmul(b, g, { transA: transB, transB: true })
      : matmul(g, b, { transB: !transB });
    const db = transB
      ? matmul(g, a, { transA: true, transB: transA })
      : matmul(a, g, { transA: !transA });
    const cotangents: (Tensor | null)[] = [sumTo(da, a.shape), sumTo(db, b.shape)];
    if (c) cotangents.push(sumTo(g, c.shape));
    return cotangents;
  },
  lower: (emit, names, { inputs: [a, b], attrs }) => {
    if (a.rank === 2 && b.rank === 2) {
      const [m, k] = lastTwo(a, attrs.transA).map((d) => elementCount([d]) ?? 0);
      const n = elementCount([lastTwo(b, attrs.transB)[1]]) ?? Number.POSITIVE_INFINITY;
      if (!attrs.transA || m * k < worthTurning || n < 2 * m)
        return emit.node("Gemm", names, gemmAttributes(attrs));
      const turned = emitTranspose(emit, names[0], [1, 0]);
      return emit.node(
        "Gemm",
        [turned, ...names.slice(1)],
        gemmAttributes({ ...attrs, transA: false }),
      );
    }
    const swap = (name: string, x: Tensor, flag: boolean) =>
      flag ? emitTranspose(emit, name, swapped(x.rank)) : name;
    return emit.node("MatMul", [swap(names[0], a, attrs.transA), swap(names[1], b, attrs.transB)]);
  },
  absorb: ({ inputs: [a, b, ...rest], attrs }, original) => {
    const rawA = original(a);
    const rawB = original(b);
    if (!rawA && !rawB) return null;
    return apply(matmulOp, [rawA ?? a, rawB ?? b, ...rest], {
      transA: Boolean(attrs.transA) !== (rawA !== null),
      transB: Boolean(attrs.transB) !== (rawB !== null),
    });
  },
  // (A B)ᵀ = Bᵀ Aᵀ
  transposed: ({ inputs: [a, b, c], attrs }, transposeOf) => {
    const flags = { transA: !attrs.transB, transB: !attrs.transA };
    if (!c) return matmul(b, a, flags);
    const column = c.rank === 1 ? reshape(c, [c.shape[0], 1]) : c.rank === 2 ? transposeOf(c) : c;
    return gemm(b, a, column, flags);
  },
  freelyTransposed: true,
};

/**
 * ONNX Runtime multiplies by a transposed left operand up to a fifth more slowly; from this many
 * elements on, turning a small left operand first costs less than that.
 */
const worthTurning = 4096;

function gemmAttributes({ transA, transB }: MatmulAttrs) {
  return { ...(transA ? { transA } : {}), ...(transB ? { transB } : {}) };
}

function lastTwo(x: Tensor, swap: boolean) {
  const [p, q] = x.shape.slice(-2);
  return swap ? [q, p] : [p, q];
}

function swapped(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
}

/** Swaps the last two axes. */
export function transposeLast(x: Tensor): Tensor {
  return transpose(x, swapped(x.rank));
}
