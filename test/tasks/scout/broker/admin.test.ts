import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BrokerRun, work } from "../../../../src/tasks/scout/broker/index.ts";
import { brokerNames, keyOfStream } from "../../../../src/tasks/scout/broker/names.ts";
import { connectNats } from "../../../../src/tasks/scout/broker/run-nats.ts";
import { forty } from "../../../cli/fake-terminal.ts";
import { temporaryFolder } from "../../../data/folder.ts";
import { type CollectOptions, collect } from "./collect.ts";
import { hasNats, type NatsServer, startNats, stopServers } from "./servers.ts";

const { at } = temporaryFolder();
const children: ChildProcess[] = [];
let server: NatsServer;
beforeAll(async () => {
  if (hasNats) server = await startNats();
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await stopServers();
});

/** A run in a process of its own, without workers, when it has blocks on the broker. */
async function startRun(name: string) {
  const options: CollectOptions = {
    ...{ orbits: 200, out: at(name), broker: { servers: [server.url], ackSeconds: 1 } },
  };
  const argv = ["scripts/sources.mjs", "test/tasks/scout/broker/process.ts", "collect"];
  const child = spawn(process.execPath, [...argv, JSON.stringify(options)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.push(child);
  let text = "";
  child.stderr.on("data", (more: Buffer) => {
    text += more.toString();
  });
  const ended = once(child, "exit").then(() => text);
  while (!existsSync(at(`${name}/broker.json`))) await sleep(20);
  const { key } = JSON.parse(readFileSync(at(`${name}/broker.json`), "utf8")) as { key: string };
  const connection = await connectNats({ servers: [server.url], retrySeconds: 2, name: "test" });
  while ((await connection.messagesIn(brokerNames("forty", key).blocks)) !== 3) await sleep(20);
  await connection.close();
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  return { key, pid: child.pid, ended, kill };
}

const broker = (...argv: string[]) => forty(["scout", "broker", server.url, ...argv]);
async function listed(): Promise<BrokerRun[]> {
  const { code, out, err } = await broker("--json");
  expect(code, err).toBe(0);
  return (JSON.parse(out) as { runs: BrokerRun[] }).runs;
}

test.runIf(hasNats)(
  "a run that goes on is listed and stays, one whose process died can be removed",
  { timeout: 180_000 },
  async () => {
    expect(await broker()).toMatchObject({ code: 0, out: "no runs of name forty\n" });
    const { key, pid, kill } = await startRun("abandoned");
    const [alive] = await listed();
    const there = { run: key, consumers: 2, workers: { workers: 0, threads: 0 } };
    const streams = { blocks: { messages: 3 }, results: { messages: 0 }, store: { messages: 1 } };
    expect(alive).toMatchObject({ ...there, streams, messages: 4 });
    expect(alive.process).toBe(`${hostname()}-${pid}`);
    expect(alive.bytes).toBeGreaterThan(1000);
    expect(alive.ageSeconds).toBeGreaterThan(alive.idleSeconds ?? Infinity);
    expect(await broker("--remove", key)).toMatchObject({
      code: 1,
      err: `error: broker: run ${key} goes on in ${alive.process}; stop it there, or remove it with --force\n`,
    });
    expect((await listed()).length).toBe(1);

    await kill();
    rmSync(at("abandoned"), { recursive: true });
    const ending = new AbortController();
    const served: string[] = [];
    const helper = work({
      ...{ servers: [server.url], signal: ending.signal, onRun: (run) => void served.push(run) },
    });
    while ((await listed())[0].streams.results?.messages !== 3); // its blocks are done, for nobody
    const [dead] = await listed();
    const workers = { workers: 1, threads: 1 };
    expect(dead).toMatchObject({ run: key, process: null, workers, streams: { blocks: {} } });
    const { out } = await broker();
    expect(out).toMatch(/^run +blocks +results +stored +size +consumers +age +last message/);
    expect(out).toMatch(
      new RegExp(`^${key} +0 +3 +\\d+ +\\d\\.\\d MB +2 .* 1 +1 +no sign of life$`, "m"),
    );
    const { code, out: said } = await broker("--remove", key);
    expect([code, said]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^removed run ${key}: \\d+ messages, \\d\\.\\d MB\n$`)),
    ]);
    expect(await listed()).toEqual([]);
    expect(await broker("--remove", key)).toMatchObject({
      code: 2,
      err: `error: broker: no run ${key} of name forty at ${server.url}; there is none\n`,
    });

    await collect({ orbits: 32, out: at("next"), broker: { servers: [server.url] } });
    expect(served.length, "its worker is free for the next run").toBe(2);
    expect(readdirSync(at("next/blocks")).length).toBe(2);
    ending.abort();
    await helper;
  },
);

test.runIf(hasNats)(
  "with --force a run that goes on is removed, and ends with its reason; so are leftovers",
  { timeout: 180_000 },
  async () => {
    const { key, ended } = await startRun("forced");
    expect(await broker("--remove", "abc")).toMatchObject({
      code: 2,
      err: `error: broker: no run abc of name forty at ${server.url}; there are ${key}\n`,
    });
    expect(await broker("--name", "other")).toMatchObject({ out: "no runs of name other\n" });
    expect((await broker("--remove", key, "--force")).code).toBe(0);
    expect(await ended).toMatch(/has lost 3 blocks; go on with --resume/);

    // a run that was killed while it removed its streams
    const { url } = server;
    const connection = await connectNats({ servers: [url], retrySeconds: 2, name: "test" });
    await connection.ensureStream({
      ...{ name: "forty-123-blocks", subject: "forty.123.block.>", replicas: 1 },
      kind: { queue: true, ackSeconds: 1, sole: false },
    });
    expect(await listed()).toMatchObject([{ run: "123", process: null, idleSeconds: null }]);
    expect((await broker()).out).toMatch(/^123 +0 +gone +gone +0\.0 MB +1 /m);
    expect((await broker("--remove", "123")).code).toBe(0);
    expect(await connection.streamsOf(">")).toEqual([]);
    await connection.close();
  },
);

test("--force without a run to remove is refused before there is a connection", async () => {
  expect(await forty(["scout", "broker", "nats://127.0.0.1:1", "--force"])).toMatchObject({
    code: 2,
    err: "error: forty scout broker: --force is of --remove; give a run\n",
  });
});

test.each([
  ["forty-12ab-blocks", "12ab"],
  ["forty-12ab-store", "12ab"],
  ["forty-12ab-others", null],
  ["forty-two-12ab-store", null],
  ["another-12ab-store", null],
])("of stream %s the run is %s", (stream, key) => {
  expect(keyOfStream("forty", stream)).toBe(key);
});
