/**
 * The whole trigger menu on the shared test vectors, on one thread and two: crossings per second,
 * by the median pass over a file and by the best; and an orbit with a muon in every tenth crossing.
 * `npm run bench menu [SECONDS]`; wanted on two threads: 1 million crossings/s.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { MenuOutcome, MenuTask } from "./menu/evaluate.ts";
import { outcomesOf } from "./shared/threads.ts";

const folder = "../shared/data/ugt/menu2024_v1_1_0_";
if (!existsSync(`${folder}algorithms.json`)) {
  console.error(`error: bench: ${folder}algorithms.json is not there`);
  process.exit(1);
}
const seconds = Number(process.argv[2] ?? 3);
const files = ["ttbar", "data"];
const read = (name: string) => readFileSync(`${folder}${name}`, "utf8");
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Below the packages, so that it is found by none but us. */
const built = here("../node_modules/.cache/forty-bench-menu/evaluate.js");
await build({
  entryPoints: [here("menu/evaluate.ts")],
  outfile: built,
  bundle: true,
  format: "esm",
  platform: "node",
  logLevel: "error",
});
const vectors = files.map((file) => read(`${file}_3564bx.txt`));
const measure = (threads: number, isSparse: boolean) => {
  const task: MenuTask = { menu: read("algorithms.json"), vectors, isSparse, seconds };
  return outcomesOf<MenuOutcome>(built, task, threads);
};
/** Crossings per millisecond of all threads together, by the median pass or the best. */
const rate = (outcomes: readonly MenuOutcome[], inputs: readonly number[], part = 0.5) =>
  outcomes
    .map((outcome) => inputs.map((k) => outcome.inputs[k]))
    .map((own) => ({
      crossings: own.reduce((n, { crossings }) => n + crossings, 0),
      ms: own.reduce((sum, { ms }) => sum + ms[Math.floor(part * ms.length)], 0),
    }))
    .reduce((sum, { crossings, ms }) => sum + crossings / ms, 0);
const millions = (perMs: number) => `${(perMs / 1e3).toFixed(2)} M crossings/s`;

for (const threads of [1, 2]) {
  const outcomes = await measure(threads, false);
  const each = files.map((file, k) => `${file} ${millions(rate(outcomes, [k]))}`).join(", ");
  const both = `${millions(rate(outcomes, [0, 1]))}, at best ${millions(rate(outcomes, [0, 1], 0))}`;
  console.log(`${threads} thread${threads > 1 ? "s" : ""}: ${both} (${each})`);
  if (threads === 1) console.log(`compiled in ${outcomes[0].compileMs.toFixed(0)} ms`);
}
const orbitMs = 3564 / rate(await measure(1, true), [0, 1]);
console.log(`a muon in every tenth crossing: ${orbitMs.toFixed(2)} ms an orbit of 3564 crossings`);
