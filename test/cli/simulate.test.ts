import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { jetSimulation } from "../../src/cms/simulate/jet-config.ts";
import { jetRowColumns, jetSliceEvents, simulateJetRows } from "../../src/cms/simulate/jet-rows.ts";
import { readJetSimulationLabel } from "../../src/cms/simulate/simulation-label.ts";
import { column, numericColumn, readTable } from "../../src/data/index.ts";
import { temporaryFolder } from "../data/folder.ts";
import { forty } from "./fake-terminal.ts";

const folder = temporaryFolder();

/** What `forty simulate jets --json` tells. */
interface Told {
  readonly rows: number;
  readonly events: number;
  readonly seed: number;
  readonly table5: Record<"all" | "central", Record<string, number>>;
  readonly l1Rms: number;
}

/** Runs with --json, expects success, and gives the object. */
async function result<T = Told>(...argv: string[]): Promise<T> {
  const { code, out, err } = await forty([...argv, "--json"]);
  expect(code, err).toBe(0);
  return JSON.parse(out) as T;
}

async function metadataOf(path: string): Promise<Record<string, string>> {
  const { metadata } = await result<{ metadata: Record<string, string> }>("info", path);
  return metadata;
}

describe("simulate jets", () => {
  test.each([
    ["parquet", 20_000], // more than one slice of events
    ["root", 2000],
    ["csv", 2000],
  ])("writes the rows of the simulation to .%s", async (end, rows) => {
    const out = folder.at(`jets.${end}`);
    const told = await result("simulate", "jets", "-n", `${rows}`, "--seed", "7", "-o", out);
    expect(told).toMatchObject({ file: out, simulated: true, object: "jets", rows, seed: 7 });
    if (rows === 20_000) expect(told.events).toBeGreaterThan(jetSliceEvents);
    const table = await readTable(out);
    const expected = jetRowColumns(simulateJetRows({ rows, seed: 7 }));
    expect(table.columns.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
    for (const { name, unit, values } of expected) {
      const read = column(table, name);
      expect([read.unit, read.values.length]).toEqual([end === "csv" ? null : unit, rows]);
      const differs = (x: unknown, i: number) => x !== Math.fround(Number(read.values[i]));
      expect((values as Float32Array).findIndex(differs)).toBe(-1);
    }
    if (end === "csv") return;
    const metadata = await metadataOf(out);
    expect(JSON.parse(metadata["forty.simulation"])).toMatchObject({ rows, seed: 7 });
    expect(readJetSimulationLabel(out, metadata)).toEqual(jetSimulation);
  });

  test("events become the same rows as --rows gives, by way of dataset jets", async () => {
    const [events, dataset, flat] = ["e.root", "d.parquet", "f.parquet"].map(folder.at);
    const told = await result("simulate", "jets", "--events", "3000", "--seed", "5", "-o", events);
    expect(told.events).toBe(3000);
    const rows = String(told.rows);
    await result("simulate", "jets", "-n", rows, "--seed", "5", "-o", flat);
    const { table5 } = await result<Told>("dataset", "jets", events, "-o", dataset);
    const [made, direct] = [await readTable(dataset), await readTable(flat)];
    expect(made.rows).toBe(told.rows);
    for (const name of ["hwPt", "hwEta", "hwPhi", "sumPtReco", "multiplicity", "nVertices"])
      expect(column(made, name).values, name).toEqual(column(direct, name).values);
    // what it tells, against the dataset and against the rows
    expect(table5).toEqual(told.table5);
    const [pt, target] = ["hwPt", "sumPtReco"].map((name) => column(direct, name).values);
    let sum = 0;
    for (let i = 0; i < told.rows; i++) sum += (Number(pt[i]) / 2 / Number(target[i]) - 1) ** 2;
    const rms = Math.sqrt(sum / told.rows);
    expect(Math.abs(told.l1Rms / rms - 1)).toBeLessThan(1e-6);
  });

  test("a file of events reads as NanoAOD, with numbers that go on from slice to slice", async () => {
    const out = folder.at("nano.root");
    await result("simulate", "jets", "--events", "16_500", "-o", out);
    const info = await result<{ trees: { entries: number; branches: { name: string }[] }[] }>(
      "info",
      out,
    );
    const [{ entries, branches }] = info.trees;
    expect(entries).toBe(16_500);
    expect(branches.find(({ name }) => name === "L1Jet_hwPt")).toMatchObject({
      counter: "nL1Jet",
      jagged: true,
    });
    expect(readJetSimulationLabel(out, await metadataOf(out))).toEqual(jetSimulation);
    const table = await readTable(`${out}:Events`, { columns: ["luminosityBlock", "event"] });
    const event = Array.from(column(table, "event").values, Number);
    expect(event.findIndex((n, i) => n !== i + 1)).toBe(-1);
    expect(Number(column(table, "luminosityBlock").values[16_499])).toBe(17);
  });

  test("the same seed gives the same file", async () => {
    const [a, b, c] = ["a.parquet", "b.parquet", "c.parquet"].map(folder.at);
    await result("simulate", "jets", "-n", "500", "-o", a);
    await result("simulate", "jets", "-n", "500", "-o", b);
    await result("simulate", "jets", "-n", "500", "-o", c, "--seed", "2");
    expect(readFileSync(a).equals(readFileSync(b))).toBe(true);
    expect(readFileSync(a).equals(readFileSync(c))).toBe(false);
  });

  test("people see the numbers beside the report's", async () => {
    const out = folder.at("told.csv");
    const { code, out: text } = await forty(["simulate", "jets", "-n", "300", "-o", out]);
    expect(code).toBe(0);
    expect(text).toMatch(/^matched offline jets +\d\.\d\d % +3\.75 %$/m);
    expect(text).toMatch(/^matched with \|eta\| < 3 +\d\d\.\d\d % +59\.62 %$/m);
    expect(text).toMatch(/^rms of L1 pt \/ sumPtReco - 1 +\d\.\d{3} +1\.102$/m);
    expect(text).toMatch(/told\.csv: \d+ simulated events with 300 matched jets, seed 1, /);
  });

  test.each([["-n"], ["--events"]])("stopped with %s, it leaves no file", async (flag) => {
    const out = folder.at("stopped.root");
    const argv = ["simulate", "jets", flag, "1000", "-o", out];
    const { code, err } = await forty(argv, { signal: AbortSignal.abort() });
    expect(code).toBe(130);
    expect(err).toContain(`stopped: simulate: cancelled; ${out} was not written`);
    expect(readdirSync(folder.path).filter((name) => name.includes("stopped"))).toEqual([]);
  });

  test("a crossing without matched jets is still an event", async () => {
    const [out, config] = [folder.at("empty.root"), folder.at("empty.json")];
    writeFileSync(config, '{"l1PtMin": 1e6}');
    const told = await result("simulate", "jets", "--events", "20", "--config", config, "-o", out);
    expect(told).toMatchObject({ events: 20, rows: 0, l1Rms: null });
  });

  test("parameters from a file are used and labeled", async () => {
    const [out, config] = [folder.at("busy.parquet"), folder.at("busy.json")];
    writeFileSync(config, '{"vertices": 60, "verticesSpread": 0}');
    await result("simulate", "jets", "-n", "400", "--config", config, "-o", out);
    const values = numericColumn(await readTable(out), "nVertices");
    expect(new Set(values)).toEqual(new Set([60]));
    expect(readJetSimulationLabel(out, await metadataOf(out))).toEqual({
      ...jetSimulation,
      vertices: 60,
      verticesSpread: 0,
    });
  });

  test.each([
    ['{"vertice": 3}', 'no parameter "vertice"; did you mean "vertices"?'],
    ['{"zzzzzzzzzz": 3}', 'no parameter "zzzzzzzzzz"; there are vertices, verticesSpread, '],
    ['{"lost": 1.5}', "lost: expected a number from 0 to 1, got 1.5"],
    ['{"ptMin": 0}', "ptMin: expected a number > 0, got 0"],
    ['{"noise": "2"}', 'noise: expected a number >= 0, got "2"'],
    ['{"l1JetsMax": 2.5}', "l1JetsMax: expected a whole number >= 1, got 2.5"],
    ['{"ptMin": 50, "ptMax": 20}', "ptMin must not be above ptMax, got 50 and 20"],
    ['{"vertices": 400}', "jets a crossing are more than 300; lower vertices, "],
    ["[1]", "expected a JSON object of parameters, got [1]"],
    ["{", "no JSON: "],
  ])("a file of parameters that cannot be used is named: %s", async (text, message) => {
    const [out, config] = [folder.at("never.parquet"), folder.at("bad.json")];
    writeFileSync(config, text);
    const { code, err } = await forty(["simulate", "jets", "--config", config, "-o", out]);
    expect(code).toBe(2);
    expect(err).toContain(`error: ${config}: `);
    expect(err).toContain(message);
    expect(readdirSync(folder.path)).not.toContain("never.parquet");
  });

  test.each([
    [
      ["--events", "5", "-o", "jets.csv"],
      "error: --events: whole events need a ROOT file, got jets.csv; name it .root, or ask for --rows\n",
    ],
    [
      ["--events", "0", "-o", "jets.root"],
      'error: --events: expected a whole number >= 1, got "0"\n',
    ],
    [
      ["--config", "nowhere.json", "-o", "jets.csv"],
      "error: --config: nowhere.json: no such file\n",
    ],
  ])("%j is wrong usage", async (argv, message) => {
    expect(await forty(["simulate", "jets", ...argv])).toEqual({ code: 2, out: "", err: message });
  });

  test("rows and events exclude each other", async () => {
    const argv = ["simulate", "jets", "-n", "5", "--events", "5", "-o", folder.at("both.root")];
    const { code, err } = await forty(argv);
    expect(code).toBe(2);
    expect(err).toMatch(
      /option "--events <count>" cannot be used with option "-n, --rows <count>"/,
    );
  });
});
