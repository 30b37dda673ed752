import fc from "fast-check";
import { expect, it } from "vitest";
import { compile } from "../../src/compile/index.ts";
import { printGraph } from "../../src/graph/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import { expectArray } from "../ops/run.ts";
import { evaluate } from "../reference/evaluate.ts";
import { gradient } from "../tolerances.ts";
import { named, optimized } from "./optimized.ts";
import { build, programs, sizes } from "./random-graph.ts";

const runtime = createNodeRuntime({ threads: 1 });
const rounding = { relative: 1e-9, absolute: 1e-9 }; // of up to a hundred float64 operations

it("the passes keep the value of random graphs and their gradients, to float64 rounding", () => {
  fc.assert(
    fc.property(programs, fc.boolean(), (program, isBound) => {
      const { outputs, feeds } = build(program, "float64");
      const before = evaluate(outputs, feeds);
      const text = printGraph(outputs);
      const present = Object.entries(sizes).filter(([name]) => text.includes(`"${name}"`));
      const bound = isBound ? Object.fromEntries(present) : {};
      const after = evaluate(optimized(outputs, bound), feeds);
      before.forEach((expected, i) => {
        expectArray(`output ${i}`, after[i], expected, rounding);
      });
    }),
    { numRuns: 300, seed: 42 },
  );
});

it("random graphs run alike in ONNX Runtime, optimized, as written, and in the reference", async () => {
  await fc.assert(
    fc.asyncProperty(programs, async (program) => {
      const { outputs, feeds } = build(program, "float32");
      const expected = evaluate(outputs, feeds);
      for (const optimize of [true, false]) {
        const model = compile({ name: "test", outputs: named(outputs), optimize });
        const session = await runtime.load(model);
        const results = await session.run(feeds);
        await session.dispose();
        expected.forEach((array, i) => {
          const label = `output ${i}, ${optimize ? "optimized" : "as written"}`;
          expectArray(label, results[`output_${i}`], array, gradient.float32);
        });
      }
    }),
    { numRuns: 100, seed: 43 },
  );
});

it("compiling again changes nothing", () => {
  fc.assert(
    fc.property(programs, (program) => {
      const bytes = () =>
        compile({ name: "test", outputs: named(build(program, "float32").outputs) });
      expect(bytes()).toEqual(bytes());
    }),
    { numRuns: 50, seed: 44 },
  );
});
