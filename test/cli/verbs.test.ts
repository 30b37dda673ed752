import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { muonColumns } from "../../src/cms/muons.ts";
import { simulateMuons } from "../../src/cms/simulate/muons.ts";
import { column, makeColumn, makeTable, readTable, writeTable } from "../../src/data/index.ts";
import { compile, float32, input, mul } from "../../src/index.ts";
import { temporaryFolder } from "../data/folder.ts";
import { forty } from "./fake-terminal.ts";

const folder = temporaryFolder();

/** Runs with --json, expects success, and gives the object. */
async function result(...argv: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await forty([...argv, "--json"]);
  expect(code, err).toBe(0);
  expect(out.endsWith("}\n")).toBe(true);
  return JSON.parse(out);
}

describe("simulate muons", () => {
  test("writes the rows of the simulation, block after block, labeled as simulated", async () => {
    const out = folder.at("muons.parquet");
    const rows = 70_000; // more than one block
    const told = await result("simulate", "muons", "-n", "70_000", "--seed", "7", "-o", out);
    expect(told).toMatchObject({ file: out, simulated: true, rows, seed: 7 });
    const table = await readTable(out);
    const expected = muonColumns(simulateMuons({ rows, seed: 7 }));
    for (const { name, unit, values } of expected) {
      const read = column(table, name);
      expect([read.unit, read.values.length]).toEqual([unit, rows]);
      expect(values.findIndex((x, i) => x !== read.values[i])).toBe(-1);
    }
    const { metadata } = (await result("info", out)) as { metadata: Record<string, string> };
    expect(JSON.parse(metadata["forty.simulation"])).toMatchObject({
      object: "muons",
      rows,
      seed: 7,
    });
  });

  test.each(["parquet", "csv.gz"])("the same seed gives the same %s file", async (ending) => {
    const [a, b, c] = ["a", "b", "c"].map((name) => folder.at(`${name}.${ending}`));
    await result("simulate", "muons", "-n", "3000", "-o", a);
    await result("simulate", "muons", "-n", "3000", "-o", b);
    await result("simulate", "muons", "-n", "3000", "-o", c, "--seed", "2");
    expect(readFileSync(a).equals(readFileSync(b))).toBe(true);
    expect(readFileSync(a).equals(readFileSync(c))).toBe(false);
  });

  test("stopped, it leaves no file", async () => {
    const out = folder.at("stopped.csv");
    const argv = ["simulate", "muons", "-n", "1000", "-o", out];
    const { code, err } = await forty(argv, { signal: AbortSignal.abort() });
    expect(code).toBe(130);
    expect(err).toContain(`stopped: simulate: cancelled; ${out} was not written`);
    expect(readdirSync(folder.path).filter((name) => name.includes("stopped"))).toEqual([]);
  });
});

describe("convert", () => {
  test("joins files, keeps chosen columns and rows, widens types, keeps units and provenance", async () => {
    const [a, b, out] = [folder.at("one.parquet"), folder.at("two.csv"), folder.at("both.parquet")];
    const one = makeTable([
      makeColumn("pt", Float64Array.of(3, 9), "GeV"),
      makeColumn("hw", Int32Array.of(1, 2)),
      makeColumn("tag", ["x", "y"]),
    ]);
    await writeTable(a, one, { metadata: { origin: "test" } });
    writeFileSync(b, "tag,hw,pt\nz,2.5,20\nw,7,1\n");
    const argv = ["convert", a, b, "-o", out, "--columns", "hw,pt", "--where", "pt > 2"];
    expect(await result(...argv)).toMatchObject({ rows: 3, rowsRead: 4, columns: ["hw", "pt"] });
    const table = await readTable(out);
    expect(table.columns).toMatchObject([
      { name: "hw", unit: null, values: Float64Array.of(1, 2, 2.5) },
      { name: "pt", unit: "GeV", values: Float64Array.of(3, 9, 20) },
    ]);
    expect(await result("info", out)).toMatchObject({ metadata: { origin: "test" } });
  });

  test("text in one file and numbers in the other do not go together", async () => {
    const [a, b, out] = [folder.at("n.csv"), folder.at("t.csv"), folder.at("nt.csv")];
    writeFileSync(a, "pt\n1\n");
    writeFileSync(b, "pt\nhigh\n");
    const { code, err } = await forty(["convert", a, b, "-o", out]);
    expect(code).toBe(1);
    expect(err).toBe(`error: convert: column "pt" is int32 in ${a} and string in ${b}\n`);
    expect(existsSync(out)).toBe(false);
  });

  test("an unknown column lists what there is and the near miss; nothing is written", async () => {
    const [a, out] = [folder.at("c.csv"), folder.at("d.csv")];
    writeFileSync(a, "pt,eta\n1,2\n");
    const { code, err } = await forty(["convert", a, "-o", out, "--columns", "ptt"]);
    expect(code).toBe(1);
    expect(err).toBe(`error: ${a}: no column "ptt"; there are pt, eta; did you mean "pt"?\n`);
    expect(readdirSync(folder.path).filter((name) => name.includes(basename(out)))).toEqual([]);
  });
});

describe("info", () => {
  test("tells columns, types, missing entries and ranges of a table", async () => {
    const path = folder.at("mixed.csv");
    writeFileSync(path, "pt,hw,tag\n1.5,3,a\n,-2,b\n7,9,a\n");
    const { code, out } = await forty(["info", path]);
    expect(code).toBe(0);
    expect(out).toBe(`${path}: csv, 3 rows, 3 columns
column  type     unit  missing  range
pt      float64              1  1.5 to 7
hw      int32                0  -2 to 9
tag     string               0  a, b
`);
    expect(await result("info", path)).toMatchObject({
      rows: 3,
      columns: [
        { name: "pt", missing: 1, min: 1.5, max: 7 },
        { name: "hw", type: "int32", min: -2, max: 9 },
        { name: "tag", values: ["a", "b"] },
      ],
    });
  });

  test("tells inputs, outputs, size and metadata of an ONNX model", async () => {
    const path = folder.at("double.onnx");
    const x = input("x", "float32", ["batch", 2]);
    const outputs = { y: mul(x, 2) };
    writeFileSync(path, compile({ name: "double", outputs, metadata: { unit: "GeV" } }));
    expect(await result("info", path)).toMatchObject({
      format: "onnx",
      nodes: 1,
      inputs: [{ name: "x", dtype: "float32", shape: ["batch", 2] }],
      outputs: [{ name: "y" }],
      metadata: { unit: "GeV" },
    });
    const { out } = await forty(["info", path]);
    expect(out).toMatch(/^input +x +float32 +\[batch, 2\]$/m);
    expect(out).toMatch(/^unit: GeV$/m);
  });

  test("tells configuration and numbers of a run folder", async () => {
    const path = folder.at("run");
    mkdirSync(path);
    writeFileSync(join(path, "config.json"), '{"model":"8x1","fractions":[65,20,15]}');
    expect((await forty(["info", path])).out).toContain("not finished (no metrics.json)");
    writeFileSync(join(path, "metrics.json"), '{"after":{"pt":{"value":0.2345678}}}');
    const { code, out } = await forty(["info", path]);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}fractions: \[65, 20, 15\]$/m);
    expect(out).toMatch(/^ {2}after\.pt\.value: 0\.234568$/m);
    expect(await result("info", path)).toMatchObject({
      metrics: { after: { pt: { value: 0.2345678 } } },
    });
  });

  test("what cannot be read is named", async () => {
    const broken = folder.at("broken.onnx");
    writeFileSync(broken, float32([1, 2, 3]).data);
    for (const [path, reason] of [
      [folder.at("none.csv"), /none\.csv: no such file/],
      [folder.at("none.onnx"), /none\.onnx: no such file/],
      [folder.path, /not a run folder: there is no config\.json in it/],
      [broken, /not an ONNX model/],
    ] as const) {
      const { code, out, err } = await forty(["info", path]);
      expect([code, out]).toEqual([1, ""]);
      expect(err).toMatch(reason);
      expect(err).not.toContain("please report");
    }
  });
});
