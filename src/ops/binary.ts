import { ConfigError } from "../base/errors.ts";
import type { DType, HostArray } from "../base/host-array.ts";
import { apply, type Node, type OpDef, sameShape, Tensor } from "../graph/index.ts";
import { binary, floats, type None } from "./define.ts";
import { where } from "./select.ts";
import { asTensor, constantOp } from "./source.ts";
import { log, neg } from "./unary.ts";

/** A tensor, or a number that takes the dtype of the other operand. */
export type Operand = Tensor | number;

function applyBinary(op: OpDef<None>, a: Operand, b: Operand): Tensor {
  const dtype: DType | null = a instanceof Tensor ? a.dtype : b instanceof Tensor ? b.dtype : null;
  if (dtype === null) throw new ConfigError(`${op.name}: at least one operand must be a tensor`);
  return apply(op, [asTensor(a, dtype), asTensor(b, dtype)], {});
}

/** The number a scalar constant holds, or null for anything else. */
export function scalarValue(x: Tensor): number | null {
  if (x.node.op.name !== constantOp.name) return null;
  const { data } = x.node.attrs.value as HostArray;
  return data.length === 1 ? Number(data[0]) : null;
}

/** The other operand where this one is the op's neutral number and no broadcast happens. */
function dropNeutral(node: Node, neutral: number, sides: readonly number[]): Tensor | null {
  for (const i of sides) {
    const kept = node.inputs[1 - i];
    if (scalarValue(node.inputs[i]) === neutral && sameShape(kept.shape, node.outputs[0].shape))
      return kept;
  }
  return null;
}

/** a + b. */
export function add(a: Operand, b: Operand): Tensor {
  return applyBinary(addOp, a, b);
}
export const addOp = binary({
  name: "add",
  onnx: "Add",
  commutative: true,
  homogeneous: true,
  fold: (a, b) => a + b,
  vjp: (g) => [g, g],
  simplify: (node) => dropNeutral(node, 0, [0, 1]),
});

/** a - b. */
export function sub(a: Operand, b: Operand): Tensor {
  return applyBinary(subOp, a, b);
}
export const subOp = binary({
  name: "sub",
  onnx: "Sub",
  homogeneous: true,
  fold: (a, b) => a - b,
  vjp: (g) => [g, neg(g)],
  simplify: (node) => dropNeutral(node, 0, [1]),
});

/** a b. */
export function mul(a: Operand, b: Operand): Tensor {
  return applyBinary(mulOp, a, b);
}
export const mulOp = binary({
  name: "mul",
  onnx: "Mul",
  commutative: true,
  fold: (a, b) => a * b,
  vjp: (g, { inputs: [a, b] }) => [mul(g, b), mul(g, a)],
  simplify: (node) => dropNeutral(node, 1, [0, 1]),
});

/** a / b; for integers truncated toward zero. */
export function div(a: Operand, b: Operand): Tensor {
  return applyBinary(divOp, a, b);
}
export const divOp = binary({
  name: "div",
  onnx: "Div",
  fold: (a, b) => a / b,
  // d(a/b)/db = -(a/b)/b
  vjp: (g, { inputs: [, b], y }) => [div(g, b), neg(div(mul(g, y), b))],
  simplify: (node) => dropNeutral(node, 1, [1]),
});

/** a to the power b. The derivative by b is taken as 0 where a <= 0. */
export function pow(a: Operand, b: Operand): Tensor {
  if (b === 2 && a instanceof Tensor) return mul(a, a);
  return applyBinary(powOp, a, b);
}
export const powOp = binary({
  name: "pow",
  onnx: "Pow",
  dtypes: floats,
  fold: (a, b) => a ** b,
  vjp: (g, { inputs: [a, b], y }) => {
    const positive = greater(a, 0);
    const safe = where(positive, a, asTensor(1, a.dtype));
    const byExponent = where(positive, mul(y, log(safe)), asTensor(0, a.dtype));
    return [mul(g, mul(b, pow(a, sub(b, 1)))), mul(g, byExponent)];
  },
});

/** The larger of a and b; the gradient of a tie goes to a. */
export function maximum(a: Operand, b: Operand): Tensor {
  return applyBinary(maximumOp, a, b);
}
export const maximumOp = binary({
  name: "maximum",
  onnx: "Max",
  fold: (a, b) => Math.max(a, b),
  vjp: (g, { inputs: [a, b] }) => chooseGradient(g, greaterEqual(a, b)),
});

/** The smaller of a and b; the gradient of a tie goes to a. */
export function minimum(a: Operand, b: Operand): Tensor {
  return applyBinary(minimumOp, a, b);
}
export const minimumOp = binary({
  name: "minimum",
  onnx: "Min",
  fold: (a, b) => Math.min(a, b),
  vjp: (g, { inputs: [a, b] }) => chooseGradient(g, lessEqual(a, b)),
});

function chooseGradient(g: Tensor, first: Tensor): [Tensor, Tensor] {
  const zero = asTensor(0, g.dtype);
  return [where(first, g, zero), where(first, zero, g)];
}

/** Remainder with the sign of b (integers), as in floor division. */
export function mod(a: Operand, b: Operand): Tensor {
  return applyBinary(modOp, a, b);
}
export const modOp = binary({ name: "mod", onnx: "Mod", dtypes: ["int32", "int64"] });

const compare = (name: string, onnx: string, fold: (a: number, b: number) => boolean) =>
  binary({ name, onnx, result: "bool", fold: (a, b) => Number(fold(a, b)) });

/** a > b, as bool. */
export function greater(a: Operand, b: Operand): Tensor {
  return applyBinary(greaterOp, a, b);
}
export const greaterOp = compare("greater", "Greater", (a, b) => a > b);

/** a >= b, as bool. */
export function greaterEqual(a: Operand, b: Operand): Tensor {
  return applyBinary(greaterEqualOp, a, b);
}
export const greaterEqualOp = compare("greaterEqual", "GreaterOrEqual", (a, b) => a >= b);

/** a < b, as bool. */
export function less(a: Operand, b: Operand): Tensor {
  return applyBinary(lessOp, a, b);
}
export const lessOp = compare("less", "Less", (a, b) => a < b);

/** a <= b, as bool. */
export function lessEqual(a: Operand, b: Operand): Tensor {
  return applyBinary(lessEqualOp, a, b);
}
export const lessEqualOp = compare("lessEqual", "LessOrEqual", (a, b) => a <= b);

/** a = b, as bool. */
export function equal(a: Operand, b: Operand): Tensor {
  return applyBinary(equalOp, a, b);
}
export const equalOp = compare("equal", "Equal", (a, b) => a === b);

/** Both true. */
export function and(a: Tensor, b: Tensor): Tensor {
  return apply(andOp, [a, b], {});
}
export const andOp = binary({ name: "and", onnx: "And", dtypes: ["bool"], commutative: true });

/** At least one true. */
export function or(a: Tensor, b: Tensor): Tensor {
  return apply(orOp, [a, b], {});
}
export const orOp = binary({ name: "or", onnx: "Or", dtypes: ["bool"], commutative: true });
