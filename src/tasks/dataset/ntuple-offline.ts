import type { FileSchema } from "../../cms/index.ts";
import type { CollectionSchema } from "../../cms/schemas/schema.ts";

/**
 * Offline objects of L1 ntuples made with reconstruction, in trees of their own
 * (cmssw L1Trigger/L1TNtuples/interface, L1AnalysisRecoMuon2DataFormat.h, ...RecoJet...).
 * The pt of jets is the corrected one.
 */
const offline: Readonly<Record<string, CollectionSchema>> = {
  Muon: {
    tree: "l1MuonRecoTree/Muon2RecoTree",
    required: { pt: "pt", eta: "eta", phi: "phi" },
    optional: { charge: "charge" },
  },
  Jet: {
    tree: "l1JetRecoTree/JetRecoTree",
    required: { pt: "etCorr", eta: "eta", phi: "phi" },
    optional: {},
  },
};

/** The format with its offline objects, where these are in other trees than the schema knows. */
export function withOffline(schema: FileSchema): FileSchema {
  if (schema.name !== "l1ntuple") return schema;
  return { ...schema, collections: { ...schema.collections, ...offline } };
}

/** Trees of the offline objects of L1 ntuples. */
export const offlineTrees = Object.values(offline).map(({ tree }) => tree);
