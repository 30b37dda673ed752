import { apply, type OpDef, type Tensor } from "../graph/index.ts";
import { add, div, equal, mul, sub } from "./binary.ts";
import { floats, type None, numbers, requireDType, unary } from "./define.ts";
import { where } from "./select.ts";
import { asTensor } from "./source.ts";

/** -x. */
export function neg(x: Tensor): Tensor {
  return apply(negOp, [x], {});
}
export const negOp = unary({
  name: "neg",
  onnx: "Neg",
  dtypes: numbers,
  homogeneous: true,
  fold: (x) => -x,
  vjp: (g) => [neg(g)],
});

/** e to the power x. */
export function exp(x: Tensor): Tensor {
  return apply(expOp, [x], {});
}
export const expOp = unary({
  name: "exp",
  onnx: "Exp",
  fold: Math.exp,
  vjp: (g, { y }) => [mul(g, y)],
});

/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  return apply(logOp, [x], {});
}
export const logOp = unary({
  name: "log",
  onnx: "Log",
  fold: Math.log,
  vjp: (g, { x }) => [div(g, x)],
});

/** Square root. */
export function sqrt(x: Tensor): Tensor {
  return apply(sqrtOp, [x], {});
}
export const sqrtOp = unary({
  name: "sqrt",
  onnx: "Sqrt",
  fold: Math.sqrt,
  vjp: (g, { y }) => [div(g, mul(y, 2))], // d sqrt(x) = 1 / (2 sqrt(x))
});

/** |x|, with derivative 0 at 0. */
export function abs(x: Tensor): Tensor {
  return apply(absOp, [x], {});
}
export const absOp = unary({
  name: "abs",
  onnx: "Abs",
  dtypes: numbers,
  fold: Math.abs,
  vjp: (g, { x }) => [mul(g, sign(x))],
});

/** -1, 0 or 1; derivative 0. */
export function sign(x: Tensor): Tensor {
  return apply(signOp, [x], {});
}
export const signOp = unary({ name: "sign", onnx: "Sign", dtypes: numbers, vjp: () => [null] });

/** Largest integer <= x; derivative 0. */
export function floor(x: Tensor): Tensor {
  return apply(floorOp, [x], {});
}
export const floorOp = unary({ name: "floor", onnx: "Floor", vjp: () => [null] });

/** Nearest integer, ties to even; derivative 0. */
export function round(x: Tensor): Tensor {
  return apply(roundOp, [x], {});
}
export const roundOp = unary({ name: "round", onnx: "Round", vjp: () => [null] });

/** Sine of an angle in rad. */
export function sin(x: Tensor): Tensor {
  return apply(sinOp, [x], {});
}
export const sinOp = unary({ name: "sin", onnx: "Sin", vjp: (g, { x }) => [mul(g, cos(x))] });

/** Cosine of an angle in rad. */
export function cos(x: Tensor): Tensor {
  return apply(cosOp, [x], {});
}
export const cosOp = unary({ name: "cos", onnx: "Cos", vjp: (g, { x }) => [neg(mul(g, sin(x)))] });

/** Hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return apply(tanhOp, [x], {});
}
export const tanhOp = unary({
  name: "tanh",
  onnx: "Tanh",
  vjp: (g, { y }) => [mul(g, sub(1, mul(y, y)))], // d tanh = 1 - tanh²
});

/** 1 / (1 + e^-x). */
export function sigmoid(x: Tensor): Tensor {
  return apply(sigmoidOp, [x], {});
}
export const sigmoidOp = unary({
  name: "sigmoid",
  onnx: "Sigmoid",
  vjp: (g, { y }) => [mul(g, mul(y, sub(1, y)))], // d σ = σ (1 - σ)
});

/** log(1 + e^x), without overflow. */
export function softplus(x: Tensor): Tensor {
  return apply(softplusOp, [x], {});
}
export const softplusOp = unary({
  name: "softplus",
  onnx: "Softplus",
  vjp: (g, { x }) => [mul(g, sigmoid(x))],
});

/** Error function, 2/sqrt(π) ∫₀ˣ e^(-t²) dt. */
export function erf(x: Tensor): Tensor {
  return apply(erfOp, [x], {});
}
export const erfOp = unary({
  name: "erf",
  onnx: "Erf",
  vjp: (g, { x }) => [mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))],
});

/** max(x, 0), with derivative 0 at 0. */
export function relu(x: Tensor): Tensor {
  return apply(reluOp, [x], {});
}
export const reluOp = unary({
  name: "relu",
  onnx: "Relu",
  vjp: (g, { y }) => [mul(g, step(y))],
});

/** 1 for x > 0, else 0: the derivative of relu. Its own derivative is 0. */
export function step(x: Tensor): Tensor {
  return apply(stepOp, [x], {});
}
export const stepOp: OpDef<None> = {
  name: "step",
  infer: ([x]) => ({ dtype: requireDType("step", [x], floats), shape: x.shape }),
  vjp: () => [null],
  // One pass instead of a comparison and a cast: a hard sigmoid so steep that it saturates for
  // every normal float32 number. ONNX Runtime has it in float32 only.
  lower: (emit, [x], { inputs: [t] }) =>
    t.dtype === "float32"
      ? emit.node("HardSigmoid", [x], { alpha: { float: 3e38 }, beta: { float: 0 } })
      : emit.cast(emit.node("Greater", [x, emit.scalar(t.dtype, 0)]), "float64"),
  elementwise: true,
};

/** x Φ(x) with the normal cumulative distribution Φ (exact, not the tanh approximation). */
export function gelu(x: Tensor): Tensor {
  return apply(geluOp, [x], {});
}
export const geluOp = unary({
  name: "gelu",
  onnx: "Gelu",
  // d x Φ(x) = Φ(x) + x φ(x)
  vjp: (g, { x }) => {
    const cdf = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [mul(g, add(cdf, mul(x, density)))];
  },
});

/** x limited to [low, high]; derivative 0 outside. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return apply(clipOp, [x], { low, high });
}
export const clipOp: OpDef<{ low: number; high: number }> = {
  name: "clip",
  infer: ([x]) => ({ dtype: requireDType("clip", [x], floats), shape: x.shape }),
  vjp: (g, { x, y }) => [where(equal(x, y), g, asTensor(0, g.dtype))],
  lower: (emit, [x], { attrs: { low, high }, inputs: [t] }) =>
    emit.node("Clip", [x, emit.scalar(t.dtype, low), emit.scalar(t.dtype, high)]),
  elementwise: true,
};

/** True becomes false and the reverse. */
export function not(x: Tensor): Tensor {
  return apply(notOp, [x], {});
}
export const notOp = unary({ name: "not", onnx: "Not", dtypes: ["bool"] });

/** True where x is not a number. */
export function isNan(x: Tensor): Tensor {
  return apply(isNanOp, [x], {});
}
export const isNanOp: OpDef<None> = {
  name: "isNaN",
  infer: ([x]) => {
    requireDType("isNaN", [x], floats);
    return { dtype: "bool", shape: x.shape };
  },
  lower: (emit, inputs) => emit.node("IsNaN", inputs),
  elementwise: true,
};
