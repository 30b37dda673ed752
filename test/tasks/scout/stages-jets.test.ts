import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  correctJets,
  createJetCorrector,
  parseJetCorrections,
} from "../../../src/cms/jet-calibration/jec.ts";
import {
  calibrateJets,
  parseCalibrationLut,
  parseCompressionLut,
} from "../../../src/cms/jet-calibration/lut.ts";
import { caloScalars } from "../../../src/cms/scouting/trigger-objects.ts";
import { toyModel } from "../toy-model.ts";
import { processed, textAsset, withTowers } from "./processed.ts";
import { orbitsOf } from "./samples.ts";

const orbits = withTowers(orbitsOf(3, { calo: true }));
const jets = orbits.flatMap(({ calo }) => {
  const { offsets, columns: c } = calo.objects.jets;
  const towers = caloScalars(calo).towerCount;
  return Array.from({ length: 3564 }, (_, e) => e).flatMap((e) =>
    Array.from({ length: offsets[e + 1] - offsets[e] }, (_, j) => {
      const i = offsets[e] + j;
      return {
        hwPt: c.hwPt[i],
        hwEta: c.hwEta[i],
        jets: offsets[e + 1] - offsets[e],
        towers: towers[e],
      };
    }),
  );
});

const text = `# eta windows with an end each
3 100 -2.5 0 0 -1 [0]+[1]*x 2 1.25 1.1
5 200 0 2.5 0 -1 [0]*x+[1]*log(x) 2 0.9 2
`;
const byPileup = `3 100 -5 5 0 3 [0]*x 1 1.5
3 100 -5 5 3 -1 [0]*x 1 0.75
`;

const corrected = (rows: string, pileup: (jet: (typeof jets)[number]) => number) =>
  correctJets(
    {
      pt: jets.map((j) => j.hwPt / 2),
      eta: jets.map((j) => j.hwEta * 0.0435),
      pileup: jets.map(pileup),
    },
    createJetCorrector(parseJetCorrections(rows)),
  ).map((pt, i) => (pt > 0 ? pt : jets[i].hwPt / 2));

const recalibrated = (settings: object, assets: Readonly<Record<string, Uint8Array>>) =>
  processed(orbits, [{ kind: "recalibrate", object: "jets", ...settings }], { assets, calo: true });

describe("corrections in text", () => {
  const assets = { a: textAsset(text), b: textAsset(byPileup) };

  test("are those of the calibration itself; jets without stay", async () => {
    const { column, tallies } = await recalibrated({ corrections: "a" }, assets);
    const expected = corrected(text, () => 0);
    expect(column("L1Jet_ptCalib")).toEqual([...Float32Array.from(expected)]);
    expect(column("L1Jet_pt")).toEqual(jets.map((j) => j.hwPt / 2));
    const central = jets.filter((j) => Math.abs(j.hwEta * 0.0435) < 2.5).length;
    expect(tallies.counts["jets.calibrated"]).toBe(central);
    expect(central).toBeLessThan(jets.length);
  });

  test("need a proxy of pile-up where they depend on it: a number or a quantity", async () => {
    await expect(recalibrated({ corrections: "b" }, assets)).rejects.toThrow(
      /b: depends on nTowers, .* name another quantity/,
    );
    const one = await recalibrated({ corrections: "b", pileup: 5 }, assets);
    expect(one.column("L1Jet_ptCalib")).toEqual([
      ...Float32Array.from(corrected(byPileup, () => 5)),
    ]);
    const other = await recalibrated({ corrections: "b", pileup: "jets" }, assets);
    expect(other.column("L1Jet_ptCalib")).toEqual([
      ...Float32Array.from(corrected(byPileup, (j) => j.jets)),
    ]);
    await expect(recalibrated({ corrections: "b", pileup: "jet.pt" }, assets)).rejects.toThrow(
      "jet.pt is of jets; name a quantity of a crossing",
    );
  });

  test("move the quantities of jets, and their integers for menus", async () => {
    const menu = {
      menu: "own",
      algorithms: [{ bit: 0, name: "L1_SingleJet40", expression: "JET40" }],
    };
    const { column, tallies } = await processed(
      orbits,
      [
        { kind: "recalibrate", object: "jets", corrections: "a", integers: true },
        { kind: "histogram", name: "raw", of: "jet.ptL1", bins: 10, low: 0, high: 200 },
        { kind: "histogram", name: "calibrated", of: "jet.pt", bins: 10, low: 0, high: 200 },
        { kind: "menu", algorithms: "menu" },
        { kind: "select", name: "all", cuts: [] },
      ],
      { assets: { ...assets, menu: textAsset(JSON.stringify(menu)) }, calo: true },
    );
    const spectrum = (values: ArrayLike<number>) => {
      const bins = new Float64Array(12);
      for (const pt of Array.from(values)) bins[Math.min(11, Math.floor(pt / 20) + 1)]++;
      return bins;
    };
    const expected = corrected(text, () => 0);
    expect(tallies.bins["histogram.raw"]).toEqual(spectrum(jets.map((j) => j.hwPt / 2)));
    expect(tallies.bins["histogram.calibrated"]).toEqual(spectrum(expected));
    const hwPt = [...expected].map((pt) => Math.min(2047, Math.max(1, Math.round(2 * pt))));
    expect(column("L1Jet_hwPtCalib")).toEqual(hwPt);
    let [fired, at] = [0, 0];
    for (const { calo } of orbits) {
      const { offsets } = calo.objects.jets;
      for (let e = 0; e < 3564; e++)
        if (hwPt.slice(at + offsets[e], at + offsets[e + 1]).some((pt) => pt >= 80)) fired++;
      at += offsets[3564];
    }
    expect(tallies.counts["fired.L1_SingleJet40"]).toBe(fired);
    expect(fired).toBeGreaterThan(10);
  });
});

describe("a model of jets", () => {
  // 0.25 hwPt + 0.01 hwEta + 0.5 pile-up
  const toy = toyModel("jets", { ptCalib: [0.25, 0.01, 0, 0.5] }, { ptMin: 10, ptMax: 60 });

  test("gets its inputs from the raw data, pile-up from what stands for it", async () => {
    const { column } = await recalibrated({ model: "toy", pileup: "towerCount" }, { toy });
    const expected = jets.map(({ hwPt, hwEta, towers }) => {
      const pt = 0.25 * hwPt + 0.01 * hwEta + 0.5 * towers;
      return hwPt > 20 && hwPt < 120 && pt > 0 ? pt : hwPt / 2;
    });
    expect(new Set(jets.map(({ towers }) => towers)).size).toBeGreaterThan(100);
    const differences = column("L1Jet_ptCalib").map((pt, i) => Math.abs(pt / expected[i] - 1));
    expect(differences.reduce((a, b) => Math.max(a, b))).toBeLessThan(1e-6);
  });

  test("is refused with the name of the input that is missing", async () => {
    await expect(recalibrated({ model: "toy" }, { toy })).rejects.toThrow(
      /toy: reads hwPt, hwEta, hwPhi, nVertices of jets; scouting has hwPt, hwEta, hwPhi of jets: .*pileup/,
    );
    await expect(recalibrated({ model: "toy", corrections: "a" }, { toy })).rejects.toThrow(
      "recalibrate jets by one of model, corrections and lut; got 2",
    );
  });
});

const folder = "../shared/data/l1-jet";
const hasTables = existsSync(folder);
if (!hasTables) console.warn("skipped: no calibration tables");

test.skipIf(!hasTables)("the trigger's calibration table, integer for integer", async () => {
  const files = [
    "l1jet_calib_lut_2024_decimal",
    "l1jet_pt_compress_lut_2024",
    "l1jet_eta_compress_lut_2024",
  ];
  const texts = files.map((name) => readFileSync(`${folder}/${name}.txt`, "utf8"));
  const assets = Object.fromEntries(files.map((name, k) => [name, textAsset(texts[k])]));
  const { column } = await recalibrated({ lut: files, integers: true }, assets);
  const table = parseCalibrationLut(texts[0], files[0], {
    pt: parseCompressionLut(texts[1], files[1]),
    eta: parseCompressionLut(texts[2], files[2]),
  });
  const hwPt = calibrateJets(
    { hwPt: Int32Array.from(jets, (j) => j.hwPt), hwEta: Int32Array.from(jets, (j) => j.hwEta) },
    table,
  );
  expect(column("L1Jet_hwPtCalib")).toEqual([...hwPt].map((hw) => Math.min(hw, 2047)));
  expect(column("L1Jet_hwPtCalib")).not.toEqual(column("L1Jet_hwPt"));
});

test.skipIf(!hasTables)("the official corrections say which input they lack", async () => {
  const path = `${folder}/scouting_jec_ak4calotower_run3winter25_v2.txt`;
  const jec = { jec: textAsset(readFileSync(path, "utf8")) };
  await expect(recalibrated({ corrections: "jec" }, jec)).rejects.toThrow(/nTowers/);
  const { tallies } = await recalibrated({ corrections: "jec", pileup: 25 }, jec);
  expect(tallies.counts["jets.calibrated"]).toBeGreaterThan(jets.length / 2);
});
