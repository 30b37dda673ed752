import type { WordLayout } from "./word-top.ts";

/**
 * The 64-bit muon word of the global muon trigger with the four integers of the muon calibration.
 * hwPhiL1 is the angle at the muon stations, as in the recalibration's tables, or the one
 * extrapolated to the vertex; hwEtaL1 is at the vertex, the only one in the word.
 * @see CMS, "Scales for inputs to uGT", 2017-08-14.
 */
export function muonWord(phi: "station" | "vertex" = "station"): WordLayout {
  return {
    name: "muon",
    width: 64,
    about: `the muon word of the global muon trigger, phi at the ${phi} (CMS, "Scales for inputs to uGT", 2017)`,
    fields: [
      { label: "hwPtL1", lowBit: 10, width: 9, signed: false },
      { label: "hwPhiL1", lowBit: phi === "station" ? 43 : 0, width: 10, signed: false },
      { label: "hwEtaL1", lowBit: 23, width: 9, signed: true },
      { label: "hwSignL1", lowBit: 34, width: 1, signed: false },
    ],
  };
}
