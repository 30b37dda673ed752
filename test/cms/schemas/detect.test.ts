import { expect, test } from "vitest";
import { collect, collectEventIds } from "../../../src/cms/schemas/collect.ts";
import {
  collectionsIn,
  detectSchema,
  planCollection,
  planEventIds,
  type TreeBranches,
} from "../../../src/cms/schemas/detect.ts";
import { nanoaodSchema } from "../../../src/cms/schemas/nanoaod.ts";

const jets = ["L1Jet_pt", "L1Jet_eta", "L1Jet_phi"];
const nano: TreeBranches = {
  tree: "Events",
  branches: ["run", "luminosityBlock", "event", "bunchCrossing", "orbitNumber", "nL1Jet", ...jets],
};
const scouting: TreeBranches = {
  tree: "Events",
  branches: ["run", "luminosityBlock", "bunchCrossing", "orbitNumber", ...jets],
};
const objects = ["muonEt", "muonEta", "muonPhi", "muonBx", "jetEt", "jetEta", "jetPhi"];
const ntuple: readonly TreeBranches[] = [
  { tree: "l1EventTree/L1EventTree", branches: ["Event/run", "Event/event", "Event/lumi"] },
  { tree: "l1UpgradeTree/L1UpgradeTree", branches: objects.map((name) => `L1Upgrade/${name}`) },
];

test("a file is known by its trees and branches", () => {
  expect(detectSchema([nano]).name).toBe("nanoaod");
  expect(detectSchema([scouting]).name).toBe("scouting");
  expect(detectSchema(ntuple).name).toBe("l1ntuple");
  expect(detectSchema([{ tree: "", branches: ["nMatchedMuons", "hwPtL1_0"] }]).name).toBe("table");
});

test("a file of no known format is told what each one lacks, with near misses", () => {
  const slips = [{ tree: "Events", branches: ["run", "lumiBlock", "evnt"] }];
  expect(() => detectSchema(slips, "a.root")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: a.root: not a file we know; there is Events; NanoAOD needs "luminosityBlock", "event" (did you mean "evnt"?); scouting NanoAOD needs "bunchCrossing", "orbitNumber"; L1 ntuple needs tree l1UpgradeTree/L1UpgradeTree or l1UpgradeEmuTree/L1UpgradeTree; the report's flat table needs "nMatchedMuons", "hwPtL1_0"]`,
  );
  expect(() => detectSchema([])).toThrow(/there is no tree/);
});

test("only complete collections count as there", () => {
  expect(collectionsIn(nanoaodSchema, [nano])).toEqual(["L1Jet"]);
  const half = { ...nano, branches: nano.branches.filter((name) => name !== "L1Jet_eta") };
  expect(collectionsIn(nanoaodSchema, [half])).toEqual([]);
  expect(collectionsIn(detectSchema(ntuple), ntuple)).toEqual(["L1Mu", "L1Jet"]);
});

test("a plan maps columns to branches as the file spells them", () => {
  expect(planCollection(detectSchema(ntuple), "L1Mu", ntuple)).toEqual({
    name: "L1Mu",
    tree: "l1UpgradeTree/L1UpgradeTree",
    branches: {
      pt: "L1Upgrade/muonEt",
      eta: "L1Upgrade/muonEta",
      phi: "L1Upgrade/muonPhi",
      bx: "L1Upgrade/muonBx",
    },
  });
  expect(planEventIds(detectSchema(ntuple), ntuple).branches.lumi).toBe("Event/lumi");
  const { branches } = planEventIds(nanoaodSchema, [nano], ["bx"]);
  expect(branches).toEqual({
    run: "run",
    lumi: "luminosityBlock",
    event: "event",
    bx: "bunchCrossing",
  });
});

test("what is missing is named, with near misses", () => {
  const plan = (name: string, columns?: string[], trees = [nano]) =>
    expect(() => planCollection(nanoaodSchema, name, trees, columns));
  plan("L1Jets").toThrowErrorMatchingInlineSnapshot(
    `[DataError: NanoAOD: no collection "L1Jets" (did you mean "L1Jet"?); there are L1Mu, L1Jet, L1EG, L1Tau, L1EtSum, L1EmulMu, L1EmulJet, L1EmulEG, L1EmulTau, L1EmulEtSum, L1CaloTower, TrigObj, Muon, Jet, GenPart, GenJet]`,
  );
  plan("L1Jet", ["hwpt"]).toThrow(/no column "hwpt" \(did you mean "hwPt"\?\)/);
  plan("L1Jet", ["hwPt"]).toThrowErrorMatchingInlineSnapshot(
    `[DataError: NanoAOD L1Jet: tree Events lacks "L1Jet_hwPt" (did you mean "L1Jet_pt"?)]`,
  );
  const slip = { ...nano, branches: ["Jet_pt", "Jet_etaa", "Jet_phi"] };
  plan("Jet", undefined, [slip]).toThrowErrorMatchingInlineSnapshot(
    `[DataError: NanoAOD Jet: tree Events lacks "Jet_eta" (did you mean "Jet_etaa"?)]`,
  );
  plan("L1Jet", undefined, [{ ...nano, tree: "Event" }]).toThrowErrorMatchingInlineSnapshot(
    `[DataError: NanoAOD L1Jet: no tree "Events" (did you mean "Event"?); there are Event]`,
  );
});

const plan = planCollection(nanoaodSchema, "L1Jet", [nano]);
const lists = (offsets: number[], n: number) =>
  jets.map((name) => ({ name, values: new Float32Array(n), offsets: Uint32Array.from(offsets) }));

test("branches become a collection without a copy of their values", () => {
  const read = lists([0, 2, 3], 3);
  const collection = collect(plan, read);
  expect(collection.events).toBe(2);
  expect(collection.columns.eta).toBe(read[1].values);
  const long = read.map((b) => ({ ...b, values: BigInt64Array.of(1n, 2n, 3n) }));
  expect(collect(plan, long).columns.pt).toEqual(Float64Array.of(1, 2, 3));
});

test("branches that do not fit together are errors", () => {
  const read = lists([0, 2, 3], 3);
  const [pt, eta, phi] = read;
  expect(() => collect(plan, [pt, eta])).toThrow(/branch "L1Jet_phi" of Events was not read/);
  const other = { ...eta, offsets: Uint32Array.of(0, 1, 3) };
  expect(() => collect(plan, [pt, other, phi])).toThrowErrorMatchingInlineSnapshot(
    `[DataError: L1Jet: event 0 has 2 values of "L1Jet_pt", 1 of "L1Jet_eta"]`,
  );
  const more = { ...eta, offsets: Uint32Array.of(0, 2, 3, 3) };
  expect(() => collect(plan, [pt, more, phi])).toThrowErrorMatchingInlineSnapshot(
    `[DataError: L1Jet: "L1Jet_pt" has 2 events, "L1Jet_eta" has 3; read the same events]`,
  );
  const flat = { name: "L1Jet_eta", values: new Float32Array(2) };
  expect(() => collect(plan, [pt, flat, phi])).toThrow(/has one value per event, need a list/);
  const text = { ...phi, values: ["a", "b", "c"] };
  expect(() => collect(plan, [pt, eta, text])).toThrow(/branch "L1Jet_phi" holds no numbers/);
  const back = read.map((b) => ({ ...b, offsets: Uint32Array.of(0, 4, 3) }));
  expect(() => collect(plan, back)).toThrow(/run backwards at event 1/);
});

test("event numbers stay exact and must be one per event", () => {
  const ids = planEventIds(nanoaodSchema, [nano], []);
  const event = { name: "event", values: BigUint64Array.of(2n ** 60n + 1n) };
  const run = { name: "run", values: Uint32Array.of(380963) };
  const lumi = { name: "luminosityBlock", values: Uint32Array.of(5) };
  expect(collectEventIds(ids, [event, run, lumi]).event).toBe(event.values);
  const two = { ...lumi, values: Uint32Array.of(5, 6) };
  expect(() => collectEventIds(ids, [event, run, two])).toThrow(/run has 1 events, lumi has 2/);
  const list = { ...lumi, offsets: Uint32Array.of(0, 1) };
  expect(() => collectEventIds(ids, [event, run, list])).toThrow(/has a list per event/);
});
