import { branches, type CollectionSchema, type FileSchema } from "./schema.ts";

/** Columns of every object: `muonEt`, `muonIEt`, `muonBx`, ... */
const shared = {
  pt: "Et",
  eta: "Eta",
  phi: "Phi",
  hwPt: "IEt",
  hwEta: "IEta",
  hwPhi: "IPhi",
  bx: "Bx",
} as const;

function objects(
  tree: string,
  prefix: string,
  optional: Readonly<Record<string, string>> = {},
): CollectionSchema {
  const { pt, eta, phi, ...rest } = shared;
  const named = (columns: Readonly<Record<string, string>>) =>
    branches(Object.keys(columns), (column) => `${prefix}${columns[column]}`);
  return { tree, required: named({ pt, eta, phi }), optional: named({ ...rest, ...optional }) };
}

/** The objects of an L1UpgradeTree. Its `muonChg` is the charge, +1 or -1. */
function upgrade(tree: string, prefix: "L1" | "L1Emul"): Record<string, CollectionSchema> {
  const calo = { hwQual: "HwQual", towerIEta: "TowerIEta", towerIPhi: "TowerIPhi", rawEt: "RawEt" };
  return {
    [`${prefix}Mu`]: objects(tree, "muon", {
      charge: "Chg",
      hwQual: "Qual",
      hwIso: "Iso",
      hwDXY: "Dxy",
      tfMuonIndex: "TfMuonIdx",
      ptUnconstrained: "EtUnconstrained",
      hwPtUnconstrained: "IEtUnconstrained",
      etaAtVtx: "EtaAtVtx",
      phiAtVtx: "PhiAtVtx",
      hwEtaAtVtx: "IEtaAtVtx",
      hwPhiAtVtx: "IPhiAtVtx",
    }),
    [`${prefix}Jet`]: objects(tree, "jet", { ...calo, seedEt: "SeedEt", puEt: "PUEt" }),
    [`${prefix}EG`]: objects(tree, "eg", { ...calo, hwIso: "Iso", isoEt: "IsoEt", nTT: "NTT" }),
    [`${prefix}Tau`]: objects(tree, "tau", { ...calo, hwIso: "Iso", isoEt: "IsoEt", nTT: "NTT" }),
    [`${prefix}EtSum`]: {
      tree,
      required: { pt: "sumEt", phi: "sumPhi", etSumType: "sumType" },
      optional: { hwPt: "sumIEt", hwPhi: "sumIPhi", bx: "sumBx" },
    },
  };
}

/** CMS L1 ntuples: split objects in several trees (cmssw L1Trigger/L1TNtuples/interface). */
export const l1NtupleSchema: FileSchema = {
  name: "l1ntuple",
  title: "L1 ntuple",
  signature: {
    trees: ["l1UpgradeTree/L1UpgradeTree", "l1UpgradeEmuTree/L1UpgradeTree"],
    has: ["muonEt", "jetEt"],
    lacks: [],
  },
  eventIds: {
    tree: "l1EventTree/L1EventTree",
    required: { run: "run", lumi: "lumi", event: "event" },
    optional: { bx: "bx", orbit: "orbit", vertices: "nPV" },
  },
  collections: {
    ...upgrade("l1UpgradeTree/L1UpgradeTree", "L1"),
    ...upgrade("l1UpgradeEmuTree/L1UpgradeTree", "L1Emul"),
    L1CaloTower: {
      tree: "l1CaloTowerTree/L1CaloTowerTree",
      required: { ieta: "ieta", iet: "iet" },
      optional: { iphi: "iphi" },
    },
  },
};
