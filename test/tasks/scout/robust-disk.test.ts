import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRootFile } from "../../../src/data/read-root.ts";
import { type ScoutMetrics, type ScoutSettings, scout } from "../../../src/tasks/scout/index.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { gmtFrame, orbitsOf, writeRaw } from "./samples.ts";

const { at } = temporaryFolder();
const disk = at("disk");
const isMounted = mount("size=1m");
if (!isMounted) console.warn("skipped: a small disk cannot be mounted here; that takes root");

/** A disk in memory of its own. */
function mount(options: string): boolean {
  mkdirSync(disk, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
afterAll(() => {
  if (isMounted) execFileSync("umount", [disk]);
});

const orbits = 240;
const base = orbitsOf(8);
const frames = Array.from({ length: orbits }, (_, k) => gmtFrame(base[k % 8], 100 + k));
const settingsOf = (output: "root" | "parquet"): ScoutSettings => ({
  ...{ files: [writeRaw(at("stream.raw"), frames)], workers: 1, blockOrbits: 12, output },
  stages: [
    { kind: "histogram", name: "pt", of: "muon.pt", bins: 400, low: 0, high: 100 },
    { kind: "select", name: "two", cuts: [{ of: "muons", min: 2 }] },
  ],
});

/** All that was counted, but for times. */
const countsOf = ({ tallies: { counts, bins } }: ScoutMetrics) => ({
  bins,
  counts: Object.fromEntries(
    Object.entries(counts).filter(([name]) => !/^(seconds|items)\./.test(name)),
  ),
});

async function keptIn(run: string): Promise<string[]> {
  const rows: string[] = [];
  for (const name of readdirSync(`${run}/events`).sort()) {
    const file = await openRootFile(`${run}/events/${name}`);
    const [orbit, bx] = await (await file.tree("Events")).read(["orbitNumber", "bunchCrossing"]);
    await file.close();
    const [numbers, crossings] = [orbit, bx].map(({ values }) => values as Uint32Array);
    for (const [r, n] of numbers.entries()) rows.push(`${n}:${crossings[r]}`);
  }
  return rows;
}

describe.skipIf(!isMounted)("a disk that is full", () => {
  let whole: ScoutMetrics;
  beforeAll(async () => {
    whole = await scout({ settings: settingsOf("root"), out: at("whole") });
  });

  test.each(["root", "parquet"] as const)(
    "names the file and what to do; with room again, %s loses and doubles nothing",
    async (output) => {
      const settings = settingsOf(output);
      for (const name of readdirSync(disk)) rmSync(`${disk}/${name}`, { recursive: true });
      execFileSync("mount", ["-o", "remount,size=1m", disk]);
      const run = `${disk}/${output}`;
      const error = await scout({ settings, out: run }).then(
        () => null,
        (e: Error) => e,
      );
      expect(error?.message).toMatch(/disk\/(root|parquet)\/.*no space left on the disk/i);
      expect(error?.message).toMatch(/free some and go on with --resume/);
      expect(existsSync(`${run}/metrics.json`)).toBe(false);
      const done = readdirSync(`${run}/blocks`).filter((name) => name.endsWith(".json")).length;
      expect(done).toBeGreaterThan(0);
      expect(done).toBeLessThan(orbits / 12);
      for (const name of readdirSync(`${run}/blocks`)) {
        if (!name.startsWith(".")) JSON.parse(readFileSync(`${run}/blocks/${name}`, "utf8"));
      }

      execFileSync("mount", ["-o", "remount,size=64m", disk]);
      const resumed = await scout({ settings, out: run, resume: true });
      expect(countsOf(resumed)).toEqual(countsOf(whole));
      expect(resumed).toMatchObject({ orbits, dropped: {}, missing: {} });
      const blocks = (path: string) => readdirSync(path).map((name) => name.split(".")[0]);
      expect(blocks(`${run}/events`)).toEqual(blocks(at("whole/events")));
      if (output === "root") expect(await keptIn(run)).toEqual(await keptIn(at("whole")));
    },
    120_000,
  );
});
