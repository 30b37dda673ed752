import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readTable } from "../../../src/data/index.ts";
import { numericColumn } from "../../../src/data/table.ts";
import { defaultSettings, makeDataset } from "../../../src/tasks/dataset/index.ts";
import { temporaryFolder } from "../../data/folder.ts";

const shared = "../shared/data";
const present = existsSync(shared);
if (!present) console.warn(`skipped: ${shared} is not there`);

const { at } = temporaryFolder();
const muons = defaultSettings("muons");
const jets = defaultSettings("jets");
const run3 = `${shared}/l1-nano/run3_2024_l1nano_100ev.root`;

describe.skipIf(!present)("the counts of the data's description", () => {
  test("147 muon pairs of Run 3 where one may serve twice, 138 of equal charge", async () => {
    const out = at("muons.parquet");
    const settings = { ...muons, unique: false };
    const summary = await makeDataset({ inputs: [run3], out, settings });
    expect(summary).toMatchObject({
      events: 100,
      l1Objects: 154,
      offlineObjects: 170,
      matched: 147,
      chargesAgree: 138,
    });
    expect(summary.medianPtRatio).toBeCloseTo(1.126, 3);
    const table = await readTable(out);
    const hw = numericColumn(table, "hwPtL1");
    expect(Array.from(hw, (n) => 0.5 * n)).toEqual([...numericColumn(table, "ptL1")]);
  });

  test("128 muon pairs one-to-one, 133 at the station", async () => {
    const unique = await makeDataset({ inputs: [run3], out: at("u.parquet"), settings: muons });
    expect(unique.matched).toBe(128);
    const settings = { ...muons, unique: false, coordinates: "station" } as const;
    const station = await makeDataset({ inputs: [run3], out: at("s.parquet"), settings });
    expect(station.matched).toBe(133);
  });

  test("142 jet pairs above 15 GeV", async () => {
    const settings = { ...jets, minOfflinePt: 15 };
    const summary = await makeDataset({ inputs: [run3], out: at("jets.parquet"), settings });
    expect([summary.l1Objects, summary.matched]).toEqual([280, 142]);
    expect(summary.medianPtRatio).toBeCloseTo(0.944, 3);
    expect(summary.table5?.all.matched).toBe(142);
    const sum = numericColumn(await readTable(at("jets.parquet")), "multiplicity");
    expect(sum.reduce((a, b) => a + b, 0)).toBe(142);
  });

  test("63 muons of 2018 through trigger objects, and the way there is told", async () => {
    const inputs = [`${shared}/l1-nano/doublemuon_2018a_nano_40ev.root`];
    const settings = { ...muons, source: "trigobj", unique: false } as const;
    const summary = await makeDataset({ inputs, out: at("trig.parquet"), settings });
    expect([summary.offlineObjects, summary.matched]).toEqual([84, 63]);
    await expect(makeDataset({ inputs, out: at("none.parquet"), settings: muons })).rejects.toThrow(
      /but trigger objects with a Level-1 pt; use --source trigobj/,
    );
  });

  test("an L1 ntuple without reconstruction has nothing to match with", async () => {
    const inputs = [`${shared}/l1-ntuple/zerobias_2018_l1ntuple_200ev.root`];
    await expect(makeDataset({ inputs, out: at("none.parquet"), settings: muons })).rejects.toThrow(
      /this L1 ntuple has no offline muons to match with/,
    );
  });
});
