import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { numericColumn, readTable, writeTable } from "../../src/data/index.ts";
import { openAnyTree, openRootFile } from "../../src/data/read-root.ts";
import { joinFriends } from "../../src/data/root/friends.ts";
import { createRootWriter } from "../../src/data/root/write-node.ts";
import { forty } from "../cli/fake-terminal.ts";
import { temporaryFolder } from "../data/folder.ts";
import { type JsTree, openJs, readJs, walkJs } from "../data/root/jsroot.ts";
import { makeRootColumn } from "../data/root/write-columns.ts";
import { type NanoEvent, nanoEvent, writeNano } from "./dataset/nano.ts";
import { recalibrate, simulatedTable } from "./samples.ts";
import { toyModel } from "./toy-model.ts";

const { path: folder, at } = temporaryFolder();

/** Sums that float32 holds exactly: twice the hardware pt, and the other three told apart. */
const weights = {
  phiCalib: [0, 1, 0, 1024],
  etaCalib: [0, 0, 1, 0],
  ptCalib: [2, 0, 0, 0],
};
writeFileSync(at("muons.onnx"), toyModel("muons", weights));
writeFileSync(
  at("jets.onnx"),
  toyModel("jets", { ptCalib: [1, 0, 0, 4096] }, { ptMin: 0, ptMax: 1000 }),
);

/** Muons inside and outside of the window, of several crossings and charges, in three events. */
const events: readonly NanoEvent[] = [
  nanoEvent(2n ** 40n + 1n, {
    l1Muons: [
      [43, 9, 284, 0, 0, 0.125, 3.125], // 21 GeV
      [11, -92, 46, 1, 0, -1, 0.5], // 5 GeV, the end of the window
      [81, 7, 575, 1, 2, 0, 0], // 40 GeV, the other end
    ],
    l1Jets: [[100, 23, 0, -1]],
  }),
  nanoEvent(7, { l1Jets: [[2047, -92, 143, 0]] }), // 1023.5 GeV, outside of the window
  nanoEvent(8, { l1Muons: [[12, -103, 560, 1, -2, -1.125, 0.5]] }), // 5.5 GeV
];

async function predict(...argv: string[]) {
  const { code, out, err } = await forty(["predict", ...argv, "--json"]);
  return { code, err: err.replaceAll(`${folder}/`, ""), result: code === 0 ? JSON.parse(out) : {} };
}

/** Branches of a tree as JSROOT reads them, by name [entry]. */
async function jsBranches(path: string, tree: string, names: readonly string[]) {
  const found = (await (await openJs(path)).readObject(tree)) as JsTree;
  const branches = names.map((name) => {
    const all = walkJs(found.fBranches.arr);
    const one = all.find(({ path, branch }) => path === name || branch.fName === name);
    if (one === undefined) throw new Error(`no branch ${name} in ${all.map((b) => b.path)}`);
    return one.branch;
  });
  const values = await readJs(found, branches, found.fEntries);
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}

const round = (lists: unknown[]) => (lists as number[][]).map((list) => list.map(Math.fround));

describe("a friend tree", () => {
  test("has the entries of the input, event numbers, and every object in its place", async () => {
    await writeNano(at("nano.root"), events);
    const { code, err, result } = await predict(
      at("muons.onnx"),
      at("nano.root"),
      "-o",
      at("f.root"),
    );
    expect(code, err).toBe(0);
    expect(result).toMatchObject({
      rows: 3,
      collection: "L1Mu",
      objects: 4,
      calibrated: 2,
      outside: { pt: 2 },
    });
    const names = ["run", "luminosityBlock", "event", "nL1Mu"];
    const results = ["L1Mu_ptCalib", "L1Mu_etaCalib", "L1Mu_phiCalib", "L1Mu_calibrated"];
    const read = await jsBranches(at("f.root"), "Friends", [...names, ...results]);
    expect(read.run).toEqual([5, 5, 5]);
    expect(read.event).toEqual([2 ** 40 + 1, 7, 8]);
    expect(read.nL1Mu).toEqual([3, 0, 1]);
    expect(read.L1Mu_calibrated).toEqual([[1, 0, 0], [], [1]]);
    // in the report's scale hwPtL1 = 2 pt; the others keep their Level-1 pt
    expect(read.L1Mu_ptCalib).toEqual([[84, 5, 40], [], [22]]);
    expect(read.L1Mu_etaCalib).toEqual(round([[9, -92 * 0.010875, 7 * 0.010875], [], [-103]]));
    const phi = (hw: number) => (hw * 2 * Math.PI) / 576;
    expect(read.L1Mu_phiCalib).toEqual(round([[284, phi(46), phi(575)], [], [560 + 1024]]));
  });

  test("says which model made it, with units", async () => {
    const { result } = await infoOf(at("f.root"));
    expect(result.metadata).toMatchObject({ "forty.model": at("muons.onnx") });
    expect(result.metadata["forty.modelSha256"]).toMatch(/^[\da-f]{64}$/);
    expect(JSON.parse(result.metadata["forty.units"])).toEqual({
      L1Mu_phiCalib: "rad",
      L1Mu_ptCalib: "GeV",
    });
  });

  test("holds jets calibrated with the vertices of their event, those outside the window not", async () => {
    await writeNano(at("jets.root"), events);
    await predict(at("jets.onnx"), at("jets.root"), "-o", `${at("fj.root")}:calib`);
    const names = ["nL1Jet", "L1Jet_ptCalib", "L1Jet_calibrated"];
    const read = await jsBranches(at("fj.root"), "calib", names);
    expect(read.nL1Jet).toEqual([1, 1, 0]);
    expect(read.L1Jet_ptCalib).toEqual([[100 + 33 * 4096], [1023.5], []]);
    expect(read.L1Jet_calibrated).toEqual([[1], [0], []]);
  });

  test("keeps its order across batches of events", async () => {
    const n = 41_000; // batches have 20,000 events
    const muon = (i: number) => [20 + (i % 50), 3, i % 576, i % 2, 0, 0, 0];
    const many = Array.from({ length: n }, (_, i) =>
      nanoEvent(i, {
        l1Muons: i % 3 === 0 ? [] : i % 3 === 1 ? [muon(i)] : [muon(i), muon(i + 7)],
      }),
    );
    await writeNano(at("many.root"), many);
    const { result } = await predict(at("muons.onnx"), at("many.root"), "-o", at("many-f.root"));
    expect(result).toMatchObject({
      rows: n,
      objects: many.reduce((k, e) => k + e.l1Muons.length, 0),
    });
    await predict(at("muons.onnx"), at("many.root"), "-o", at("many.parquet"));
    const table = await readTable(at("many.parquet"), { columns: ["entry", "event"] });
    expect(numericColumn(table, "entry")).toEqual(numericColumn(table, "event"));
    const file = await openRootFile(at("many-f.root"));
    const tree = await openAnyTree(file, "Friends");
    const [event, phi] = await tree.read(["event", "L1Mu_phiCalib"]);
    await file.close();
    const expected = many.flatMap((e) => e.l1Muons.map(([, , phi, sign]) => phi + 1024 * sign));
    expect(Array.from(phi.values as Float32Array)).toEqual(expected);
    expect((event.values as BigUint64Array).every((id, i) => id === BigInt(i))).toBe(true);
    const counts = Array.from(phi.offsets as Uint32Array);
    expect(counts.slice(1).every((end, i) => end - counts[i] === many[i].l1Muons.length)).toBe(
      true,
    );
  });
});

async function infoOf(path: string) {
  const { out } = await forty(["info", path, "--json"]);
  return { result: JSON.parse(out) as { metadata: Record<string, string> } };
}

describe("a table of objects", () => {
  test("has a row per object with its place, its numbers, and what the model reads and gives", async () => {
    await writeNano(at("rows.root"), events);
    const { result } = await predict(at("muons.onnx"), at("rows.root"), "-o", at("rows.csv"));
    expect(result).toMatchObject({ rows: 4, events: 3, calibrated: 2 });
    const [header, ...lines] = readFileSync(at("rows.csv"), "utf8").trim().split("\n");
    expect(header).toBe(
      "entry,index,run,lumi,event,bx,ptL1,etaL1,phiL1,hwPtL1,hwPhiL1,hwEtaL1,hwSignL1,phiCalib,etaCalib,ptCalib,calibrated",
    );
    const cells = lines.map((line) => line.split(","));
    const shown = cells.map((row) => [...row.slice(0, 7), ...row.slice(9, 13), row[15], row[16]]);
    expect(shown.map((row) => row.join(" "))).toEqual([
      "0 0 5 2 1099511627777 0 21.0 42 284 9 0 84.0 true",
      "0 1 5 2 1099511627777 0 5.0 10 46 -92 1 5.0 false",
      "0 2 5 2 1099511627777 2 40.0 80 575 7 1 40.0 false",
      "2 0 5 2 8 -2 5.5 11 560 -103 1 22.0 true",
    ]);
  });
});

test("the vertices of an event are those of its own jets", async () => {
  const counts = [1, 0, 2];
  const flat = ["run", "luminosityBlock", "event"].map((name) =>
    makeRootColumn(name, "uint32", [1, 2, 3]),
  );
  const columns = [
    ...flat,
    makeRootColumn("PV_npvs", "uint8", [10, 20, 30]),
    ...["pt", "eta", "phi"].map((name) =>
      makeRootColumn(`L1Jet_${name}`, "float32", [1, 1, 1], { counts }),
    ),
  ];
  const writer = await createRootWriter(at("pv.root"));
  const schema = columns.map(({ name, type, offsets }) => {
    return { name, type, ...(offsets ? { counter: "nL1Jet" } : {}) };
  });
  await writer.tree("Events", schema).append(columns);
  await writer.close();
  await predict(at("jets.onnx"), at("pv.root"), "-o", at("pv.csv"));
  const table = await readTable(at("pv.csv"));
  expect([...numericColumn(table, "nVertices")]).toEqual([10, 30, 30]);
  expect([...numericColumn(table, "ptCalib")]).toEqual([10, 30, 30].map((n) => 2 + 4096 * n));
});

/** Crossings of the Level-1 scouting: no event numbers, no crossing per object. */
async function writeScouting(path: string): Promise<void> {
  const counts = [2, 0];
  const columns = [
    makeRootColumn("run", "uint32", [9, 9]),
    makeRootColumn("orbitNumber", "uint32", [77, 78]),
    makeRootColumn("bunchCrossing", "uint32", [3, 3563]),
    makeRootColumn("L1Mu_pt", "float32", [10, 2], { counts }),
    makeRootColumn("L1Mu_eta", "float32", [0.5, 1], { counts }),
    makeRootColumn("L1Mu_phi", "float32", [-0.5, -1], { counts }),
    makeRootColumn("L1Mu_hwCharge", "int32", [1, 0], { counts }),
  ];
  const writer = await createRootWriter(path);
  const schema = columns.map(({ name, type, offsets }) => {
    return { name, type, ...(offsets ? { counter: "nL1Mu" } : {}) };
  });
  await writer.tree("Events", schema).append(columns);
  await writer.close();
}

test("scouting NanoAOD is calibrated by crossing, hardware integers made where it has none", async () => {
  await writeScouting(at("scout.root"));
  await predict(at("muons.onnx"), at("scout.root"), "-o", at("scout-f.root"));
  const names = ["orbitNumber", "bunchCrossing", "nL1Mu", "L1Mu_ptCalib", "L1Mu_phiCalib"];
  const read = await jsBranches(at("scout-f.root"), "Friends", names);
  expect(read.orbitNumber).toEqual([77, 78]);
  expect(read.bunchCrossing).toEqual([3, 3563]);
  expect(read.L1Mu_ptCalib).toEqual([[40, 2], []]);
  const hwPhi = Math.round(((2 * Math.PI - 0.5) * 576) / (2 * Math.PI));
  expect(read.L1Mu_phiCalib).toEqual([[hwPhi + 1024, Math.fround(2 * Math.PI - 1)], []]);
});

describe("what cannot be predicted is named, and leaves no file", () => {
  test.each([
    [
      ["jets.onnx", "bare.root"],
      /^error: bare\.root: the model reads "nVertices", which this file does not tell/,
    ],
    [
      ["muons.onnx", "bare.root", "--collection", "L1EmulMu"],
      /no Level-1 muons called "L1EmulMu"; there are L1Mu: choose with --collection L1Mu/,
    ],
    [
      ["muons.onnx", "bare.root", "--where", "run > 1"],
      /^error: --where: bare\.root holds events, all of which are kept/,
    ],
    [
      ["muons.onnx", "flat.csv", "--collection", "L1Mu"],
      /^error: --collection: flat\.csv is a table/,
    ],
    [["muons.onnx", "bare.root:Runs"], /bare\.root: no object "Runs"/],
  ] as const)("%j", async ([model, input, ...more], message) => {
    await writeNano(at("bare.root"), events, { without: ["PV_npvs"] });
    writeFileSync(at("flat.csv"), "hwPtL1,hwPhiL1,hwEtaL1,hwSignL1\n20,1,2,0\n");
    const { code, err } = await predict(at(model), at(input), "-o", at("never.root"), ...more);
    expect(code).toBeGreaterThan(0);
    expect(err).toMatch(message);
    expect(readdirSync(folder).filter((name) => name.includes("never"))).toEqual([]);
  });

  test("muons without a charge", async () => {
    await writeNano(at("neutral.root"), events, { without: ["L1Mu_hwCharge"] });
    const { err } = await predict(at("muons.onnx"), at("neutral.root"), "-o", at("never.root"));
    expect(err).toBe(
      `error: neutral.root: the model reads "hwSignL1", which this file does not tell of its Level-1 muons; use a model without it\n`,
    );
  });

  test("a stop", async () => {
    await writeNano(at("stop.root"), events);
    const argv = ["predict", at("muons.onnx"), at("stop.root"), "-o", at("never.root")];
    const { code, err } = await forty(argv, { signal: AbortSignal.abort() });
    expect([code, err]).toEqual([130, expect.stringMatching(/^stopped: /)]);
    expect(readdirSync(folder).filter((name) => name.includes("never"))).toEqual([]);
  });
});

const nano = "../shared/data/l1-nano/run3_2024_l1nano_100ev.root";
const ntuple = "../shared/data/l1-ntuple/zerobias_2018_l1ntuple_200ev.root";
const present = existsSync(nano) && existsSync(ntuple);
if (!present) console.warn(`skipped: ${nano} or ${ntuple} is not there`);

/** What the toy model makes of Level-1 muons; hardware pt from the physical one. */
function expectedOf({ pt, phi, hwPhi, hwEta, sign, eta }: Record<string, number[][]>) {
  const isIn = (x: number) => x > 5 && x < 40;
  const each = (make: (e: number, i: number) => number) =>
    pt.map((list, e) => list.map((_, i) => Math.fround(make(e, i))));
  const turn = (x: number) => (x < 0 ? x + 2 * Math.PI : x);
  return {
    pt: each((e, i) => (isIn(pt[e][i]) ? 4 * pt[e][i] : pt[e][i])),
    eta: each((e, i) => (isIn(pt[e][i]) ? hwEta[e][i] : eta[e][i])),
    phi: each((e, i) => (isIn(pt[e][i]) ? hwPhi[e][i] + 1024 * sign[e][i] : turn(phi[e][i]))),
  };
}

const calibNames = ["pt", "eta", "phi"].map((name) => `L1Mu_${name}Calib`);

describe.skipIf(!present)("on real files", () => {
  test("every muon of all crossings of Run 3 NanoAOD has its value, as JSROOT reads both files", async () => {
    const { result } = await predict(at("muons.onnx"), nano, "-o", at("run3.root"));
    expect(result).toMatchObject({ rows: 100, objects: 227 });
    const names = ["pt", "eta", "phi", "hwPhi", "hwEta", "hwCharge"].map((name) => `L1Mu_${name}`);
    // JSROOT does not unpack this file
    const columns = ["--columns", "event,L1Mu_*"];
    expect(
      await forty(["convert", `${nano}:Events`, "-o", at("zlib.root"), ...columns]),
    ).toMatchObject({ code: 0 });
    const read = await jsBranches(at("zlib.root"), "Events", ["event", ...names]);
    const [pt, eta, phi, hwPhi, hwEta, sign] = names.map((name) => read[name] as number[][]);
    const expected = expectedOf({ pt, eta, phi, hwPhi, hwEta, sign });
    const made = await jsBranches(at("run3.root"), "Friends", ["event", ...calibNames]);
    expect(made.event).toEqual(read.event);
    expect(calibNames.map((name) => made[name])).toEqual([expected.pt, expected.eta, expected.phi]);
  });

  test("the friend is read beside the original", async () => {
    const files = [await openRootFile(nano), await openRootFile(at("run3.root"))];
    const tree = await openAnyTree(files[0], "Events");
    const friend = await openAnyTree(files[1], "Friends");
    const both = joinFriends(tree, [{ tree: friend, prefix: "calib." }]);
    const [pt, calib, flag] = await both.read([
      "L1Mu_pt",
      "calib.L1Mu_ptCalib",
      "calib.L1Mu_calibrated",
    ]);
    await Promise.all(files.map((file) => file.close()));
    expect(calib.offsets).toEqual(pt.offsets);
    const level1 = Array.from(pt.values as Float32Array);
    const isIn = level1.map((x) => x > 5 && x < 40);
    expect(Array.from(flag.values as Uint8Array)).toEqual(isIn.map(Number));
    expect(Array.from(calib.values as Float32Array)).toEqual(
      level1.map((x, i) => (isIn[i] ? 4 * x : x)),
    );
  });

  test("an L1 ntuple's muons, whose ids are in another tree, and its emulated ones", async () => {
    await predict(at("muons.onnx"), ntuple, "-o", at("ntuple.root"));
    const branches = ["muonEt", "muonEta", "muonPhi", "muonIPhi", "muonIEta", "muonChg"];
    const read = await jsBranches(ntuple, "l1UpgradeTree/L1UpgradeTree", branches);
    const [pt, eta, phi, hwPhi, hwEta, charge] = branches.map((name) => read[name] as number[][]);
    const sign = charge.map((list) => list.map((q) => (q < 0 ? 1 : 0)));
    const expected = expectedOf({ pt, eta, phi, hwPhi, hwEta, sign });
    const made = await jsBranches(at("ntuple.root"), "Friends", ["run", ...calibNames]);
    expect(made.run).toEqual(Array(200).fill(320040));
    expect(calibNames.map((name) => made[name])).toEqual([expected.pt, expected.eta, expected.phi]);
    const emulated = ["-o", at("emul.parquet"), "--collection", "L1EmulMu"];
    const { result } = await predict(at("muons.onnx"), ntuple, ...emulated);
    expect(result).toMatchObject({ collection: "L1EmulMu", objects: 16, rows: 16 });
    const table = await readTable(at("emul.parquet"));
    expect(Math.max(...numericColumn(table, "entry"))).toBeLessThan(200);
  });

  test("jets of events whose number of vertices is not known keep their pt, and it is said why", async () => {
    const argv = ["predict", at("jets.onnx"), ntuple, "-o", at("ntuple-jets.root")];
    const { code, out } = await forty(argv);
    expect(code).toBe(0);
    expect(out).toMatch(
      /: 0 of 2,031 L1Jet of 200 events calibrated by .*\nthe others keep their L1 values:\n {2}2,031: nVertices missing or out of range\n$/,
    );
    const { jetEt } = await jsBranches(ntuple, "l1UpgradeTree/L1UpgradeTree", ["jetEt"]);
    const made = await jsBranches(at("ntuple-jets.root"), "Friends", ["L1Jet_ptCalib"]);
    expect(made.L1Jet_ptCalib).toEqual(jetEt);
  });

  test("a trained model gives the muons of all crossings what it gives the rows of a table", async () => {
    await writeTable(at("muons.parquet"), simulatedTable());
    await recalibrate(at("muons.parquet"), at("run"));
    const { result } = await predict(at("run"), nano, "-o", at("objects.parquet"));
    expect(result.calibrated).toBeGreaterThan(50);
    const inputs = ["hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1"];
    const flat = ["-o", at("flat.parquet"), "--columns", inputs.join(), "--where", "calibrated"];
    expect(await forty(["convert", at("objects.parquet"), ...flat])).toMatchObject({ code: 0 });
    const rows = await predict(at("run"), at("flat.parquet"), "-o", at("flat-out.parquet"));
    expect(rows.result).toMatchObject({ rows: result.calibrated });
    const events = await readTable(at("objects.parquet"), { where: "calibrated" });
    const table = await readTable(at("flat-out.parquet"));
    for (const name of ["phiCalib", "etaCalib", "ptCalib"])
      expect(numericColumn(events, name)).toEqual(numericColumn(table, name));
  });

  test("a muon has the hardware integers that the dataset of its file gives it", async () => {
    expect(await forty(["dataset", "muons", nano, "-o", at("dataset.parquet")])).toMatchObject({
      code: 0,
    });
    await predict(at("muons.onnx"), nano, "-o", at("all.parquet"));
    const inputs = ["event", "hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1"];
    const keys = async (name: string, where: string) => {
      const table = await readTable(at(name), { columns: inputs, where });
      return new Set(
        Array.from({ length: table.rows }, (_, i) =>
          inputs.map((c) => numericColumn(table, c)[i]).join(),
        ),
      );
    };
    const [matched, all] = [
      await keys("dataset.parquet", "true"),
      await keys("all.parquet", "bx = 0"),
    ];
    expect(matched.size).toBe(128);
    expect([...matched].filter((key) => !all.has(key))).toEqual([]);
  });
});
