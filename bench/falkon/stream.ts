/** Fits rows of a file that is never in memory as a whole: `stream.ts FOLDER ROWS CENTERS`. */
import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { float32 } from "../../src/base/host-array.ts";
import { fitFalkon, predictFalkon, type RowSource } from "../../src/kernels/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import { features, muonRows, rootMeanSquares, targets } from "./data.ts";

const [folder, ...numbers] = process.argv.slice(2);
const [rows, count] = numbers.map(Number);
const columns = features + targets;
const file = openSync(join(folder, "rows.bin"), "w+");
const part = 250000;
for (let first = 0, seed = 0; first < rows; first += part, seed++) {
  const size = Math.min(part, rows - first);
  const { x, y } = muonRows(size, `stream ${seed}`);
  writeSync(file, x);
  writeSync(file, y);
}

/** Parts of all features, then all targets, as they were written. */
const source: RowSource = {
  rows,
  features,
  targets,
  isWeighted: false,
  read(start, size) {
    const [x, y] = [new Float32Array(size * features), new Float32Array(size * targets)];
    for (let done = 0; done < size; ) {
      const first = Math.floor((start + done) / part) * part;
      const length = Math.min(part, rows - first);
      const skip = start + done - first;
      const take = Math.min(size - done, length - skip);
      const at = 4 * (first * columns + skip * features);
      readSync(file, x, 4 * done * features, 4 * take * features, at);
      const after = 4 * (first * columns + length * features + skip * targets);
      readSync(file, y, 4 * done * targets, 4 * take * targets, after);
      done += take;
    }
    return { x: float32(x, [size, features]), y: float32(y, [size, targets]) };
  },
};

const runtime = createNodeRuntime();
const start = performance.now();
const fit = await fitFalkon(runtime, {
  data: source,
  kernel: { type: "gaussian", width: 1 },
  centers: count,
  lambda: 1e-6,
});
const seconds = (performance.now() - start) / 1000;
closeSync(file);
const read = (name: string, width: number) => {
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name));
  return float32(new Float32Array(buffer, byteOffset, byteLength / 4), [
    byteLength / 4 / width,
    width,
  ]);
};
const y = await predictFalkon(runtime, fit.model, read("test-x.bin", features));
console.log(
  JSON.stringify({
    seconds,
    errors: rootMeanSquares(
      y.data as Float32Array,
      read("test-y.bin", targets).data as Float32Array,
    ),
    passes: fit.solutions[0].convergence?.iterations,
    memory: process.resourceUsage().maxRSS / 2 ** 20,
  }),
);
