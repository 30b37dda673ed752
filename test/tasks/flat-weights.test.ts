import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { float32 } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { simulateMuons } from "../../src/cms/index.ts";
import { muonColumns } from "../../src/cms/muons.ts";
import { makeTable, writeTable } from "../../src/data/index.ts";
import { createPredictor } from "../../src/nn/index.ts";
import { flatWeights } from "../../src/tasks/recalibration/flat-weights.ts";
import { temporaryFolder } from "../data/folder.ts";
import { recalibrate, runtime } from "./samples.ts";

test("weights follow the power of a falling spectrum, and their mean is 1", () => {
  const rng = createRng(5);
  const index = 2.6; // density of log pt falls as pt^-index
  const pt = Float64Array.from({ length: 200_000 }, () => 3 * (1 - rng.uniform()) ** (-1 / index));
  const rows = Uint32Array.from(pt.keys()).filter((i) => i % 4 > 0);
  const weights = flatWeights(pt, rows);
  const mean = rows.reduce((sum, i) => sum + weights[i], 0) / rows.length;
  expect(mean).toBeCloseTo(1, 5);
  const near = (x: number) => pt.findIndex((p) => Math.abs(p / x - 1) < 0.01);
  // a step of log pt is 0.1, so a weight is right to 0.05 * index = 14 %, and 2 % for the count
  for (const x of [5, 10, 20])
    expect(Math.abs(weights[near(2 * x)] / weights[near(x)] / 2 ** index - 1)).toBeLessThan(0.3);
});

test("a few rows far up weigh no more than as if they were one in 10,000", () => {
  const pt = new Float64Array(50_000).fill(10);
  pt[0] = 200;
  const rows = Uint32Array.from(pt.keys());
  const weights = flatWeights(pt, rows);
  expect(weights[0] / weights[1]).toBeCloseTo((pt.length - 1) / 5, 0);
});

const folder = temporaryFolder();

test("a network keeps the scale of rare pt, where one on the spectrum leans low", async () => {
  const tableOf = (rows: number, seed: number) => simulateMuons({ rows, seed });
  const file = folder.at("muons.parquet");
  await writeTable(file, makeTable(muonColumns(tableOf(60_000, 3))));
  const muons = tableOf(60_000, 4);
  const input = new Float32Array(4 * muons.ptReco.length);
  for (let i = 0; i < muons.ptReco.length; i++)
    input.set([muons.hwPtL1[i], muons.hwPhiL1[i], muons.hwEtaL1[i], muons.hwSignL1[i]], 4 * i);
  const medians: number[] = [];
  for (const spectrum of ["sample", "flat"] as const) {
    const out = folder.at(spectrum);
    const settings = { model: "16x2", epochs: 8, ptMin: 2, ptMax: 250, batch: 512 };
    await recalibrate(file, out, { ...settings, minimize: "width", spectrum });
    const predictor = await createPredictor(runtime, readFileSync(`${out}/model.onnx`));
    const { ptCalib } = await predictor.predict({ muons: float32(input, [input.length / 4, 4]) });
    await predictor.dispose();
    const ratios = Array.from(muons.ptReco, (pt, i) => Number(ptCalib.data[i]) / pt).filter(
      (_, i) => muons.ptReco[i] > 12 && muons.ptReco[i] < 40,
    );
    medians.push(ratios.sort((a, b) => a - b)[ratios.length >> 1]);
  }
  // some 1,700 muons of 20 %: the median is known to 0.006
  expect(medians[0]).toBeLessThan(0.93);
  expect(Math.abs(medians[1] - 1)).toBeLessThan(0.04);
});
