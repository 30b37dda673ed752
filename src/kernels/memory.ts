import { ConfigError } from "../base/errors.ts";
import type { Precision } from "./rows.ts";

/** Sizes of a fit. */
export interface FitSize {
  readonly centers: number;
  readonly features: number;
  readonly targets: number;
  readonly blockRows: number;
  readonly precision: Precision;
}

/** Matrices [centers, centers] in float64 alive at once in the solve. */
const matrices = 10;

/** What a fit needs beside its data, in bytes: a somewhat generous bound. */
export function estimateMemory(size: FitSize): number {
  const { centers: m, features, targets, blockRows, precision } = size;
  const bytes = precision === "float32" ? 4 : 8;
  const square = m * m;
  // kernel blocks in their own type and in float64, the rows, and two sets of sums
  const blocks =
    blockRows * (m * (2 * bytes + 8) + 4 * bytes * (features + targets + 2)) + 16 * square;
  return blocks + 8 * square * matrices + 16 * m * (features + targets) * bytes;
}

/**
 * @throws ConfigError where the estimate exceeds the limit, with the M that would fit.
 */
export function requireMemory(size: FitSize, limitBytes: number): void {
  const needed = estimateMemory(size);
  if (needed <= limitBytes) return;
  let [low, high] = [0, size.centers];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (estimateMemory({ ...size, centers: middle }) <= limitBytes) low = middle;
    else high = middle;
  }
  const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toPrecision(2)} GB`;
  throw new ConfigError(
    `falkon: needs ${gigabytes(needed)} with ${size.centers} centers, the limit is ${gigabytes(limitBytes)}; ${low > 0 ? `smaller M: at most ${low} fit` : "smaller blockRows may fit"}`,
  );
}
