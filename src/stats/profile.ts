import { ShapeError } from "../base/errors.ts";
import { type Binning, binOf } from "./histogram.ts";
import { robustSummary } from "./quantile.ts";
import { type Measured, type Summary, summarize } from "./summary.ts";

/** One bin of a profile: what y does for low <= x < high. */
export interface ProfileBin extends Summary {
  readonly low: number;
  readonly high: number;
  /** Mean of x in the bin, where a point belongs on a falling spectrum; NaN where empty. */
  readonly center: number;
  readonly median: Measured;
  /** Half of the width of the central 68.27 %. */
  readonly halfWidth: Measured;
}

/**
 * Summaries of ys [n] in bins of xs [n]; values outside the binning and NaN xs are left out.
 * A bin without entries has n = 0 and NaN elsewhere.
 */
export function profile(
  binning: Binning,
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
): ProfileBin[] {
  if (xs.length !== ys.length)
    throw new ShapeError(`profile: arrays differ in length: ${xs.length} and ${ys.length}`);
  const { edges } = binning;
  const bins = edges.length - 1;
  const index = Int32Array.from({ length: xs.length }, (_, i) => binOf(binning, xs[i]));
  const start = new Uint32Array(bins + 3); // rows of bin b are start[b] … start[b + 1]
  for (const b of index) if (b >= 0) start[b + 1]++;
  for (let b = 1; b < start.length; b++) start[b] += start[b - 1];
  const next = start.slice();
  const grouped = new Float64Array(start[bins + 2]);
  const sumX = new Float64Array(bins + 2);
  for (let i = 0; i < xs.length; i++) {
    const b = index[i];
    if (b < 0) continue;
    grouped[next[b]++] = ys[i];
    sumX[b] += xs[i];
  }
  return Array.from({ length: bins }, (_, i) => {
    const values = grouped.subarray(start[i + 1], start[i + 2]);
    const summary = summarize(values);
    const robust = values.length > 0 ? robustSummary(values) : { median: none, halfWidth: none };
    return {
      low: edges[i],
      high: edges[i + 1],
      center: sumX[i + 1] / values.length,
      ...summary,
      ...robust,
    };
  });
}

const none: Measured = { value: Number.NaN, uncertainty: Number.NaN };
