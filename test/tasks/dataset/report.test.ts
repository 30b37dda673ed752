import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { binContents } from "../../../src/stats/index.ts";
import { defaultSettings, makeDataset } from "../../../src/tasks/dataset/index.ts";
import {
  addStatistics,
  mergeStatistics,
  noStatistics,
} from "../../../src/tasks/dataset/statistics.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { sample, writeNano } from "./nano.ts";

const { at } = temporaryFolder();
await writeNano(at("a.root"), sample, { run: 1 });
await writeNano(at("b.root"), sample, { run: 2 });
const inputs = [at("a.root"), at("b.root")];
const cells = (html: string) => [...html.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map((m) => m[1]);

describe("the page of a matching", () => {
  test("shows the counts and Table 5 of all files and every figure of the report", async () => {
    const report = at("jets.html");
    const settings = defaultSettings("jets");
    const summary = await makeDataset({ inputs, out: at("jets.parquet"), settings, report });
    const html = readFileSync(report, "utf8");
    expect(summary.table5?.all).toMatchObject({ matched: 4, unmatched: 2 });
    // per file: two of three jets at one L1 jet, 50 of 80 GeV
    expect(cells(html)).toEqual(expect.arrayContaining(["4", "2", "0.6667", "0.625"]));
    for (const title of ["Offline φ", "Offline η", "Offline p", "Residual of", "Offline jets per"])
      expect(html).toContain(title);
    expect(html).not.toMatch(/>[^<]*\b(?:NaN|undefined|\[object Object\])\b[^<]*</);
  });

  test("is the same after an interruption and --resume", async () => {
    const settings = defaultSettings("muons");
    const whole = at("whole.html");
    await makeDataset({ inputs, out: at("whole.parquet"), settings, report: whole });
    const request = { inputs, out: at("cut.parquet"), settings, report: at("cut.html") };
    const stopping = new AbortController();
    const onProgress = (done: number) => done === 1 && stopping.abort();
    await expect(makeDataset(request, { signal: stopping.signal, onProgress })).rejects.toThrow(
      "cancelled",
    );
    expect(existsSync(at("cut.html"))).toBe(false);
    await makeDataset({ ...request, resume: true });
    expect(readFileSync(at("cut.html"), "utf8")).toBe(readFileSync(whole, "utf8"));
  });

  test("must be named .html", async () => {
    const request = { inputs, out: at("x.parquet"), settings: defaultSettings("muons") };
    await expect(makeDataset({ ...request, report: at("x.pdf") })).rejects.toThrow(
      "x.pdf: unknown ending; name the report .html",
    );
  });
});

test("distributions of two sets of pairs add up to those of all", () => {
  const fill = (deltaR: number[], ratios: number[]) =>
    addStatistics(noStatistics("muons", 0.4), { deltaR, ratios });
  const both = mergeStatistics(fill([0.05, 0.3], [1, 1.2]), fill([0.05], [0.9]));
  const all = fill([0.05, 0.3, 0.05], [1, 1.2, 0.9]);
  expect(binContents(both.deltaR)).toEqual(binContents(all.deltaR));
  expect(binContents(both.ratio)).toEqual(binContents(all.ratio));
  expect(binContents(both.deltaR).reduce((a, b) => a + b)).toBe(3);
});
