/**
 * The whole trigger menu on the shared test vectors: crossings per second of one core, per file
 * and on average. `npm run bench menu [SECONDS]`; two processes at once are two cores.
 */
import { existsSync, readFileSync } from "node:fs";
import { compileMenu, parseMenu, testVectorCrossings } from "../src/cms/menu/index.ts";
import { parseTestVectors } from "../src/cms/schemas/test-vectors.ts";

const folder = "../shared/data/ugt/menu2024_v1_1_0_";
if (!existsSync(`${folder}algorithms.json`)) {
  console.error(`error: bench: ${folder}algorithms.json is not there`);
  process.exit(1);
}
const seconds = Number(process.argv[2] ?? 8);
const menu = parseMenu(readFileSync(`${folder}algorithms.json`, "utf8"));
const { evaluate } = compileMenu(menu);
let [crossings, best] = [0, 0];
for (const file of ["ttbar", "data"]) {
  const text = readFileSync(`${folder}${file}_3564bx.txt`, "utf8");
  const objects = testVectorCrossings(parseTestVectors(text));
  const times: number[] = [];
  const end = performance.now() + (1e3 * seconds) / 2;
  while (performance.now() < end) {
    const start = performance.now();
    evaluate(objects);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const rate = (ms: number) => `${(objects.crossings / ms / 1e3).toFixed(3)} M crossings/s`;
  const median = times[times.length >> 1];
  console.log(`${file.padEnd(6)} best ${rate(times[0])}, median ${rate(median)}`);
  crossings += objects.crossings;
  best += times[0];
}
console.log(
  `both   ${(crossings / best / 1e3).toFixed(3)} M crossings/s, ${menu.algorithms.length} algorithms`,
);
