import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openRootFile } from "../../../../src/data/read-root.ts";
import { openRun } from "../../../../src/tasks/run-folder.ts";
import type { Broker } from "../../../../src/tasks/scout/broker/broker.ts";
import { type BrokerConfig, brokerSchema } from "../../../../src/tasks/scout/broker/config.ts";
import { startBrokerWorkers } from "../../../../src/tasks/scout/broker/run-broker-workers.ts";
import { parseScout, type ScoutSettings } from "../../../../src/tasks/scout/config.ts";
import type { OrbitBlock } from "../../../../src/tasks/scout/orbit/block.ts";
import { loadAssets } from "../../../../src/tasks/scout/run-assets.ts";
import { openRecords } from "../../../../src/tasks/scout/run-records.ts";
import { startBlockThreads } from "../../../../src/tasks/scout/workers/run-threads.ts";
import { gmtPayload, orbitsOf } from "../samples.ts";

/** Selects some crossings and keeps them. */
export const settings: ScoutSettings = {
  ...{ files: ["-"], blockOrbits: 16, output: "root" },
  stages: [
    { kind: "select", name: "two", cuts: [{ of: "muons", min: 2 }] },
    { kind: "histogram", name: "pt", of: "muon.pt", bins: 50, low: 0, high: 100 },
  ],
};

let orbitsOnce: ReturnType<typeof orbitsOf> | null = null;

/** Blocks of simulated orbits, the same in every process; those that are done left out. */
export function* simulatedBlocks(
  orbits: number,
  done: ReadonlyMap<number, number>,
): Generator<OrbitBlock> {
  orbitsOnce ??= orbitsOf(8);
  const base = orbitsOnce;
  const blockOrbits = settings.blockOrbits ?? 1;
  for (let id = 0; id < orbits / blockOrbits; id++) {
    if (done.has(id)) continue;
    const numbers = Array.from({ length: blockOrbits }, (_, k) => id * blockOrbits + k);
    yield {
      ...{ run: 7, id },
      orbits: numbers.map((n) => ({ orbit: n, lumi: 1, gmt: gmtPayload(base[n % 8], n) })),
    };
  }
}

export interface CollectOptions {
  /** How many there are, 0, 1, 2 ... */
  readonly orbits: number;
  readonly out: string;
  readonly resume?: boolean;
  /** How to reach workers by a broker (default: threads of this process). */
  readonly broker?: Partial<BrokerConfig>;
  readonly connect?: () => Promise<Broker>;
  readonly signal?: AbortSignal;
  /** Threads of this process beside those of others. */
  readonly threads?: number;
}

/** What `scout` does with blocks and records, without its reports; orbits that publishers dropped. */
export async function collect(options: CollectOptions): Promise<Readonly<Record<string, number>>> {
  const { orbits, out, resume = false, broker, connect, signal, threads = 0 } = options;
  const config = parseScout(settings);
  const { assets, inputs } = await loadAssets(config.stages);
  const folder = await openRun(out, { ...config, inputs }, { resume });
  const records = openRecords(folder);
  const { done } = records;
  const shared = {
    setup: { config, assets, folder: join(out, "events") },
    queue: config.queueBlocks,
    async onDone(
      ...[block, result]: Parameters<Parameters<typeof startBlockThreads>[0]["onDone"]>
    ) {
      await records.write(block, result);
    },
  };
  const behind = broker && {
    ...{ ...shared, threads, done, signal, run: folder, broker: brokerSchema.parse(broker) },
    ...(connect ? { connect } : {}),
  };
  const brokered = behind ? await startBrokerWorkers(behind) : null;
  const workers = brokered ?? (await startBlockThreads({ ...shared, threads: 1 }));
  const dealt = new Map([...(brokered?.dealt ?? []), ...done]);
  const publishers = broker?.publishers ?? 0;
  try {
    const dropped = publishers > 0 ? await brokered?.published(publishers) : undefined;
    if (publishers === 0)
      for (const block of simulatedBlocks(orbits, dealt)) await workers.submit(block);
    await workers.finish();
    return dropped ?? {};
  } finally {
    await workers.close();
  }
}

/** All that a run counted but for times, and every kept crossing as "orbit:bx", in order. */
export async function outcomeOf(out: string) {
  const read = () =>
    readdirSync(join(out, "blocks")).map((name) => readFileSync(join(out, "blocks", name)));
  const records = read().map((bytes) => JSON.parse(bytes.toString()) as object);
  const { tallies } = openRecords({ path: out } as Parameters<typeof openRecords>[0]);
  const isTime = (name: string) => name.startsWith("seconds.");
  const counts = Object.entries(tallies.counts).filter(([name]) => !isTime(name));
  const rows: string[] = [];
  const kept = readdirSync(join(out, "events")).sort();
  for (const name of kept) {
    const file = await openRootFile(join(out, "events", name));
    const tree = await file.tree("Events");
    const [orbit, bx] = await tree.read(["orbitNumber", "bunchCrossing"]);
    await file.close();
    const crossings = bx.values as Uint32Array;
    for (const [r, n] of (orbit.values as Uint32Array).entries()) rows.push(`${n}:${crossings[r]}`);
  }
  return {
    blocks: records.length,
    counts: Object.fromEntries(counts.sort()),
    bins: tallies.bins,
    kept,
    rows,
  };
}
