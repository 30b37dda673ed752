import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { numericColumn, readTable } from "../../src/data/index.ts";
import { openNamedTree } from "../../src/data/read-root.ts";
import { createRootWriter } from "../../src/data/root/write-node.ts";
import { temporaryFolder } from "../data/folder.ts";
import { type JsTree, openJs, readJs, walkJs } from "../data/root/jsroot.ts";
import { entriesOf, makeRootColumn } from "../data/root/write-columns.ts";
import { forty } from "./fake-terminal.ts";

const { path: folder, at } = temporaryFolder();

/** Runs with --json, expects success, and gives the object. */
async function result(...argv: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await forty([...argv, "--json"]);
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

async function writeEvents(name: string): Promise<string> {
  const counts = [2, 0, 3];
  const columns = [
    makeRootColumn("run", "uint32", [1, 2, 3]),
    makeRootColumn("pos", "float32", [1, 2, 3, 4, 5, 6], { inner: [2] }),
    makeRootColumn("Muon_pt", "float32", [9, 8, 7, 6, 5], { counts }),
    makeRootColumn("Muon_q", "int8", [1, -1, 1, 1, -1], { counts }),
    makeRootColumn("Jet_pt", "float64", [50], { counts: [0, 1, 0] }),
  ];
  const writer = await createRootWriter(at(name));
  const schema = columns.map(({ name, type, inner, offsets }) => {
    return { name, type, inner, ...(offsets ? { counter: `n${name.split("_")[0]}` } : {}) };
  });
  await writer.tree("Events", schema).append(columns);
  await writer.close();
  return at(name);
}

describe("convert from ROOT to ROOT", () => {
  test("keeps jagged branches, of the entries that pass, in several files", async () => {
    const path = await writeEvents("a.root");
    const columns = ["--columns", "run,Muon_*", "--where", "nMuon <> 2"];
    const told = await result("convert", path, path, "-o", at("b.root:skim"), ...columns);
    expect(told).toMatchObject({ rows: 4, rowsRead: 6, leftOut: [] });
    expect(told.columns).toEqual(["nMuon", "run", "Muon_pt", "Muon_q"]);
    const tree = (await (await openJs(at("b.root"))).readObject("skim")) as JsTree;
    const values = await readJs(tree, tree.fBranches.arr, 4);
    expect(tree.fBranches.arr.map((b) => b.fName)).toEqual(told.columns);
    const [two, three] = [[], [7, 6, 5]];
    expect(values).toEqual([
      [0, 3, 0, 3],
      [2, 3, 2, 3],
      [two, three, two, three],
      [[], [1, 1, -1], [], [1, 1, -1]],
    ]);
  });

  test("stopped or refused, it leaves no file", async () => {
    const path = await writeEvents("c.root");
    const argv = ["convert", path, "-o", at("stopped.root")];
    const { code, err } = await forty(argv, { signal: AbortSignal.abort() });
    expect([code, err]).toEqual([
      130,
      `stopped: convert: cancelled; ${at("stopped.root")} was not written\n`,
    ]);
    const where = await forty([...argv, "--where", "Muon_pt > 5"]);
    expect(where.err).toMatch(/more than one value a row: Muon_pt .*explode its collection first/);
    const folders = await forty(["convert", path, "-o", at("no/x.root")]);
    expect(folders.err).toMatch(/there is no folder .*no; make it first/);
    expect(readdirSync(folder).filter((name) => name.includes("stopped"))).toEqual([]);
  });
});

describe("convert from ROOT to tables", () => {
  test("says which collections are left out and how to keep them", async () => {
    const path = await writeEvents("d.root");
    const { out } = await forty(["convert", path, "-o", at("d.parquet")]);
    expect(out).toBe(
      `${at("d.parquet")}: 3 of 3 rows, 3 columns\n` +
        "left out 4 columns with more than one value a row (pos, Muon, Jet); " +
        "-o FILE.root keeps them, --explode NAME makes a row of each object\n",
    );
    const { leftOut } = await result("convert", path, "-o", at("d.parquet"));
    expect(leftOut).toEqual([
      "pos (float32[2])",
      "Muon_pt (float32[nMuon])",
      "Muon_q (int8[nMuon])",
      "Jet_pt (float64[nJet])",
    ]);
  });

  test("exploded rows say where they are from, and are chosen by it", async () => {
    const path = await writeEvents("e.root");
    await result("convert", path, "-o", at("e.csv"), "--explode", "Muon");
    expect(readFileSync(at("e.csv"), "utf8")).toBe(
      "entry,index,run,nMuon,Muon_pt,Muon_q,nJet\n" +
        "0,0,1,2,9.0,1,0\n0,1,1,2,8.0,-1,0\n2,0,3,3,7.0,1,0\n2,1,3,3,6.0,1,0\n2,2,3,3,5.0,-1,0\n",
    );
    const leading = ["--explode", "Muon", "--where", "index = 0", "--columns", "entry,Muon_pt"];
    await result("convert", path, "-o", at("leading.csv"), ...leading);
    expect(readFileSync(at("leading.csv"), "utf8")).toBe("entry,Muon_pt\n0,9.0\n2,7.0\n");
  });

  test("of several files, some may have no row that passes, but not all", async () => {
    const path = await writeEvents("f.root");
    writeFileSync(at("g.csv"), "run\n7\n8\n");
    const argv = ["convert", path, at("g.csv"), "-o", at("h.csv"), "--columns", "run", "--where"];
    expect(await result(...argv, "run > 6")).toMatchObject({ rows: 2, rowsRead: 5 });
    expect(readFileSync(at("h.csv"), "utf8")).toBe("run\n7\n8\n");
    const { code, err } = await forty([...argv, "run > 9"]);
    expect([code, err]).toEqual([
      1,
      `error: ${path}, ${at("g.csv")}: no row passes "run > 9" in any of them\n`,
    ]);
    const trees = ["convert", path, path, "-o", at("h.root"), "--where", "run > 9"];
    expect((await forty(trees)).err).toMatch(/no entry passes "run > 9" \(6 before\)/);
  });

  test("a branch called entry stays what it is", async () => {
    const writer = await createRootWriter(at("own.root"));
    await writer
      .tree("t", [
        { name: "entry", type: "int32" },
        { name: "x", type: "int32", counter: "nx" },
      ])
      .append([
        makeRootColumn("entry", "int32", [70, 80]),
        makeRootColumn("x", "int32", [1, 2, 3], { counts: [1, 2] }),
      ]);
    await writer.close();
    await result("convert", at("own.root"), "-o", at("own.csv"), "--explode", "x");
    expect(readFileSync(at("own.csv"), "utf8")).toBe(
      "index,entry,nx,x\n0,70,1,1\n0,80,2,2\n1,80,2,3\n",
    );
  });
});

const data = "../shared/data";
const files = {
  "dimuon/hzz_2421ev.root": "events",
  "jets/jetclass2_100jets.root": "tree",
  "l1-ntuple/zerobias_2018_l1ntuple_200ev.root": "l1UpgradeTree/L1UpgradeTree",
};
const delphes = `${data}/jets/delphes_pf_10ev.root`;
const ntuple = `${data}/dimuon/doublemuparked_2012_1000ev_rntuple.root`;
const nano = `${data}/l1-nano/run3_2024_l1nano_100ev.root`;
const paths = [...Object.keys(files).map((name) => `${data}/${name}`), delphes, ntuple, nano];
const present = paths.every((path) => existsSync(path));
if (!present) console.warn(`skipped: files of ${data} are not there`);

describe.skipIf(!present)("copies of real files", () => {
  test.each(Object.entries(files))("%s is for JSROOT what it was", async (name, tree) => {
    const source = `${data}/${name}`;
    const told = await result("convert", `${source}:${tree}`, "-o", at("copy.root:copy"));
    const before = (await (await openJs(source)).readObject(tree)) as JsTree;
    const after = (await (await openJs(at("copy.root"))).readObject("copy")) as JsTree;
    const branches = walkJs(before.fBranches.arr).filter(
      ({ branch }) => branch.fBranches.arr.length === 0,
    );
    expect(branches.length).toBeGreaterThan(20);
    expect(told.leftOut).toEqual([]);
    const copies = branches.map(({ branch }) => {
      const found = after.fBranches.arr.find((b) => b.fName === branch.fName);
      if (found === undefined) throw new Error(`no branch ${branch.fName}`);
      return found;
    });
    const asRead = await readJs(
      before,
      branches.map(({ branch }) => branch),
      before.fEntries,
    );
    expect(await readJs(after, copies, after.fEntries)).toEqual(asRead);
  });

  test("dots in names become underscores, objects stored whole are named as left out", async () => {
    const { leftOut } = await result("convert", `${delphes}:Delphes`, "-o", at("delphes.root"));
    expect(leftOut).toHaveLength(86);
    expect(leftOut).toContainEqual(
      expect.stringMatching(/^GenJet\.SoftDroppedJet \(TLorentzVector, not read\): /),
    );
    const { out } = await forty(["convert", `${delphes}:Delphes`, "-o", at("delphes.root")]);
    expect(out).toMatch(/10 of 10 rows, 564 columns\nleft out 86 columns:\n/);
    expect(out).toMatch(/^ {2}74 more$/m);
    const before = (await (await openJs(delphes)).readObject("Delphes")) as JsTree;
    const after = (await (await openJs(at("delphes.root"))).readObject("Events")) as JsTree;
    const [pt] = walkJs(before.fBranches.arr).filter(({ branch }) => branch.fName === "GenJet.PT");
    const [copy] = after.fBranches.arr.filter((b) => b.fName === "GenJet_PT");
    expect(await readJs(after, [copy], 10)).toEqual(await readJs(before, [pt.branch], 10));
  });

  test("an RNTuple becomes a tree counted as NanoAOD is", async () => {
    const columns = ["--columns", "Muon_*"];
    const told = await result("convert", ntuple, "-o", at("rntuple.root"), ...columns);
    expect((told.columns as string[])[0]).toBe("nMuon");
    const [before, after] = [await openNamedTree(ntuple), await openNamedTree(at("rntuple.root"))];
    for (const name of ["nMuon", "Muon_pt", "Muon_charge"]) {
      const [[a], [b]] = [await before.tree.read([name]), await after.tree.read([name])];
      expect(entriesOf(b)).toEqual(entriesOf(a));
    }
    await Promise.all([before.close(), after.close()]);
  });

  test("2,002 branches of NanoAOD are all there, and a skim has what the table has", async () => {
    const told = await result("convert", `${nano}:Events`, "-o", at("nano.root"));
    expect(told).toMatchObject({ rows: 100, leftOut: [] });
    expect(told.columns).toHaveLength(2002);
    const skim = ["--columns", "event,L1Mu_pt", "--where", "nL1Mu >= 3 AND PV_npvs > 30"];
    await result("convert", `${nano}:Events`, "-o", at("skim.root"), ...skim);
    const options = { columns: ["event", "L1Mu_pt"], explode: "L1Mu" };
    const where = "nL1Mu >= 3 AND PV_npvs > 30";
    const wanted = await readTable(`${nano}:Events`, { ...options, where });
    const found = await readTable(at("skim.root"), options);
    expect(numericColumn(found, "L1Mu_pt")).toEqual(numericColumn(wanted, "L1Mu_pt"));
    expect(numericColumn(found, "event")).toEqual(numericColumn(wanted, "event"));
  });
});
