import { beforeAll, expect, test, vi } from "vitest";
import { brokerSchema } from "../../../../src/tasks/scout/broker/config.ts";
import { publish } from "../../../../src/tasks/scout/broker/run-publish.ts";
import { work } from "../../../../src/tasks/scout/broker/run-work.ts";
import { temporaryFolder } from "../../../data/folder.ts";
import { type CollectOptions, collect, outcomeOf, simulatedBlocks } from "./collect.ts";
import { createMemoryServer } from "./memory-broker.ts";

vi.setConfig({ testTimeout: 180_000 }); // each takes seconds where nothing else runs
const { at } = temporaryFolder();
const orbits = 128;
let expected: Awaited<ReturnType<typeof outcomeOf>>;

beforeAll(async () => {
  await collect({ orbits, out: at("plain") });
  expected = await outcomeOf(at("plain"));
}, 180_000);

test("without a broker all orbits are counted", () => {
  expect(expected.counts.orbits).toBe(orbits);
  expect(expected.rows.length).toBe(expected.counts.kept);
  expect(new Set(expected.rows).size).toBe(expected.rows.length);
});

test("blocks given out twice, results told twice and acknowledgments unheard change nothing", async () => {
  const { connect, streams } = createMemoryServer({
    maxBytes: 100_000,
    copies: ({ subject }) => (subject.includes(".block.") || subject.includes(".result.") ? 2 : 1),
    isDeaf: (subject, attempt) => attempt === 1 && /[02468]\.\d+$/.test(subject),
  });
  const ending = new AbortController();
  const helper = work({
    ...{ servers: [], threads: 2, signal: ending.signal },
    connect: async () => connect(),
  });
  await collect({
    ...{ orbits, out: at("mishaps"), broker: { ackSeconds: 1 } },
    connect: async () => connect(),
  });
  ending.abort();
  await helper;
  expect(await outcomeOf(at("mishaps"))).toEqual(expected);
  expect([...streams.keys()]).toEqual([]);
});

/** Runs over a broker in memory, with workers of the run's own process. */
async function collectInMemory(
  server: ReturnType<typeof createMemoryServer>,
  options: Pick<CollectOptions, "out" | "resume" | "broker" | "threads" | "orbits">,
) {
  const connect = async () => server.connect();
  await collect({ ...options, broker: { ackSeconds: 1, ...options.broker }, connect });
}

test("a block that always fails ends the run with its reason; resumed it is tried anew", async () => {
  let isDamaging = true;
  const server = createMemoryServer({
    maxBytes: 500_000,
    isDamaged: ({ subject }) => isDamaging && subject.includes(".block.3."),
  });
  const out = at("poison");
  const options = { orbits, out, broker: { attempts: 2 }, threads: 1 };
  await expect(collectInMemory(server, options)).rejects.toThrow(
    /^scout: block 3 failed on \S+: block 3: the checksum is wrong; it was damaged on its way$/,
  );
  isDamaging = false;
  await collectInMemory(server, { ...options, resume: true });
  expect(await outcomeOf(out)).toEqual(expected);
});

test("blocks that the broker has lost end the run, and a resumed one has them", async () => {
  const server = createMemoryServer();
  const out = at("lost");
  const losing = setInterval(() => {
    for (const stream of server.streams.values()) stream.messages = [];
  }, 5);
  await expect(collectInMemory(server, { orbits, out })).rejects.toThrow(
    "broker: memory has lost 3 blocks; go on with --resume",
  );
  clearInterval(losing);
  await collectInMemory(server, { orbits, out, threads: 1, resume: true });
  expect(await outcomeOf(out)).toEqual(expected);
});

test("the source waits while workers are behind: each has one block and its queue", async () => {
  const server = createMemoryServer();
  let most = 0;
  const counting = setInterval(() => {
    for (const [name, { messages }] of server.streams)
      if (name.endsWith("-blocks")) most = Math.max(most, messages.length);
  }, 1);
  await collectInMemory(server, { orbits, out: at("behind"), threads: 1 });
  clearInterval(counting);
  expect(most).toBe(1 + 2);
});

test("without any worker the source waits, until it is told to stop", async () => {
  const stopping = new AbortController();
  setTimeout(() => stopping.abort(), 300);
  const { connect } = createMemoryServer();
  const options = { orbits, out: at("nobody"), broker: {}, connect: async () => connect() };
  await expect(collect({ ...options, signal: stopping.signal })).rejects.toThrow("cancelled");
});

test("two runs share a broker, and its workers", async () => {
  const server = createMemoryServer();
  const ending = new AbortController();
  const keys = new Set<string>();
  const connect = async () => server.connect();
  const options = { servers: [], threads: 1, signal: ending.signal, connect };
  const helpers = [1, 2].map(() => work({ ...options, onRun: (key) => void keys.add(key) }));
  await Promise.all(
    ["one", "other"].map((name) => collectInMemory(server, { orbits, out: at(name) })),
  );
  ending.abort();
  await Promise.all(helpers);
  expect(keys.size).toBe(2);
  for (const name of ["one", "other"]) expect(await outcomeOf(at(name))).toEqual(expected);
});

test("two publishers, one of which is stopped and starts again, make one run", async () => {
  const server = createMemoryServer();
  const connect = async () => server.connect();
  const out = at("published");
  const collecting = collect({ orbits, out, threads: 1, broker: { publishers: 2 }, connect });
  /** Sends every second block. */
  const send = (parity: number, signal?: AbortSignal, onBlock?: () => void) =>
    publish({
      ...{ broker: brokerSchema.parse({}), publisher: `p${parity}`, connect },
      *read(dealt) {
        for (const block of simulatedBlocks(orbits, dealt))
          if (block.id % 2 === parity) yield block;
      },
      counts: () => ({ "dropped.late": 1 + parity }),
      ...(signal ? { signal } : {}),
      ...(onBlock ? { onBlock } : {}),
    });
  const stopping = new AbortController();
  await expect(send(1, stopping.signal, () => stopping.abort())).rejects.toThrow("start again");
  await Promise.all([send(0), send(1)]);
  expect(await collecting).toEqual({ "dropped.late": 3 });
  expect(await outcomeOf(out)).toEqual(expected);
});
