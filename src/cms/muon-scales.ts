import { ConfigError, DataError } from "../base/errors.ts";

/** A hardware integer: its valid range and the width of one step in physical units. */
export interface HwScale {
  readonly min: number;
  readonly max: number;
  readonly width: number;
  readonly unit: string;
}

/**
 * Scales of the Level-1 muon integers (Losapio 2021, Table 2; "Scales for inputs to uGT",
 * 2017-08-14). The phi field has 10 bits (0 .. 1023), but the circle ends at 575.
 */
export const muonScales = {
  hwPtL1: { min: 0, max: 511, width: 0.5, unit: "GeV" },
  hwPhiL1: { min: 0, max: 575, width: (2 * Math.PI) / 576, unit: "rad" },
  hwEtaL1: { min: -256, max: 255, width: 0.087 / 8, unit: "" },
  hwSignL1: { min: 0, max: 1, width: 1, unit: "" },
} as const satisfies Record<string, HwScale>;

export type MuonHwName = keyof typeof muonScales;

/**
 * How hwPt becomes GeV. `report`: 0.5 hwPt (Losapio 2021, Table 2), the upper edge of the
 * trigger's bin. `ugmt`: 0.5 (hwPt - 1), its lower edge, NaN for the empty slot 0 (cmssw
 * L1TriggerScouting/Utilities/interface/conversion.h).
 */
export type PtConvention = "report" | "ugmt";

/** What lies outside a scale: how many values, and the first of them. */
export interface OutOfRange {
  readonly count: number;
  readonly firstRow: number;
  readonly firstValue: number;
}

/** Counts values that are not integers of the scale's range; null where all are. */
export function outOfRange(name: MuonHwName, values: ArrayLike<number>): OutOfRange | null {
  const { min, max } = muonScales[name];
  let count = 0;
  let firstRow = -1;
  for (let i = 0; i < values.length; i++) {
    if (Number.isInteger(values[i]) && values[i] >= min && values[i] <= max) continue;
    if (count++ === 0) firstRow = i;
  }
  return count === 0 ? null : { count, firstRow, firstValue: values[firstRow] };
}

/**
 * Hardware integers [n] to physical units [n]: GeV, rad in [0, 2 pi), pseudorapidity, or 0 and 1.
 * Throws `DataError` with count and first row where integers are outside their range.
 */
export function hwPhysical(
  name: MuonHwName,
  hw: ArrayLike<number>,
  { ptConvention = "report" }: { ptConvention?: PtConvention } = {},
): Float64Array {
  const bad = outOfRange(name, hw);
  const { min, max, width } = muonScales[name];
  if (bad)
    throw new DataError(
      `${name}: ${bad.count} of ${hw.length} values are not integers in [${min}, ${max}], ` +
        `the first is ${bad.firstValue} in row ${bad.firstRow}; drop these rows or check the column`,
    );
  const physical = new Float64Array(hw.length);
  const zero = name === "hwPtL1" && ptConvention === "ugmt" ? 1 : 0;
  for (let i = 0; i < hw.length; i++)
    physical[i] = hw[i] < zero && zero === 1 ? Number.NaN : (hw[i] - zero) * width;
  return physical;
}

/**
 * Physical values [n] to the nearest hardware integers [n]: the inverse of `hwPhysical`.
 * Azimuths of any branch wrap onto 0 .. 575, other values saturate at the ends of the scale;
 * under the `ugmt` convention NaN gives the empty slot. Throws `ConfigError` for other NaN.
 */
export function physicalHw(
  name: MuonHwName,
  physical: ArrayLike<number>,
  { ptConvention = "report" }: { ptConvention?: PtConvention } = {},
): Int32Array {
  const { min, max, width } = muonScales[name];
  const isUgmtPt = name === "hwPtL1" && ptConvention === "ugmt";
  return Int32Array.from({ length: physical.length }, (_, i) => {
    const value = physical[i];
    if (Number.isNaN(value)) {
      if (isUgmtPt) return 0;
      throw new ConfigError(`${name}: row ${i} is NaN; it has no hardware integer`);
    }
    const hw = Math.round(value / width) + (isUgmtPt ? 1 : 0);
    if (name === "hwPhiL1") return ((hw % 576) + 576) % 576;
    return Math.min(max, Math.max(isUgmtPt ? 1 : min, hw));
  });
}
