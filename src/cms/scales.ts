import { ConfigError, DataError } from "../base/errors.ts";
import { to0to2Pi } from "./kinematics.ts";

/** A hardware integer: its range, the width of one step in physical units, and who says so. */
export interface HwScale {
  /** What the integer is, for messages: "jet phi". */
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly width: number;
  readonly unit: string;
  /** The integer at physical zero (default 0); integers below it mark empty slots, NaN. */
  readonly zero?: number;
  /** Azimuths: steps in a full turn. */
  readonly turn?: number;
  readonly source: string;
}

const inputs = 'CMS, "Scales for inputs to uGT", 2017-08-14';
const conversion = "cmssw L1TriggerScouting/Utilities/interface/conversion.h";
const caloTools = "cmssw L1Trigger/L1TCalorimeter/src/CaloTools.cc (kGTPhiLSB)";
const report = "Losapio 2021, Table 2: the upper edge of the bin";

const energy = (name: string, max: number): HwScale => ({
  name: `${name} pt`,
  min: 0,
  max,
  width: 0.5,
  unit: "GeV",
  source: inputs,
});
const caloEta = (name: string): HwScale => ({
  name: `${name} eta`,
  min: -128,
  max: 127,
  width: 0.087 / 2,
  unit: "",
  source: inputs,
});
const caloPhi = (name: string) =>
  ({
    name: `${name} phi`,
    min: 0,
    max: 143,
    width: (2 * Math.PI) / 144,
    unit: "rad",
    turn: 144,
    source: inputs,
  }) satisfies HwScale;
const cmsswPhi = (name: string): HwScale => ({
  ...caloPhi(name),
  width: 0.0435,
  source: caloTools,
});
const calo = (name: string, ptMax: number) => ({
  pt: energy(name, ptMax),
  eta: caloEta(name),
  phi: caloPhi(name),
  phiCmssw: cmsswPhi(name),
});
const muonPt = { name: "muon pt", min: 0, max: 511, width: 0.5, unit: "GeV" };

/**
 * The scales of every Level-1 object. Two conventions differ and both are here. Muon `pt` is the
 * lower edge of the trigger's bin, 0.5 (hw - 1) GeV with 0 for an empty slot, as in CMSSW and
 * its NanoAOD; `ptReport` is 0.5 hw. Calorimeter `phi` has 144 steps to the turn; `phiCmssw` has
 * steps of 0.0435, as CMSSW fills NanoAOD and ntuples, which falls behind by up to 0.019 rad.
 * The phi fields are wider than the circle (10 bits for muons, 8 for the others).
 */
export const l1Scales = {
  muon: {
    pt: { ...muonPt, zero: 1, source: conversion },
    ptReport: { ...muonPt, source: report },
    ptUnconstrained: {
      name: "muon unconstrained pt",
      min: 0,
      max: 255,
      width: 1,
      unit: "GeV",
      zero: 1,
      source: conversion,
    },
    eta: { name: "muon eta", min: -256, max: 255, width: 0.087 / 8, unit: "", source: inputs },
    phi: {
      name: "muon phi",
      min: 0,
      max: 575,
      width: (2 * Math.PI) / 576,
      unit: "rad",
      turn: 576,
      source: inputs,
    },
    charge: { name: "muon charge bit", min: 0, max: 1, width: 1, unit: "", source: inputs },
  },
  eg: calo("e/gamma", 511),
  tau: calo("tau", 511),
  jet: calo("jet", 2047),
  sum: { pt: energy("sum", 4095), phi: caloPhi("sum"), phiCmssw: cmsswPhi("sum") },
} as const satisfies Readonly<Record<string, Readonly<Record<string, HwScale>>>>;

export type L1Object = keyof typeof l1Scales;

/** Scales of the hardware columns of the report's muon table (`Muons`). */
export const muonScales = {
  hwPtL1: l1Scales.muon.ptReport,
  hwPhiL1: l1Scales.muon.phi,
  hwEtaL1: l1Scales.muon.eta,
  hwSignL1: l1Scales.muon.charge,
} as const satisfies Record<string, HwScale>;

export type MuonHwName = keyof typeof muonScales;

/** What lies outside a scale: how many values, and the first of them. */
export interface OutOfRange {
  readonly count: number;
  readonly firstRow: number;
  readonly firstValue: number;
}

/** Counts values that are not integers of the scale's range; null where all are. */
export function outOfRange({ min, max }: HwScale, values: ArrayLike<number>): OutOfRange | null {
  let count = 0;
  let firstRow = -1;
  for (let i = 0; i < values.length; i++) {
    if (Number.isInteger(values[i]) && values[i] >= min && values[i] <= max) continue;
    if (count++ === 0) firstRow = i;
  }
  return count === 0 ? null : { count, firstRow, firstValue: values[firstRow] };
}

interface ScaleOptions {
  /** What to call the values in messages (default: the name of the scale). */
  readonly where?: string;
}

/**
 * Hardware integers [n] to physical units [n]: GeV, rad in [0, 2 pi), pseudorapidity, or 0 and 1;
 * NaN for empty slots. Throws `DataError` with count and first row where integers are out of range.
 */
export function hwPhysical(
  scale: HwScale,
  hw: ArrayLike<number>,
  { where = scale.name }: ScaleOptions = {},
): Float64Array {
  const bad = outOfRange(scale, hw);
  const { min, max, width, zero = 0 } = scale;
  if (bad)
    throw new DataError(
      `${where}: ${bad.count} of ${hw.length} values are not integers in [${min}, ${max}], ` +
        `the first is ${bad.firstValue} in row ${bad.firstRow}; drop these rows or check the column`,
    );
  const physical = new Float64Array(hw.length);
  for (let i = 0; i < hw.length; i++)
    physical[i] = zero > 0 && hw[i] < zero ? Number.NaN : (hw[i] - zero) * width;
  return physical;
}

/**
 * Physical values [n] to the nearest hardware integers [n]: the inverse of `hwPhysical`.
 * Azimuths of any branch wrap onto the circle, other values saturate at the ends of the scale;
 * NaN gives the empty slot where the scale has one. Throws `ConfigError` for other NaN.
 */
export function physicalHw(
  scale: HwScale,
  physical: ArrayLike<number>,
  { where = scale.name }: ScaleOptions = {},
): Int32Array {
  const { min, max, width, zero = 0, turn } = scale;
  const hw = new Int32Array(physical.length);
  for (let i = 0; i < hw.length; i++) {
    const value = physical[i];
    if (Number.isNaN(value)) {
      if (zero > 0) continue; // 0, the empty slot
      throw new ConfigError(`${where}: row ${i} is NaN; it has no hardware integer`);
    }
    hw[i] =
      turn === undefined
        ? Math.min(max, Math.max(min < 0 ? min : zero, Math.round(value / width) + zero))
        : Math.round(to0to2Pi(value) / width) % turn;
  }
  return hw;
}
