import { fromNumbers } from "../../src/base/host-array.ts";
import type { Shape, Tensor } from "../../src/graph/index.ts";
import * as ops from "../../src/ops/index.ts";
import type * as records from "../../src/ops/records.ts";
import {
  type Case,
  type InputSpec,
  indices,
  integers,
  listed,
  nonzero,
  nonzeroIntegers,
  normal,
  positive,
  type Sampler,
  separated,
  tensor,
  truth,
} from "./sampling.ts";

type Build = Case["build"];
type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

const shapes: readonly Shape[] = [[], [5], [1, 3], ["batch", 2, 3]];
const pairs: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[3, 4], [4]],
  [[], [2, 3]],
  [
    [2, 1, 4],
    [3, 1],
  ],
  [
    ["batch", 4],
    ["batch", 1],
  ],
  [[1], ["batch", 2]],
];

const one = (input: InputSpec, build: Build, rest: Partial<Case> = {}): Case => ({
  inputs: [input],
  build,
  ...rest,
});
const unary = (f: Unary, sample: Sampler = normal, rest: Partial<Case> = {}): Case[] =>
  shapes.map((shape) => one(tensor(shape, sample), ([x]) => f(x), rest));
/** At chosen points, kinks and poles included. */
const at = (f: Unary, ...points: number[]): Case =>
  one(tensor([points.length], listed(...points)), ([x]) => f(x), { differentiable: false });
const binary = (f: Binary, first: Sampler = normal, second: Sampler = first): Case[] =>
  pairs.map(([a, b]) => ({
    inputs: [tensor(a, first), tensor(b, second)],
    build: ([x, y]) => f(x, y),
  }));
const integerPairs = (f: Binary): Case[] =>
  (["int32", "int64"] as const).map((dtype) => ({
    inputs: [tensor([3, "batch"], integers(-9, 9), dtype), tensor([3, 1], nonzeroIntegers, dtype)],
    build: ([x, y]) => f(x, y),
  }));
/** Ops that only move elements take any dtype. */
const moved = (shape: Shape, f: Unary): Case[] =>
  (["int32", "int64", "uint8", "bool"] as const).map((dtype) =>
    one(tensor(shape, truth, dtype), ([x]) => f(x)),
  );
const logical = (f: Binary): Case[] => [
  { inputs: [tensor([8], truth, "bool"), tensor([1], truth, "bool")], build: ([x, y]) => f(x, y) },
  {
    inputs: [tensor(["batch", 4], truth, "bool"), tensor([4], truth, "bool")],
    build: ([x, y]) => f(x, y),
  },
];
const compare = (f: Binary): Case[] => [...binary(f, integers(-2, 3)), ...integerPairs(f)];
const reduction = (f: (x: Tensor, options: ops.ReduceOptions) => Tensor): Case[] => [
  one(tensor([2, 3, 4], separated), ([x]) => f(x, {})),
  one(tensor([2, 3, 4], separated), ([x]) => f(x, { axes: [0, 2] })),
  one(tensor([2, 1, 4], separated), ([x]) => f(x, { axes: [1, 2], keepDims: true })),
  one(tensor([2, 3], separated), ([x]) => f(x, { axes: [] })),
  one(tensor([], separated), ([x]) => f(x, {})),
  one(tensor(["batch", 3], separated), ([x]) => f(x, { axes: 0 })),
  one(tensor(["batch", 3], separated), ([x]) => f(x, { axes: -1, keepDims: true })),
  one(tensor(["batch", 3], integers(-9, 9), "int64"), ([x]) => f(x, { axes: -1 })),
];

/** What every op is tried on: one row per record, or the type check fails. */
export const samples: { readonly [K in keyof typeof records]: readonly Case[] } = {
  addOp: [...binary(ops.add), ...integerPairs(ops.add)],
  subOp: [...binary(ops.sub), ...integerPairs(ops.sub)],
  mulOp: [...binary(ops.mul), ...integerPairs(ops.mul)],
  divOp: [...binary(ops.div, nonzero), ...integerPairs(ops.div)],
  powOp: [
    ...binary(ops.pow, positive, normal),
    one(tensor([6], nonzero), ([x]) => ops.pow(x, 3)),
    one(tensor([6], nonzero), ([x]) => ops.pow(x, -2)),
    one(tensor([3], listed(-2, 0, 2)), ([x]) => ops.pow(x, 4)),
  ],
  maximumOp: [...binary(ops.maximum), ...integerPairs(ops.maximum)],
  minimumOp: [...binary(ops.minimum), ...integerPairs(ops.minimum)],
  modOp: integerPairs(ops.mod),
  greaterOp: compare(ops.greater),
  greaterEqualOp: compare(ops.greaterEqual),
  lessOp: compare(ops.less),
  lessEqualOp: compare(ops.lessEqual),
  equalOp: compare(ops.equal),
  andOp: logical(ops.and),
  orOp: logical(ops.or),

  negOp: unary(ops.neg),
  expOp: unary(ops.exp),
  logOp: unary(ops.log, positive),
  sqrtOp: unary(ops.sqrt, positive),
  absOp: [...unary(ops.abs, nonzero), at(ops.abs, 0, -0, -2.5)],
  signOp: [...unary(ops.sign, nonzero), at(ops.sign, 0, -3, 1e-30)],
  floorOp: [
    ...unary(ops.floor, nonzero, { differentiable: false }),
    at(ops.floor, -0.5, 2, 1.999, -3),
  ],
  roundOp: [
    ...unary(ops.round, nonzero, { differentiable: false }),
    at(ops.round, 0.5, 1.5, 2.5, -0.5, -1.5, 2.4999),
  ],
  sinOp: unary(ops.sin),
  cosOp: unary(ops.cos),
  tanhOp: [...unary(ops.tanh), at(ops.tanh, -100, 100, 1e-4)],
  sigmoidOp: [...unary(ops.sigmoid), at(ops.sigmoid, -80, 0, 80)],
  softplusOp: [...unary(ops.softplus), at(ops.softplus, -100, -20, 0, 20, 100)],
  erfOp: [...unary(ops.erf), at(ops.erf, -7, -3.5, 0, 1e-4, 2.7, 7)],
  reluOp: [...unary(ops.relu, nonzero), at(ops.relu, 0, -1, 1)],
  stepOp: [...unary(ops.step, nonzero), at(ops.step, 0, -0, 1e-30, -1e-30, 1e30)],
  geluOp: [...unary(ops.gelu), at(ops.gelu, -9, 0, 9)],
  clipOp: [
    ...unary((x) => ops.clip(x, -0.25, 0.25), nonzero),
    ...unary((x) => ops.clip(x, -9, 9)),
    at((x) => ops.clip(x, -1, 1), -1, 1, 5, -5),
  ],
  notOp: [one(tensor(["batch", 4], truth, "bool"), ([x]) => ops.not(x))],
  isNanOp: [
    at(ops.isNan, 0, Number.NaN, Infinity),
    one(tensor(["batch", 2]), ([x]) => ops.isNan(x)),
  ],

  transposeOp: [
    one(tensor([2, 3, 4]), ([x]) => ops.transpose(x)),
    one(tensor([2, 1, 4]), ([x]) => ops.transpose(x, [1, 2, 0])),
    one(tensor(["batch", 3]), ([x]) => ops.transpose(x, [1, 0])),
    ...moved([2, 3], ops.transpose),
  ],
  reshapeOp: [
    one(tensor([2, 6]), ([x]) => ops.reshape(x, [3, 1, 4])),
    one(tensor([1, 1]), ([x]) => ops.reshape(x, [])),
    one(tensor(["batch", 2, 3]), ([x]) => ops.reshape(x, ["batch", 6])),
    one(tensor(["batch", 6]), ([x]) => ops.reshape(x, [2, "batch", 3])),
    one(tensor(["batch", "n", 2]), ([x]) => ops.reshape(x, ["batch*n", 2])),
    ...moved(["batch", 6], (x) => ops.reshape(x, ["batch", 2, 3])),
  ],
  broadcastToOp: [
    one(tensor([]), ([x]) => ops.broadcastTo(x, [2, 3])),
    one(tensor([2, 1, 3]), ([x]) => ops.broadcastTo(x, [5, 2, 4, 3])),
    one(tensor(["batch", 1]), ([x]) => ops.broadcastTo(x, ["batch", 4])),
    ...moved([2, 1], (x) => ops.broadcastTo(x, [2, 3])),
  ],
  broadcastLikeOp: [
    {
      inputs: [tensor([4]), tensor(["batch", 4])],
      build: ([x, like]) => ops.broadcastLike(x, like),
    },
    {
      inputs: [tensor([]), tensor(["batch", 1])],
      build: ([x, like]) => ops.broadcastLike(x, like),
    },
  ],
  concatOp: [
    { inputs: [tensor([2, 3]), tensor([2, 1]), tensor([2, 2])], build: (xs) => ops.concat(xs, 1) },
    { inputs: [tensor(["batch", 3]), tensor(["batch", 2])], build: (xs) => ops.concat(xs, -1) },
    ...moved([2, 3], (x) => ops.concat([x, x], 0)),
  ],
  splitOp: [
    one(tensor([7, 2]), ([x]) => ops.split(x, [4, 1, 2], 0)),
    one(tensor(["batch", 5]), ([x]) => ops.split(x, [2, 3], -1)),
    one(tensor(["batch", 5]), ([x]) => ops.split(x, [2, 3], -1)[1]),
    ...moved([4], (x) => ops.split(x, [1, 3], 0)[1]),
  ],
  sliceOp: [
    one(tensor([7]), ([x]) => ops.slice(x, 0, 2, 5)),
    one(tensor(["batch", 5, 2]), ([x]) => ops.slice(x, 1, -2)),
    one(tensor([4, 2]), ([x]) => ops.slice(x, 0, 0, -1)),
    ...moved([4], (x) => ops.slice(x, 0, 1, 3)),
  ],
  padOp: [
    one(tensor([3]), ([x]) => ops.pad(x, 0, 2, 1)),
    one(tensor(["batch", 3]), ([x]) => ops.pad(x, -1, 0, 2, 1.5)),
    ...moved([2, 2], (x) => ops.pad(x, 0, 1, 1, 1)),
  ],
  axesSizeOp: [
    one(tensor(["batch", 3]), ([x]) => ops.axesSize(x, [0])),
    one(tensor(["batch", 3]), ([x]) => ops.axesSize(x, [0, 1])),
    one(tensor(["batch", 3], integers(0, 9), "int64"), ([x]) => ops.axesSize(x, [0])),
  ],

  matmulOp: [
    { inputs: [tensor([3, 4]), tensor([4, 2])], build: ([a, b]) => ops.matmul(a, b) },
    {
      inputs: [tensor(["batch", 4]), tensor([2, 4])],
      build: ([a, b]) => ops.matmul(a, b, { transB: true }),
    },
    {
      inputs: [tensor([4, "batch"]), tensor([4, 1])],
      build: ([a, b]) => ops.matmul(a, b, { transA: true }),
    },
    {
      inputs: [tensor([4, 3]), tensor([2, 4])],
      build: ([a, b]) => ops.matmul(a, b, { transA: true, transB: true }),
    },
    {
      inputs: [tensor([2, 1, 3, 4]), tensor([5, 4, 2])],
      build: ([a, b]) => ops.matmul(a, b),
    },
    {
      inputs: [tensor(["batch", 4, 3]), tensor(["batch", 2, 4])],
      build: ([a, b]) => ops.matmul(a, b, { transA: true, transB: true }),
    },
    { inputs: [tensor(["batch", 3, 4]), tensor([4, 2])], build: ([a, b]) => ops.matmul(a, b) },
    {
      inputs: [tensor(["batch", 3]), tensor([3, 2]), tensor([2])],
      build: ([a, b, c]) => ops.gemm(a, b, c),
    },
    {
      inputs: [tensor([3, "batch"]), tensor([2, 3]), tensor(["batch", 1])],
      build: ([a, b, c]) => ops.gemm(a, b, c, { transA: true, transB: true }),
    },
  ],

  sumOp: reduction(ops.sum),
  maxOp: reduction(ops.max),
  minOp: reduction(ops.min),
  softmaxOp: [
    one(tensor([5]), ([x]) => ops.softmax(x)),
    one(tensor(["batch", 3]), ([x]) => ops.softmax(x)),
    one(tensor([3, "batch", 1]), ([x]) => ops.softmax(x, 0)),
    one(tensor([3], listed(1000, -1000, 999)), ([x]) => ops.softmax(x)),
  ],
  logSoftmaxOp: [
    one(tensor([5]), ([x]) => ops.logSoftmax(x)),
    one(tensor(["batch", 3]), ([x]) => ops.logSoftmax(x)),
    one(tensor([3, "batch", 1]), ([x]) => ops.logSoftmax(x, 0)),
    one(tensor([3], listed(1000, -1000, 999)), ([x]) => ops.logSoftmax(x)),
  ],
  affineOp: [
    {
      inputs: [tensor([3, 5]), tensor([3, 1]), tensor([3, 1])],
      build: ([x, scale, shift]) => ops.affine(x, scale, shift),
    },
    {
      inputs: [tensor([3, "batch"]), tensor([3, 1]), tensor([3, 1])],
      build: ([x, scale, shift]) => ops.affine(x, scale, shift),
    },
  ],
  standardizeOp: [
    one(tensor([3, 5]), ([x]) => Object.values(ops.standardize(x, 1e-3))),
    one(tensor(["batch", 6]), ([x]) => ops.standardize(x, 1e-3).y),
    one(tensor([4, "batch"]), ([x]) => Object.values(ops.standardize(x, 1e-3))),
    one(tensor([2, 3, 4]), ([x]) => ops.standardize(x, 1e-3).invDeviation),
    one(tensor([2, 4]), ([x]) => ops.standardize(x, 1e-3).mean),
  ],

  gatherOp: [
    { inputs: [tensor([4, 3]), indices(["batch"], 4)], build: ([x, i]) => ops.gather(x, i) },
    {
      inputs: [tensor(["batch", 4, 2]), indices([2, 3], 4)],
      build: ([x, i]) => ops.gather(x, i, 1),
    },
    { inputs: [tensor([2, 4]), indices([], 4)], build: ([x, i]) => ops.gather(x, i, -1) },
    ...moved([4], (x) => ops.gather(x, ops.arange(3))),
  ],
  scatterAddOp: [
    {
      inputs: [tensor([4, 2]), indices(["batch"], 4), tensor(["batch", 2])],
      build: ([x, i, u]) => ops.scatterAdd(x, i, u),
    },
    {
      inputs: [tensor([3]), indices([2, 4], 3), tensor([2, 4])],
      build: ([x, i, u]) => ops.scatterAdd(x, i, u),
    },
  ],
  gatherAlongOp: [
    { inputs: [tensor([4, 3]), indices([2, 3], 4)], build: ([x, i]) => ops.gatherAlong(x, i, 0) },
    {
      inputs: [tensor(["batch", 4]), indices(["batch", 6], 4)],
      build: ([x, i]) => ops.gatherAlong(x, i),
    },
  ],
  scatterAddAlongOp: [
    {
      inputs: [tensor([4, 3]), indices([6, 3], 4), tensor([6, 3])],
      build: ([x, i, u]) => ops.scatterAddAlong(x, i, u, 0),
    },
    {
      inputs: [tensor(["batch", 4]), indices(["batch", 6], 4), tensor(["batch", 6])],
      build: ([x, i, u]) => ops.scatterAddAlong(x, i, u),
    },
  ],
  oneHotOp: [
    one(tensor(["batch"], integers(0, 4), "int64"), ([x], dtype) => ops.oneHot(x, 4, dtype)),
    one(tensor([2, 3], integers(-3, 6), "int64"), ([x], dtype) => ops.oneHot(x, 4, dtype)),
    one(tensor([], integers(0, 3), "int64"), ([x]) => ops.oneHot(x, 3, "int64")),
  ],
  cumsumOp: [
    one(tensor([5]), ([x]) => ops.cumsum(x, 0)),
    one(tensor(["batch", 4]), ([x]) => ops.cumsum(x, 1, { exclusive: true })),
    one(tensor(["batch", 4]), ([x]) => ops.cumsum(x, 0, { reverse: true })),
    one(tensor([2, 3, 1]), ([x]) => ops.cumsum(x, 1, { exclusive: true, reverse: true })),
    one(tensor([6], integers(0, 9), "int64"), ([x]) => ops.cumsum(x, 0)),
  ],
  topKOp: [
    one(tensor([7], separated), ([x]) => Object.values(ops.topK(x, 3))),
    one(tensor(["batch", 5], separated), ([x]) => ops.topK(x, 2, { largest: false }).values),
    one(tensor([4, "batch"], separated), ([x]) => Object.values(ops.topK(x, 4, { axis: 0 }))),
    one(tensor(["batch", 5], separated), ([x]) => Object.values(ops.sort(x))),
    one(
      tensor([6], listed(1, 2, 2, 1, 0, 2)),
      ([x]) => Object.values(ops.sort(x, { descending: true })),
      {
        differentiable: false,
      },
    ),
    one(tensor([6], integers(0, 99), "int64"), ([x]) => ops.topK(x, 2).values),
  ],
  argmaxOp: [
    one(tensor([5], separated), ([x]) => ops.argmax(x)),
    one(tensor(["batch", 4], integers(0, 3)), ([x]) => ops.argmax(x, 1, true)),
    one(tensor([4, "batch"], integers(0, 3)), ([x]) => ops.argmax(x, 0)),
  ],

  whereOp: [
    {
      inputs: [tensor([3, 1], truth, "bool"), tensor([]), tensor([1, 4])],
      build: ([c, a, b]) => ops.where(c, a, b),
    },
    {
      inputs: [tensor(["batch", 2], truth, "bool"), tensor(["batch", 2]), tensor([2])],
      build: ([c, a, b]) => ops.where(c, a, b),
    },
    {
      inputs: [tensor([4], truth, "bool"), tensor([4], integers(-5, 5), "int64")],
      build: ([c, a]) => ops.where(c, a, 7),
    },
    ...(["bool", "uint8", "int32"] as const).map(
      (dtype): Case => ({
        inputs: [tensor([4], truth, "bool"), tensor([4], truth, dtype), tensor([1], truth, dtype)],
        build: ([c, a, b]) => ops.where(c, a, b),
      }),
    ),
  ],
  castOp: [
    one(tensor(["batch", 3]), ([x]) => ops.mul(ops.cast(ops.cast(x, "float64"), x.dtype), x)),
    one(tensor([4]), ([x]) => ops.cast(x, x.dtype === "float32" ? "float64" : "float32"), {
      tolerance: { relative: 1e-7, absolute: 1e-7, reason: "the cast rounds to float32" },
    }),
    one(
      tensor([6], listed(-1.9, -0.5, 0, 0.5, 1.9, 300)),
      ([x]) => (["int32", "int64", "bool"] as const).map((to) => ops.cast(x, to)),
      { differentiable: false },
    ),
    one(tensor([4], integers(0, 3), "int64"), ([x], dtype) =>
      ([dtype, "uint8", "bool", "int32"] as const).map((to) => ops.cast(x, to)),
    ),
  ],
  stopGradientOp: [
    one(tensor(["batch", 2]), ([x]) => ops.stopGradient(x), { differentiable: false }),
  ],
  customGradientOp: [
    one(tensor(["batch", 2]), ([x]) =>
      ops.customGradient(
        [x],
        ([a]) => ops.mul(a, a),
        (g, _y, [a]) => [ops.mul(g, ops.mul(a, 2))],
      ),
    ),
  ],
  inputOp: [one(tensor(["batch", 2]), ([x]) => x), one(tensor([], truth, "bool"), ([x]) => x)],
  constantOp: (["float32", "float64", "int32", "int64", "uint8", "bool"] as const).map((dtype) => ({
    inputs: [],
    build: () => ops.constant(fromNumbers(dtype, [2, 2], [0, 1, 2, 3])),
  })),
};
