import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { makeColumn, makeTable, readTable, writeTable } from "../../src/data/index.ts";
import { createRootWriter } from "../../src/data/root/write-node.ts";
import type { RootField } from "../../src/data/root/write-schema.ts";
import { temporaryFolder } from "../data/folder.ts";
import { forty } from "./fake-terminal.ts";

const folder = temporaryFolder();

/** Runs with --json, expects success, and gives the object. */
async function result(...argv: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await forty([...argv, "--json"]);
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

/** A tree of flat branches HLT_0, HLT_1, ... beside two muon branches, and a histogram. */
async function writeNano(name: string, flags: number): Promise<string> {
  const path = folder.at(name);
  const writer = await createRootWriter(path);
  const schema: RootField[] = [
    { name: "run", type: "uint32" },
    { name: "Muon_pt", type: "float32", counter: "nMuon" },
    { name: "Muon_p4", type: "float32", counter: "nMuon", inner: [4] },
    ...Array.from({ length: flags }, (_, i) => ({ name: `HLT_${i}`, type: "bool" as const })),
  ];
  const offsets = Uint32Array.of(0, 1, 3);
  await writer.tree("Events", schema).append([
    { name: "run", type: "uint32", values: Uint32Array.of(1, 2), inner: [] },
    { name: "Muon_pt", type: "float32", values: Float32Array.of(3, 4, 5), offsets, inner: [] },
    { name: "Muon_p4", type: "float32", values: new Float32Array(12), offsets, inner: [4] },
    ...Array.from({ length: flags }, (_, i) => {
      return { name: `HLT_${i}`, type: "bool" as const, values: new Uint8Array(2), inner: [] };
    }),
  ]);
  const axes = [{ edges: [0, 1, 2.5], label: "pt" }];
  await writer.histogram({ name: "l1/pt", axes, sumW: [0, 7, 2, 0] });
  await writer.text("origin", "made here");
  await writer.close();
  return path;
}

describe("info on a ROOT file", () => {
  test("tells version, objects, branches, histograms and metadata", async () => {
    const path = await writeNano("few.root", 1);
    const { code, out } = await forty(["info", path]);
    expect(code).toBe(0);
    const text = out.replaceAll(/ +/g, " ");
    for (const line of [
      "l1/pt TH1D 1 ",
      "origin TNamed 1 ",
      "TTree Events;1: 2 entries, 5 branches",
      "run uint32 ",
      "Muon_pt float32[nMuon] ",
      "Muon_p4 float32[nMuon][4] ",
      "HLT_0 bool ",
      "l1/pt TH1D 9 2 bins 0 to 2.5 pt",
      "origin: made here",
    ])
      expect(text).toContain(`\n${line}`);
    expect(text).toContain("ROOT 6.30/00, compression zlib 1, ");
  });

  test("gathers long lists of branches by collection, lists them with --all and in JSON", async () => {
    const path = await writeNano("many.root", 300);
    const { out } = await forty(["info", path]);
    expect(out).toMatch(/^Muon_\*\[nMuon\] +3 +int32, float32 /m);
    expect(out).toMatch(/^HLT_\* +300 +bool /m);
    expect(out).toMatch(/^\.\.\. --all lists every branch$/m);
    expect(out).not.toContain("HLT_7 ");
    const all = (await forty(["info", path, "--all"])).out;
    expect(all.match(/^HLT_\d+ +bool/gm)?.length).toBe(300);
    const told = await result("info", path);
    expect(told).toMatchObject({
      format: "root",
      version: "6.30/00",
      compression: "zlib 1",
      trees: [{ path: "Events", cycle: 1, entries: 2 }],
      histograms: [{ path: "l1/pt", entries: 9, axes: [{ label: "pt", bins: 2, max: 2.5 }] }],
      unread: [],
      metadata: { origin: "made here" },
    });
    const [{ branches }] = told.trees as { branches: object[] }[];
    expect(branches.length).toBe(304);
    expect(branches[2]).toMatchObject({ name: "Muon_pt", jagged: true, counter: "nMuon" });
  });

  test("a tree by its name is told as a table, with ranges", async () => {
    const path = await writeNano("range.root", 1);
    const { out } = await forty(["info", `${path}:Events`]);
    expect(out).toMatch(/: root, 2 rows, 3 columns$/m);
    expect(out).toMatch(/^run +int64 +0 +1 to 2$/m);
    expect(out).toContain("more than one value a row: Muon_pt (float32[nMuon]), Muon_p4");
  });

  test("what is no ROOT file is named", async () => {
    const path = folder.at("fake.root");
    writeFileSync(path, "hello\n");
    const { code, out, err } = await forty(["info", path]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/fake\.root: expected root by its name, found csv content/);
  });
});

describe("convert", () => {
  test("goes to ROOT and back without a loss, strings, units and provenance with it", async () => {
    const [a, b, c] = ["a.parquet", "b.root", "c.parquet"].map(folder.at);
    const table = makeTable([
      makeColumn("pt", Float64Array.of(3, 9, 27), "GeV"),
      makeColumn("tag", ["x", "", "z"]),
      { ...makeColumn("good", Uint8Array.of(1, 0, 1)), type: "bool" },
    ]);
    await writeTable(a, table, { metadata: { origin: "test" } });
    await result("convert", a, "-o", `${b}:mine`);
    expect(await result("info", b)).toMatchObject({ trees: [{ path: "mine", entries: 3 }] });
    await result("convert", b, "-o", c);
    expect(await readTable(c)).toEqual(await readTable(a));
    expect(await result("info", c)).toMatchObject({ metadata: { origin: "test" } });
  });

  test("makes a row of each object with --explode, of ROOT files only", async () => {
    const path = await writeNano("objects.root", 1);
    const out = folder.at("objects.csv");
    const argv = ["convert", path, "-o", out, "--explode", "Muon", "--columns", "run,Muon_pt"];
    expect(await result(...argv)).toMatchObject({ rows: 3, rowsRead: 3 });
    expect(readFileSync(out, "utf8")).toBe("run,Muon_pt\n1,3.0\n2,4.0\n2,5.0\n");
    const again = await forty(["convert", out, "-o", folder.at("no.csv"), "--explode", "Muon"]);
    expect(again.code).toBe(2);
    expect(again.err).toMatch(/--explode: .*objects\.csv is no ROOT file/);
  });

  test("names a jagged branch, and refuses to write into the file it reads", async () => {
    const path = await writeNano("same.root", 1);
    const out = folder.at("never.parquet");
    const jagged = await forty(["convert", path, "-o", out, "--columns", "Muon_pt"]);
    expect(jagged.err).toMatch(
      /column Muon_pt \(float32\[nMuon\]\) holds more than one value a row/,
    );
    const same = await forty(["convert", `${path}:Events`, "-o", path]);
    expect([same.code, existsSync(out)]).toEqual([2, false]);
    expect(same.err).toMatch(/is also read/);
  });
});

const nano = "../shared/data/l1-nano/run3_2024_l1nano_100ev.root";
if (!existsSync(nano)) console.warn(`skipped: ${nano} is not there`);

test.skipIf(!existsSync(nano))("info on 2,002 branches stays readable", async () => {
  const { code, out } = await forty(["info", nano]);
  expect(code).toBe(0);
  expect(out.split("\n").length).toBeLessThan(110);
  expect(out).toMatch(/^TTree Events;1: 100 entries, 2,002 branches$/m);
  expect(out).toMatch(/^L1Mu_\*\[nL1Mu\] +25 /m);
  expect(out).toContain("edm::ProcessHistory");
  expect(out).toMatch(/^tag: \S+/m); // a TObjString
});
