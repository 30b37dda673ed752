import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createRng } from "../../../../src/base/rng.ts";
import { parseScout, type ScoutSettings } from "../../../../src/tasks/scout/index.ts";
import type { Snapshot } from "../../../../src/tasks/scout/monitor/view.ts";
import { makeSnapshot, snapshotNumbers } from "../../../../src/tasks/scout/results/snapshot.ts";
import {
  createTallies,
  type Tallies,
  talliesJson,
} from "../../../../src/tasks/scout/results/tallies.ts";

/** A spectrum, a map, a turn-on pair, a selection. */
export const settings: ScoutSettings = {
  files: ["muons.raw"],
  stages: [
    ...(["Opposite", "Same"] as const).map((sign) => ({
      ...{ kind: "histogram" as const, name: `mass${sign}`, of: `dimuon.mass${sign}` },
      ...{ bins: 12, low: 1, high: 200, log: true },
    })),
    { kind: "histogram", name: "muonPt", of: "muon.pt", bins: 10, low: 0, high: 50 },
    {
      ...{ kind: "map", name: "muonMap" },
      x: { of: "muon.eta", bins: 6, low: -2.4, high: 2.4 },
      y: { of: "muon.phi", bins: 4, low: -3.2, high: 3.2 },
    },
    ...["muon.ptL1", "muon.pt"].map((of, i) => ({
      ...{ kind: "turnOn" as const, name: `on${i}`, of, threshold: 20, against: "muon.pt" },
      ...{ bins: 5, low: 0, high: 50 },
    })),
    { kind: "select", name: "pairs", cuts: [{ of: "muons", min: 2 }] },
  ],
};
const config = parseScout(settings);

/** Random counts in all that these settings count, as a block of `orbits` in one section gives. */
export function randomTallies(seed: number, { lumi = 1, orbits = 8, mean = 200 } = {}): Tallies {
  const rng = createRng(seed);
  const n = (most: number) => Math.floor(rng.uniform() * most);
  const bins = (length: number) => Float64Array.from({ length }, () => n(2 * mean));
  const all = [bins(7), bins(7)];
  return {
    counts: {
      ...{ orbits, crossings: orbits * 3000, kept: n(50), "objects.muons": n(5000) },
      ...{ [`lumi.${lumi}`]: orbits, "selected.pairs": n(50), "dropped.decode": n(3) },
      ...{ "fired.L1_SingleMu22": n(40), "fired.L1_DoubleMu0": n(90) },
      ...{ "seconds.decode": rng.uniform(), "items.decode": orbits },
      ...{ "squares.muons": 10 * orbits, "seen.muons": orbits },
    },
    bins: {
      "histogram.massOpposite": bins(14),
      "histogram.massSame": bins(14),
      "histogram.muonPt": bins(12),
      "map.muonMap": bins(8 * 6),
      "turnOn.on0.all": all[0],
      "turnOn.on0.passed": all[0].map((v) => Math.floor(v / 2)),
      "turnOn.on1.all": all[1],
      "turnOn.on1.passed": all[1].map((v) => Math.floor(v / 3)),
      "occupancy.muons": bins(3564),
      present: bins(3564).map((v) => Math.min(v, orbits)),
      neighbors: bins(9),
    },
  };
}

export function snapshotOf(
  tallies: Tallies,
  seconds: number,
  changes: Partial<Snapshot> = {},
): Snapshot {
  return {
    ...makeSnapshot(config, tallies, {
      ...{ seconds, isDone: false, run: 7, workers: 2, lagSeconds: 0.25, alarms: [] },
      ...{ windowOrbits: 5000, windowSeconds: 1 },
    }),
    ...changes,
  };
}

/** A run folder that a test writes as a run would. */
export interface TestRun {
  readonly folder: string;
  config(changes?: object): void;
  /** `snapshot.json` and its line in `events.jsonl`. */
  snapshot(snapshot: Snapshot): void;
  block(id: number, tallies: Tallies, lumis: { first: number; last: number }): void;
  /** Appends to `events.jsonl` as it is. */
  raw(text: string): void;
}

export function testRun({ isNew = false } = {}): TestRun {
  const parent = mkdtempSync(join(tmpdir(), "forty-monitor-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, "RUN");
  const at = (name: string) => join(folder, name);
  const whole = (name: string, value: object) => {
    mkdirSync(join(folder, "blocks"), { recursive: true });
    writeFileSync(at(`.${name.replace("/", "-")}.tmp`), `${JSON.stringify(value)}\n`);
    renameSync(at(`.${name.replace("/", "-")}.tmp`), at(name));
  };
  const run: TestRun = {
    folder,
    config: (changes = {}) =>
      whole("config.json", { task: "scout", version: "0", ...config, inputs: [], ...changes }),
    snapshot(snapshot) {
      run.raw(`${JSON.stringify({ type: "snapshot", ...snapshotNumbers(snapshot) })}\n`);
      whole("snapshot.json", snapshot);
    },
    block(id, tallies, lumis) {
      const name = `blocks/${String(id).padStart(10, "0")}.json`;
      whole(name, { run: 7, blocks: [[id, 8 * id + 7]], lumis, tallies: talliesJson(tallies) });
    },
    raw: (text) => appendFileSync(at("events.jsonl"), text),
  };
  if (!isNew) run.config();
  return run;
}

export { createTallies };
