import fc from "fast-check";
import { it } from "vitest";
import { grad } from "../../src/autodiff/index.ts";
import { fromNumbers } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import type { Tensor } from "../../src/graph/index.ts";
import * as ops from "../../src/ops/index.ts";
import { checkTwice, project } from "../ops/differences.ts";
import { expectAgreement } from "../ops/run.ts";
import { gradient } from "../tolerances.ts";

/** Smooth maps [batch, 3] -> [batch, 3] of one or two values, each of moderate size. */
const steps: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  (a) => ops.tanh(a),
  (a) => ops.sin(a),
  (a) => ops.mul(ops.sigmoid(a), 3),
  (a) => ops.softmax(a),
  (a) => ops.logSoftmax(a, 1),
  (a) => ops.softplus(a),
  (a) => ops.standardize(a, 0.1).y,
  (a) => ops.sub(a, ops.mean(a, { axes: 0, keepDims: true })),
  (a) => ops.sqrt(ops.add(ops.square(a), 1)),
  (a) => ops.cumsum(a, 1, { reverse: true }),
  (a) => ops.concat([ops.slice(a, 1, 1), ops.slice(a, 1, 0, 1)], 1),
  (a) => ops.transpose(ops.mul(ops.transpose(a), 0.5)),
  (a) => ops.exp(ops.neg(ops.square(a))),
  (a) => ops.log1p(ops.square(a)),
  (a, b) => ops.add(a, b),
  (a, b) => ops.sub(ops.mul(a, 0.7), b),
  (a, b) => ops.mul(ops.tanh(a), b),
  (a, b) => ops.div(a, ops.add(ops.square(b), 1)),
  (a, b) => ops.matmul(ops.tanh(a), ops.softmax(ops.matmul(b, ops.tanh(a), { transA: true }))),
  (a, b) => ops.mul(a, ops.logsumexp(ops.tanh(b), { axes: -1, keepDims: true })),
  (a, b) => ops.where(ops.greater(ops.stopGradient(a), 9), a, ops.mul(b, 0.9)),
];

/** A program: each step names an op and which earlier values it reads. */
const programs = fc.array(fc.record({ op: fc.nat(steps.length - 1), a: fc.nat(9), b: fc.nat(9) }), {
  minLength: 1,
  maxLength: 6,
});
type Program = readonly { readonly op: number; readonly a: number; readonly b: number }[];

function build(program: Program, dtype: "float32" | "float64") {
  const xs = ["x", "w"].map((name) => ops.input(name, dtype, ["batch", 3]));
  const values: Tensor[] = [...xs];
  const recent = (i: number) => values[values.length - 1 - (i % values.length)];
  for (const { op, a, b } of program) values.push(steps[op](recent(a), recent(b)));
  return { xs, y: values[values.length - 1] };
}

function feedsFor(dtype: "float32" | "float64", batch: number) {
  const rng = createRng("random graphs");
  const draw = () =>
    fromNumbers(
      dtype,
      [batch, 3],
      Array.from({ length: 3 * batch }, () => rng.normal()),
    );
  return { x: draw(), w: draw() };
}

it("random compositions have gradients of order 1 and 2 that agree with central differences", () => {
  fc.assert(
    fc.property(programs, (program) => {
      const { xs, y } = build(program, "float64");
      checkTwice("graph", project("graph/y", [y], feedsFor("float64", 2)), xs);
    }),
    { numRuns: 300, seed: 40 },
  );
});

it("random compositions and their gradients give the same, simplified, in ONNX Runtime", async () => {
  await fc.assert(
    fc.asyncProperty(programs, async (program) => {
      const { xs, y } = build(program, "float32");
      const outputs = [y, ...grad(ops.sum(ops.square(y)), xs)];
      await expectAgreement("graph", outputs, feedsFor("float32", 3), {
        optimize: true,
        loosen: gradient.float32,
      });
    }),
    { numRuns: 100, seed: 41 },
  );
});
