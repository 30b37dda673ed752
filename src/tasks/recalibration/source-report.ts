import { to0to2Pi } from "../../cms/kinematics.ts";
import { hwPhysical, type MuonHwName, muonScales } from "../../cms/scales.ts";
import { numericColumn, type Table } from "../../data/index.ts";
import type { Tensor } from "../../graph/index.ts";
import { concat, mul } from "../../ops/index.ts";
import type { Values } from "./quantities.ts";
import type { ObjectSource } from "./sources.ts";

const column = (name: MuonHwName) => ({
  name,
  unit: null,
  range: [muonScales[name].min, muonScales[name].max] as const,
});

const physical = (table: Table, name: MuonHwName) =>
  hwPhysical(muonScales[name], numericColumn(table, name), { where: name });

/** The flat muon table of the report (Losapio 2021, Tables 2 and 3). */
export const reportSource: ObjectSource = {
  object: "muons",
  name: "report",
  title: "the report's muon table",
  inputs: [column("hwPtL1"), column("hwPhiL1"), column("hwEtaL1"), column("hwSignL1")],
  targets: { phi: "phiVtxReco", eta: "etaVtxReco", pt: "ptReco" },
  reference: "offline",
  split: null,
  zeroMeansUnmatched: true,
  dropsDuplicates: true,
  scaling: "unit",
  level1: (table) => ({
    phi: physical(table, "hwPhiL1"),
    eta: physical(table, "hwEtaL1"),
    pt: physical(table, "hwPtL1"),
  }),
  offline: (table) => offlineOf(table),
  level1Graph: (columns) => ({
    phi: mul(columns.hwPhiL1, muonScales.hwPhiL1.width),
    eta: mul(columns.hwEtaL1, muonScales.hwEtaL1.width),
    pt: mul(columns.hwPtL1, muonScales.hwPtL1.width),
  }),
  features(columns) {
    const { pt, phi, eta } = this.level1Graph(columns);
    return {
      names: ["pt", "phi", "eta", "charge"],
      x: concat([pt, phi, eta, columns.hwSignL1] as Tensor[], 1),
    };
  },
};

function offlineOf(table: Table): Values {
  const has = (name: string) => table.columns.some((c) => c.name === name);
  return {
    ...(has("phiVtxReco")
      ? { phi: numericColumn(table, "phiVtxReco").map((phi) => to0to2Pi(phi)) }
      : {}),
    ...(has("etaVtxReco") ? { eta: numericColumn(table, "etaVtxReco") } : {}),
    ...(has("ptReco") ? { pt: numericColumn(table, "ptReco") } : {}),
  };
}
