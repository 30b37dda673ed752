import { l1Scales, muonCharges, type ObjectCollection, physicalHw } from "../../cms/index.ts";
import type { DatasetSettings } from "./settings.ts";

/** Values of Level-1 objects by column [objects]; undefined where a file does not tell them. */
export type HardwareColumns = Readonly<Record<string, ArrayLike<number> | undefined>>;

/**
 * The hardware integers of Level-1 objects under the names of the datasets, which models read.
 * Those that a file lacks follow exactly from the scales.
 *
 * Muons: the report's columns (Losapio 2021, Tables 2 and 3) in its pt scale, pt = 0.5 GeV hwPtL1.
 * CMSSW's pt is 0.5 GeV (hwPt - 1), so `hwPtL1` is its hwPt less one: what is lost is the step
 * between the two conventions, never the physical pt. Jets: pt = 0.5 GeV hwPt, phi in CMSSW's steps.
 */
export function hardwareColumns(
  object: DatasetSettings["object"],
  level1: ObjectCollection,
): HardwareColumns {
  const { columns } = level1;
  if (object === "jets") {
    const { pt, eta, phiCmssw } = l1Scales.jet;
    return {
      hwPt: columns.hwPt ?? physicalHw(pt, columns.pt),
      hwEta: columns.hwEta ?? physicalHw(eta, columns.eta),
      hwPhi: columns.hwPhi ?? physicalHw(phiCmssw, columns.phi),
    };
  }
  const { ptReport, eta, phi } = l1Scales.muon;
  return {
    hwPtL1: physicalHw(ptReport, columns.pt),
    hwPhiL1: columns.hwPhi ?? physicalHw(phi, columns.phi),
    hwEtaL1: columns.hwEta ?? physicalHw(eta, columns.eta),
    hwSignL1: chargesOf(level1)?.map((q) => (q < 0 ? 1 : 0)),
  };
}

/** Charges of Level-1 muons, undefined where a file does not tell. */
export function chargesOf(level1: ObjectCollection): Int8Array | undefined {
  const { charge, hwCharge } = level1.columns;
  return charge === undefined && hwCharge === undefined ? undefined : muonCharges(level1);
}
