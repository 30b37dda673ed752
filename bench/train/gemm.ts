/** The machine's matrix-product peak in ONNX Runtime: `gemm.ts THREADS`. Prints JSON, GFLOP/s. */
import { float32 } from "../../src/base/host-array.ts";
import { compile } from "../../src/compile/index.ts";
import { input, matmul } from "../../src/ops/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";

const n = 1024;
const a = input("a", "float32", [n, n]);
const b = input("b", "float32", [n, n]);
const runtime = createNodeRuntime({ threads: Number(process.argv[2]) });
const session = await runtime.load(compile({ name: "gemm", outputs: { y: matmul(a, b) } }));
const ones = () => float32(new Float32Array(n * n).fill(1), [n, n]);
const feeds = { a: ones(), b: ones() };
const into = { y: ones() };
const rates: number[] = [];
for (let i = 0; i < 40; i++) {
  const start = performance.now();
  await session.run(feeds, into);
  rates.push((2 * n ** 3) / ((performance.now() - start) * 1e6));
}
rates.sort((p, q) => p - q);
console.log(JSON.stringify({ gflops: rates[Math.floor(rates.length * 0.9)] }));
