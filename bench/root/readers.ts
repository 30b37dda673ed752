/** Reads in a process of its own what `bench/root.ts` asks for, and says how long it took. */
import { storedBasket } from "../../src/data/root/basket.ts";
import { treeBranches } from "../../src/data/root/branch.ts";
import type { RootColumn } from "../../src/data/root/column.ts";
import { type DecompressJob, decompressMany } from "../../src/data/root/compression.ts";
import { type DecompressMany, openRoot } from "../../src/data/root/file.ts";
import { ObjectReader } from "../../src/data/root/object.ts";
import { windowBytes } from "../../src/data/root/read-columns.ts";
import { openFileSource } from "../../src/data/root/source-node.ts";
import { createDecompressPool } from "../../src/data/root/worker-pool.ts";

/** What is read how: columns, baskets only unpacked, or by JSROOT. */
export interface Task {
  readonly kind: "read" | "unpack" | "jsroot";
  readonly path: string;
  readonly names: readonly string[];
  readonly hasPool: boolean;
  /** First entries, for JSROOT; the others read all. */
  readonly entries: number;
}

/** What came of it; opening the file is not timed. */
export interface Outcome {
  readonly ms: number;
  /** Bytes of the columns, or of the baskets when unpacked. */
  readonly bytes: number;
  /** Bytes of the baskets in the file; 0 where only columns are known. */
  readonly packedBytes: number;
  /** The most memory the process had so far. */
  readonly peakBytes: number;
}

type Result = Omit<Outcome, "peakBytes">;

const pool = createDecompressPool({ worthwhileMs: 0 });

async function read({ path, names }: Task, decompress: DecompressMany): Promise<Result> {
  const file = await openRoot(await openFileSource(path), { decompress });
  const tree = await file.tree("Events");
  const start = performance.now();
  const columns = await tree.read(names);
  const ms = performance.now() - start;
  await file.close();
  const bytes = columns.reduce((n, column) => n + bytesOf(column), 0);
  return { ms, bytes, packedBytes: 0 };
}

function bytesOf({ values, offsets }: RootColumn): number {
  return (values as Float32Array).byteLength + (offsets?.byteLength ?? 0);
}

/** Baskets that are in memory are unpacked and dropped, as many at a time as the reader does. */
async function unpack(task: Task, decompress: DecompressMany): Promise<Result> {
  const jobs = await storedBaskets(task);
  const start = performance.now();
  let last: Promise<unknown> = Promise.resolve();
  for (let i = 0; i < jobs.length; ) {
    const window: DecompressJob[] = [];
    for (let bytes = 0; i < jobs.length && bytes < windowBytes; i++) {
      window.push(jobs[i]);
      bytes += jobs[i].bytes.length;
    }
    const next = decompress(window);
    await last;
    last = next;
  }
  await last;
  const ms = performance.now() - start;
  const sum = (of: (job: DecompressJob) => number) => jobs.reduce((n, job) => n + of(job), 0);
  return { ms, bytes: sum((j) => j.size), packedBytes: sum((j) => j.bytes.length) };
}

/** The compressed baskets of branches, in the order of the file. */
async function storedBaskets({ path, names }: Task): Promise<DecompressJob[]> {
  const source = await openFileSource(path);
  const file = await openRoot(source);
  const reader = new ObjectReader(await file.payload(file.key("Events")), file.streamers);
  const found: { seek: number; job: DecompressJob }[] = [];
  for (const { info, open } of treeBranches(reader.object("TTree"), file.streamers, path)) {
    if (open === null || !names.includes(info.name)) continue;
    const { seek, bytes } = open().table;
    for (const [i, at] of seek.entries()) {
      const { packed } = storedBasket(await source.read(at, bytes[i]), info.name, at);
      found.push({ seek: at, job: packed });
    }
  }
  await file.close();
  return found.sort((a, b) => a.seek - b.seek).map(({ job }) => job);
}

/** JSROOT's own loop: every value comes by, none is kept. */
async function readJsroot({ path, names, entries }: Task): Promise<Result> {
  const { openFile, TSelector, treeProcess } = await import("jsroot");
  const tree = await (await openFile(path)).readObject("Events");
  const selector = new TSelector();
  for (const name of names) selector.addBranch(name, name);
  selector.Process = () => {};
  const start = performance.now();
  await treeProcess(tree, selector, { numentries: entries });
  return { ms: performance.now() - start, bytes: 0, packedBytes: 0 };
}

process.on("message", async (task: Task) => {
  const decompress = task.hasPool ? pool.decompress : decompressMany;
  const run = { read, unpack, jsroot: readJsroot }[task.kind];
  const outcome: Outcome = {
    ...(await run(task, decompress)),
    peakBytes: 1024 * process.resourceUsage().maxRSS,
  };
  process.send?.(outcome);
});
process.on("disconnect", () => process.exit());
