import { type FixedFormat, fractionOf, type Rounding, rangeOf } from "../format.ts";
import type { Lane } from "../program.ts";
import { roundInterval } from "./cast.ts";
import { castLane } from "./lanes.ts";
import type { Code } from "./wasm-encoder.ts";

/** A program that 32-bit lanes cannot hold: it goes to the plain interpreter, with the reason. */
export class UnsupportedError extends Error {}

export const unsupported = (reason: string): never => {
  throw new UnsupportedError(reason);
};

export const fitsInt32 = ({ lo, hi }: { readonly lo: number; readonly hi: number }): boolean =>
  lo >= -(2 ** 31) && hi < 2 ** 31;

/** Address of a word of four bytes that stays as it is. */
export type Pool = (value: number) => number;

/**
 * Casts the vector on the stack, of integers within `lane`, and leaves the result there. Steps that
 * the interval makes unnecessary are left out.
 */
export function emitCast(code: Code, lane: Lane, format: FixedFormat, pool: Pool): Lane {
  const made = castLane(lane, format);
  if (!fitsInt32(made)) unsupported(`a cast gives [${made.lo}, ${made.hi}]`);
  const temporary = code.vector();
  if (made.lo === made.hi) {
    code.set(temporary).splat(pool(made.lo)); // as for width 0
    return made;
  }
  const shift = lane.fraction - fractionOf(format);
  const rounded = roundInterval(lane, format);
  const { lo, hi } = rangeOf(format);
  const overflows = rounded.lo < lo || rounded.hi > hi;
  if (shift > 0) emitRounding(code, lane, { shift, mode: format.rounding, temporary }, pool);
  else if (!fitsInt32(rounded) && (format.overflow !== "WRAP" || shift <= -32))
    unsupported(`a cast shifts [${lane.lo}, ${lane.hi}] by ${-shift} places`);
  else if (shift < 0) code.shift("shl", -shift); // WRAP takes no harm from bits beyond 32
  if (!overflows) return made;
  switch (format.overflow) {
    case "WRAP": {
      const spare = 32 - format.width;
      if (!format.signed) code.splat(pool(2 ** format.width - 1)).op("and");
      else if (spare > 0) code.shift("shl", spare).shift("shrS", spare);
      break;
    }
    case "SAT_ZERO":
      // x where lo - 1 < x < hi + 1, else 0
      code.tee(temporary);
      if (rounded.hi > hi)
        code
          .splat(pool(hi + 1))
          .get(temporary)
          .op("gtS")
          .op("and");
      if (rounded.lo < lo)
        code
          .get(temporary)
          .splat(pool(lo - 1))
          .op("gtS")
          .op("and");
      break;
    default:
      if (rounded.lo < lo) code.splat(pool(lo)).op("maxS");
      if (rounded.hi > hi) code.splat(pool(hi)).op("minS");
  }
  return made;
}

/** Adds what makes the shift, which rounds down, round as the mode says. */
function emitRounding(
  code: Code,
  { lo, hi }: Lane,
  {
    shift,
    mode,
    temporary,
  }: { readonly shift: number; readonly mode: Rounding; readonly temporary: number },
  pool: Pool,
): void {
  const half = 2 ** (shift - 1);
  if (shift > 31 || (mode !== "TRN" && hi + half > 2 ** 31 - 1))
    unsupported(`a cast drops ${shift} bits of [${lo}, ${hi}]`);
  const sign = () => code.get(temporary).shift("shrS", 31);
  switch (mode) {
    case "TRN":
      break;
    case "TRN_ZERO": // what is negative gains all but one step
      if (lo < 0) {
        code.tee(temporary);
        sign()
          .shift("shrU", 32 - shift)
          .op("add");
      }
      break;
    case "RND":
      code.splat(pool(half)).op("add");
      break;
    case "RND_MIN_INF":
      code.splat(pool(half - 1)).op("add");
      break;
    case "RND_ZERO":
      code
        .tee(temporary)
        .splat(pool(half - 1))
        .op("add");
      if (lo < 0) sign().op("sub");
      break;
    case "RND_INF":
      code.tee(temporary).splat(pool(half)).op("add");
      if (lo < 0) sign().op("add");
      break;
    case "RND_CONV": // half less one, and one more where the last bit kept is set
      code
        .tee(temporary)
        .splat(pool(half - 1))
        .op("add");
      code.get(temporary).shift("shrS", shift).splat(pool(1)).op("and").op("add");
      break;
  }
  code.shift("shrS", shift);
}
