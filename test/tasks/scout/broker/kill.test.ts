import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectNats } from "../../../../src/tasks/scout/broker/run-nats.ts";
import { type WorkOptions, work } from "../../../../src/tasks/scout/broker/run-work.ts";
import { temporaryFolder } from "../../../data/folder.ts";
import { type CollectOptions, collect, outcomeOf } from "./collect.ts";
import { hasNats, startCluster, startNats, stopServers } from "./servers.ts";

const { at } = temporaryFolder();
const orbits = 400;
let expected: Awaited<ReturnType<typeof outcomeOf>>;
const children: ChildProcess[] = [];

beforeAll(async () => {
  await collect({ orbits, out: at("plain") });
  expected = await outcomeOf(at("plain"));
  expect(expected.counts.orbits).toBe(orbits);
}, 180_000);
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await stopServers();
});

function start(role: "collect", options: CollectOptions): ChildProcess;
function start(role: "work", options: WorkOptions): ChildProcess;
function start(role: string, options: object): ChildProcess {
  const argv = ["scripts/sources.mjs", "test/tasks/scout/broker/process.ts", role];
  const child = spawn(process.execPath, [...argv, JSON.stringify(options)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  expect(child.exitCode, "alive until it is killed").toBeNull();
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** Resolves when so many blocks of a run are done. */
async function blocksDone(out: string, n: number): Promise<void> {
  while (!existsSync(`${out}/blocks`) || readdirSync(`${out}/blocks`).length < n) await sleep(10);
}

test.runIf(hasNats)(
  "a worker that is killed loses and doubles nothing",
  { timeout: 180_000 },
  async () => {
    const { url } = await startNats();
    const out = at("worker");
    const broker = { servers: [url], ackSeconds: 1 };
    const workers = [start("work", { servers: [url] }), start("work", { servers: [url] })];
    const collecting = collect({ orbits, out, broker });
    await blocksDone(out, 6);
    await kill(workers[0]);
    const left = expected.blocks - readdirSync(`${out}/blocks`).length;
    expect(left, "in the midst of the work").toBeGreaterThan(5);
    await collecting;
    expect(await outcomeOf(out)).toEqual(expected);
    await kill(workers[1]);
  },
);

test.runIf(hasNats)(
  "a run that is killed goes on with what the broker has",
  { timeout: 180_000 },
  async () => {
    const { url } = await startNats();
    const out = at("coordinator");
    const options = { orbits, out, broker: { servers: [url], ackSeconds: 1 } };
    const ending = new AbortController();
    const coordinator = start("collect", options);
    let blocks = 0;
    const helper = work({ servers: [url], signal: ending.signal, onBlock: () => void blocks++ });
    await blocksDone(out, 6);
    const before = blocks;
    await kill(coordinator);
    expect(readdirSync(`${out}/blocks`).length).toBeLessThan(expected.blocks - 5);
    const observer = await connectNats({ servers: [url], retrySeconds: 5, name: "test" });
    const [queue] = (await observer.streamsOf(">")).filter((name) => name.endsWith("-blocks"));
    // the worker goes on with blocks that it has
    while (blocks === before && (await observer.messagesIn(queue)) > 0) await sleep(10);
    await observer.close();
    await collect({ ...options, resume: true });
    ending.abort();
    await helper;
    expect(await outcomeOf(out)).toEqual(expected);
    expect(blocks, "hardly any block is worked on twice").toBeLessThan(expected.blocks + 3);
  },
);

test.runIf(hasNats)(
  "one of three brokers that is killed loses and doubles nothing",
  { timeout: 180_000 },
  async () => {
    const cluster = await startCluster();
    const servers = cluster.map(({ url }) => url);
    const out = at("brokers");
    const ending = new AbortController();
    const helper = work({ servers: servers.slice(1), signal: ending.signal });
    const broker = { servers: servers.slice(1), replicas: 3 as const, ackSeconds: 1 };
    const collecting = collect({ orbits, out, broker });
    await blocksDone(out, 6);
    await cluster[1].kill();
    expect(readdirSync(`${out}/blocks`).length).toBeLessThan(expected.blocks - 5);
    await collecting;
    ending.abort();
    await helper;
    expect(await outcomeOf(out)).toEqual(expected);
    const left = await connectNats({ servers, retrySeconds: 5, name: "test" });
    expect(await left.streamsOf(">")).toEqual([]);
    await left.close();
  },
);
