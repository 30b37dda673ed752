/**
 * The trigger's tables for pairs of objects: integers with a fixed number of decimal digits, each
 * round(value x 10^digits), halves up. Pairs with a muon live on the muon scale (576 steps of
 * azimuth, eta steps of 0.087 / 8), all others on the calorimeter scale (144 steps, 0.087 / 2).
 * All are indexed by the absolute difference of two indices [1024], azimuths not yet wrapped.
 * @see cmssw L1Trigger/L1TGlobal/src/GlobalScales.cc, CorrCondition.cc
 */
export interface PairTables {
  /** Steps of a full turn. */
  readonly turn: number;
  /** With 3 digits. */
  readonly deltaEta: Int32Array;
  readonly deltaPhi: Int32Array;
  /** With `digits` digits. */
  readonly cosh: Float64Array;
  readonly cos: Float64Array;
  readonly digits: number;
}

const size = 1024;
const angleDigits = 3;
const ptDigits = 1;

function pairTables(turn: number, etaStep: number, digits: number): PairTables {
  const ints = (of: (n: number) => number) =>
    Int32Array.from({ length: size }, (_, n) => rounded(of(n), angleDigits));
  const floats = (of: (n: number) => number) =>
    Float64Array.from({ length: size }, (_, n) => rounded(of(n), digits));
  const angle = (n: number) => (Math.min(n % turn, turn - (n % turn)) * 2 * Math.PI) / turn;
  return {
    turn,
    digits,
    deltaEta: ints((n) => n * etaStep),
    deltaPhi: ints(angle),
    cosh: floats((n) => Math.cosh(n * etaStep)),
    cos: floats((n) => Math.cos(angle(n))),
  };
}

/** Half a step of the last digit rounds away from zero, whatever its binary representation. */
function rounded(value: number, digits: number): number {
  const scaled = Math.abs(value) * 10 ** digits;
  return Math.sign(value) * Math.floor(scaled * (1 + 1e-14) + 0.5) + 0; // + 0: no negative zero
}

export const caloTables = pairTables(144, 0.087 / 2, 3);
export const muonTables = pairTables(576, 0.087 / 8, 4);

/** pt in mass cuts: a step times the hardware integer plus a constant, one digit. */
export interface PtScale {
  readonly step: number;
  readonly start: number;
}
/** The center of the bin, hw / 2 + 0.25 GeV, is 5 hw + 2.5, rounded up. */
export const caloPt: PtScale = { step: 5, start: 3 };
/** Muon pt starts at hw 1. */
export const muonPt: PtScale = { step: 5, start: 3 - 5 };
/** Unconstrained pt has steps of 1 GeV from hw 1 on. */
export const unconstrainedPt: PtScale = { step: 10, start: 5 - 10 };

/** A calorimeter index on the muon scale, the middle of its four muon steps. */
export const toMuonScale = { factor: 4, shift: 2 } as const;

/** Closed range of integers. */
export interface Limits {
  readonly low: number;
  readonly high: number;
}
interface Range {
  readonly min: number;
  readonly max: number;
}

/** Limits of deltaEta or deltaPhi in thousandths. */
export function angleLimits({ min, max }: Range): Limits {
  return { low: Math.floor(up(min * 1e3)), high: Math.ceil(down(max * 1e3)) };
}

/**
 * Limits of deltaR^2 in millionths. The menu compiler cuts on the square with 3 digits; it rounds
 * the upper limit up and, where the radius is no binary fraction, one further: 1.4 gives 1.961,
 * 0.5 gives 0.25.
 */
export function squareLimits({ min, max }: Range): Limits {
  const high = Math.ceil(down(max * max * 1e3)) + (Number.isInteger(max * 1024) ? 0 : 1);
  return { low: 1e3 * Math.floor(up(min * min * 1e3)), high: 1e3 * high };
}

/** Limits of M^2 / 2, cut with one digit, as pt x pt x (cosh - cos) has them. */
export function massLimits({ min, max }: Range, { digits }: PairTables): Limits {
  const scale = 10 ** (2 * ptDigits + digits - 1);
  return {
    low: scale * Math.floor(up(min * min * 5)),
    high: scale * Math.ceil(down(max * max * 5)),
  };
}
const up = (value: number) => value * (1 + 1e-12);
const down = (value: number) => value * (1 - 1e-12);
