import fc from "fast-check";
import { compile } from "./src/compile/index.ts";
import { build, programs } from "./test/compile/random-graph.ts";
import { evaluate } from "./test/reference/evaluate.ts";
import { createNodeRuntime } from "./src/runtime/index.ts";
import { expectArray } from "./test/ops/run.ts";
import { named } from "./test/compile/optimized.ts";
const n = Number(process.argv[2] ?? 500), seed = Number(process.argv[3] ?? 1);
const rt = createNodeRuntime({threads:1});
const r = await fc.check(fc.asyncProperty(programs, async (p) => {
  const { outputs, feeds } = build(p, "float32");
  const expected = evaluate(outputs, feeds);
  for (const optimize of [true, false]) {
    const s = await rt.load(compile({ name: "t", outputs: named(outputs), optimize }));
    const res = await s.run(feeds); await s.dispose();
    expected.forEach((a, i) => expectArray(`o${i} ${optimize}`, res[`output_${i}`], a, {relative:2e-3,absolute:2e-3}));
  }
}), { numRuns: n, seed, endOnFailure: false });
console.log(r.failed, r.numRuns, r.errorInstance && String((r.errorInstance as Error).stack).slice(0, 900), JSON.stringify(r.counterexample));
