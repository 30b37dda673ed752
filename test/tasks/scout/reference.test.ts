import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { type ScoutMetrics, type ScoutSettings, scout } from "../../../src/tasks/scout/index.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { gmtFrame, orbitsOf, writeRaw } from "./samples.ts";

const { at } = temporaryFolder();
const stages: NonNullable<ScoutSettings["stages"]> = [
  { kind: "histogram", name: "pt", of: "muon.pt", bins: 40, low: 0, high: 40 },
  { kind: "histogram", name: "eta", of: "muon.eta", bins: 48, low: -2.4, high: 2.4 },
  { kind: "histogram", name: "phi", of: "muon.phi", bins: 36, low: -3.15, high: 3.15 },
  {
    ...{ kind: "turnOn", name: "hard", of: "muon.pt", threshold: 8, against: "muon.eta" },
    ...{ bins: 24, low: -2.4, high: 2.4 },
  },
  { kind: "drift", name: "shape", of: ["muon.pt", "muon.eta", "muon.phi"], features: 32 },
];

/**
 * Simulated orbits; one muon of eight gets an azimuth like its eta with `isTwisted`, muons of a bin
 * of eta more pt with `isHarder`.
 */
function raw(
  name: string,
  seed: number,
  { n = 24, isTwisted = false, isHarder = false } = {},
): string {
  const orbits = orbitsOf(n, { seed });
  const rng = createRng(seed);
  if (isHarder)
    for (const { gmt } of orbits) {
      const { hwEtaAtVtx, hwPt } = gmt.objects.muons.columns;
      for (let i = 0; i < gmt.objects.muons.offsets[3564]; i++)
        if (hwEtaAtVtx[i] > 92 && hwEtaAtVtx[i] < 110) hwPt[i] += 8;
    }
  if (isTwisted)
    for (const { gmt } of orbits) {
      const { hwEtaAtVtx, hwPhiAtVtx } = gmt.objects.muons.columns;
      for (let i = 0; i < gmt.objects.muons.offsets[3564]; i++)
        if (rng.uniform() < 0.125) hwPhiAtVtx[i] = (((hwEtaAtVtx[i] + 225) * 575) / 450) & 511;
    }
  const frames = orbits.map((orbit, k) => gmtFrame(orbit, k + 1));
  return writeRaw(at(name), frames);
}

const run = (files: string[], out: string, more: Partial<ScoutSettings> = {}) =>
  scout({ settings: { files, stages, blockOrbits: 8, ...more }, out: at(out) });

let reference = "";
beforeAll(async () => {
  await run([raw("reference.raw", 1, { n: 60 })], "reference");
  reference = at("reference");
});

const departing = ({ alarms }: ScoutMetrics) => alarms.map(({ name }) => name);

test("a run like its reference raises no alarm, and lists every comparison", async () => {
  const metrics = await run([raw("same.raw", 2)], "same", { reference, alarm: 0.01 });
  expect(metrics.alarms).toEqual([]);
  expect(metrics.comparison.map(({ name }) => name).sort()).toEqual([
    ...["drift.shape", "histogram.eta", "histogram.phi", "histogram.pt", "occupancy.muons"],
    "turnOn.hard",
  ]);
  for (const { p, significance } of metrics.comparison) {
    expect(p).toBeGreaterThan(0.01);
    expect(significance).toBeGreaterThanOrEqual(0);
  }
  expect(readFileSync(at("same/report.html"), "utf8")).toContain("6 distributions, none of them");
});

test("muons twisted in eta and phi are found by the kernel test, and the page says so", async () => {
  const file = raw("twisted.raw", 3, { isTwisted: true });
  const metrics = await run([file], "twisted", { reference, alarm: 0.01 });
  expect(departing(metrics)).toContain("drift.shape");
  expect(departing(metrics)).not.toContain("histogram.eta");
  expect(departing(metrics)).not.toContain("histogram.pt");
  const page = readFileSync(at("twisted/report.html"), "utf8");
  expect(page).toMatch(/depart.? from the reference/);
  expect(page).toContain("drift.shape");
});

test("a share above a threshold that is larger in one bin is found, where eta itself is as it was", async () => {
  const file = raw("harder.raw", 5, { isHarder: true });
  const metrics = await run([file], "harder", { reference, alarm: 0.01 });
  const alarm = metrics.alarms.find(({ name }) => name === "turnOn.hard");
  expect(alarm).toMatchObject({ kind: "efficiency" });
  expect(alarm?.significance).toBeGreaterThan(5);
  expect(departing(metrics)).not.toContain("histogram.eta");
  expect(readFileSync(at("harder/report.html"), "utf8")).toContain("likelihood ratio");
});

test("a reference that counted something else under the same name is refused", async () => {
  const [pt, ...rest] = stages;
  const other = [{ ...pt, high: 80 }, ...rest] as typeof stages;
  await expect(run([raw("b.raw", 4, { n: 1 })], "b", { reference, stages: other })).rejects.toThrow(
    /scout\.reference: the histogram "pt" of .* has other settings/,
  );
  const drift = [{ ...stages[stages.length - 1], every: 2 }] as typeof stages;
  const metrics = await run([raw("c.raw", 4, { n: 20 })], "c", { reference, stages: drift });
  expect(metrics.comparison.map(({ kind }) => kind).sort()).toEqual(["chi2", "kernel"]);
});
