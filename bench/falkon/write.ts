/** Writes simulated muons as raw float32 files, and prints {}: `write.ts FOLDER ROWS CENTERS TEST_ROWS`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { float32 } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { rowSource } from "../../src/kernels/rows.ts";
import { gatherSample, sampleRows } from "../../src/kernels/sample.ts";
import { features, muonRows, targets } from "./data.ts";

const [folder, ...numbers] = process.argv.slice(2);
const [rows, centers, testRows] = numbers.map(Number);
const train = muonRows(rows, 1);
const test = muonRows(testRows, 2);
const source = rowSource({
  x: float32(train.x, [rows, features]),
  y: float32(train.y, [rows, targets]),
});
const numbersOfCenters = sampleRows(rows, centers, createRng(0));
const { x } = await gatherSample(source, numbersOfCenters, "float32");
const write = (name: string, data: ArrayBufferView) =>
  writeFileSync(join(folder, name), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
write("x.bin", train.x);
write("y.bin", train.y);
write("centers.bin", x.data);
write("test-x.bin", test.x);
write("test-y.bin", test.y);
console.log("{}");
