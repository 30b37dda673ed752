/**
 * Decoding raw orbits of 40 MHz scouting: GB/s of GMT and calorimeter blocks on one and two threads.
 *
 * `npm run bench decode [-- --seconds 0.5 --rounds 3]`; wanted on two: 1.5 GB/s of GMT blocks, 2 GB/s of
 * calorimeter blocks. Streams are 64 MB of simulated orbits: 0.1 and 1 muons in each crossing,
 * calorimeter blocks with nearly all slots full. The share is that of copying the same bytes
 * with as many threads in the same round. `--fuzz [--orbits 1000000 --seed 1]` instead decodes mutated orbits,
 * all formats in turn: each must give an error or the right data.
 */
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { createRng } from "../src/base/rng.ts";
import { encodeOrbit } from "../src/cms/scouting/decoder.ts";
import {
  type OrbitSimulation,
  orbitSimulation,
  simulateOrbit,
} from "../src/cms/scouting/simulate-orbits.ts";
import { fuzz } from "../test/cms/scouting/mutate.ts";
import type { StreamOutcome, StreamTask } from "./decode/stream.ts";
import { outcomesOf } from "./shared/threads.ts";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "0.5" },
    rounds: { type: "string", default: "3" },
    fuzz: { type: "boolean", default: false },
    orbits: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
  },
});

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Below the packages, so that it is found by none but us. */
const built = here("../node_modules/.cache/forty-bench-decode");

/** GB/s of a task on so many threads, started together. */
async function rate(task: StreamTask, threads: number): Promise<number> {
  const outcomes = await outcomesOf<StreamOutcome>(join(built, "stream.js"), task, threads);
  return outcomes.reduce((sum, { bytes, seconds }) => sum + bytes / seconds / 1e9, 0);
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
const line = (cells: readonly string[]) => console.log(`| ${cells.join(" | ")} |`);

/** Two orbits with objects in every crossing. */
function orbitsOf(format: "gmt" | "calo", means: Partial<OrbitSimulation>): Uint8Array[] {
  const filling = new Uint8Array(3564).fill(1);
  const config = { ...orbitSimulation, filling, pairs: [], ...means };
  return [1, 2].map((orbit) => {
    const { gmt, calo } = simulateOrbit({ orbit, seed: "bench", config });
    return format === "gmt" ? encodeOrbit("gmt", gmt) : encodeOrbit("calo", calo);
  });
}

async function measure(): Promise<void> {
  await build({
    entryPoints: [here("decode/stream.ts")],
    outdir: built,
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
  const seconds = Number(options.seconds);
  const muons = { jets: 0, egs: 0, taus: 0 };
  const few = orbitsOf("gmt", { ...muons, muons: 0.1 });
  const many = orbitsOf("gmt", { ...muons, muons: 1 });
  const full = orbitsOf("calo", { jets: 14, egs: 14, taus: 14 });
  const task = (format: StreamTask["format"], payloads: Uint8Array[], useWebAssembly = true) => ({
    format,
    payloads,
    seconds,
    useWebAssembly,
  });
  const tasks = {
    copy: task("copy", many),
    "GMT, 0.1 muons": task("gmt", few),
    "GMT, 1 muon": task("gmt", many),
    calorimeter: task("calo", full),
    "GMT, 1 muon, JavaScript": task("gmt", many, false),
    "calorimeter, JavaScript": task("calo", full, false),
  };
  console.log(
    `Node ${process.version}, ${availableParallelism()} cores, median of ${options.rounds} rounds`,
  );
  line(["stream", "GB/s, 1 thread", "GB/s, 2 threads", "share of copying, 1, 2"]);
  line(["---", "---", "---", "---"]);
  const rates = new Map<string, number[]>();
  for (let round = 0; round < Number(options.rounds); round++)
    for (const threads of [1, 2])
      for (const [name, spec] of Object.entries(tasks)) {
        const key = `${name} ${threads}`;
        rates.set(key, [...(rates.get(key) ?? []), await rate(spec, threads)]);
      }
  const of = (name: string, threads: number) => median(rates.get(`${name} ${threads}`) ?? []);
  for (const name of Object.keys(tasks)) {
    const shares = [1, 2].map((t) => (of(name, t) / of("copy", t)).toFixed(2));
    line([name, of(name, 1).toFixed(2), of(name, 2).toFixed(2), shares.join(", ")]);
  }
}

try {
  if (options.fuzz) {
    const start = performance.now();
    const outcome = fuzz(createRng(Number(options.seed)), Number(options.orbits));
    const seconds = ((performance.now() - start) / 1e3).toFixed(0);
    console.log(`${options.orbits} mutated orbits in ${seconds} s:`, outcome);
  } else await measure();
} finally {
  rmSync(built, { recursive: true, force: true });
}
