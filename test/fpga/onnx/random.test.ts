import { describe, it } from "vitest";
import { float32 } from "../../../src/base/host-array.ts";
import { createRng, type Rng } from "../../../src/base/rng.ts";
import type { Emitter } from "../../../src/onnx/index.ts";
import { expectSameAsRuntime, handmade, weights } from "./support.ts";

/** A value [batch, width]. */
interface Column {
  readonly name: string;
  readonly width: number;
}

const unary = ["Relu", "Tanh", "Sigmoid", "Abs", "Neg", "Softplus", "HardSigmoid"] as const;

/** One random step from earlier values to a new one. */
function step(emit: Emitter, rng: Rng, values: readonly Column[]): Column {
  const x = values[rng.integer(values.length)];
  const { name, width } = x;
  const row = (n: number) =>
    emit.constant(
      float32(
        Array.from({ length: n }, () => rng.normal()),
        [1, n],
      ),
    );
  const alike = values.filter((v) => v.width === width || v.width === 1);
  const other = alike[rng.integer(alike.length)] ?? x;
  switch (rng.integer(9)) {
    case 0: {
      const rows = 1 + rng.integer(6);
      const w = weights(emit, rng, [width, rows]);
      return { name: emit.node("Gemm", [name, w, row(rows)]), width: rows };
    }
    case 1:
      return { name: emit.node(["Add", "Sub", "Mul"][rng.integer(3)], [name, row(width)]), width };
    case 2:
      return { name: emit.node("Add", [name, other.name]), width };
    case 3:
      return { name: emit.node("Sub", [other.name, name]), width };
    case 4: {
      // tanh first, so that products of products stay small
      const calm = emit.node("Tanh", [name]);
      return { name: emit.node("Mul", [calm, emit.node("Sigmoid", [other.name])]), width };
    }
    case 5: {
      const joined = emit.node("Concat", [name, other.name], { axis: 1 });
      const index = Array.from({ length: width }, () => rng.integer(width + other.width));
      return { name: emit.node("Gather", [joined, emit.ints(index)], { axis: 1 }), width };
    }
    case 6:
      return {
        name: emit.node(["ReduceMean", "ReduceMax"][rng.integer(2)], [name, emit.ints([1])]),
        width: 1,
      };
    case 7:
      return { name: emit.node(["Max", "Min"][rng.integer(2)], [name, other.name]), width };
    default:
      return { name: emit.node(unary[rng.integer(unary.length)], [name]), width };
  }
}

describe("importOnnx of random graphs", () => {
  it.each(Array.from({ length: 40 }, (_, i) => i))(
    "agrees with ONNX Runtime, seed %d",
    async (seed) => {
      const rng = createRng(seed);
      const model = handmade(["batch", 4], (emit, x) => {
        const values: Column[] = [{ name: x, width: 4 }];
        for (let i = 0; i < 8; i++) values.push(step(emit, rng, values));
        const [a, b] = [values[7], values[8]];
        return { a: emit.node("Identity", [a.name]), b: emit.node("Identity", [b.name]) };
      });
      await expectSameAsRuntime(model, { tolerance: 1e-5, units: { b: 0.25 } });
    },
  );
});
