import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, expect, test } from "vitest";
import type { ScoutSettings } from "../../../../src/tasks/scout/config.ts";
import { type Snapshot, scout, simulateStream } from "../../../../src/tasks/scout/index.ts";
import { temporaryFolder } from "../../../data/folder.ts";
import { outcomeOf } from "./collect.ts";
import { hasNats, startNats, stopServers } from "./servers.ts";

const { at } = temporaryFolder();
const children: ChildProcess[] = [];
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await stopServers();
});

/** A command in a process of its own, and what it prints. */
function forty(...argv: string[]) {
  const child = spawn(
    process.execPath,
    ["scripts/sources.mjs", "src/cli/main.ts", "scout", ...argv],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  children.push(child);
  let text = "";
  child.stdout.on("data", (more: Buffer) => {
    text += more.toString();
  });
  return { child, ended: once(child, "close").then(() => text) };
}

test.runIf(hasNats)(
  "forty scout work and publish give what one machine gives",
  {
    timeout: 180_000,
  },
  async () => {
    const { url } = await startNats();
    const raw = at("muons.raw");
    await simulateStream({ orbits: 64, seed: 3, firstOrbit: 20, run: 5, occupancy: 0.2, out: raw });
    const settings: ScoutSettings = {
      ...{ blockOrbits: 16, output: "root" },
      stages: [{ kind: "select", name: "two", cuts: [{ of: "muons", min: 2 }] }],
    };
    await scout({ settings: { ...settings, files: [raw] }, out: at("plain") });
    const expected = await outcomeOf(at("plain"));
    expect(expected.counts.orbits).toBe(64);

    const worker = forty("work", url, "--idle", "60", "--json");
    const snapshots: Snapshot[] = [];
    const brokered = { ...settings, workers: 0, broker: { servers: [url], ackSeconds: 1 } };
    await scout({
      ...{ settings: { ...brokered, files: [raw] }, out: at("dealt") },
      onSnapshot: (snapshot) => void snapshots.push(snapshot),
    });
    expect(await outcomeOf(at("dealt"))).toEqual(expected);
    expect(
      snapshots.some(({ workers }) => workers === 1),
      "the worker is told of",
    ).toBe(true);

    const publisher = forty("publish", url, raw, "--json");
    const published = { ...brokered, broker: { ...brokered.broker, publishers: 1 } };
    await scout({ settings: published, out: at("published") });
    expect(await outcomeOf(at("published"))).toEqual(expected);
    expect(JSON.parse(await publisher.ended)).toEqual({ blocks: 5, orbits: 64, counts: {} });

    worker.child.kill("SIGINT");
    expect(JSON.parse(await worker.ended)).toEqual({ runs: 2, blocks: 10, orbits: 128, failed: 0 });
  },
);
