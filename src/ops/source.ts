import { ConfigError } from "../base/errors.ts";
import { type DType, fromNumbers, type HostArray } from "../base/host-array.ts";
import { apply, type OpDef, type Shape, Tensor } from "../graph/index.ts";
import { broadcastTo } from "./shape.ts";

/** A value fed at run time. Sizes may be names (`"batch"`), bound later. */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  if (name === "") throw new ConfigError("input: the name must not be empty");
  return apply(inputOp, [], { name, dtype, shape });
}
export const inputOp: OpDef<{ name: string; dtype: DType; shape: Shape }> = {
  name: "input",
  infer: (_, { dtype, shape }) => ({ dtype, shape }),
  lower: (_emit, _inputs, { attrs }) => attrs.name,
  opaque: true,
};

/** A fixed value: a host array, or a number as a scalar. `name` becomes the initializer's name. */
export function constant(value: HostArray | number, dtype: DType = "float32", name = ""): Tensor {
  const array = typeof value === "number" ? fromNumbers(dtype, [], [value]) : value;
  return apply(constantOp, [], { value: array, label: name });
}
export const constantOp: OpDef<{ value: HostArray; label: string }> = {
  name: "constant",
  infer: (_, { value }) => ({ dtype: value.dtype, shape: value.shape }),
  lower: (emit, _inputs, { attrs }) => emit.constant(attrs.value, attrs.label || undefined),
};

/** A tensor of one repeated value. */
export function full(shape: Shape, value: number, dtype: DType = "float32"): Tensor {
  return broadcastTo(constant(value, dtype), shape);
}

/** Numbers where a tensor is wanted: a scalar of the other operand's dtype. */
export function asTensor(value: Tensor | number, like: DType): Tensor {
  return value instanceof Tensor ? value : constant(value, like);
}
