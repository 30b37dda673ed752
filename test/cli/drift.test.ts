import { existsSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { column, readTable, withColumns, writeTable } from "../../src/data/index.ts";
import type { DriftSummary } from "../../src/tasks/drift/index.ts";
import { temporaryFolder } from "../data/folder.ts";
import { forty } from "./fake-terminal.ts";

const folder = temporaryFolder();
const { at } = folder;
const quick = ["--toys", "99", "--rows", "1500", "--centers", "25"];

beforeAll(async () => {
  for (const [name, seed] of [
    ["a", "1"],
    ["b", "2"],
  ])
    await forty(["simulate", "muons", "-n", "3000", "--seed", seed, "-o", at(`${name}.parquet`)]);
  const table = await readTable(at("b.parquet"));
  const pt = column(table, "ptReco");
  const values = Float32Array.from(pt.values as Float32Array, (v) => 1.1 * v);
  await writeTable(at("shifted.csv"), withColumns(table, [{ ...pt, values }]));
});

test("two simulations of muons show no drift", async () => {
  const { code, out, err } = await forty(["drift", at("a.parquet"), at("b.parquet"), ...quick]);
  expect(code, err).toBe(0);
  expect(out).toMatch(/^no drift seen: p = [\d.]+ \(alarm at 0.01; .* give is 0.01\)$/m);
  expect(out).toMatch(/^ptReco +[\d.]+ +[\d.]+$/m);
  expect(out).toContain("1,500 rows against 1,500 of the reference; 25 centers");
});

test("muons with a scaled pt drift: one JSON object, a page, exit code 0", async () => {
  const report = at("page.html");
  const argv = [
    "drift",
    at("a.parquet"),
    at("shifted.csv"),
    ...quick,
    "--report",
    report,
    "--json",
  ];
  const { code, out, err } = await forty(argv);
  expect(code, err).toBe(0);
  const result = JSON.parse(out) as DriftSummary;
  expect(result).toMatchObject({ isDrift: true, p: 0.01, smallestP: 0.01 });
  expect(result.toys).toHaveLength(99);
  expect(result.columns).toHaveLength(7);
  expect(result.perColumn.map(({ column }) => column)).toContain("ptReco");
  expect(err).toMatch(/^drift: p <= 0.01 /m);
  expect(existsSync(report)).toBe(true);
});

test.each([
  [["--toys", "20"], /take at least 99/],
  [["--width", "wide"], /--width: expected a number >= 0, got "wide"/],
  [["--columns", "ptRecon"], /ptReco/],
  [["--report", "page.pdf"], /name the report .html/],
])("wrong usage is refused: %j", async (words, message) => {
  const { code, err } = await forty(["drift", at("a.parquet"), at("b.parquet"), ...words]);
  expect(code).toBeGreaterThan(0);
  expect(err).toMatch(message);
});

test("a stop leaves nothing behind", async () => {
  const { code } = await forty(
    ["drift", at("a.parquet"), at("b.parquet"), "--report", at("stopped.html")],
    { signal: AbortSignal.abort() },
  );
  expect(code).toBe(130);
  expect(existsSync(at("stopped.html"))).toBe(false);
});
