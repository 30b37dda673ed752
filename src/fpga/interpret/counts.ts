import type { FixedOp } from "../program.ts";
import type { CastResult } from "./cast.ts";

/** What a cast did to the values of a run: a quantize, or an affine with an accumulator. */
export interface CastCounts {
  readonly layer: string;
  /** Wire that the casts make. */
  readonly wire: string;
  readonly op: "quantize" | "accumulator";
  /** Values seen: rows times lanes. */
  readonly values: number;
  /** Smallest and largest value before the cast (an accumulator: of the exact sum), as numbers. */
  readonly min: number;
  readonly max: number;
  /** Values outside of the range that WRAP gave something else for. */
  readonly wrapped: number;
  /** Values outside of the range that a SAT mode held at its edge or set to zero. */
  readonly saturated: number;
  /** Values that lost bits below the last one kept. */
  readonly lostBits: number;
  /** Lanes with at least one value wrapped or saturated, in order. */
  readonly lanes: readonly number[];
}

/** Collects counts; a sum in an accumulator is one value, whichever of its casts went wrong. */
export interface Tally {
  add(lane: number, value: number, result: CastResult): void;
  counts(): CastCounts;
}

export function createTally({ op, layer, output }: FixedOp): Tally {
  let [values, wrapped, saturated, lostBits] = [0, 0, 0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const lanes = new Set<number>();
  return {
    add(lane, value, { hasLostBits, overflow }) {
      values++;
      if (value < min) min = value;
      if (value > max) max = value;
      if (hasLostBits) lostBits++;
      if (overflow === null) return;
      if (overflow === "wrapped") wrapped++;
      else saturated++;
      lanes.add(lane);
    },
    counts: () => ({
      layer,
      wire: output,
      op: op === "quantize" ? "quantize" : "accumulator",
      values,
      min,
      max,
      wrapped,
      saturated,
      lostBits,
      lanes: [...lanes].sort((a, b) => a - b),
    }),
  };
}
