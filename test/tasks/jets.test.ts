import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { calibrateJets, parseCalibrationLut, parseCompressionLut } from "../../src/cms/index.ts";
import { createJetCorrector, parseJetCorrections } from "../../src/cms/jet-calibration/jec.ts";
import { numericColumn, readTable, type Table } from "../../src/data/index.ts";
import { createPredictor } from "../../src/nn/index.ts";
import { parseRecalibration, type RecalibrationMetrics } from "../../src/tasks/index.ts";
import { prepareObjects } from "../../src/tasks/recalibration/prepare.ts";
import { findSource } from "../../src/tasks/recalibration/sources.ts";
import { temporaryFolder } from "../data/folder.ts";
import { recalibrate, runtime, writeSimulatedJets } from "./samples.ts";

const folder = temporaryFolder();
const run = folder.at("run");
const text = (name: string) => readFileSync(`${run}/${name}`, "utf8");
const shared = (name: string) => `../shared/data/l1-jet/${name}`;

/** Four events' worth of names. */
const columns = ["hwPt", "hwEta", "hwPhi", "sumPtReco", "nVertices", "nTowers"];

describe("the pile-up proxy of a jet file", () => {
  const inputsOf = (names: readonly string[], pileup?: "none" | "nVertices" | "nTowers") =>
    findSource("jets", "a.csv", names, pileup).inputs.map((c) => c.name);

  test("is the number of towers where the file has it; no trigger knows the vertices", () => {
    expect(inputsOf(columns)).toEqual(["hwPt", "hwEta", "hwPhi", "nTowers"]);
    expect(inputsOf(columns.slice(0, 5))).toEqual(["hwPt", "hwEta", "hwPhi"]);
  });

  test("can be chosen", () => {
    expect(inputsOf(columns, "nVertices").at(-1)).toBe("nVertices");
    expect(inputsOf(columns, "none")).toEqual(["hwPt", "hwEta", "hwPhi"]);
    expect(() => inputsOf(columns.slice(0, 5), "nTowers")).toThrow(
      'a.csv: missing "nTowers" of matched Level-1 jets with nTowers; there are hwPt, hwEta, hwPhi, sumPtReco, nVertices; use a model without it, trained with --pileup none',
    );
  });

  test("muons given as jets, and jets as muons, are told apart", () => {
    const muons = ["hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1", "ptReco"];
    expect(() => inputsOf(muons)).toThrow("use 'forty recalibrate muons' instead of jets");
    expect(() => findSource("muons", "a.csv", columns)).toThrow(
      "use 'forty recalibrate jets' instead of muons",
    );
  });
});

describe("calibrations of simulated jets", () => {
  let metrics: RecalibrationMetrics;
  let table: Table;
  let file: string;
  let test_: Uint32Array;
  beforeAll(async () => {
    file = await writeSimulatedJets(folder.at("jets.parquet"));
    metrics = await recalibrate(file, run, { epochs: 20, model: "16x2" }, { object: "jets" });
    const data = await prepareObjects("jets", [file], parseRecalibration("jets", {}));
    table = data.table;
    test_ = data.parts.test;
  });

  /** rms of prediction / target - 1 over the test rows. */
  function rmsOf(prediction: (row: number) => number): number {
    const target = numericColumn(table, "sumPtReco");
    const sum = test_.reduce((s, row) => s + (prediction(row) / target[row] - 1) ** 2, 0);
    return Math.sqrt(sum / test_.length);
  }
  const column = (name: string) => numericColumn(table, name);

  test("the network beats L1 by far and is near the floor, as the binned response", () => {
    const { before, after, floor, baselines, sensitivity } = metrics;
    expect(before.pt!.value).toBeGreaterThan(0.85); // 600 rows with a long tail
    expect(after.pt!.value).toBeLessThan(0.6);
    expect(after.pt!.value / floor!.pt!.value).toBeGreaterThan(0.9);
    expect(sensitivity).toMatchObject([{ quantity: "pt", finding: "better" }]);
    expect(baselines.map((b) => b.name)).toEqual(["Binned response", "Exported table"]);
    for (const { errors } of baselines) expect(errors.pt!.value).toBeLessThan(0.65);
  });

  test("the corrections written are those that were judged", () => {
    const corrector = createJetCorrector(parseJetCorrections(text("corrections.txt")));
    const [pt, eta, pileup] = [column("hwPt"), column("hwEta"), column("nTowers")];
    const rms = rmsOf((i) => {
      const factor = corrector(0.5 * pt[i], 0.0435 * eta[i], pileup[i]);
      return 0.5 * pt[i] * (factor > 0 ? factor : 1);
    });
    expect(rms).toBeCloseTo(metrics.baselines[0].errors.pt!.value, 6);
  });

  test("the table written is the one judged, and follows the network", async () => {
    const compression = {
      pt: parseCompressionLut(text("pt_compress_lut.txt"), "pt"),
      eta: parseCompressionLut(text("eta_compress_lut.txt"), "eta"),
    };
    const lut = parseCalibrationLut(text("calibration_lut.txt"), "lut", compression);
    const [hwPt, hwEta] = ["hwPt", "hwEta"].map((name) => Int32Array.from(column(name)));
    const calibrated = calibrateJets({ hwPt, hwEta }, lut);
    expect(rmsOf((i) => 0.5 * calibrated[i])).toBeCloseTo(metrics.baselines[1].errors.pt!.value, 9);
    // at pt 20 GeV, tower 1, towers at the median: the network's own mean within half a step
    const predictor = await createPredictor(runtime, readFileSync(`${run}/model.onnx`));
    const median = [...test_].map((i) => column("nTowers")[i]).sort((a, b) => a - b);
    const towers = (median[(median.length - 1) >> 1] + median[median.length >> 1]) / 2;
    const grid = [1, -1].flatMap((eta) => [0, 36, 72, 108].map((phi) => [40, eta, phi, towers]));
    const data = Float32Array.from(grid.flat());
    const { ptCalib } = await predictor.predict({
      jets: { dtype: "float32", shape: [8, 4], data },
    });
    await predictor.dispose();
    const mean = (ptCalib.data as Float32Array).reduce((s, x) => s + x, 0) / 8;
    const [entry] = calibrateJets({ hwPt: Int32Array.of(40), hwEta: Int32Array.of(1) }, lut);
    expect(Math.abs(0.5 * entry - mean)).toBeLessThanOrEqual(0.26);
  });

  test.skipIf(!readable(shared("scouting_jec_ak4calotower_run3winter25_v2.txt")))(
    "official calibrations are judged beside",
    async () => {
      const corrections = shared("scouting_jec_ak4calotower_run3winter25_v2.txt");
      const lut = ["calib_lut_2024_decimal", "pt_compress_lut_2024", "eta_compress_lut_2024"].map(
        (name) => shared(`l1jet_${name}.txt`),
      );
      const config = { corrections, lut };
      const out = folder.at("official");
      const { baselines } = await recalibrate(file, out, config, { object: "jets" });
      expect(baselines.map((b) => b.name)).toEqual([
        "Binned response",
        "scouting_jec_ak4calotower_run3winter25_v2.txt",
        "l1jet_calib_lut_2024_decimal.txt",
        "Exported table",
        "Exported table, bins of l1jet_calib_lut_2024_decimal.txt",
      ]);
      const given = readFileSync(`${out}/given_bins_pt_compress_lut.txt`, "utf8");
      const bins = (body: string, name: string) => [...parseCompressionLut(body, name).bins];
      expect(bins(given, "given")).toEqual(bins(readFileSync(lut[1], "utf8"), lut[1]));
    },
  );

  test("a calibration that cannot be read is named before anything is trained", async () => {
    const out = folder.at("none");
    const config = { corrections: folder.at("absent.txt") };
    await expect(recalibrate(file, out, config, { object: "jets" })).rejects.toThrow(
      "absent.txt: cannot be read",
    );
  });
});

test("a dataset of real jets has the columns of the simulation", async () => {
  const { columns: simulated } = await readTable(
    await writeSimulatedJets(folder.at("sim.parquet")),
  );
  expect(simulated.map((c) => c.name)).toEqual(
    expect.arrayContaining(["hwPt", "hwEta", "hwPhi", "sumPtReco", "multiplicity", "nVertices"]),
  );
});

function readable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
