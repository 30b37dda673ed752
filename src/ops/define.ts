import { DTypeError } from "../base/errors.ts";
import type { DType } from "../base/host-array.ts";
import { broadcastShapes, type OpDef, type Tensor, type VjpContext } from "../graph/index.ts";
import type { Emitter } from "../onnx/emitter.ts";

/** Attributes of an op that has none. */
export type None = Record<never, never>;

/** Throws `DTypeError` unless all inputs share one dtype out of `allowed`; returns it. */
export function requireDType(
  where: string,
  inputs: readonly Tensor[],
  allowed: readonly DType[],
): DType {
  const dtype = inputs[0].dtype;
  for (const x of inputs)
    if (x.dtype !== dtype)
      throw new DTypeError(
        `${where}: inputs have dtypes ${inputs.map((t) => t.dtype).join(" and ")}; cast() one of them`,
      );
  if (!allowed.includes(dtype))
    throw new DTypeError(`${where}: takes ${allowed.join(", ")}, got ${dtype}; use cast()`);
  return dtype;
}

export const floats: readonly DType[] = ["float32", "float64"];
export const numbers: readonly DType[] = ["float32", "float64", "int32", "int64"];
export const anyType: readonly DType[] = [...numbers, "uint8", "bool"];

interface UnarySpec {
  readonly name: string;
  readonly onnx: string;
  readonly dtypes?: readonly DType[];
  readonly vjp?: (g: Tensor, context: VjpContext<None>) => readonly (Tensor | null)[];
  readonly fold?: (x: number) => number;
  readonly homogeneous?: true;
}

/** An elementwise op of one input, one ONNX node. */
export function unary(spec: UnarySpec): OpDef<None> {
  return {
    name: spec.name,
    infer: ([x]) => ({
      dtype: requireDType(spec.name, [x], spec.dtypes ?? floats),
      shape: x.shape,
    }),
    ...(spec.vjp ? { vjp: spec.vjp } : {}),
    lower: (emit, inputs) => emit.node(spec.onnx, inputs),
    elementwise: true,
    ...(spec.fold ? { fold: spec.fold } : {}),
    ...(spec.homogeneous ? { homogeneous: true } : {}),
  };
}

interface BinarySpec {
  readonly name: string;
  readonly onnx: string;
  readonly dtypes?: readonly DType[];
  readonly result?: DType;
  readonly commutative?: true;
  readonly homogeneous?: true;
  readonly vjp?: (g: Tensor, context: VjpContext<None>) => readonly (Tensor | null)[];
  readonly fold?: (a: number, b: number) => number;
  readonly simplify?: OpDef<None>["simplify"];
}

/** An elementwise op of two inputs with broadcasting, one ONNX node. */
export function binary(spec: BinarySpec): OpDef<None> {
  return {
    name: spec.name,
    infer: ([a, b]) => {
      const dtype = requireDType(spec.name, [a, b], spec.dtypes ?? numbers);
      return { dtype: spec.result ?? dtype, shape: broadcastShapes(spec.name, [a.shape, b.shape]) };
    },
    ...(spec.vjp ? { vjp: spec.vjp } : {}),
    lower: (emit, inputs) => emit.node(spec.onnx, inputs),
    elementwise: true,
    ...(spec.commutative ? { commutative: true } : {}),
    ...(spec.homogeneous ? { homogeneous: true } : {}),
    ...(spec.fold ? { fold: spec.fold } : {}),
    ...(spec.simplify ? { simplify: spec.simplify } : {}),
  };
}

/** Absent ONNX input. */
export const absent = "";

/** Emits an axis permutation, or nothing where it is the identity. */
export function emitTranspose(emit: Emitter, x: string, perm: readonly number[]): string {
  return perm.every((p, i) => p === i) ? x : emit.node("Transpose", [x], { perm });
}
