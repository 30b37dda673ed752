import { describe, expect, it } from "vitest";
import {
  apply,
  countUses,
  Node,
  type OpDef,
  printGraph,
  rewrite,
  substitute,
  Tensor,
  toposort,
  verify,
} from "../../src/graph/index.ts";
import * as ops from "../../src/ops/index.ts";
import { addOp, expOp, splitOp } from "../../src/ops/records.ts";

const x = ops.input("x", "float32", ["batch", 4]);
const is = (node: Node, op: unknown) => node.op === op;

describe("printGraph", () => {
  it("shows one line per node, with attributes, dtypes and shapes", () => {
    const w = ops.constant(
      { dtype: "float32", shape: [4, 2], data: new Float32Array(8) },
      "float32",
      "w",
    );
    const y = ops.relu(ops.add(ops.matmul(x, w), 0.5));
    expect(printGraph([y, ops.sum(y, { axes: 0 })])).toMatchInlineSnapshot(`
      "%0 = input(name="x", dtype="float32", shape=["batch",4]): float32 [batch, 4]
      %1 = constant(value=float32[4, 2], label="w"): float32 [4, 2]
      %2 = matmul(%0, %1, transA=false, transB=false): float32 [batch, 2]
      %3 = constant(value=float32(0.5), label=""): float32 []
      %4 = add(%2, %3): float32 [batch, 2]
      %5 = relu(%4): float32 [batch, 2]
      %6 = sum(%5, axes=[0], keepDims=false): float32 [2]
      return %5, %6"
    `);
  });

  it("numbers the outputs of one node", () => {
    const [a, b] = ops.split(x, [1, 3], 1);
    expect(printGraph([ops.mul(a, b), b])).toMatchInlineSnapshot(`
      "%0 = input(name="x", dtype="float32", shape=["batch",4]): float32 [batch, 4]
      %1 = split(%0, sizes=[1,3], axis=1): float32 [batch, 1], float32 [batch, 3]
      %2 = mul(%1.0, %1.1): float32 [batch, 3]
      return %2, %1.1"
    `);
  });

  it("names a custom gradient without printing its code", () => {
    expect(
      printGraph([
        ops.customGradient(
          [x],
          ([a]) => a,
          (g) => [g],
        ),
      ]),
    ).toMatchInlineSnapshot(`
      "%0 = input(name="x", dtype="float32", shape=["batch",4]): float32 [batch, 4]
      %1 = customGradient(%0, %0, rule=custom): float32 [batch, 4]
      return %1"
    `);
  });

  it("does not depend on what was built before", () => {
    const build = () => ops.exp(ops.add(ops.input("x", "float32", [2]), 1));
    expect(printGraph([build()])).toBe(printGraph([build()]));
  });
});

describe("toposort", () => {
  it("puts inputs before users and each node once, in a chain 20,000 deep", () => {
    let y: Tensor = x;
    for (let i = 0; i < 20_000; i++) y = ops.add(y, x);
    const order = toposort([y, y]);
    expect(order.length).toBe(20_001);
    const position = new Map(order.map((node, i) => [node, i]));
    const early = order.filter((node) =>
      node.inputs.some((t) => position.get(t.node)! >= position.get(node)!),
    );
    expect(early).toEqual([]);
  });

  it("visits a diamond of 2^60 paths once per node", () => {
    let y: Tensor = x;
    for (let i = 0; i < 60; i++) y = ops.mul(y, y);
    expect(toposort([y]).length).toBe(61);
  });

  it("counts readers, outputs among them", () => {
    const y = ops.exp(x);
    const uses = countUses([ops.add(y, y), y]);
    expect([uses.get(x), uses.get(y)]).toEqual([1, 3]);
  });
});

describe("rewrite", () => {
  it("keeps the very tensors where no rule applies", () => {
    const y = ops.exp(ops.add(x, 1));
    expect(rewrite([y, x], () => null)).toEqual([y, x]);
    expect(rewrite([y], () => null)[0]).toBe(y);
  });

  it("replaces a node and rebuilds only what reads it", () => {
    const left = ops.exp(x);
    const right = ops.tanh(x);
    const [sum, kept] = rewrite([ops.add(left, right), right], (node) =>
      is(node, expOp) ? [ops.sin(node.inputs[0])] : null,
    );
    expect(kept).toBe(right);
    expect(printGraph([sum])).toMatchInlineSnapshot(`
      "%0 = input(name="x", dtype="float32", shape=["batch",4]): float32 [batch, 4]
      %1 = sin(%0): float32 [batch, 4]
      %2 = tanh(%0): float32 [batch, 4]
      %3 = add(%1, %2): float32 [batch, 4]
      return %3"
    `);
  });

  it("shows each rule the rewritten inputs beside the original node", () => {
    const y = ops.add(ops.exp(x), ops.exp(x));
    rewrite([y], (node, original) => {
      if (is(node, expOp)) return [node.inputs[0]];
      if (is(node, addOp)) {
        expect(node.inputs).toEqual([x, x]);
        expect(original).toBe(y.node);
      }
      return null;
    });
  });

  it("substitutes one output of several, and inputs", () => {
    const [a, b] = ops.split(x, [2, 2], 1);
    const z = ops.input("z", "float32", ["batch", 2]);
    const [y] = substitute([ops.add(a, b)], new Map([[b, z]]));
    expect(y.node.inputs[0].node.op).toBe(splitOp);
    expect(y.node.inputs[1]).toBe(z);
    const other = ops.input("other", "float32", ["batch", 4]);
    expect(toposort(substitute([ops.add(a, b)], new Map([[x, other]])))[0]).toBe(other.node);
  });

  it("handles a chain 20,000 deep", () => {
    let y: Tensor = x;
    for (let i = 0; i < 20_000; i++) y = ops.exp(y);
    const [z] = rewrite([y], (node) => (is(node, expOp) ? [ops.neg(node.inputs[0])] : null));
    expect(toposort([z]).length).toBe(20_001);
  });
});

describe("verify", () => {
  it("accepts what the ops build", () => {
    const y = ops.softmax(ops.matmul(x, ops.transpose(x)));
    expect(() =>
      verify("built", [y], [{ dtype: "float32", shape: ["batch", "batch"] }]),
    ).not.toThrow();
  });

  it("catches a node whose rule no longer agrees with its type", () => {
    let size = 2;
    const changing: OpDef = {
      name: "changing",
      infer: () => ({ dtype: "float32", shape: [size] }),
      lower: () => "",
    };
    const y = apply(changing, [], {});
    size = 3;
    expect(() => verify("pass", [ops.exp(y)])).toThrowErrorMatchingInlineSnapshot(
      `[GraphError: pass: node changing says float32 [2], its rule float32 [3]]`,
    );
  });

  it("catches a tensor whose inputs were swapped under it", () => {
    const y = ops.add(x, 1);
    const broken = Object.assign(Object.create(Node.prototype) as Node, y.node, {
      inputs: [ops.input("short", "float32", ["batch", 3]), x],
    });
    expect(() => verify("pass", [new Tensor(broken, 0, y)])).toThrowErrorMatchingInlineSnapshot(
      `[GraphError: pass: node add no longer fits its inputs: add: shapes do not broadcast: [batch, 3] and [batch, 4] (3 and 4)]`,
    );
  });

  it("catches two inputs of one name", () => {
    const twin = ops.input("x", "float32", ["batch", 4]);
    expect(() => verify("pass", [ops.add(x, twin)])).toThrowErrorMatchingInlineSnapshot(
      `[GraphError: pass: two inputs are named "x"]`,
    );
  });

  it("catches an output whose type a pass changed", () => {
    const before = [{ dtype: "float32", shape: ["batch", 1] }] as const;
    expect(() => verify("pass", [x], before)).toThrowErrorMatchingInlineSnapshot(
      `[GraphError: pass: output 0 changed from float32 [batch, 1] to float32 [batch, 4]]`,
    );
  });
});
