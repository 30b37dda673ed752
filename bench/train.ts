/**
 * Training steps against PyTorch on the CPU: same network, batch, loss and optimizer, in turns.
 *
 * `npm run bench train [-- --rounds 5 --seconds 4 --only 32x3@256]`. The peer needs Debian's
 * python3-torch and libopenblas0-pthread (set FORTY_PYTHON to another interpreter); without it
 * our own rates are printed alone. One-core runs are pinned with taskset.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runJson } from "./peers/run-json.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    only: { type: "string", default: "" },
  },
});
const rounds = Number(options.rounds);
const seconds = options.seconds;
const python = process.env.FORTY_PYTHON ?? "/usr/bin/python3";
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Network, batch, and the ratios to PyTorch that we want on one and on two cores. */
const cases = [
  { width: 32, depth: 3, batch: 256, wanted: [3.0, 3.0] },
  { width: 32, depth: 3, batch: 8192, wanted: [1.2, 2.0] },
  { width: 128, depth: 4, batch: 512, wanted: [1.4, 1.3] },
  { width: 128, depth: 4, batch: 8192, wanted: [1.8, 1.7] },
].filter((c) => `${c.width}x${c.depth}@${c.batch}`.startsWith(options.only));

type Result = Record<string, number>;

/** Runs a command pinned to cores; its last line is a JSON object. */
const run = (cores: string, command: readonly string[], env: Record<string, string> = {}) =>
  runJson<Result>(["taskset", "-c", cores, ...command], env);

const node = [process.execPath, "--import", "tsx"];
const ours = (c: (typeof cases)[number], cores: string, threads: number, profile = "") =>
  run(cores, [
    ...node,
    here("train/step.ts"),
    ...[c.width, c.depth, c.batch, threads, seconds].map(String),
    ...(profile ? [profile] : []),
  ]).then((r) => r.samplesPerSecond);
/** How the peer is run: BLAS threads, torch threads, and the BLAS kernels (empty: its own choice). */
type PeerSetting = readonly [blas: number, threads: number, kernels: string];
const torch = (c: (typeof cases)[number], cores: string, [blas, threads, kernels]: PeerSetting) =>
  run(
    cores,
    [
      python,
      here("peers/train_torch.py"),
      ...[c.width, c.depth, c.batch, threads, seconds].map(String),
    ],
    {
      OPENBLAS_NUM_THREADS: String(blas),
      OMP_NUM_THREADS: String(threads),
      ...(kernels ? { OPENBLAS_CORETYPE: kernels } : {}),
    },
  ).then((r) => r.samplesPerSecond);

const threadings = [
  [[1, 1]],
  [
    [1, 1],
    [2, 1],
    [1, 2],
    [2, 2],
  ],
] as const;
/** OpenBLAS does not know every processor; its default may then be its slowest kernels. */
const kernelChoices = ["", "SkylakeX", "Cooperlake"];

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const thousands = (x: number) => `${Math.round(x / 1000)}`.padStart(6);

function hasTorch(): boolean {
  try {
    execFileSync(python, ["-c", "import torch"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
const peer = hasTorch();
if (!peer) console.log("PyTorch is absent: our rates alone (apt-get install python3-torch)");

console.log(`rates in thousand samples/s, medians of ${rounds} rounds of ${seconds} s in turns`);
console.log(
  "network  batch  cores    ours   torch   ratio (min … max)   wanted   torch BLAS x threads, kernels",
);
for (const c of cases) {
  let kernels = "";
  for (const cores of [1, 2] as const) {
    const cpus = cores === 1 ? "0" : "0,1";
    const settings = threadings[cores - 1].flatMap(([blas, threads]) =>
      (cores === 1 ? kernelChoices : [kernels]).map((k): PeerSetting => [blas, threads, k]),
    );
    let best = settings[0];
    let untuned = Number.NaN;
    if (peer) {
      const trial = [];
      for (const setting of settings) trial.push(await torch(c, cpus, setting));
      best = settings[trial.indexOf(Math.max(...trial))];
      kernels = best[2];
      untuned = trial[0];
    }
    let threads = 1;
    if (cores === 2 && (await ours(c, cpus, 2)) > (await ours(c, cpus, 1))) threads = 2;
    const [mine, theirs, ratios]: number[][] = [[], [], []];
    for (let i = 0; i < rounds; i++) {
      mine.push(await ours(c, cpus, threads));
      if (!peer) continue;
      theirs.push(await torch(c, cpus, best));
      ratios.push(mine[i] / theirs[i]);
    }
    const name = `${c.width}x${c.depth}`.padEnd(7);
    const ratio = peer
      ? `${thousands(median(theirs))}   ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} … ${Math.max(...ratios).toFixed(2)})`
      : "";
    console.log(
      `${name} ${String(c.batch).padStart(6)} ${String(cores).padStart(6)}  ${thousands(median(mine))}  ${ratio}      ${c.wanted[cores - 1].toFixed(1)}      ${best[0]} x ${best[1]} ${best[2] || "default"}${cores === 1 && peer ? `; with its default kernels ${(median(mine) / untuned).toFixed(2)}` : ""}`,
    );
  }
}

console.log("\ntwo trainings side by side, one thread each, against one alone");
for (const c of cases) {
  const gains: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const alone = await ours(c, "0", 1);
    const [a, b] = await Promise.all([ours(c, "0", 1), ours(c, "1", 1)]);
    gains.push((a + b) / alone);
  }
  console.log(`${c.width}x${c.depth} ${c.batch}: ${median(gains).toFixed(2)} x (wanted 1.8)`);
}

const peaks = [];
for (const threads of [1, 2])
  peaks.push(
    (await run(threads === 1 ? "0" : "0,1", [...node, here("train/gemm.ts"), String(threads)]))
      .gflops,
  );
console.log(
  `\nmatrix-product peak: ${peaks.map((p) => p.toFixed(0)).join(" and ")} GFLOP/s on one and two cores`,
);

for (const c of cases) {
  const folder = mkdtempSync(join(tmpdir(), "forty-bench-"));
  const rate = await ours(c, "0", 1);
  await ours(c, "0", 1, join(folder, "trace"));
  const { text, gemm } = kinds(folder);
  rmSync(folder, { recursive: true });
  const gflops = (rate * trainingFlops(c)) / 1e9;
  console.log(
    `\n${c.width}x${c.depth} ${c.batch}, one core: products at ${gflops.toFixed(0)} GFLOP/s over the whole step = ${((100 * gflops) / peaks[0]).toFixed(0)} % of the peak, ${((100 * gflops) / gemm / peaks[0]).toFixed(0)} % within the products\n${text}`,
  );
}

const inference = await run("0,1", [...node, here("train/infer.ts"), "32x3", "2", seconds]);
console.log(
  `\ninference, exported 32x3, two cores: ${(inference.muonsPerSecond / 1e6).toFixed(1)} million muons/s (wanted 5)`,
);

/** Products of one row: forward, gradient by weights, gradient by inputs (not of the first layer). */
function trainingFlops({ width, depth }: { width: number; depth: number }): number {
  const layers = [4 * width, ...new Array(depth - 1).fill(width * width), width * 3];
  return 2 * (3 * layers.reduce((a, b) => a + b) - layers[0]);
}

/** Share of time per node kind from the trace, and that of matrix products. */
function kinds(folder: string): { text: string; gemm: number } {
  const times = new Map<string, { us: number; nodes: number }>();
  for (const file of readdirSync(folder)) {
    const events = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
      cat: string;
      name: string;
      dur: number;
      args: { op_name: string };
    }[];
    for (const e of events) {
      if (e.cat !== "Node" || !e.name.endsWith("_kernel_time")) continue;
      const entry = times.get(e.args.op_name) ?? { us: 0, nodes: 0 };
      times.set(e.args.op_name, { us: entry.us + e.dur, nodes: entry.nodes + 1 });
    }
  }
  const total = [...times.values()].reduce((s, t) => s + t.us, 0);
  const sorted = [...times].sort((a, b) => b[1].us - a[1].us);
  const share = (us: number) => `${((100 * us) / total).toFixed(1).padStart(5)} %`;
  return {
    text: sorted
      .slice(0, 10)
      .map(([kind, { us }]) => `  ${share(us)}  ${kind}`)
      .join("\n"),
    gemm: (times.get("Gemm")?.us ?? 0) / total,
  };
}
