import { quantities } from "../recalibration/quantities.ts";
import type { KernelChoice, Rms, TuningPoint, TuningResult } from "./job.ts";

/**
 * One number for several errors: the mean over quantities of the error over that of L1, so that
 * radians and pseudorapidity can be added. Lower is better.
 */
export function score(errors: Rms, level1: Rms): number {
  const ratios = quantities.flatMap((q) => {
    const [error, before] = [errors[q], level1[q]];
    return error === undefined || before === undefined ? [] : [error / before];
  });
  return ratios.reduce((a, b) => a + b, 0) / ratios.length;
}

/** The one with the lowest score on the validation part; null of none. */
export function bestOf<R extends { readonly validation: Rms }>(
  results: readonly R[],
  level1: Rms,
): R | null {
  let [best, lowest]: [R | null, number] = [null, Number.POSITIVE_INFINITY];
  for (const result of results) {
    const value = score(result.validation, level1);
    if (value < lowest) [best, lowest] = [result, value];
  }
  return best;
}

/** A kernel with a point of its tuning. */
export interface Choice {
  readonly kernel: KernelChoice;
  readonly result: TuningResult;
  readonly point: TuningPoint;
}

/** The best combination of a type of kernel, of all M or of one; null where nothing was tuned. */
export function chooseKernels(
  tuned: readonly TuningResult[],
  level1: Rms,
  { type, centers }: { readonly type: KernelChoice["type"]; readonly centers?: number },
): Choice | null {
  const all = tuned
    .filter(({ job }) => job.kernel.type === type)
    .flatMap((result) =>
      result.points
        .filter((point) => centers === undefined || point.centers === centers)
        .map((point) => ({
          kernel: result.job.kernel,
          result,
          point,
          validation: point.validation,
        })),
    );
  return bestOf(all, level1);
}
