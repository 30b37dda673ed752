/**
 * One fit of the rows that `write.ts` wrote; prints a JSON object.
 * `fit.ts FOLDER ROWS CENTERS WIDTH SOLVER LAMBDA[,LAMBDA…]`
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { float32 } from "../../src/base/host-array.ts";
import { fitFalkon, predictFalkon } from "../../src/kernels/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import { features, rootMeanSquares, targets } from "./data.ts";

const [folder, ...rest] = process.argv.slice(2);
const [rows, count, width] = rest.map(Number);
const solver = rest[3] as "direct" | "iterative" | "auto";
const lambdas = rest[4].split(",").map(Number);
const read = (name: string, columns: number, most = Number.POSITIVE_INFINITY) => {
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name));
  const data = new Float32Array(buffer, byteOffset, byteLength / 4).subarray(0, most * columns);
  return float32(data, [data.length / columns, columns]);
};
const data = { x: read("x.bin", features, rows), y: read("y.bin", targets, rows) };
const centers = read("centers.bin", features, count);
const test = { x: read("test-x.bin", features), y: read("test-y.bin", targets) };

const runtime = createNodeRuntime();
const start = performance.now();
const fit = await fitFalkon(runtime, {
  data,
  kernel: { type: "gaussian", width },
  centers,
  lambda: lambdas.length === 1 ? lambdas[0] : lambdas,
  solver,
});
const seconds = (performance.now() - start) / 1000;
const y = await predictFalkon(runtime, fit.model, test.x);
const { effectiveDimension, convergence } = fit.solutions[fit.best];
console.log(
  JSON.stringify({
    seconds,
    errors: rootMeanSquares(y.data as Float32Array, test.y.data as Float32Array),
    lambda: fit.model.lambda,
    passes: convergence?.iterations ?? 1,
    effectiveDimension,
    phases: fit.seconds,
    memory: process.resourceUsage().maxRSS / 2 ** 20,
  }),
);
