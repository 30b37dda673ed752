/**
 * Reading ROOT files: 30 branches of a million events against JSROOT and against unpacking alone.
 *
 * `npm run bench root [-- --rows 1000000 --codecs zlib,zstd,lz4,xz --rounds 5 --jsroot-rows 100000]`
 * Every codec's file is written with our own writer to a temporary folder, removed afterwards, or
 * to `--folder`, where files of an earlier run are taken as they are. Rounds go in turns over all
 * ways of reading; times and ratios are medians. JSROOT reads the first entries, its time is scaled;
 * nothing is done with its values. Memory is the peak of a process that reads once.
 */
import { type ChildProcess, fork } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import type { Compression } from "../src/data/root/write-codecs-node.ts";
import { fields, perBasket, threeNames, writeEvents } from "./root/events.ts";
import type { Outcome, Task } from "./root/readers.ts";

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    codecs: { type: "string", default: "zlib,zstd,lz4,xz" },
    rounds: { type: "string", default: "5" },
    "jsroot-rows": { type: "string", default: "100000" },
    folder: { type: "string" },
  },
});
const rows = Number(options.rows);
const rounds = Number(options.rounds);
/** Whole baskets, so that none is unpacked for a part of it. */
const jsrootRows = Math.min(
  rows,
  perBasket * Math.ceil(Number(options["jsroot-rows"]) / perBasket),
);
const folder = options.folder ?? mkdtempSync(join(tmpdir(), "forty-bench-root-"));

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Below the packages, so that they are found. */
const built = here("../node_modules/.cache/forty-bench");

/** Readers and worker threads run as JavaScript, as in the built package. */
await build({
  entryPoints: [here("root/readers.ts"), here("../src/data/root/worker.ts")],
  outdir: built,
  entryNames: "[name]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  packages: "external",
  logLevel: "error",
});

/** A process that reads; `ask` gives what came of a task. */
function startReader(): { ask(task: Task): Promise<Outcome>; child: ChildProcess } {
  const child = fork(join(built, "readers.js"), { execArgv: [] });
  const ask = (task: Task) =>
    new Promise<Outcome>((resolve, reject) => {
      const onExit = () => reject(new Error(`reader: it ended while at ${task.kind}`));
      child.once("exit", onExit);
      child.once("message", (outcome: Outcome) => {
        child.off("exit", onExit);
        resolve(outcome);
      });
      child.send(task);
    });
  return { ask, child };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Peak memory of a process that reads once, beyond the bytes of its columns. */
async function memoryBeyondColumns(task: Task): Promise<number> {
  const { ask, child } = startReader();
  const { peakBytes, bytes } = await ask(task);
  child.disconnect();
  return peakBytes - bytes;
}

async function measure(codec: string, path: string, names: readonly string[]) {
  const [ours, peer] = [startReader(), startReader()];
  const task = { path, names, entries: jsrootRows };
  const ways = {
    one: { ...task, kind: "read", hasPool: false },
    oneUnpack: { ...task, kind: "unpack", hasPool: false },
    pool: { ...task, kind: "read", hasPool: true },
    poolUnpack: { ...task, kind: "unpack", hasPool: true },
    jsroot: { ...task, kind: "jsroot", hasPool: false },
  } as const;
  const times: Record<keyof typeof ways, number[]> = {
    one: [],
    oneUnpack: [],
    pool: [],
    poolUnpack: [],
    jsroot: [],
  };
  let [bytes, packedBytes] = [0, 0];
  for (let round = -1; round < rounds; round++)
    for (const way of Object.keys(ways) as (keyof typeof ways)[]) {
      const { ask } = way === "jsroot" ? peer : ours;
      const outcome = await ask(ways[way]);
      if (way === "oneUnpack") ({ bytes, packedBytes } = outcome);
      if (round < 0) continue; // to warm up
      times[way].push(way === "jsroot" ? (outcome.ms * rows) / jsrootRows : outcome.ms);
    }
  for (const { child } of [ours, peer]) child.disconnect();
  const over = (a: keyof typeof ways, b: keyof typeof ways) =>
    median(times[a].map((ms, i) => ms / times[b][i])).toFixed(a === "jsroot" ? 1 : 2);
  const rate = (way: keyof typeof ways) => (bytes / 1e3 / median(times[way])).toFixed(0);
  const beyond = await memoryBeyondColumns(ways.one);
  const beyondPool = await memoryBeyondColumns(ways.pool);
  return [
    codec,
    names.length,
    (bytes / 1e6).toFixed(0),
    (bytes / packedBytes).toFixed(1),
    `${rate("one")}, ${rate("pool")}`,
    rate("jsroot"),
    `${over("jsroot", "one")}, ${over("jsroot", "pool")}`,
    `${over("one", "oneUnpack")}, ${over("pool", "poolUnpack")}`,
    `${(beyond / 1e6).toFixed(0)}, ${(beyondPool / 1e6).toFixed(0)}`,
  ];
}

const heads = [
  "codec",
  "branches",
  "unpacked MB",
  "compression",
  "MB/s, pool",
  "JSROOT MB/s",
  "x JSROOT, pool",
  "time / unpacking, pool",
  "MB beyond columns, pool",
];
const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;

try {
  console.log(
    `${rows} events, Node ${process.version}, ${availableParallelism()} cores, ${rounds} rounds; ` +
      `JSROOT reads the first ${jsrootRows}`,
  );
  console.log(`${line(heads)}\n${line(heads.map(() => "---"))}`);
  for (const codec of options.codecs.split(",")) {
    const path = join(folder, `${codec}-${rows}.root`);
    if (!existsSync(path)) await writeEvents(path, rows, codec as Compression);
    for (const names of [fields.map(({ name }) => name), threeNames])
      console.log(line(await measure(codec, path, names)));
    if (options.folder === undefined) rmSync(path);
  }
} finally {
  rmSync(built, { recursive: true, force: true });
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
