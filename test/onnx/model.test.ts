import { describe, expect, it } from "vitest";
import { isFortyError } from "../../src/base/errors.ts";
import {
  allocate,
  type DType,
  fromNumbers,
  type HostArray,
  sizeOf,
} from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { compile } from "../../src/compile/index.ts";
import {
  decodeModel,
  Emitter,
  elementTypes,
  encodeModel,
  fromTensorProto,
  type ModelProto,
  toTensorProto,
} from "../../src/onnx/index.ts";
import * as ops from "../../src/ops/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";

const runtime = createNodeRuntime({ threads: 1 });
const dtypes = Object.keys(elementTypes) as DType[];

/** A model with attributes and initializers of several kinds. */
function example(): Uint8Array {
  const x = ops.input("x", "float32", ["batch", 4]);
  const w = ops.constant(
    fromNumbers(
      "float32",
      [4, 3],
      Array.from({ length: 12 }, (_, i) => i / 7),
    ),
    "float32",
    "layer/w",
  );
  const { y } = ops.standardize(ops.relu(ops.matmul(x, w)), 1e-5);
  const outputs = { y, best: ops.argmax(y), padded: ops.pad(y, 1, 1, 2, -1) };
  return compile({ name: "example", outputs, metadata: { run: "42", "unit of y": "none" } });
}

/** Random contents of every dtype, extremes included. */
function randomArray(dtype: DType, shape: readonly number[]): HostArray {
  const rng = createRng(`${dtype} ${shape}`);
  const data = allocate(dtype, sizeOf(shape));
  const bytes = new Uint8Array(data.buffer);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = dtype === "bool" ? rng.integer(2) : rng.integer(256);
  return { dtype, shape, data };
}

describe("models", () => {
  it("decode and encode again to identical bytes", () => {
    const bytes = example();
    const model = decodeModel(bytes);
    expect(model.metadataProps).toEqual([
      { key: "run", value: "42" },
      { key: "unit of y", value: "none" },
    ]);
    expect(Buffer.from(encodeModel(model)).equals(bytes)).toBe(true);
  });

  it("equal graphs give equal bytes", () => {
    expect(Buffer.from(example()).equals(example())).toBe(true);
  });

  it("load in ONNX Runtime with the names and shapes we wrote", async () => {
    const session = await runtime.load(example());
    expect(session.inputs).toEqual([{ name: "x", dtype: "float32", shape: ["batch", 4] }]);
    expect(session.outputs).toEqual([
      { name: "y", dtype: "float32", shape: ["batch", 3] },
      { name: "best", dtype: "int64", shape: ["batch"] },
      { name: "padded", dtype: "float32", shape: ["batch", 6] },
    ]);
    await session.dispose();
  });
});

describe.each(dtypes)("initializers of %s", (dtype) => {
  it.each([[[]], [[3]], [[2, 0]], [[2, 3, 5]]])("of shape %j come back bit by bit", (shape) => {
    const array = randomArray(dtype, shape);
    const proto = toTensorProto("t", array);
    const back = fromTensorProto(proto);
    expect({ ...back, data: undefined }).toEqual({ ...array, data: undefined });
    expect(new Uint8Array(back.data.buffer)).toEqual(new Uint8Array(array.data.buffer));
  });

  it("reach ONNX Runtime and come back", async () => {
    const array = fromNumbers(dtype, [2, 3], [0, 1, 2, 3, 200, 5]);
    const bytes = compile({ name: "constant", outputs: { y: ops.constant(array) } });
    const session = await runtime.load(bytes);
    expect((await session.run({})).y).toEqual(array);
    await session.dispose();
  });

  it("that are views into a larger buffer take only their part", () => {
    const whole = randomArray(dtype, [6]);
    const view = { dtype, shape: [2], data: whole.data.subarray(2, 4) } as HostArray;
    expect([...fromTensorProto(toTensorProto("t", view)).data]).toEqual([
      ...whole.data.slice(2, 4),
    ]);
  });
});

describe("bytes that are no model", () => {
  const bytes = example();

  it("are told as such", () => {
    expect(() => decodeModel(new Uint8Array(0))).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: onnx: not an ONNX model: no graph, IR version or operator set found]`,
    );
    expect(() =>
      decodeModel(new TextEncoder().encode("PK not a model")),
    ).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: onnx: not an ONNX model: onnx: bad wire type 7 at byte 5]`,
    );
    const { initializer } = decodeModel(bytes).graph;
    expect(() =>
      fromTensorProto({ ...initializer[0], dims: [9, 9] }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: onnx: tensor "layer/w" [9,9] needs 324 bytes, has 48]`,
    );
    expect(() => fromTensorProto({ ...initializer[0], dims: [2 ** 50] })).toThrow("needs");
    expect(() =>
      fromTensorProto({ ...initializer[0], dataType: 8 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: onnx: tensor "layer/w" has element type 8; floats, integers and bool of 8 to 64 bits are read]`,
    );
  });

  it("cut off anywhere, either fail with a FormatError or read as a shorter model", () => {
    for (let length = 0; length < bytes.length; length++)
      readOrRefuse(bytes.slice(0, length), `cut at ${length}`);
  });

  it("with random bits flipped (2,000 times), never crash the reader", () => {
    const rng = createRng("bit flips");
    let refused = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const broken = bytes.slice();
      for (let i = 0; i <= trial % 3; i++) broken[rng.integer(bytes.length)] ^= 1 << rng.integer(8);
      if (!readOrRefuse(broken, `trial ${trial}`)) refused++;
    }
    expect(refused).toBeGreaterThan(200);
  });

  /** Reads a model with all its initializers; the only way to fail is a FormatError. */
  function readOrRefuse(data: Uint8Array, label: string): ModelProto | null {
    try {
      const model = decodeModel(data);
      for (const tensor of model.graph.initializer) fromTensorProto(tensor);
      return model;
    } catch (error) {
      if (!isFortyError(error) || error.name !== "FormatError")
        throw new Error(label, { cause: error });
      return null;
    }
  }
});

describe("Emitter", () => {
  it("stores equal small constants once and gives each value its own name", () => {
    const emit = new Emitter();
    expect(emit.ints([1, 2])).toBe(emit.ints([1, 2]));
    expect(emit.scalar("float32", 1)).not.toBe(emit.scalar("float64", 1));
    expect(emit.scalar("float32", 0)).not.toBe(emit.scalar("float32", -0));
    expect(emit.ints([])).not.toBe(emit.ints([0]));
    expect(emit.node("Exp", ["x"])).not.toBe(emit.node("Exp", ["x"]));
  });

  it("keeps given names, whatever generated ones would be", async () => {
    const xs = ["exp", "exp_1", "const", "y_0"].map((name) => ops.input(name, "float32", []));
    const deep = xs.map((x) => ops.exp(ops.exp(ops.add(x, 2))));
    const label = (value: number) => ops.constant(value, "float32", "exp_2");
    const outputs = {
      exp_3: deep[0],
      z: ops.add(ops.mul(deep[1], label(3)), label(4)),
      w: deep[2],
      v: deep[3],
    };
    for (const optimize of [false, true]) {
      const session = await runtime.load(compile({ name: "names", outputs, optimize }));
      expect(session.inputs.map((x) => x.name).sort()).toEqual(["const", "exp", "exp_1", "y_0"]);
      expect(session.outputs.map((x) => x.name)).toEqual(["exp_3", "z", "w", "v"]);
      await session.dispose();
    }
  });

  it("names the same value as several outputs, and inputs and constants as outputs", async () => {
    const x = ops.input("x", "float32", []);
    const y = ops.exp(x);
    const bytes = compile({
      name: "n",
      outputs: { a: y, b: y, c: x, d: ops.constant(3), e: ops.neg(y) },
    });
    const session = await runtime.load(bytes);
    const results = await session.run({ x: fromNumbers("float32", [], [0]) });
    expect(Object.values(results).map(({ data }) => data[0])).toEqual([1, 1, 0, 3, -1]);
    await session.dispose();
  });
});
