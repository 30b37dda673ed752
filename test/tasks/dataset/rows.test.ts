import { expect, test } from "vitest";
import { column, inspectTable, numericColumn, readTable } from "../../../src/data/index.ts";
import { createRootWriter } from "../../../src/data/root/write-node.ts";
import { defaultSettings, makeDataset } from "../../../src/tasks/dataset/index.ts";
import { findSource } from "../../../src/tasks/recalibration/sources.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { makeRootColumn } from "../../data/root/write-columns.ts";
import { sample, writeNano } from "./nano.ts";

const { at } = temporaryFolder();
const input = at("nano.root");
const muons = defaultSettings("muons");
const jets = defaultSettings("jets");
await writeNano(input, sample);

async function make(settings: typeof muons, inputs = [input]) {
  const out = at(`${crypto.randomUUID()}.parquet`);
  const summary = await makeDataset({ inputs, out, settings });
  const table = await readTable(out);
  const list = (name: string) => Array.from(numericColumn(table, name));
  return { summary, table, list, out };
}

test("muon pairs carry the report's columns in the report's pt scale", async () => {
  const { summary, list, table } = await make(muons);
  expect(summary).toMatchObject({
    events: 3,
    l1Objects: 2,
    offlineObjects: 4,
    matched: 2,
    rows: 2,
    chargesAgree: 1,
    table5: null,
  });
  expect(summary.medianPtRatio).toBeCloseTo((21 / 20 + 10 / 8) / 2, 6);
  expect(list("hwPtL1")).toEqual([42, 20]);
  expect(list("ptL1")).toEqual([21, 10]);
  expect(list("hwPtL1").map((hw) => 0.5 * hw)).toEqual(list("ptL1"));
  expect(list("hwPhiL1")).toEqual([284, 46]);
  expect(list("hwEtaL1")).toEqual([9, -92]);
  expect(list("hwSignL1")).toEqual([0, 1]);
  expect(list("ptReco")).toEqual([20, 8]);
  expect(list("etaVtxReco")).toEqual([0.125, -1]);
  expect(list("phiVtxReco")).toEqual([-3.125, 0.5]);
  expect(list("chargesAgree")).toEqual([1, 0]);
  expect(list("deltaR")[0]).toBeCloseTo(2 * Math.PI - 6.25, 6);
  expect(list("nVertices")).toEqual([33, 33]);
  expect(column(table, "event").values).toEqual(BigInt64Array.of(2n ** 40n + 1n, 8n));
  expect(column(table, "ptReco").unit).toBe("GeV");
});

test("recalibrate takes the file as the report's table", async () => {
  const { table } = await make(muons);
  const source = findSource(
    "muons",
    "x",
    table.columns.map(({ name }) => name),
  );
  expect(source.name).toBe("report");
  expect(Array.from(source.level1(table).pt ?? [])).toEqual([21, 10]);
});

test("without unique, one Level-1 muon serves two offline ones", async () => {
  const { list } = await make({ ...muons, unique: false });
  expect(list("ptReco")).toEqual([20, 8, 16]);
  expect(list("ptL1")).toEqual([21, 10, 10]);
});

test("crossing, distance, pt and coordinates choose the pairs", async () => {
  expect((await make({ ...muons, bx: 1 })).list("ptReco")).toEqual([16]);
  expect((await make({ ...muons, maxDeltaR: 0.01 })).list("ptReco")).toEqual([8]);
  expect((await make({ ...muons, minOfflinePt: 8 })).list("ptReco")).toEqual([20, 16]);
  const station = await make({ ...muons, coordinates: "station" });
  expect(station.list("deltaR")[0]).toBeCloseTo(
    Math.hypot(0.125 - 9 * 0.010875, 2 * Math.PI - 3.125 - (284 * 2 * Math.PI) / 576),
    6,
  );
});

test("hardware integers a file lacks follow from the scales, other columns are missing", async () => {
  const path = at("reduced.root");
  const without = ["L1Mu_hwPhi", "L1Mu_hwEta", "PV_npvs", "Muon_charge"];
  await writeNano(path, sample, { without });
  const { list, summary } = await make(muons, [path]);
  expect(list("hwPhiL1")).toEqual([284, 46]);
  expect(list("hwEtaL1")).toEqual([9, -92]);
  expect(list("nVertices")).toEqual([Number.NaN, Number.NaN]);
  expect(list("chargeReco")).toEqual([Number.NaN, Number.NaN]);
  expect(summary.chargesAgree).toBe(0);
  const both = await make(muons, [path, input]);
  expect(both.list("nVertices")).toEqual([Number.NaN, Number.NaN, 33, 33]);
});

test("jets follow the report's rule: the target is the sum of all offline jets of one", async () => {
  const { summary, list } = await make(jets);
  expect(list("sumPtReco")).toEqual([50]);
  expect(list("multiplicity")).toEqual([2]);
  expect([list("hwPt"), list("hwEta"), list("hwPhi")]).toEqual([[100], [23], [0]]);
  expect(list("ptL1")).toEqual([50]);
  expect(summary).toMatchObject({ events: 3, l1Objects: 2, offlineObjects: 3, matched: 2 });
  expect(summary).toMatchObject({ rows: 1, chargesAgree: null });
  expect(summary.medianPtRatio).toBeCloseTo((50 / 40 + 50 / 10) / 2, 6);
  const line = { matched: 2, unmatched: 1, matchedPt: 50, unmatchedPt: 30 };
  const central = { matched: 2, unmatched: 0, matchedPt: 50, unmatchedPt: 0 };
  expect(summary.table5).toEqual({
    all: { ...line, fractionOfJets: 2 / 3, fractionOfPt: 50 / 80 },
    central: { ...central, fractionOfJets: 1, fractionOfPt: 1 },
  });
});

test("jets one-to-one keep the closest only", async () => {
  const { list } = await make({ ...jets, unique: true });
  expect([list("sumPtReco"), list("multiplicity")]).toEqual([[40], [1]]);
});

test("the file tells where it comes from", async () => {
  const { out } = await make(muons, [input]);
  const { metadata } = await inspectTable(out);
  const told = JSON.parse(metadata["forty.dataset"]);
  expect(told).toMatchObject({ settings: muons, events: 3, matched: 2, rows: 2 });
  expect(told.inputs).toMatchObject([{ file: "nano.root", format: "nanoaod", events: 3 }]);
  expect(told.inputs[0].sha256).toMatch(/^[\da-f]{64}$/);
});

test("L1 ntuples bring their offline objects in trees of their own", async () => {
  const path = at("ntuple.root");
  const writer = await createRootWriter(path);
  const write = async (tree: string, columns: ReturnType<typeof makeRootColumn>[], n = "") => {
    const schema = columns.map(({ name, type, offsets }) => ({
      name,
      type,
      counter: offsets ? n : undefined,
    }));
    await writer.tree(tree, schema).append(columns);
  };
  const list = (name: string, ...values: number[]) =>
    makeRootColumn(name, "float32", values, { counts: [1] });
  await write("l1EventTree/L1EventTree", [
    makeRootColumn("run", "uint32", [3]),
    makeRootColumn("lumi", "uint32", [1]),
    makeRootColumn("event", "uint64", [9n]),
  ]);
  await write(
    "l1UpgradeTree/L1UpgradeTree",
    [
      ...[list("muonEt", 11.5), list("muonEta", 0.5), list("muonPhi", 1)],
      ...[list("muonEtaAtVtx", 0.5), list("muonPhiAtVtx", 1.125), list("muonChg", -1)],
      ...[list("jetEt", 30), list("jetEta", 1), list("jetPhi", 1)],
    ],
    "n",
  );
  await write(
    "l1MuonRecoTree/Muon2RecoTree",
    [list("pt", 10), list("eta", 0.5), list("phi", 1.25), list("charge", -1)],
    "nMuons",
  );
  await write(
    "l1JetRecoTree/JetRecoTree",
    [list("etCorr", 40), list("eta", 1), list("phi", 1)],
    "nJets",
  );
  await writer.close();
  const pair = await make(muons, [path]);
  expect(pair.list("hwPtL1")).toEqual([23]);
  expect(pair.list("deltaR")).toEqual([0.125]);
  expect(pair.summary.chargesAgree).toBe(1);
  expect((await make(jets, [path])).list("sumPtReco")).toEqual([40]);
});
