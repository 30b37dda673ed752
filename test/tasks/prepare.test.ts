import { beforeAll, describe, expect, test } from "vitest";
import { muonSimulation } from "../../src/cms/simulate/muon-config.ts";
import { muonFloor } from "../../src/cms/simulate/muon-floor.ts";
import { simulationKey } from "../../src/cms/simulate/simulation-label.ts";
import {
  concat,
  makeColumn,
  makeTable,
  numericColumn,
  readTable,
  selectRows,
  type Table,
  withColumns,
  writeTable,
} from "../../src/data/index.ts";
import { parseRecalibration, type RecalibrationConfig } from "../../src/tasks/index.ts";
import { floorOf } from "../../src/tasks/recalibration/floor.ts";
import { type Dataset, prepareObjects } from "../../src/tasks/recalibration/prepare.ts";
import { temporaryFolder } from "../data/folder.ts";
import { bundled, simulatedTable, writeOverlap, writeSimulated } from "./samples.ts";

function muonFloorOf(data: Dataset, minimize: "relative" | "delta") {
  const floor = floorOf(data, { minimize, ptMin: 5.5, ptMax: 45 });
  if (!floor || !("residuals" in floor)) throw new Error("no residuals");
  return floor.residuals;
}

const folder = temporaryFolder();
const prepare = (files: readonly string[], settings: Partial<RecalibrationConfig> = {}) =>
  prepareObjects("muons", files, parseRecalibration("muons", settings));

async function written(name: string, table: Table, metadata = {}): Promise<string> {
  await writeTable(folder.at(name), table, { metadata });
  return folder.at(name);
}

const partsOf = ({ parts }: Dataset) => [parts.train, parts.validation, parts.test];

describe("rows of the report's table", () => {
  let file: string;
  let data: Dataset;
  beforeAll(async () => {
    file = await writeSimulated(folder.at("muons.parquet"));
    data = await prepare([file]);
  });

  test("every row is counted once, and 65, 20 and 15 % are exact before the window", async () => {
    const { counts } = data;
    const { read, duplicates, unmatched, outsidePt, train, validation, test: tested } = counts;
    expect(read).toBe(6000);
    expect(duplicates + unmatched + outsidePt + train + validation + tested).toBe(read);
    const all = await prepare([file], { ptMin: 0, ptMax: 1000 });
    const n = all.table.rows - all.counts.outsidePt;
    const { train: a, validation: b, test: c } = all.counts;
    expect(n).toBe(all.table.rows); // hwPtL1 of the simulation is never 0
    for (const [size, share] of [
      [a, 0.65],
      [b, 0.2],
      [c, 0.15],
    ])
      expect(Math.abs(size - share * n)).toBeLessThan(1);
  });

  test("the parts share no row and the window excludes its ends", async () => {
    const rows = partsOf(data).flatMap((part) => [...part]);
    expect(new Set(rows).size).toBe(rows.length);
    const pt = data.level1.pt!;
    expect(rows.filter((row) => !(pt[row] > 5.5 && pt[row] < 45))).toEqual([]);
    const ends = await prepare([file], { ptMin: 6, ptMax: 10 });
    const inside = new Set(partsOf(ends).flatMap((part) => [...part].map((row) => pt[row])));
    expect([Math.min(...inside), Math.max(...inside)]).toEqual([6.5, 9.5]);
  });

  test("the turn-on sees all test muons, those outside the window too", () => {
    const tested = new Set(data.testAll);
    expect(data.testAll.length).toBeGreaterThan(data.parts.test.length);
    expect(data.parts.test.filter((row) => !tested.has(row))).toHaveLength(0);
    const learned = [...data.parts.train, ...data.parts.validation];
    expect(learned.filter((row) => tested.has(row))).toEqual([]);
  });

  test("repeated rows are dropped whatever file they come from", async () => {
    const twice = await prepare([file, file]);
    expect(twice.counts.duplicates).toBe(data.counts.duplicates + 6000);
    expect(twice.table.rows).toBe(data.table.rows);
  });

  test("unmatched muons are zero in all offline columns; zero in one is a value", async () => {
    const table = simulatedTable();
    const eta = numericColumn(table, "etaVtxReco").slice();
    const unmatched = eta.filter((x) => x === 0).length;
    eta[eta.findIndex((x) => x !== 0)] = 0;
    const one = await written("zero.parquet", withColumns(table, [makeColumn("etaVtxReco", eta)]));
    const { counts } = await prepare([one]);
    expect(unmatched).toBeGreaterThan(20);
    expect(counts.unmatched).toBe(data.counts.unmatched);
  });

  test("another seed gives another split of the same sizes", async () => {
    const other = await prepare([file], { seed: 2 });
    expect(other.parts.train).not.toEqual(data.parts.train);
    expect(other.table.rows).toBe(data.table.rows);
    expect((await prepare([file])).parts).toEqual(data.parts);
  });

  test("without one offline column the other two are recalibrated", async () => {
    const table = simulatedTable();
    const kept = table.columns.filter((c) => c.name !== "phiVtxReco");
    const { quantities } = await prepare([await written("nophi.parquet", makeTable(kept))]);
    expect(quantities).toEqual(["eta", "pt"]);
  });
});

describe("rows of the bundled file", () => {
  test("its own split is kept; validation is cut from its training part", async () => {
    const { table, parts, testAll, counts } = await prepare([bundled]);
    const split = table.columns.find((c) => c.name === "split")!.values as string[];
    const labels = (rows: Uint32Array) => [...new Set(Array.from(rows, (row) => split[row]))];
    expect(labels(parts.train)).toEqual(["train"]);
    expect(labels(parts.validation)).toEqual(["train"]);
    expect(labels(testAll)).toEqual(["valid"]);
    const share = counts.validation / (counts.train + counts.validation);
    expect(Math.abs(share - 20 / 85)).toBeLessThan(0.01); // cut before the window
    expect(counts.read).toBe(116_396);
    for (const part of Object.values(parts))
      expect(part.filter((row, i) => i > 0 && row <= part[i - 1])).toHaveLength(0);
  });

  test("a selection may name columns that the task does not read", async () => {
    const file = await writeOverlap(folder.at("omtf.csv"));
    const { counts } = await prepare([file], { where: "gen_phi > 0" });
    const all = numericColumn(await readTable(file), "gen_phi");
    expect(counts.read).toBe(all.filter((phi) => phi > 0).length);
  });
});

describe("simulated input", () => {
  test("is recognized by its label, without being told", async () => {
    const file = await writeSimulated(folder.at("labeled.parquet"));
    expect((await prepare([file])).simulation).toEqual({
      object: "muons",
      parameters: muonSimulation,
    });
    const bare = await written("bare.csv", simulatedTable());
    expect((await prepare([bare])).simulation).toBeNull();
    expect((await prepare([bare], { simulated: true })).simulation).toEqual({
      object: "muons",
      parameters: muonSimulation,
    });
  });

  test("has the floor of its own parameters", async () => {
    const config = { ...muonSimulation, scattering: 0.5, etaSmear: 0.06 };
    const data = await prepare([await writeSimulated(folder.at("other.parquet"), config)]);
    expect(data.simulation).toEqual({ object: "muons", parameters: config });
    const residuals = muonFloorOf(data, "relative");
    const rms = (x: Float64Array) => Math.sqrt(x.reduce((s, r) => s + r * r, 0) / x.length);
    const rows = selectRows(data.table, data.parts.test);
    const ints = (name: string) => Int32Array.from(numericColumn(rows, name));
    const floats = (name: string) => Float32Array.from(numericColumn(rows, name));
    const floor = muonFloor(
      {
        hwPtL1: ints("hwPtL1"),
        hwPhiL1: ints("hwPhiL1"),
        hwEtaL1: ints("hwEtaL1"),
        hwSignL1: ints("hwSignL1"),
        ptReco: floats("ptReco"),
        etaVtxReco: floats("etaVtxReco"),
        phiVtxReco: floats("phiVtxReco"),
      },
      { config },
    );
    expect(rms(residuals.phi!)).toBeCloseTo(floor.phi.value, 6);
    expect(rms(residuals.eta!)).toBeCloseTo(floor.eta.value, 6);
    expect(rms(residuals.pt!)).toBeCloseTo(floor.ptRelative.value, 6);
    expect(floor.eta.value).toBeGreaterThan(0.05); // the usual one is 0.03
    const absolute = muonFloorOf(data, "delta");
    expect(rms(absolute.pt!)).toBeCloseTo(floor.ptAbsolute.value, 6);
  });

  test("mixed with other parameters or with measured muons is labeled but has no floor", async () => {
    const a = await writeSimulated(folder.at("a.parquet"));
    const b = await writeSimulated(folder.at("b.parquet"), { ...muonSimulation, etaSmear: 0.06 });
    const c = await written("c.parquet", concat([simulatedTable()]));
    for (const files of [
      [a, b],
      [a, c],
      [c, a],
    ]) {
      const data = await prepare(files);
      expect(data.simulation).toEqual({ object: "muons", parameters: null });
      expect(floorOf(data, { minimize: "relative", ptMin: 5.5, ptMax: 45 })).toBeNull();
    }
  });

  test.each([
    ["no JSON", "{", ""],
    ["no parameters", '{"object":"muons"}', ""],
    ["one parameter missing", JSON.stringify({ parameters: { ptMin: 3 } }), ' ("ptMax")'],
  ])("a label that cannot be used is named: %s", async (_, label, which) => {
    const file = await written("bad.parquet", simulatedTable(), { [simulationKey]: label });
    await expect(prepare([file])).rejects.toThrow(
      `${file}: metadata "forty.simulation" has no usable parameters${which}`,
    );
  });
});
