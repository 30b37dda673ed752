import { DTypeError } from "../base/errors.ts";
import type { DType } from "../base/host-array.ts";
import { apply, broadcastShapes, type CustomRule, type OpDef, Tensor } from "../graph/index.ts";
import { anyType, floats, type None, requireDType } from "./define.ts";
import { asTensor } from "./source.ts";

/** a where the condition holds, else b; all three broadcast. */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const dtype = a instanceof Tensor ? a.dtype : b instanceof Tensor ? b.dtype : "float32";
  return apply(whereOp, [condition, asTensor(a, dtype), asTensor(b, dtype)], {});
}
export const whereOp: OpDef<None> = {
  name: "where",
  infer: ([condition, a, b]) => {
    if (condition.dtype !== "bool")
      throw new DTypeError(`where: the condition must be bool, got ${condition.dtype}`);
    const dtype = requireDType("where", [a, b], anyType);
    return { dtype, shape: broadcastShapes("where", [condition.shape, a.shape, b.shape]) };
  },
  vjp: (g, { inputs: [condition] }) => [
    null,
    where(condition, g, asTensor(0, g.dtype)),
    where(condition, asTensor(0, g.dtype), g),
  ],
  lower: (emit, [condition, a, b], { outputs: [y] }) => {
    if (y.dtype !== "bool") return emit.node("Where", [condition, a, b]);
    // ONNX Runtime selects among numbers only
    const bytes = [a, b].map((x) => emit.cast(x, "uint8"));
    return emit.cast(emit.node("Where", [condition, ...bytes]), "bool");
  },
  elementwise: true,
};

/** Converts to another dtype: float to integer truncates, anything to bool is "not zero". */
export function cast(x: Tensor, to: DType): Tensor {
  return x.dtype === to ? x : apply(castOp, [x], { to });
}
export const castOp: OpDef<{ to: DType }> = {
  name: "cast",
  infer: ([x], { to }) => ({ dtype: to, shape: x.shape }),
  vjp: (g, { x, attrs }) => [
    floats.includes(x.dtype) && floats.includes(attrs.to) ? cast(g, x.dtype) : null,
  ],
  lower: (emit, [x], { attrs }) => emit.cast(x, attrs.to),
  elementwise: true,
};

/** x, as a constant for differentiation. */
export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradientOp, [x], {});
}
export const stopGradientOp: OpDef<None> = {
  name: "stopGradient",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  vjp: () => [null],
  lower: (_emit, [x]) => x,
  elementwise: true,
  simplify: (node) => node.inputs[0],
};

/**
 * The value of `forward(inputs)` with a gradient of your own.
 * @param vjp - gets the cotangent g of the value, the value y and the inputs; returns one
 *   cotangent per input, null where there is none. May use any op, so it differentiates again.
 */
export function customGradient(
  inputs: readonly Tensor[],
  forward: (inputs: readonly Tensor[]) => Tensor,
  vjp: CustomRule,
): Tensor {
  return apply(customGradientOp, [forward(inputs), ...inputs], { rule: vjp });
}
export const customGradientOp: OpDef<{ rule: CustomRule }> = {
  name: "customGradient",
  infer: ([y]) => ({ dtype: y.dtype, shape: y.shape }),
  vjp: (g, { inputs, y, attrs }) => [null, ...attrs.rule(g, y, inputs.slice(1))],
  lower: (_emit, [y]) => y,
  opaque: true,
  simplify: (node) => node.inputs[0],
};
