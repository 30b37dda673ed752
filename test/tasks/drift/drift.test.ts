import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { makeColumn, makeTable, writeTable } from "../../../src/data/index.ts";
import { createNodeRuntime } from "../../../src/runtime/index.ts";
import { type DriftSettings, detectDrift, driftDefaults } from "../../../src/tasks/drift/index.ts";
import { temporaryFolder } from "../../data/folder.ts";

const folder = temporaryFolder();
const { at } = folder;
const runtime = createNodeRuntime({ threads: 1 });
const quick: DriftSettings = { ...driftDefaults, toys: 39, alarm: 0.05, centers: 20, lambda: 1e-4 };

interface Kind {
  readonly shift?: number;
  readonly missing?: number;
}

/** Table of a falling pt, a flat phi, an integer quality and an event number. */
async function sample(name: string, rows: number, { shift = 1, missing = 0 }: Kind = {}) {
  const rng = createRng(name);
  const make = (value: (i: number) => number) =>
    Float32Array.from({ length: rows }, (_, i) => value(i));
  const columns = [
    makeColumn(
      "event",
      Int32Array.from({ length: rows }, (_, i) => i + name.length * 1e6),
    ),
    makeColumn(
      "pt",
      make((i) => (i < missing ? Number.NaN : shift * (3 + 10 * rng.exponential()))),
      "GeV",
    ),
    makeColumn(
      "phi",
      make(() => (2 * rng.uniform() - 1) * Math.PI),
      "rad",
    ),
    makeColumn(
      "quality",
      Int32Array.from({ length: rows }, () => rng.integer(4)),
    ),
    makeColumn("crossing", new Int32Array(rows)),
  ];
  const file = at(`${name}.parquet`);
  await writeTable(file, makeTable(columns));
  return file;
}

const reference = await sample("reference", 1500);
const same = await sample("same", 1200, { missing: 7 });
const shifted = await sample("shifted", 1200, { shift: 1.2 });
const detect = (file: string, settings: Partial<DriftSettings> = {}, more: object = {}) =>
  detectDrift(
    { reference, sample: file, settings: { ...quick, ...settings }, ...more },
    { runtime },
  );

describe("two tables", () => {
  test("of the same origin show no drift, and what was compared is told", async () => {
    const found = await detect(same);
    expect(found).toMatchObject({ isDrift: false, smallestP: 1 / 40 });
    expect(found.text).toMatch(/^no drift seen: p = [\d.]+ \(alarm at 0.05; .* give is 0.025\)$/);
    expect(found.columns).toEqual(["pt", "phi", "quality"]);
    expect(found.leftOut).toEqual([
      { name: "event", reason: "counts events" },
      { name: "crossing", reason: "constant" },
    ]);
    expect(found.rows.sample).toEqual({ used: 1193, available: 1200, incomplete: 7 });
    expect(found.toys).toHaveLength(39);
    expect(Math.min(...found.perColumn.map(({ p }) => p))).toBeGreaterThan(0.01);
  });

  test("differ where pt is scaled by 1.2, and the column that does is named", async () => {
    const found = await detect(shifted);
    expect(found).toMatchObject({ isDrift: true, p: 1 / 40 });
    expect(found.text).toMatch(/^drift: p <= 0.025 /);
    const worst = found.perColumn.reduce((a, b) => (a.p < b.p ? a : b));
    expect(worst.column).toBe("pt");
  });

  test("differ only in the columns asked for, in the rows asked for", async () => {
    const found = await detect(shifted, { columns: ["phi", "quality"], rows: 500 });
    expect(found.isDrift).toBe(false);
    expect(found.columns).toEqual(["phi", "quality"]);
    expect(found.rows.sample.used).toBe(500);
    const selected = await detect(shifted, { where: "quality = 1", columns: ["pt"] });
    expect(selected.rows.sample.available).toBeLessThan(400);
    expect(selected.rows.reference.available).toBeLessThan(450);
  });
});

describe("a run folder", () => {
  test("holds config, metrics, page and the learned ratio, which weights the reference", async () => {
    const found = await detect(shifted, {}, { out: at("run"), report: at("page.html") });
    const metrics = JSON.parse(await readFile(at("run/metrics.json"), "utf8"));
    expect(metrics.t).toBe(found.t);
    const page = await readFile(at("page.html"), "utf8");
    expect(page).toBe(await readFile(at("run/report.html"), "utf8"));
    for (const text of ["t of toys and observed", "pt [GeV]", "Each column alone"])
      expect(page).toContain(text);
    const session = await runtime.load(new Uint8Array(await readFile(at("run/model.onnx"))));
    const ratio = async (pt: number) => {
      const x = { dtype: "float32", shape: [1, 3], data: Float32Array.of(pt, 0, 1) } as const;
      return (await session.run({ x })).log_ratio.data[0] as number;
    };
    // densities e^(-(pt - 3) / 10) / 10 above 3 and e^(-(pt - 3.6) / 12) / 12 above 3.6
    const truth = (pt: number) => Math.log(10 / 12) + (pt - 3) / 10 - (pt - 3.6) / 12;
    for (const pt of [10, 30]) expect(Math.abs((await ratio(pt)) - truth(pt))).toBeLessThan(0.3);
    await session.dispose();
    expect(existsSync(at("run/config.json"))).toBe(true);
  });

  test("is not written over", async () => {
    await expect(detect(same, {}, { out: at("run") })).rejects.toThrow(
      /run is not an empty folder; choose another/,
    );
  });
});

test.each([
  [{ columns: ["pt", "etta"] }, /etta/],
  [{ toys: 10 }, /10 toys give no p-value below 0.091, .*alarm at 0.05; take at least 19/],
  [{ alarm: 1 }, /alarm: must be between 0 and 1, got 1/],
  [{ width: 0 }, /width must be > 0, got 0/],
  [{ lambda: 0 }, /expected numbers > 0, got 0/],
  [{ columns: ["crossing"] }, /one and the same value in both tables: crossing/],
  [{ where: "pt > 1e9" }, /no row/],
])("settings that cannot work are refused: %j", async (settings, message) => {
  await expect(detect(same, settings)).rejects.toThrow(message);
});

test("a signal stops it, and nothing is written", async () => {
  await expect(
    detectDrift(
      { reference, sample: same, settings: quick, out: at("stopped") },
      { runtime, signal: AbortSignal.abort() },
    ),
  ).rejects.toMatchObject({ name: "CancelledError" });
  expect(existsSync(at("stopped"))).toBe(false);
});
