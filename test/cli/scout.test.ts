import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { MenuCounts, ScoutMetrics, SimulatedStream } from "../../src/tasks/scout/index.ts";
import { temporaryFolder } from "../data/folder.ts";
import { forty } from "./fake-terminal.ts";

const { at } = temporaryFolder();

/** Runs with --json, expects success, and gives the object. */
async function result<T>(...argv: string[]): Promise<T> {
  const { code, out, err } = await forty(["scout", ...argv, "--json"]);
  expect(code, err).toBe(0);
  return JSON.parse(out) as T;
}

describe("simulate and run", () => {
  test("a simulated stream goes through the chain: two commands to a report", async () => {
    const raw = at("muons.raw");
    const calo = at("calo.raw");
    const stream = await result<SimulatedStream>(
      ...["simulate", "-n", "12", "--seed", "4", "-o", raw, "--calo", calo],
    );
    expect(stream).toMatchObject({ orbits: 12, files: [{ file: raw }, { file: calo }] });
    const { code, out, err } = await forty(["scout", "run", raw, calo, "-o", at("run")]);
    expect(code, err).toBe(0);
    expect(out).toMatch(/^12 orbits, [\d,]+ muons, 0 crossings kept; .* x real time$/m);
    expect(out).toContain("dropped orbits: none");
    const page = readFileSync(at("run/report.html"), "utf8");
    for (const title of ["Dimuon mass", "Occupancy of muons", "muonMap", "Speed and losses"])
      expect(page).toContain(title);
    const metrics = JSON.parse(readFileSync(at("run/metrics.json"), "utf8")) as ScoutMetrics;
    expect(metrics.objects.muons).toBe(stream.muons);
    expect(readFileSync(at("run/metrics.prom"), "utf8")).toContain("forty_scout_orbits_total 12\n");
    const events = readFileSync(at("run/events.jsonl"), "utf8").trimEnd().split("\n");
    expect(JSON.parse(events[events.length - 1])).toMatchObject({ isDone: true, orbits: 12 });
  });

  test("the same seed gives the same stream, also in pieces", async () => {
    await result("simulate", "-n", "2", "--seed", "4", "-o", at("a.raw"));
    await result("simulate", "-n", "2", "--seed", "4", "-o", at("b.raw"));
    expect(readFileSync(at("a.raw")).equals(readFileSync(at("b.raw")))).toBe(true);
    await result("simulate", "-n", "1", "--seed", "4", "--first", "2", "-o", at("c.raw"));
    const second = readFileSync(at("c.raw")).subarray(32);
    expect(readFileSync(at("a.raw")).subarray(-second.length).equals(second)).toBe(true);
  });

  test("a configuration file declares stages; a run is a reference for another", async () => {
    const axis = { bins: 20, low: 0, high: 60 };
    const stages = [
      { kind: "histogram", name: "pt", of: "muon.pt", ...axis },
      { kind: "select", name: "pairs", cuts: [{ of: "dimuon.mass", min: 2 }], neighbors: 1 },
    ];
    const config = at("config.json");
    writeFileSync(config, JSON.stringify({ stages, output: "root", blockOrbits: 5 }));
    const argv = ["run", "--config", config, at("muons.raw"), "-o"];
    const metrics = await result<ScoutMetrics>(...argv, at("whole"));
    expect(metrics.selections[0]).toMatchObject({ name: "pairs" });
    expect(metrics.kept).toBeGreaterThan(metrics.selections[0].count);
    expect(readdirSync(at("whole/events"))).toHaveLength(3);
    await result("simulate", "-n", "12", "--seed", "9", "-o", at("other.raw"));
    writeFileSync(config, JSON.stringify({ stages, reference: at("whole") }));
    const again = await result<ScoutMetrics>(
      "run",
      "--config",
      config,
      at("other.raw"),
      "-o",
      at("b"),
    );
    expect(again.alarms).toEqual([]);
  });

  test("wrong settings leave no folder and say what to do", async () => {
    const config = at("wrong.json");
    writeFileSync(
      config,
      JSON.stringify({ stages: [{ kind: "histogram", name: "a", of: "hT", low: 0, high: 1 }] }),
    );
    const { code, err } = await forty([
      "scout",
      "run",
      "--config",
      config,
      at("a.raw"),
      "-o",
      at("no"),
    ]);
    expect(code).toBe(2);
    expect(err).toContain('scout.a: no quantity "hT"; did you mean "ht"?');
    expect(existsSync(at("no"))).toBe(false);
    const other = await forty(["scout", "run", "-o", at("no")]);
    expect(other.err).toContain("scout.files: give one source: raw orbit files, a folder");
  });

  test("stopped by Ctrl-C, it says how to go on", async () => {
    const signal = AbortSignal.abort();
    const { code, err } = await forty(["scout", "run", at("a.raw"), "-o", at("stopped")], {
      signal,
    });
    expect(code).toBe(130);
    expect(err).toContain(
      `continue with: forty scout run ${at("a.raw")} -o ${at("stopped")} --resume`,
    );
    const metrics = await result<ScoutMetrics>("run", at("a.raw"), "-o", at("stopped"), "--resume");
    expect(metrics.orbits).toBe(2);
  });
});

describe("menu", () => {
  const shared = "../shared/data/ugt/menu2024_v1_1_0";
  const isThere = existsSync(`${shared}_algorithms.json`);
  if (!isThere) console.warn(`skipped: ${shared}_algorithms.json is not there`);

  test.skipIf(!isThere)("counts how often each algorithm fires, and checks the bits", async () => {
    const argv = ["menu", `${shared}_data_3564bx.txt`, "--algorithms", `${shared}_algorithms.json`];
    const plain = await result<MenuCounts>(...argv);
    expect(plain.crossings).toBe(3564);
    expect(plain.algorithms).toHaveLength(390);
    expect(plain.algorithms[0]).not.toHaveProperty("missing");
    const checked = await result<MenuCounts>(...argv, "--check");
    expect(checked.fired).toBe(plain.fired);
    expect(checked.differing).toBeLessThan(10);
    const wrong = checked.algorithms.filter(({ extra = 0, missing = 0 }) => extra + missing > 0);
    expect(wrong).toHaveLength(checked.differing);
    const { code, err } = await forty(["scout", "menu", at("none.txt"), "--algorithms", argv[3]]);
    expect([code, err]).toEqual([1, expect.stringContaining("none.txt: cannot be read")]);
  });
});
