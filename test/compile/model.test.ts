import { describe, expect, it } from "vitest";
import { float32, fromNumbers } from "../../src/base/host-array.ts";
import { type CompileSpec, compile } from "../../src/compile/index.ts";
import type { Tensor } from "../../src/graph/index.ts";
import { decodeModel } from "../../src/onnx/index.ts";
import * as ops from "../../src/ops/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import { failure } from "./failure.ts";

const runtime = createNodeRuntime({ threads: 1 });
const x = ops.input("x", "float32", ["batch", 2]);
const w = ops.constant(float32([1, 2, 3, 4, 5, 6], [2, 3]), "float32", "dense/weight");
const two = float32([1, 2, 3, 4], [2, 2]);

const model = (outputs: CompileSpec["outputs"], rest: Partial<CompileSpec> = {}) =>
  compile({ name: "test", outputs, ...rest });

async function run(bytes: Uint8Array, feeds = { x: two } as Record<string, typeof two>) {
  const session = await runtime.load(bytes);
  const results = await session.run(feeds);
  await session.dispose();
  return Object.fromEntries(
    Object.entries(results).map(([k, v]) => [k, Array.from(v.data as Float32Array)]),
  );
}

describe("named sizes", () => {
  const mean = ops.mean(ops.matmul(x, w), { axes: 0 });

  it("stay open unless bound, and take any number at run time", async () => {
    const bytes = model({ mean });
    expect(await run(bytes)).toEqual({ mean: [14, 19, 24] });
    expect(await run(bytes, { x: float32([1, 2], [1, 2]) })).toEqual({ mean: [9, 12, 15] });
    expect(decodeModel(bytes).graph.input[0].type.tensorType.shape).toEqual({
      dim: [{ dimParam: "batch" }, { dimValue: 2 }],
    });
  });

  it("are numbers in the file once bound", async () => {
    const bytes = model({ mean }, { dims: { batch: 2 } });
    expect(await run(bytes)).toEqual({ mean: [14, 19, 24] });
    expect(decodeModel(bytes).graph.input[0].type.tensorType.shape).toEqual({
      dim: [{ dimValue: 2 }, { dimValue: 2 }],
    });
    expect(await failure(() => run(bytes, { x: float32([1, 2], [1, 2]) }))).toMatchInlineSnapshot(
      `"SessionError: runtime: input "x" float32 [2, 2] was given float32 [1, 2]"`,
    );
  });

  it("that cannot work are refused, saying why", async () => {
    const p = ops.input("p", "float32", ["a", "b", 2]);
    const flat = ops.reshape(p, ["a*b", 2]);
    const compiling = (y: Tensor, dims = {}) => failure(() => model({ y }, { dims }));
    expect(
      [
        await compiling(ops.broadcastTo(ops.sum(x, { axes: 0 }), ["batch", 2])),
        await compiling(ops.reshape(p, ["b", 2, "a"])),
        await compiling(flat, { a: 2 }),
        await compiling(flat, { a: 2, bb: 3 }),
        await compiling(w, { batch: 2 }),
        await compiling(x, { batch: 0 }),
        await compiling(x, { batch: 1.5 }),
        await compiling(ops.topK(x, 3, { axis: 0 }).values, { batch: 2 }),
      ].join("\n"),
    ).toMatchInlineSnapshot(`
      "ShapeError: broadcastTo: size "batch" is only known at run time; bind it or use broadcastLike()
      ShapeError: reshape: more than one size of [b, 2, a] is open; bind them when compiling
      ConfigError: compile.dims: size "a*b" must be bound as a whole or not at all
      ConfigError: compile.dims.bb: no size has this name; named: a, b
      ConfigError: compile.dims.batch: no size has this name; named: none
      ConfigError: compile.dims.batch: expected a positive integer, got 0
      ConfigError: compile.dims.batch: expected a positive integer, got 1.5
      ShapeError: topK: cannot take 3 of 2 elements along axis 0"
    `);
  });
});

describe("inputs and outputs", () => {
  const unused = ops.input("unused", "int64", ["batch"]);

  it("keep the order asked for, and inputs that nothing reads", () => {
    const { graph } = decodeModel(model({ y: ops.relu(x) }, { inputs: [unused, x] }));
    expect(graph.input.map((value) => value.name)).toEqual(["unused", "x"]);
    const { graph: plain } = decodeModel(model({ y: ops.relu(x) }));
    expect(plain.input.map((value) => value.name)).toEqual(["x"]);
  });

  it("may be one tensor: an input, a constant, one value twice", async () => {
    const y = ops.neg(x);
    const outputs = { same: x, first: y, second: y, weight: w, double: ops.neg(y) };
    for (const optimize of [true, false])
      expect(await run(model(outputs, { optimize }))).toEqual({
        same: [1, 2, 3, 4],
        first: [-1, -2, -3, -4],
        second: [-1, -2, -3, -4],
        weight: [1, 2, 3, 4, 5, 6],
        double: [1, 2, 3, 4],
      });
  });

  it("may have the names of operators and of constants", async () => {
    const relu = ops.input("relu", "float32", [2]);
    const weight = ops.constant(float32([1, 1]), "float32", "mul_1");
    const y = ops.mul(ops.mul(ops.relu(relu), weight), ops.relu(ops.neg(relu)));
    const bytes = model({ mul: y, relu_1: ops.relu(relu), "a/b c": ops.exp(ops.mul(relu, 0)) });
    expect(await run(bytes, { relu: float32([3, -1]) })).toEqual({
      mul: [0, 0],
      relu_1: [3, 0],
      "a/b c": [1, 1],
    });
  });

  it("refuse what is ambiguous", async () => {
    const twin = ops.input("x", "float32", ["batch", 2]);
    const other = ops.input("x", "float32", [1, 2]);
    const attempts = [
      () => model({ x: ops.relu(x) }),
      () => model({ x }),
      () => model({ y: ops.add(x, twin) }),
      () => model({ y: ops.relu(x) }, { inputs: [other] }),
      () => model({ y: ops.relu(x) }, { inputs: [ops.relu(x)] }),
      () => model({}),
    ];
    expect((await Promise.all(attempts.map(failure))).join("\n")).toMatchInlineSnapshot(`
      "GraphError: compile: "x" is both an input and an output; rename one
      GraphError: compile: "x" is both an input and an output; rename one
      GraphError: bind: two inputs are named "x"
      GraphError: bind: two inputs are named "x"
      GraphError: compile.inputs: relu is no graph input; use input()
      GraphError: compile: there are no outputs; name at least one"
    `);
  });

  it("of two thousand operations in a row compile", () => {
    let y: Tensor = x;
    for (let i = 0; i < 2000; i++) y = ops.tanh(y);
    expect(decodeModel(model({ y })).graph.node.length).toBe(2000);
  });
});

describe("the file", () => {
  const network = () => {
    const b = ops.constant(float32([1, 2, 3]), "float32", "dense/bias");
    const hidden = ops.relu(ops.gemm(ops.input("x", "float32", ["batch", 2]), w, b));
    return { y: ops.softmax(hidden), best: ops.argmax(hidden) };
  };

  it("names parameters as they were named, and values by their operators", () => {
    const { graph } = decodeModel(model(network()));
    expect(graph.initializer.map((t) => t.name)).toEqual(["dense/weight", "dense/bias"]);
    expect(graph.node.map((n) => `${n.output} = ${n.opType}(${n.input})`)).toMatchInlineSnapshot(`
      [
        "gemm = Gemm(x,dense/weight,dense/bias)",
        "relu = Relu(gemm)",
        "y = Softmax(relu)",
        "best = ArgMax(relu)",
      ]
    `);
    const names = graph.node.map((n) => n.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("numbers parameters that share a name", () => {
    const c = (v: number) => ops.constant(float32([v, v]), "float32", "c");
    const { graph } = decodeModel(model({ y: ops.sub(ops.mul(x, c(2)), c(3)) }));
    expect(graph.initializer.map((t) => t.name)).toEqual(["c", "c_1"]);
  });

  it("is the same to the byte for the same graph, whatever was built before", () => {
    expect(model(network())).toEqual(model(network()));
  });

  it("declares opset 21, IR version 10, its producer and no domain that it does not use", () => {
    const { opsetImport, irVersion, producerName, metadataProps } = decodeModel(
      model(network(), { metadata: { units: "GeV" } }),
    );
    expect({ opsetImport, irVersion, producerName, metadataProps }).toEqual({
      opsetImport: [{ domain: "", version: 21 }],
      irVersion: 10,
      producerName: "forty",
      metadataProps: [{ key: "units", value: "GeV" }],
    });
  });

  it("holds integers and doubles as such", async () => {
    const k = ops.constant(fromNumbers("int64", [2], [2 ** 52, -1]), "int64", "k");
    const d = ops.constant(fromNumbers("float64", [1], [Math.PI]), "float64", "d");
    const session = await runtime.load(model({ k: ops.neg(k), d: ops.mul(d, 2) }));
    const results = await session.run({});
    expect(results.k.data).toEqual(BigInt64Array.of(-(2n ** 52n), 1n));
    expect(results.d.data).toEqual(Float64Array.of(2 * Math.PI));
    await session.dispose();
  });
});
