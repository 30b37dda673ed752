import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { type Snapshot, scout } from "../../../src/tasks/scout/index.ts";
import { demoStages, scoutDemo } from "../../../src/tasks/scout/run-demo.ts";
import { forty } from "../../cli/fake-terminal.ts";
import { temporaryFolder } from "../../data/folder.ts";

const { at } = temporaryFolder();
const sample = (name: string) => `data/scouting-sample/${name}`;
const files = [sample("muons.raw.gz"), sample("calo.raw.gz")];

test("the bundled sample is small, whole, and shows what it should", async () => {
  const bytes = [...files, sample("muons.onnx")].reduce((n, file) => n + statSync(file).size, 0);
  expect(bytes).toBeLessThan(2e6);
  expect(statSync(sample("muons.onnx")).size).toBeLessThan(50_000);
  const settings = { files, stages: demoStages(sample("muons.onnx")) };
  const { tallies, ...metrics } = await scout({ settings, out: at("whole") });
  expect(metrics).toMatchObject({ orbits: 500, dropped: {}, missing: { calo: 441 } });
  const { counts, bins } = tallies;
  expect(counts["seen.jets"]).toBe(8);
  const perCrossing = metrics.objects.muons / (500 * 2808);
  expect(perCrossing).toBeGreaterThan(0.09);
  expect(perCrossing).toBeLessThan(0.13);
  // opposite signs over same signs between 80 and 100 GeV, and around 3 GeV
  const edges = Array.from({ length: 121 }, (_, k) => 0.5 * 400 ** (k / 120));
  const between = (name: string, low: number, high: number) =>
    bins[name].slice(1, -1).reduce((n, x, k) => n + (edges[k] > low && edges[k] < high ? x : 0), 0);
  for (const [low, high] of [
    [75, 105],
    [2.4, 4],
  ])
    expect(between("histogram.dimuonMassOpposite", low, high)).toBeGreaterThan(
      2 * between("histogram.dimuonMassSame", low, high),
    );
  expect(counts["items.recalibrate"]).toBeGreaterThan(0.9 * metrics.objects.muons);
});

test("played in a loop over TCP, it is a run with a report that says so", async () => {
  const snapshots: Snapshot[] = [];
  const metrics = await scoutDemo({
    ...{ out: at("demo"), seconds: 3, speed: 0.02 },
    onSnapshot: (snapshot) => void snapshots.push(snapshot),
  });
  expect(metrics.orbits).toBeGreaterThan(300);
  expect(metrics.dropped).toEqual({});
  expect(metrics.missing.gmt ?? 0).toBe(0);
  expect(snapshots[snapshots.length - 1].note).toMatch(/simulated and looped/);
  expect(readFileSync(at("demo/report.html"), "utf8")).toMatch(/simulated and looped/);
});

test("as a command it shows the address of its page, and Ctrl-C leaves a report", async () => {
  const stop = new AbortController();
  const blocks = at("stopped/blocks");
  const looking = setInterval(() => {
    if (existsSync(blocks) && readdirSync(blocks).length > 0) stop.abort();
  }, 50);
  const { code, out, err } = await forty(
    ["scout", "demo", "--port", "0", "--speed", "0.02", "-o", at("stopped")],
    { signal: stop.signal },
  ).finally(() => clearInterval(looking));
  expect(code, err).toBe(0);
  expect(out).toMatch(/^monitor {2}http:\/\/127\.0\.0\.1:\d+\/$/m);
  expect(out).toMatch(/orbits in .* x real time; dropped: none/);
  expect(existsSync(at("stopped/report.html"))).toBe(true);
});
