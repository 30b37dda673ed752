import { readFileSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import type { Broker } from "../../../../src/tasks/scout/broker/broker.ts";
import { brokerSchema } from "../../../../src/tasks/scout/broker/config.ts";
import { createRestartCount } from "../../../../src/tasks/scout/broker/hello.ts";
import { startBrokerWorkers } from "../../../../src/tasks/scout/broker/run-broker-workers.ts";
import { work } from "../../../../src/tasks/scout/broker/run-work.ts";
import { parseScout } from "../../../../src/tasks/scout/config.ts";
import { scout } from "../../../../src/tasks/scout/index.ts";
import type { OrbitBlock } from "../../../../src/tasks/scout/orbit/block.ts";
import { temporaryFolder } from "../../../data/folder.ts";
import { blockOfOrbits, gmtFrame, orbitsOf, writeRaw } from "../samples.ts";
import { createMemoryServer } from "./memory-broker.ts";
import { hasNats, startNats, stopServers } from "./servers.ts";

const { at } = temporaryFolder();
afterAll(stopServers);

/** How often the thread that gets a block is still to die of it, by id. */
const deadly = new Map<number, number>();
interface Order {
  readonly type: string;
  readonly block?: OrbitBlock;
}
/** Deaths on their way; what comes after waits for them, so that no run ends before. */
let dying: Promise<unknown> = Promise.resolve();
function poison(worker: Worker): void {
  const post = worker.postMessage.bind(worker);
  worker.postMessage = (order: Order) => {
    const id = order.block?.id ?? -1;
    const left = deadly.get(id) ?? 0;
    if (left === 0) {
      void dying.then(() => post(order));
      return;
    }
    deadly.set(id, left - 1);
    dying = Promise.all([dying, worker.terminate()]);
  };
}
beforeEach(() => void process.on("worker", poison));
afterEach(() => void process.off("worker", poison));

const base = orbitsOf(4);
const { orbits } = blockOfOrbits(base);
const blocks = 10;
const config = parseScout({ files: ["-"], stages: [] });

/** Blocks through workers behind a broker; orbits and restarts that the run has counted. */
async function countOver(connect: () => Promise<Broker>) {
  const counted = { orbits: 0, restarts: 0 };
  const workers = await startBrokerWorkers({
    ...{ setup: { config, assets: {}, folder: at("events") }, threads: 0, queue: 2, connect },
    ...{ broker: brokerSchema.parse({ ackSeconds: 1 }), done: new Map() },
    run: { read: async () => null, write: async () => {} },
    async onDone(_, { counts }) {
      counted.orbits += counts.orbits;
    },
    onRestart: () => void counted.restarts++,
  });
  try {
    for (let id = 0; id < blocks; id++) await workers.submit({ run: 7, id, orbits });
    await workers.finish();
  } finally {
    await workers.close();
  }
  return counted;
}

test.each([
  ["each result told twice", false],
  ["no sign of life heard, so that results alone tell", true],
])(
  "threads that die in a worker on another machine are counted once, %s",
  async (_, isSilent) => {
    const { connect } = createMemoryServer({
      maxBytes: 100_000,
      copies: ({ subject }) => (/\.(block\.[^6]|result)\./.test(subject) ? 2 : 1),
      isDeaf: (subject, attempt) => attempt === 1 && /[02468]\.\d+$/.test(subject),
    });
    for (const [id, times] of [
      [1, 1],
      [4, 2],
      [6, 3], // so many that the block fails, and is given to a thread anew
    ])
      deadly.set(id, times);
    const ending = new AbortController();
    const helper = work({
      ...{ servers: [], threads: 2, signal: ending.signal },
      connect: async () => (isSilent ? { ...connect(), tell() {} } : connect()),
    });
    expect(await countOver(async () => connect())).toEqual({ orbits: 4 * blocks, restarts: 6 });
    ending.abort();
    await helper;
  },
  120_000,
);

test("what a worker tells again, or late, counts no second time", () => {
  let restarts = 0;
  const count = createRestartCount(() => void restarts++);
  for (const told of [0, 1, 1, 3, 2, 3]) count({ worker: "a", restarts: told });
  expect(restarts).toBe(3);
  for (const told of [2, 2]) count({ worker: "b", restarts: told });
  expect(restarts).toBe(5);
});

test.runIf(hasNats)(
  "a run has the restarts of its own threads and those of others in its metrics",
  { timeout: 120_000 },
  async () => {
    const { url } = await startNats();
    const many = orbitsOf(8).flatMap((orbit, k) =>
      Array.from({ length: 8 }, (_, n) => gmtFrame(orbit, 8 * k + n)),
    );
    const ending = new AbortController();
    const helper = work({ servers: [url], signal: ending.signal });
    const settings = { files: [writeRaw(at("muons.raw"), many)], blockOrbits: 8, stages: [] };
    const broker = { servers: [url], ackSeconds: 1 };
    for (const [workers, out] of [
      [0, "behind"],
      [1, "among"],
    ] as const) {
      for (const id of [2, 5]) deadly.set(id, 1);
      await scout({ settings: { ...settings, workers, broker }, out: at(out) });
      const metrics = JSON.parse(readFileSync(at(`${out}/metrics.json`), "utf8")) as object;
      expect(metrics).toMatchObject({ orbits: 64, tallies: { counts: { restarts: 2 } } });
      expect(readFileSync(at(`${out}/metrics.prom`), "utf8")).toMatch(
        /^forty_scout_worker_restarts_total 2$/m,
      );
      const events = readFileSync(at(`${out}/events.jsonl`), "utf8");
      expect(events.match(/"type":"restart"/g)?.length).toBe(2);
    }
    ending.abort();
    await helper;
  },
);
