/**
 * The stream over a NATS broker: MB/s stored with one and three replicas, orbits/s through two workers.
 *
 * `npm run bench broker [-- --seconds 2 --blocks 24 --occupancy 0.1]`. Servers, source, workers and collection
 * share this machine, on the loopback interface and its disk. Publishing keeps four blocks on their
 * way, as `forty scout run` does, and waits for the broker's acknowledgments. The workers are
 * processes of one thread; they decode muons, fill spectra and a map, and return counts.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { orbitRateHz } from "../src/cms/menu/index.ts";
import { encodeOrbit } from "../src/cms/scouting/decoder.ts";
import { createWholeOrbit } from "../src/cms/scouting/from-events.ts";
import { orbitSimulation, simulateOrbit } from "../src/cms/scouting/simulate-orbits.ts";
import { encodeBlock } from "../src/tasks/scout/broker/block-code.ts";
import { brokerSchema } from "../src/tasks/scout/broker/config.ts";
import { brokerNames, brokerStreams } from "../src/tasks/scout/broker/names.ts";
import { packParcel } from "../src/tasks/scout/broker/parcels.ts";
import { startBrokerWorkers } from "../src/tasks/scout/broker/run-broker-workers.ts";
import { connectNats } from "../src/tasks/scout/broker/run-nats.ts";
import { parseScout } from "../src/tasks/scout/config.ts";
import type { OrbitBlock } from "../src/tasks/scout/orbit/block.ts";
import { startBlockThreads } from "../src/tasks/scout/workers/run-threads.ts";
import type { Workers, WorkersOptions } from "../src/tasks/scout/workers/workers.ts";
import {
  hasNats,
  startCluster,
  startNats,
  stopServers,
} from "../test/tasks/scout/broker/servers.ts";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    blocks: { type: "string", default: "24" },
    occupancy: { type: "string", default: "0.1" },
  },
});
const seconds = Number(options.seconds);
const together = 4;
const line = (...cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);

/** Blocks of orbits of muons with so many in each crossing, with jets and the like where asked for. */
function makeBlocks(n: number, blockOrbits: number, { calo = false } = {}): OrbitBlock[] {
  const none = calo ? {} : { jets: 0, egs: 0, taus: 0 };
  const filling = new Uint8Array(3564).fill(1);
  const muons = Number(options.occupancy);
  const config = { ...orbitSimulation, ...none, pairs: [], filling, muons };
  const base = Array.from({ length: calo ? 2 : 16 }, (_, k) =>
    simulateOrbit({ orbit: k + 1, seed: 1, config }, createWholeOrbit()),
  );
  const orbitOf = (orbit: number) => {
    const whole = base[orbit % base.length];
    whole.gmt.orbit = orbit;
    whole.calo.orbit = orbit;
    const both = calo ? { calo: encodeOrbit("calo", whole.calo) } : {};
    return { orbit, lumi: 1, gmt: encodeOrbit("gmt", whole.gmt), ...both };
  };
  return Array.from({ length: n }, (_, id) => ({
    ...{ run: 1, id },
    orbits: Array.from({ length: blockOrbits }, (_, k) => orbitOf(id * blockOrbits + k)),
  }));
}

/** MB/s of blocks stored and acknowledged. */
async function publishing(servers: string[], replicas: number, block: OrbitBlock): Promise<number> {
  const broker = await connectNats({ servers, retrySeconds: 30, name: "bench" });
  const names = brokerNames("bench", "b0");
  const streams = brokerStreams(names, { name: "bench", replicas, ackSeconds: 30 });
  for (const stream of streams) await broker.ensureStream(stream);
  const bytes = encodeBlock(block);
  let [id, stored] = [0, 0];
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1e3;
  const publish = async () => {
    while (elapsed() < seconds) {
      const k = id++;
      const parcel = await packParcel(broker, names, { object: `block-${k}`, bytes });
      const subject = names.block(k, 0);
      await broker.publish({ stream: names.blocks, subject, bytes: parcel, id: `${k}` });
      stored += bytes.length;
    }
  };
  await Promise.all(Array.from({ length: together }, publish));
  const rate = stored / elapsed() / 1e6;
  for (const { name } of streams) await broker.removeStream(name);
  await broker.close();
  return rate;
}

/** Orbits/s through workers that are warm: from the end of the sixth block to that of the last. */
async function processing(
  blocks: readonly OrbitBlock[],
  start: (shared: Pick<WorkersOptions, "setup" | "queue" | "onDone">) => Promise<Workers>,
): Promise<number> {
  const ends: number[] = [];
  const warm = 6;
  let orbits = 0;
  const workers = await start({
    ...{ setup: { config: parseScout({ files: ["-"] }), assets: {}, folder: temporary }, queue: 2 },
    async onDone(_, { counts }) {
      if (ends.push(performance.now()) > warm) orbits += counts.orbits;
    },
  });
  for (const block of blocks) await workers.submit(block);
  await workers.finish();
  await workers.close();
  return (1e3 * orbits) / (ends[ends.length - 1] - ends[warm - 1]);
}

/** Processes that work for runs behind a broker. */
function startWorkers(n: number, servers: string[]) {
  const script = "test/tasks/scout/broker/process.ts";
  const argv = ["--import", "tsx", script, "work", JSON.stringify({ servers })];
  return Array.from({ length: n }, () => spawn(process.execPath, argv, { stdio: "ignore" }));
}

if (!hasNats) process.exit();
const temporary = mkdtempSync(join(tmpdir(), "forty-bench-"));
const children: ReturnType<typeof startWorkers> = [];
try {
  const places = [
    { replicas: 1 as const, servers: [(await startNats()).url] },
    { replicas: 3 as const, servers: (await startCluster()).map(({ url }) => url) },
  ];
  const blocks = makeBlocks(Number(options.blocks), 512);
  const [both] = makeBlocks(1, 8, { calo: true });
  line("replicas", "block", "MB a block", "MB/s stored", "orbits/s");
  line("---", "---", "---", "---", "---");
  for (const { replicas, servers } of places)
    for (const [what, block] of [
      ["512 orbits of muons", blocks[0]],
      ["8 orbits of muons and calorimeter", both],
    ] as const) {
      const size = encodeBlock(block).length / 1e6;
      const rate = await publishing(servers, replicas, block);
      line(
        replicas,
        what,
        size.toFixed(2),
        rate.toFixed(0),
        ((rate / size) * block.orbits.length).toFixed(0),
      );
    }
  console.log();
  line("where two threads work", "orbits/s", "real-time factor");
  line("---", "---", "---");
  const factor = (rate: number) => (rate / orbitRateHz).toFixed(2);
  const inside = await processing(blocks, (shared) => startBlockThreads({ ...shared, threads: 2 }));
  line("in this process", inside.toFixed(0), factor(inside));
  for (const { replicas, servers } of places) {
    children.push(...startWorkers(2, servers));
    const run = {
      read: async () => new TextEncoder().encode(JSON.stringify({ key: `b${replicas}` })),
      write: async () => {},
    };
    const broker = brokerSchema.parse({ servers, replicas });
    const rate = await processing(blocks, async (shared) => {
      const options = { ...shared, threads: 0, broker, run, done: new Map() };
      const workers = await startBrokerWorkers(options);
      while (workers.seen().threads < 2) await sleep(100);
      return workers;
    });
    for (const child of children.splice(0)) child.kill("SIGKILL");
    line(`two processes, broker of ${replicas}`, rate.toFixed(0), factor(rate));
  }
} finally {
  for (const child of children) child.kill("SIGKILL");
  await stopServers();
  rmSync(temporary, { recursive: true, force: true });
}
