import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { simulateMuons } from "../../src/cms/index.ts";
import { muonColumns } from "../../src/cms/muons.ts";
import { makeTable, writeTable } from "../../src/data/index.ts";
import type { RecalibrationMetrics } from "../../src/tasks/index.ts";
import { twoSigma } from "../../src/tasks/recalibration/verdict.ts";
import { temporaryFolder } from "../data/folder.ts";
import { filesIn, recalibrate, writeSimulated, writeSimulatedJets } from "./samples.ts";

const folder = temporaryFolder();
const real = "../shared/data/l1-nano/run3_2024_l1nano_100ev.root";
const model = () => readFileSync(folder.at("trained/model.onnx"));

beforeAll(async () => {
  const file = await writeSimulated(folder.at("muons.parquet"));
  await recalibrate(file, folder.at("trained"), { epochs: 30, model: "16x2" });
});

describe("a model that was trained elsewhere", () => {
  let metrics: RecalibrationMetrics;
  beforeAll(async () => {
    const muons = makeTable(muonColumns(simulateMuons({ rows: 20_000, seed: 77 })));
    await writeTable(folder.at("others.csv"), muons);
    const apply = { name: "trained", model: model() };
    metrics = await recalibrate(folder.at("others.csv"), folder.at("applied"), {}, { apply });
  });

  test("is judged on all rows of its window, and nothing is trained", () => {
    const { rows } = metrics;
    expect([rows.train, rows.validation]).toEqual([0, 0]);
    expect(rows.test).toBe(rows.read - rows.duplicates - rows.unmatched - rows.outsidePt);
    expect(metrics.epochs).toBeNull();
    expect(filesIn(folder.at("applied"))).toEqual(["config.json", "metrics.json", "report.html"]);
    expect(JSON.parse(readFileSync(folder.at("applied/config.json"), "utf8"))).toMatchObject({
      apply: "trained",
      model: "16x2",
      ptMin: 5.5,
      ptMax: 45,
    });
  });

  test("does as well as on its own test part, as one model on one population does", () => {
    const own = JSON.parse(readFileSync(folder.at("trained/metrics.json"), "utf8"));
    const { value, uncertainty } = metrics.after.phi!;
    // 4 standard deviations: fails by chance once in 16,000 seeds
    expect(Math.abs(value - own.after.phi.value)).toBeLessThan(
      4 * Math.hypot(uncertainty, own.after.phi.uncertainty),
    );
    expect(metrics.sensitivity[0]).toMatchObject({ quantity: "phi", finding: "better" });
  });

  test("needs the object and the columns it was made for", async () => {
    const jets = await writeSimulatedJets(folder.at("jets.parquet"));
    const apply = { name: "trained", model: model() };
    await expect(recalibrate(jets, folder.at("x"), {}, { object: "jets", apply })).rejects.toThrow(
      "trained: recalibrates muons; use 'forty recalibrate muons'",
    );
    await expect(recalibrate(jets, folder.at("x"), {}, { apply })).rejects.toThrow(
      "jets.parquet: holds matched Level-1 jets with nTowers; use 'forty recalibrate jets' instead of muons",
    );
    expect(existsSync(folder.at("x"))).toBe(false);
  });
});

test.skipIf(!existsSync(real))("on real muons it says what few rows can tell", async () => {
  const apply = { name: "trained", model: model() };
  const metrics = await recalibrate(real, folder.at("real"), {}, { apply });
  expect(metrics.rows.read).toBe(128);
  for (const { overLevel1, smallestChange, finding } of metrics.sensitivity) {
    const seen = Math.abs(overLevel1.value - 1) > smallestChange;
    expect(finding === "undecided").toBe(!seen);
    expect(smallestChange).toBeGreaterThan(0.03); // some 80 muons
  }
  const html = readFileSync(folder.at("real/report.html"), "utf8");
  expect(html).toContain("What these rows can tell");
  const trained = await recalibrate(real, folder.at("few"), { epochs: 2 });
  expect(trained.rows.train).toBeLessThan(trained.parameters);
  expect(readFileSync(folder.at("few/report.html"), "utf8")).toContain("--apply");
});

test("two standard deviations of few objects are Student's", () => {
  // quantiles of Student's t at 97.725 % (two-sided 95.45 %), tables of the distribution
  for (const [n, t] of [
    [9, 2.366],
    [21, 2.133],
    [101, 2.026],
  ])
    expect(Math.abs(twoSigma(n) - t)).toBeLessThan(0.006);
  expect(twoSigma(1e9)).toBeCloseTo(2, 6);
});
