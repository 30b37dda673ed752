import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { inspectTable, type ReadOptions, readBatches, readTable } from "../../src/data/read.ts";
import type { RootColumn } from "../../src/data/root/column.ts";
import { createRootWriter } from "../../src/data/root/write-node.ts";
import { column, concat, makeColumn, makeTable, type Table } from "../../src/data/table.ts";
import { createTableWriter, schemaOf, writeTable } from "../../src/data/write.ts";
import { temporaryFolder } from "./folder.ts";
import { type JsTree, openJs, readJs } from "./root/jsroot.ts";

const { path: folder, at } = temporaryFolder();

/** Leaves of all column types; every other row of the first has no value. */
const mixed = makeTable([
  { ...makeColumn("pt", Float64Array.of(1.5, Number.NaN, 3, 4), "GeV") },
  makeColumn("eta", Float32Array.of(0.5, -1, 2, 0)),
  makeColumn("hw", Int32Array.of(-1, 2 ** 31 - 1, 0, 7)),
  makeColumn("event", BigInt64Array.of(2n ** 60n, -1n, 0n, 5n)),
  { ...makeColumn("good", Uint8Array.of(1, 0, 1, 1)), type: "bool" },
  makeColumn("tag", ["a", "", "long \u00e9".repeat(90), "b"]),
]);

/** Jagged muons and electrons of four entries. */
const offsets = Uint32Array.of(0, 2, 2, 3, 6);
const jagged: RootColumn[] = [
  { name: "run", type: "uint32", values: Uint32Array.of(1, 2, 3, 2 ** 32 - 1), inner: [] },
  { name: "flag", type: "string", values: ["a", "b", "c", "d"], inner: [] },
  {
    name: "Muon_pt",
    type: "float32",
    values: Float32Array.of(9, 8, 7, 6, 5, 4),
    offsets,
    inner: [],
  },
  { name: "Muon_q", type: "int8", values: Int8Array.of(1, -1, 1, 1, -1, 1), offsets, inner: [] },
  {
    name: "Electron_pt",
    type: "float64",
    values: Float64Array.of(1, 2),
    offsets: Uint32Array.of(0, 0, 1, 1, 2),
    inner: [],
  },
  { name: "pos", type: "float32", values: new Float32Array(12), inner: [3] },
];

async function writeJagged(name: string, trees: readonly string[] = ["Events"]): Promise<string> {
  const writer = await createRootWriter(at(name));
  for (const tree of trees) {
    const to = writer.tree(tree, [
      { name: "run", type: "uint32" },
      { name: "flag", type: "string" },
      { name: "Muon_pt", type: "float32", counter: "nMuon" },
      { name: "Muon_q", type: "int8", counter: "nMuon" },
      { name: "Electron_pt", type: "float64", counter: "nElectron" },
      { name: "pos", type: "float32", inner: [3] },
    ]);
    await to.append(jagged);
  }
  await writer.close();
  return at(name);
}

/** The message of what reading throws, without the folder. */
async function refusal(path: string, options?: ReadOptions): Promise<string> {
  return readTable(path, options).then(
    () => "no error",
    (error: Error) => `${error.name}: ${error.message.replaceAll(`${folder}/`, "")}`,
  );
}

async function rows(path: string, options: ReadOptions & { batchRows: number }): Promise<Table[]> {
  const tables: Table[] = [];
  for await (const table of readBatches(path, options)) tables.push(table);
  return tables;
}

const valuesOf = (table: Table, name: string) =>
  Array.from(column(table, name).values as ArrayLike<unknown>) as number[];

afterEach(() => {
  expect(readdirSync(folder).filter((name) => /tmp|spill/.test(name))).toEqual([]);
});

describe("a table as ROOT file", () => {
  test("comes back with all types, units, missing numbers and metadata", async () => {
    const origin = "long ".repeat(10_000); // does not fit in a key
    await writeTable(at("mixed.root"), mixed, { metadata: { origin } });
    const info = await inspectTable(at("mixed.root"));
    expect(info).toMatchObject({ format: "root", rows: 4, nested: [], metadata: { origin } });
    expect(info.columns).toEqual(schemaOf(mixed));
    const read = await readTable(at("mixed.root"));
    expect(read.columns.map((c) => c.values)).toEqual(mixed.columns.map((c) => c.values));
    expect(column(read, "pt").unit).toBe("GeV");
  });

  test("holds for JSROOT the values that were written", async () => {
    await writeTable(at("js.root:cms"), mixed);
    const file = await openJs(at("js.root"));
    const tree = (await file.readObject("cms")) as JsTree;
    const branches = tree.fBranches.arr;
    expect(branches.map((b) => b.fName)).toEqual(mixed.columns.map((c) => c.name));
    const [pt, eta, hw, , good, tag] = await readJs(tree, branches, 4);
    expect([pt, eta, hw, good]).toEqual([
      [1.5, Number.NaN, 3, 4],
      [0.5, -1, 2, 0],
      [-1, 2 ** 31 - 1, 0, 7],
      [1, 0, 1, 1],
    ]);
    expect([tag[0], tag[1], tag[3]]).toEqual(["a", "", "b"]); // the third is UTF-8, which it does not decode
    const units = (await file.readObject("forty.units")) as { fTitle: string };
    expect(JSON.parse(units.fTitle)).toEqual({ pt: "GeV" });
  });

  test("is written in pieces in the order of rows, and the same input gives the same bytes", async () => {
    const n = 5000;
    const piece = (from: number) =>
      makeTable([
        makeColumn(
          "i",
          Int32Array.from({ length: n }, (_, i) => from + i),
        ),
      ]);
    for (const name of ["one.root", "two.root"]) {
      const writer = await createTableWriter(at(name), schemaOf(piece(0)));
      for (let k = 0; k < 4; k++) await writer.append(piece(k * n));
      expect(existsSync(at(name))).toBe(false);
      await writer.close();
    }
    const read = await readTable(at("one.root"));
    expect(valuesOf(read, "i")).toEqual(Array.from({ length: 4 * n }, (_, i) => i));
    expect(readFileSync(at("one.root")).equals(readFileSync(at("two.root")))).toBe(true);
  });

  test("that cannot be written leaves nothing, and says why", async () => {
    const missing = makeTable([
      { ...makeColumn("hw", Float64Array.of(1, Number.NaN)), type: "int32" },
    ]);
    await expect(writeTable(at("int.root"), missing)).rejects.toThrow(
      /int\.root: cannot be written: column "hw": row 2 of the batch is missing, and a branch of int32/,
    );
    const blank = makeTable([makeColumn("p t", Float64Array.of(1))]);
    await expect(writeTable(at("int.root"), blank)).rejects.toThrow(
      /a branch cannot be called "p t"/,
    );
    await expect(writeTable(at("no/x.root"), mixed)).rejects.toThrow(/there is no folder .+; make/);
    const writer = await createTableWriter(at("int.root"), schemaOf(mixed));
    await writer.append(mixed);
    await writer.abort();
    await expect(writer.append(mixed)).rejects.toThrow("the writer is closed");
    expect(existsSync(at("int.root"))).toBe(false);
  });
});

describe("a tree as table", () => {
  test("has its flat branches as columns and names the others", async () => {
    const path = await writeJagged("jagged.root");
    const info = await inspectTable(path);
    expect(info.columns.map((c) => `${c.name} ${c.type}`)).toEqual([
      "run int64",
      "flag string",
      "nMuon int32",
      "nElectron int32",
    ]);
    expect(info.nested).toEqual([
      "Muon_pt (float32[nMuon])",
      "Muon_q (int8[nMuon])",
      "Electron_pt (float64[nElectron])",
      "pos (float32[3])",
    ]);
    const table = await readTable(path, { columns: ["nMuon", "run"] });
    expect(table.columns.map((c) => c.values)).toEqual([
      Int32Array.of(2, 0, 1, 3),
      BigInt64Array.of(1n, 2n, 3n, 2n ** 32n - 1n),
    ]);
  });

  test("is filtered by SQL over columns that are not read, in order, across batches", async () => {
    const n = 10_000;
    const i = Int32Array.from({ length: n }, (_, k) => k);
    const x = Float64Array.from(i, (k) => (k % 7 === 0 ? Number.NaN : k % 10));
    const table = makeTable([makeColumn("i", i), makeColumn("x", x), makeColumn("X", x.slice())]);
    await writeTable(at("filter.root"), table);
    const wanted = Array.from(i).filter((k) => x[k] > 7 && k > 100);
    const options = { columns: ["i"], where: "x > 7 AND i > 100 -- note" };
    const whole = await readTable(at("filter.root"), options);
    expect(valuesOf(whole, "i")).toEqual(wanted);
    const pieces = await rows(at("filter.root"), { ...options, batchRows: 300 });
    expect(pieces.slice(0, -1).every((piece) => piece.rows === 300)).toBe(true);
    expect(concat(pieces)).toEqual(whole);
    const few = await rows(at("filter.root"), { ...options, batchRows: 30, limit: 40 });
    expect(few.map((piece) => piece.rows)).toEqual([30, 10]);
    expect(valuesOf(concat(few), "i")).toEqual(wanted.slice(0, 40));
  });

  test("gives the rows of a Parquet file of the same content under any selection", async () => {
    await writeTable(at("same.root"), mixed);
    await writeTable(at("same.parquet"), mixed);
    for (const where of ["pt > 1", "tag = 'a' OR good", "event < 3 AND eta <= 2", "pt IS NULL"]) {
      const [a, b] = await Promise.all(
        ["same.root", "same.parquet"].map((name) => readTable(at(name), { where })),
      );
      expect([where, a.columns.map((c) => c.values)]).toEqual([
        where,
        b.columns.map((c) => c.values),
      ]);
    }
  });

  test("is exploded: a row per object, columns of the entry repeated, filtered as rows", async () => {
    const path = await writeJagged("explode.root");
    const table = await readTable(path, { explode: "Muon", columns: ["run", "Muon_pt", "flag"] });
    expect(
      table.columns.map((c) => Array.from(c.values as ArrayLike<unknown>, String).join(" ")),
    ).toEqual(["1 1 3 4294967295 4294967295 4294967295", "9 8 7 6 5 4", "a a c d d d"]);
    const info = await inspectTable(path, { explode: "nMuon" }); // by its counter
    expect([info.rows, info.columns.map((c) => c.name)]).toEqual([
      6,
      ["entry", "index", "run", "flag", "nMuon", "Muon_pt", "Muon_q", "nElectron"],
    ]);
    const some = await readTable(path, { explode: "Muon", columns: ["flag"], where: "Muon_q < 0" });
    expect(column(some, "flag").values).toEqual(["a", "d"]);
    const pieces = await rows(path, { explode: "Electron", batchRows: 1 });
    expect(pieces.map((piece) => column(piece, "flag").values)).toEqual([["b"], ["d"]]);
    expect(pieces.map((piece) => valuesOf(piece, "entry"))).toEqual([[1n], [3n]]);
    const muons = await rows(path, { explode: "Muon", batchRows: 2 }); // two entries at a time
    expect(valuesOf(concat(muons), "entry").map(Number)).toEqual([0, 0, 2, 3, 3, 3]);
    expect(valuesOf(concat(muons), "index")).toEqual([0, 1, 0, 0, 1, 2]);
  });

  test("is that of the colon where there are several, in folders too", async () => {
    const path = await writeJagged("several.root", ["Events", "l1/Runs"]);
    expect((await readTable(path)).rows).toBe(4); // NanoAOD's tree goes without saying
    const others = await writeJagged("others.root", ["Data", "l1/Runs"]);
    expect(await refusal(others)).toBe(
      "DataError: others.root: holds 2 trees: Data, l1/Runs; name one, as others.root:Data",
    );
    expect((await readTable(`${path}:l1/Runs`, { limit: 3 })).rows).toBe(3);
    expect((await readTable(`${path}:Events;1`)).rows).toBe(4);
    expect(await refusal(`${path}:Events;7`)).toMatch(/no cycle 7 of "Events"; there is 1$/);
    expect(await refusal(`${path}:Event`)).toBe(
      'DataError: several.root: no object "Event"; did you mean "Events"?',
    );
  });
});

describe("what cannot be read is named", () => {
  test("columns that are jagged, missing or misspelled, and selections on them", async () => {
    const path = await writeJagged("names.root");
    expect(await refusal(path, { columns: ["Muon_pt"] })).toBe(
      "DataError: names.root: column Muon_pt (float32[nMuon]) holds more than one value a row; choose another, or explode its collection",
    );
    expect(await refusal(path, { columns: ["runn"] })).toBe(
      'DataError: names.root: no column "runn"; there are run, flag, nMuon, nElectron; did you mean "run"?',
    );
    expect(await refusal(path, { columns: ["Muon_ptt"] })).toMatch(/did you mean "Muon_pt"\?$/);
    expect(await refusal(path, { where: "Muon_pt > 3" })).toMatch(
      /cannot select "Muon_pt > 3": .*not found.*; more than one value a row: Muon_pt \(float32/,
    );
    expect(await refusal(path, { where: "run > 1e12" })).toBe(
      'DataError: names.root: no row passes "run > 1e12" (4 rows before); loosen the selection',
    );
    expect(await refusal(path, { explode: "Muno" })).toBe(
      'DataError: names.root: no jagged collection "Muno"; did you mean "Muon"?',
    );
    expect(await refusal(path, { explode: "Jets" })).toMatch(/there are Muon, Electron$/);
    expect(await refusal(path, { explode: "Muon", columns: ["Electron_pt"] })).toMatch(
      /column Electron_pt \(float64\[nElectron\]\) holds more than one value a row/,
    );
  });

  test("files that are truncated, foreign, empty or misnamed", async () => {
    const bytes = readFileSync(await writeJagged("whole.root"));
    writeFileSync(at("cut.root"), bytes.subarray(0, bytes.length - 100));
    expect(await refusal(at("cut.root"))).toMatch(
      /^FormatError: cut\.root: truncated: the header speaks of \d+ bytes, the file has \d+$/,
    );
    writeFileSync(at("text.root"), "pt,eta\n1,2\n");
    expect(await refusal(at("text.root"))).toBe(
      "FormatError: text.root: expected root by its name, found csv content; rename it",
    );
    writeFileSync(at("zeros.root"), new Uint8Array(500));
    expect(await refusal(at("zeros.root"))).toMatch(/zeros\.root: not a ROOT file/);
    writeFileSync(at("none.root"), "");
    expect(await refusal(at("none.root"))).toMatch(/the file is empty/);
    writeFileSync(at("nano.dat"), bytes);
    expect(await refusal(at("nano.dat"))).toMatch(/found a ROOT file; name it \.root/);
    expect(await refusal(at("absent.root:Events"))).toMatch(/absent\.root: no such file/);
  });

  test("a tree without entries or without flat branches, a file without trees", async () => {
    await (await createTableWriter(at("empty.root"), schemaOf(mixed))).close();
    expect((await inspectTable(at("empty.root"))).rows).toBe(0);
    expect(await refusal(at("empty.root"))).toBe(
      "DataError: empty.root: holds 6 columns but no rows",
    );
    expect(await refusal(at("empty.root"), { where: "pt > 1" })).toMatch(/but no rows/);
    const histogram = await createRootWriter(at("hist.root"));
    await histogram.histogram({ name: "h", axes: [{ edges: [0, 1] }], sumW: [0, 7, 0] });
    await histogram.close();
    expect(await refusal(at("hist.root"))).toBe("DataError: hist.root: holds no tree, only TH1D");
    const fixed = await createRootWriter(at("fixed.root"));
    await fixed.tree("t", [{ name: "pos", type: "float32", inner: [3] }]).append([jagged[5]]);
    await fixed.close();
    expect(await refusal(at("fixed.root"))).toMatch(
      /more than one value a row: pos \(float32\[3\]\); there are no others$/,
    );
  });

  test("unsigned integers beyond 2^63 fit in no column", async () => {
    const writer = await createRootWriter(at("big.root"));
    const big = BigUint64Array.of(1n, 2n ** 63n);
    const tree = writer.tree("t", [{ name: "id", type: "uint64" }]);
    await tree.append([{ name: "id", type: "uint64", values: big, inner: [] }]);
    await writer.close();
    expect(await refusal(at("big.root"))).toMatch(/branch "id" holds 9223372036854775808, above/);
  });
});

const data = "../shared/data/dimuon";
const present = existsSync(`${data}/hzz_2421ev.root`);
if (!present) console.warn(`skipped: ${data} is not there`);

describe.skipIf(!present)("files of others", () => {
  test("a TTree gives the flat values and the objects that JSROOT reads", async () => {
    const path = `${data}/hzz_2421ev.root`;
    const tree = (await (await openJs(path)).readObject("events")) as JsTree;
    const names = ["NMuon", "MET_px", "Muon_Px", "Muon_Charge"];
    const branches = names.map((name) => {
      const found = tree.fBranches.arr.find((b) => b.fName === name);
      if (found === undefined) throw new Error(`no branch ${name}`);
      return found;
    });
    const [n, met, px, charge] = (await readJs(tree, branches, tree.fEntries)) as [
      number[],
      number[],
      number[][],
      number[][],
    ];
    const flat = await readTable(path, { where: "NMuon >= 2", columns: ["NMuon", "MET_px"] });
    expect(valuesOf(flat, "NMuon")).toEqual(n.filter((k) => k >= 2));
    expect(valuesOf(flat, "MET_px")).toEqual(met.filter((_, i) => n[i] >= 2));
    const where = "Muon_Charge > 0";
    const muons = await readTable(path, { explode: "Muon", where, columns: ["MET_px", "Muon_Px"] });
    const positive = px.flatMap((list, i) =>
      list.flatMap((p, k) => (charge[i][k] > 0 ? [[met[i], p]] : [])),
    );
    expect(muons.rows).toBeGreaterThan(1000);
    expect(valuesOf(muons, "MET_px")).toEqual(positive.map(([m]) => m));
    expect(valuesOf(muons, "Muon_Px")).toEqual(positive.map(([, p]) => p));
  });

  test("an RNTuple gives the objects that its counts promise", async () => {
    const path = `${data}/doublemuparked_2012_1000ev_rntuple.root`;
    const counts = await readTable(path, { columns: ["nMuon"] });
    const muons = await readTable(path, { explode: "Muon", columns: ["nMuon", "Muon_mass"] });
    const total = valuesOf(counts, "nMuon").reduce((sum, n) => sum + Number(n), 0);
    expect([counts.rows, muons.rows]).toEqual([1000, total]);
    const masses = column(muons, "Muon_mass").values as Float32Array;
    expect(masses.every((m) => Math.abs(m - 0.10566) < 1e-4)).toBe(true);
  });
});
