import { branches, type CollectionSchema, type FileSchema } from "./schema.ts";

/** A NanoAOD table: branches NAME_column in the tree Events, counted by nNAME. */
function nano(
  name: string,
  required: readonly string[],
  optional: readonly string[],
): CollectionSchema {
  const branchOf = (column: string) => `${name}_${column}`;
  return {
    tree: "Events",
    required: branches(required, branchOf),
    optional: branches(optional, branchOf),
  };
}

const direction = ["pt", "eta", "phi"] as const;
const hw = ["hwPt", "hwEta", "hwPhi"] as const;
const calo = [...hw, "bx", "hwQual", "hwIso", "towerIEta", "towerIPhi", "rawEt"] as const;
const cluster = [...calo, "isoEt", "nTT"] as const;
const donut = ["puDonutEt0", "puDonutEt1", "puDonutEt2", "puDonutEt3"] as const;
const muon = [
  ...hw,
  "bx",
  "hwQual",
  "hwIso",
  "hwCharge",
  "hwChargeValid",
  "hwDXY",
  "tfMuonIndex",
  "ptUnconstrained",
  "hwPtUnconstrained",
  "etaAtVtx",
  "phiAtVtx",
  "hwEtaAtVtx",
  "hwPhiAtVtx",
] as const;
const particle = ["mass", "charge"] as const;

/** The Level-1 tables, unpacked ("L1") or emulated again ("L1Emul"). */
function level1(prefix: "L1" | "L1Emul"): Record<string, CollectionSchema> {
  const table = (name: string, optional: readonly string[], required: readonly string[]) => ({
    [`${prefix}${name}`]: nano(`${prefix}${name}`, required, optional),
  });
  return {
    ...table("Mu", muon, direction),
    ...table("Jet", [...calo, "seedEt", "puEt", ...donut], direction),
    ...table("EG", [...cluster, "shape", "towerHoE", "footprintEt"], direction),
    ...table("Tau", [...cluster, "hasEM", "isMerged"], direction),
    ...table("EtSum", ["bx", "hwPt", "hwPhi"], ["pt", "phi", "etSumType"]),
  };
}

/**
 * CMS NanoAOD, one row per event (cmssw PhysicsTools/NanoAOD/python/l1trig_cff.py and
 * autoDocumentation). The reduced flavor has no hardware integers and no soft Level-1 objects.
 */
export const nanoaodSchema: FileSchema = {
  name: "nanoaod",
  title: "NanoAOD",
  signature: { trees: ["Events"], has: ["run", "luminosityBlock", "event"], lacks: [] },
  eventIds: {
    tree: "Events",
    required: { run: "run", lumi: "luminosityBlock", event: "event" },
    optional: {
      bx: "bunchCrossing",
      orbit: "orbitNumber",
      vertices: "PV_npvs",
      towers: "nTowers", // of our own simulation
    },
  },
  collections: {
    ...level1("L1"),
    ...level1("L1Emul"),
    L1CaloTower: nano("L1EmulCaloTower", ["ieta", "iet"], ["iphi", "bx", "pt", "eta", "phi"]),
    TrigObj: nano(
      "TrigObj",
      [...direction, "id", "l1pt"],
      ["l1pt_2", "l1charge", "l1iso", "l2pt", "filterBits"],
    ),
    Muon: nano("Muon", direction, [...particle, "tightId", "mediumId", "looseId", "isGlobal"]),
    Jet: nano("Jet", direction, ["mass", "jetId", "rawFactor", "area", "hadronFlavour"]),
    GenPart: nano("GenPart", direction, ["mass", "pdgId", "status", "statusFlags"]),
    GenJet: nano("GenJet", direction, ["mass", "partonFlavour", "hadronFlavour"]),
  },
};

/**
 * NanoAOD of the Level-1 scouting, one row per bunch crossing, which therefore has no `event` and
 * no `bx` per object (cmssw L1TriggerScouting/NanoAOD). Empty crossings are left out.
 */
export const scoutingSchema: FileSchema = {
  name: "scouting",
  title: "scouting NanoAOD",
  signature: { trees: ["Events"], has: ["bunchCrossing", "orbitNumber"], lacks: ["event"] },
  eventIds: {
    tree: "Events",
    required: { bx: "bunchCrossing", orbit: "orbitNumber" },
    optional: { run: "run", lumi: "luminosityBlock" },
  },
  collections: {
    ...level1("L1"),
    L1BMTFStub: nano(
      "L1BMTFStub",
      ["hwPhi", "hwPhiB", "hwQual", "station", "wheel", "sector"],
      ["hwEta", "hwQEta", "tag"],
    ),
    L1CaloTower: nano("L1CaloTower", direction, ["hwPt", "hwEta", "hwPhi", "erBits", "miscBits"]),
  },
};
