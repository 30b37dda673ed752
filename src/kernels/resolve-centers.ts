import type { HostArray } from "../base/host-array.ts";
import type { Runtime } from "../runtime/index.ts";
import { chooseCenters, requireCount, requireGiven } from "./centers.ts";
import type { Centers } from "./fit.ts";
import { independentCenters } from "./independent.ts";
import { type Kernel, requireKernel } from "./kernel.ts";
import { type Precision, type RowSource, toPrecision } from "./rows.ts";

/**
 * Centers [M, features] from what the user says, those that add nothing left out.
 * @throws ConfigError, ShapeError for a kernel or centers that do not fit the rows.
 */
export async function resolveCenters(
  runtime: Runtime,
  centers: Centers,
  problem: {
    readonly kernel: Kernel;
    readonly source: RowSource;
    readonly precision: Precision;
    readonly lambda: number;
    readonly seed: number | string;
  },
): Promise<HostArray> {
  const { kernel, source, precision } = problem;
  requireKernel(kernel, source.features);
  const choice =
    typeof centers === "number" ? { count: centers, method: "uniform" as const } : centers;
  if ("method" in choice) {
    requireCount(choice.count, source.rows);
    return independentCenters(kernel, await chooseCenters(runtime, { ...choice, ...problem }));
  }
  requireGiven(choice, source.features);
  return independentCenters(kernel, toPrecision(choice, precision));
}
