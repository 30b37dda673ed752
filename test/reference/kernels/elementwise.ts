import type { DType } from "../../../src/base/host-array.ts";
import { commonShape, fromIndex, read } from "../array.ts";
import type { Kernel, Kernels } from "../kernel.ts";
import { erf } from "../special.ts";

/** Applies f element by element, inputs broadcast; the dtype is that of input `like` unless given. */
const map =
  (f: (...values: number[]) => number | boolean, result?: DType, like = 0): Kernel<unknown> =>
  (xs) =>
    fromIndex(result ?? xs[like].dtype, commonShape(xs.map((x) => x.shape)), (i) =>
      Number(f(...xs.map((x) => read(x, i)))),
    );

const isFloat = (dtype: DType) => dtype.startsWith("float");

function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

function convert(x: number, from: DType, to: DType): number {
  if (to === "bool") return Number(x !== 0);
  return isFloat(from) && !isFloat(to) ? Math.trunc(x) : x;
}

export const elementwise = {
  addOp: map((a, b) => a + b),
  subOp: map((a, b) => a - b),
  mulOp: map((a, b) => a * b),
  divOp: (xs, attrs, context) =>
    map(isFloat(xs[0].dtype) ? (a, b) => a / b : (a, b) => Math.trunc(a / b))(xs, attrs, context),
  powOp: map((a, b) => a ** b),
  maximumOp: map((a, b) => Math.max(a, b)),
  minimumOp: map((a, b) => Math.min(a, b)),
  modOp: map((a, b) => a - b * Math.floor(a / b)),
  greaterOp: map((a, b) => a > b, "bool"),
  greaterEqualOp: map((a, b) => a >= b, "bool"),
  lessOp: map((a, b) => a < b, "bool"),
  lessEqualOp: map((a, b) => a <= b, "bool"),
  equalOp: map((a, b) => a === b, "bool"),
  andOp: map((a, b) => a !== 0 && b !== 0),
  orOp: map((a, b) => a !== 0 || b !== 0),

  negOp: map((x) => -x),
  expOp: map(Math.exp),
  logOp: map(Math.log),
  sqrtOp: map(Math.sqrt),
  absOp: map(Math.abs),
  signOp: map((x) => (x > 0 ? 1 : x < 0 ? -1 : x)),
  floorOp: map(Math.floor),
  roundOp: map(roundHalfEven),
  sinOp: map(Math.sin),
  cosOp: map(Math.cos),
  tanhOp: map(Math.tanh),
  sigmoidOp: map((x) => 1 / (1 + Math.exp(-x))),
  softplusOp: map((x) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0)),
  erfOp: map(erf),
  reluOp: map((x) => Math.max(x, 0)),
  stepOp: map((x) => x > 0, undefined),
  geluOp: map((x) => (x * (1 + erf(x / Math.sqrt(2)))) / 2),
  clipOp: (xs, { low, high }, context) =>
    map((x) => (x < low ? low : Math.min(x, high)))(xs, {}, context),
  notOp: map((x) => x === 0),
  isNanOp: map(Number.isNaN, "bool"),

  whereOp: map((condition, a, b) => (condition ? a : b), undefined, 1),
  castOp: ([x], { to }) => fromIndex(to, x.shape, (i) => convert(read(x, i), x.dtype, to)),
  stopGradientOp: ([x]) => x,
  customGradientOp: ([value]) => value,
} satisfies Partial<Kernels>;
