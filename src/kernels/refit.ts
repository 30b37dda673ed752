import { ConfigError } from "../base/errors.ts";
import type { Runtime } from "../runtime/index.ts";
import { accumulateNormal, defaultBlockRows, mergeNormal } from "./accumulate.ts";
import { solveNormal } from "./direct.ts";
import type { FalkonFit } from "./fit.ts";
import { precisionOf, type RowBlock, type RowSource, rowSource } from "./rows.ts";

export interface RefitOptions {
  /** Rows to add. */
  readonly data: RowBlock | RowSource;
  /** Default: those of the fit. */
  readonly lambda?: number | readonly number[];
  readonly signal?: AbortSignal;
}

/**
 * Adds rows to a direct fit: the same as fitting all rows at once with the same centers, at the
 * price of the new ones.
 * @throws ConfigError for a fit without normal equations.
 */
export async function refitFalkon(
  runtime: Runtime,
  fit: FalkonFit,
  options: RefitOptions,
): Promise<FalkonFit> {
  if (!fit.normal)
    throw new ConfigError(
      'refitFalkon: the fit was iterative and has no normal equations; fit with solver "direct", or fit all rows again with iterative.start',
    );
  const { kernel, centers } = fit.model;
  const source = "read" in options.data ? options.data : rowSource(options.data);
  const start = performance.now();
  const added = await accumulateNormal(runtime, kernel, centers, source, {
    precision: precisionOf(centers),
    blockRows: defaultBlockRows(centers.shape[0]),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const normal = mergeNormal(fit.normal, added);
  const accumulated = performance.now();
  const solved = await solveNormal(runtime, {
    kernel,
    centers,
    normal,
    lambda: options.lambda ?? fit.solutions.map(({ lambda }) => lambda),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const seconds = {
    accumulate: (accumulated - start) / 1000,
    solve: (performance.now() - accumulated) / 1000,
  };
  return { ...solved, solver: "direct", normal, seconds };
}
