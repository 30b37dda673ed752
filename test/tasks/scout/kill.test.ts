import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openRootFile } from "../../../src/data/read-root.ts";
import type { ScoutSettings } from "../../../src/tasks/scout/config.ts";
import { scout } from "../../../src/tasks/scout/index.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { gmtFrame, orbitsOf, writeRaw } from "./samples.ts";

const { at } = temporaryFolder();
const orbits = 640;
const first = 1003;

/** Starts the command in a process of its own and kills it when `blocks` more blocks are done. */
async function runAndKill(argv: readonly string[], run: string, blocks: number): Promise<void> {
  const child = spawn(process.execPath, ["scripts/sources.mjs", "src/cli/main.ts", ...argv], {
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  const done = () => (existsSync(`${run}/blocks`) ? readdirSync(`${run}/blocks`).length : 0);
  const before = done();
  while (child.exitCode === null && done() < before + blocks) await sleep(5);
  child.kill("SIGKILL");
  const [, signal] = await ended;
  expect(signal, "killed in the midst of the work").toBe("SIGKILL");
}

test("killed with SIGKILL and resumed, no orbit is lost or doubled", {
  timeout: 120_000,
}, async () => {
  const base = orbitsOf(8);
  const numbers = Array.from({ length: orbits }, (_, k) => first + k);
  const frames = numbers.map((n) => gmtFrame(base[n % 8], n));
  const half = orbits / 2;
  const files = [
    writeRaw(at("a.raw"), frames.slice(0, half)),
    writeRaw(at("b.raw"), frames.slice(half)),
  ];
  const settings: ScoutSettings = {
    ...{ files, workers: 2, blockOrbits: 16, output: "root" },
    stages: [{ kind: "select", name: "two", cuts: [{ of: "muons", min: 2 }] }],
  };
  writeFileSync(at("config.json"), JSON.stringify(settings));
  const run = at("run");
  const argv = ["scout", "run", "--config", at("config.json"), "-o", run];
  await runAndKill(argv, run, 9);
  expect(existsSync(`${run}/metrics.json`)).toBe(false);
  const metrics = await scout({ settings, out: run, resume: true });

  // what each orbit must give, from the simulated muons
  const pairs = base.map(({ gmt }) => {
    const { offsets } = gmt.objects.muons;
    return Array.from({ length: 3564 }, (_, e) => e + 1).filter(
      (b) => offsets[b] - offsets[b - 1] > 1,
    );
  });
  const muons = numbers.reduce((n, k) => n + base[k % 8].gmt.objects.muons.offsets[3564], 0);
  expect(metrics).toMatchObject({ orbits, dropped: {}, objects: { muons } });
  const expected = numbers.flatMap((n) => pairs[n % 8].map((bx) => `${n}:${bx}`));
  const rows: string[] = [];
  for (const name of readdirSync(`${run}/events`).sort()) {
    const file = await openRootFile(`${run}/events/${name}`);
    const tree = await file.tree("Events");
    const [orbit, bx] = await tree.read(["orbitNumber", "bunchCrossing"]);
    await file.close();
    const [numbers, crossings] = [orbit, bx].map(({ values }) => values as Uint32Array);
    for (const [r, n] of numbers.entries()) rows.push(`${n}:${crossings[r]}`);
  }
  expect(rows).toEqual(expected);
  expect(metrics.kept).toBe(expected.length);
  expect(readFileSync(`${run}/report.html`, "utf8")).toContain("No orbit was lost");

  // once more changes nothing
  const again = await scout({ settings, out: run, resume: true });
  expect(again.tallies.bins).toEqual(metrics.tallies.bins);
  expect(again.orbits).toBe(orbits);
});
