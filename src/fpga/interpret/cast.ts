import { ConfigError } from "../../base/errors.ts";
import {
  type FixedFormat,
  fractionOf,
  type Overflow,
  printFormat,
  type Rounding,
  rangeOf,
} from "../format.ts";

/** What a cast gave, and what it cost. */
export interface CastResult {
  /** Integer n of the format; value = n · 2^-fraction. */
  readonly integer: number;
  /** True where bits below the last one kept were not zero. */
  readonly hasLostBits: boolean;
  /** "saturated" by SAT, SAT_SYM and SAT_ZERO; "wrapped" by WRAP; null where the value fits. */
  readonly overflow: "saturated" | "wrapped" | null;
}

/** Beyond this many places a shift changes nothing any more: integers have 53 bits, formats 48. */
const farthest = 200;

/** 2^-shift, kept finite and above zero. */
const scaleOf = (shift: number) => 2 ** -Math.max(-farthest, Math.min(farthest, shift));

/**
 * Casts n · 2^-fromFraction to a format, with shift = fromFraction - fraction of the format:
 * positive shifts drop bits. Exact for all |n| < 2^53 and every shift; overflow is decided after
 * rounding.
 * @see Xilinx/AMD UG1399, "Arbitrary Precision Fixed-Point Data Types": modes of ap_fixed.
 */
export function castInteger(n: number, shift: number, format: FixedFormat): CastResult {
  return castSteps(n * scaleOf(shift), format);
}

/**
 * Casts a float64 to a format, exactly: what is rounded is the number the float64 stands for.
 * @throws ConfigError for NaN and infinities.
 */
export function castReal(value: number, format: FixedFormat): CastResult {
  if (!Number.isFinite(value))
    throw new ConfigError(`cast: ${value} has no integer in ${printFormat(format)}`);
  return castSteps(value * 2 ** fractionOf(format), format);
}

/** From a number counted in steps of the format. */
function castSteps(steps: number, format: FixedFormat): CastResult {
  if (format.width === 0) return { integer: 0, hasLostBits: steps !== 0, overflow: null };
  const rounded = rounders[format.rounding](steps);
  const { lo, hi } = rangeOf(format);
  const hasLostBits = rounded !== steps;
  if (rounded >= lo && rounded <= hi) return { integer: rounded + 0, hasLostBits, overflow: null };
  const integer = overflower(format)(rounded);
  return { integer, hasLostBits, overflow: format.overflow === "WRAP" ? "wrapped" : "saturated" };
}

/** The same cast as `castInteger` for loops: n at `fromFraction` -> integer of the format. */
export function createCast(fromFraction: number, format: FixedFormat): (n: number) => number {
  if (format.width === 0) return () => 0;
  const shift = fromFraction - fractionOf(format);
  const scale = scaleOf(shift);
  const overflow = overflower(format);
  if (shift <= 0) return (n) => overflow(n * scale);
  const round = rounders[format.rounding];
  return (n) => overflow(round(n * scale));
}

/** x is a tie at t + 1/2 exactly: floor and t + 1/2 are exact below 2^52, all is whole above. */
const nearest = (tie: (floor: number) => number) => (x: number) => {
  const floor = Math.floor(x);
  if (x === floor) return floor;
  const middle = floor + 0.5;
  if (x === middle) return tie(floor);
  return x < middle ? floor : floor + 1;
};

const rounders: Readonly<Record<Rounding, (x: number) => number>> = {
  TRN: Math.floor,
  TRN_ZERO: Math.trunc,
  RND: nearest((floor) => floor + 1),
  RND_MIN_INF: nearest((floor) => floor),
  RND_ZERO: nearest((floor) => (floor < 0 ? floor + 1 : floor)),
  RND_INF: nearest((floor) => (floor < 0 ? floor : floor + 1)),
  RND_CONV: nearest((floor) => (floor % 2 === 0 ? floor : floor + 1)),
};

/** Whole numbers of any size -> the range of a format; adding 0 turns -0 into 0. */
function overflower(format: FixedFormat): (x: number) => number {
  const { lo, hi } = rangeOf(format);
  const clamp = (x: number) => (x < lo ? lo : Math.min(x, hi)) + 0;
  const period = 2 ** format.width;
  const rules: Record<Overflow, (x: number) => number> = {
    SAT: clamp,
    SAT_SYM: clamp,
    SAT_ZERO: (x) => (x < lo || x > hi ? 0 : x + 0),
    WRAP: (x) => {
      if (x >= lo && x <= hi) return x + 0;
      const low = x % period; // exact, of the sign of x
      return (low < lo ? low + period : low > hi ? low - period : low) + 0;
    },
  };
  return rules[format.overflow];
}

/** Rounds an interval of integers as a cast does, before overflow is decided. */
export function roundInterval(
  { fraction, lo, hi }: { readonly fraction: number; readonly lo: number; readonly hi: number },
  format: FixedFormat,
): { readonly lo: number; readonly hi: number } {
  const scale = scaleOf(fraction - fractionOf(format));
  const round = rounders[format.rounding]; // every rounding is monotonic
  return { lo: round(lo * scale) + 0, hi: round(hi * scale) + 0 };
}
