import { CancelledError, ConfigError } from "../base/errors.ts";
import { fromNumbers, type HostArray, hostArray, toNumbers } from "../base/host-array.ts";
import { createRng } from "../base/rng.ts";
import type { Runtime } from "../runtime/index.ts";
import { createComplexity, type Point } from "./complexity.ts";
import { requireLambdas } from "./direct.ts";
import { isDot, type Kernel, requireKernel, widthsOf } from "./kernel.ts";
import { createProducts } from "./linalg.ts";
import { type RowBlock, type RowSource, rowSource } from "./rows.ts";
import { gatherSample, sampleRows } from "./sample.ts";

export interface TuneOptions {
  readonly data: RowBlock | RowSource;
  /** Kernel with widths to start from. */
  readonly kernel: Kernel;
  /** Centers to start from: M random rows, or points [M, features]. */
  readonly centers: number | HostArray;
  /** λ to start from. */
  readonly lambda: number;
  /** One width for each feature. Default: as the kernel has it. */
  readonly perFeature?: boolean;
  /** Moves the centers too. Default true. */
  readonly moveCenters?: boolean;
  /** Rows of the sample on which the objective is computed. Default 2000. */
  readonly rows?: number;
  /** Steps of Adam. Default 50. */
  readonly steps?: number;
  /** Relative change of widths and λ per step, and of centers in units of the widths. Default 0.05. */
  readonly rate?: number;
  readonly seed?: number | string;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: number, objective: number) => void;
}

export interface Tuned {
  readonly kernel: Kernel;
  /** [M, features], float64. */
  readonly centers: HostArray;
  readonly lambda: number;
  /** Objective before each step, and after the last. */
  readonly history: readonly number[];
}

/**
 * Tunes widths, λ and centers by gradient descent on the complexity-regularized objective of the
 * Nyström estimator, which bounds the test error without validation rows (Meanti, Carratino,
 * De Vito, Rosasco, "Efficient hyperparameter tuning for large scale kernel ridge regression",
 * 2022, eq. 10). Targets count in units of their standard deviation on the sample, as the
 * objective takes noise of variance 1. The best point passed is returned.
 * @throws ConfigError for a kernel without widths.
 */
export async function tuneFalkon(runtime: Runtime, options: TuneOptions): Promise<Tuned> {
  const { kernel, lambda, steps = 50, rate = 0.05, seed = 0, signal, onStep } = options;
  const source = "read" in options.data ? options.data : rowSource(options.data);
  requireKernel(kernel, source.features);
  requireLambdas(lambda);
  if (isDot(kernel))
    throw new ConfigError(
      `tuneFalkon.kernel: "${kernel.type}" has no width; tune λ by a path of fits`,
    );
  const rng = createRng(seed).split("tune");
  const size = Math.min(options.rows ?? 2000, source.rows);
  const sample = await gatherSample(source, sampleRows(source.rows, size, rng), "float64");
  const isScalar = typeof kernel.width === "number" && !options.perFeature;
  const widths = widthsOf(kernel, source.features);
  let point: Point = {
    logWidths: Float64Array.from(isScalar ? [widths[0]] : widths, Math.log),
    logLambda: Math.log(lambda),
    centers: startOf(options.centers, sample.x, rng.permutation(size)),
  };
  const products = await createProducts(runtime);
  const y = standardized(sample.y);
  const complexity = await createComplexity(runtime, products, kernel, sample.x, y);
  const adam = createAdam(rate);
  const history: number[] = [];
  let best = point;
  try {
    for (let step = 0; step <= steps; step++) {
      if (signal?.aborted) throw new CancelledError("tuneFalkon: cancelled");
      const { value, gradient } = await complexity.at(point);
      history.push(value);
      onStep?.(step, value);
      if (value <= Math.min(...history)) best = point;
      if (step < steps) point = moved(point, gradient, adam, options.moveCenters ?? true);
    }
  } finally {
    await complexity.dispose();
    await products.dispose();
  }
  const tuned = Array.from(best.logWidths, Math.exp);
  const count = best.centers.length / source.features;
  return {
    kernel: { ...kernel, width: isScalar ? tuned[0] : tuned },
    centers: hostArray("float64", [count, source.features], best.centers),
    lambda: Math.exp(best.logLambda),
    history,
  };
}

function startOf(centers: number | HostArray, x: HostArray, order: Uint32Array): Float64Array {
  if (typeof centers !== "number") return toNumbers(centers).slice();
  const [rows, features] = x.shape;
  if (!(Number.isInteger(centers) && centers > 0 && centers <= rows))
    throw new ConfigError(
      `tuneFalkon.centers: expected an integer in [1, ${rows}], the rows of the sample, got ${centers}`,
    );
  return Float64Array.from({ length: centers * features }, (_, i) =>
    Number(x.data[order[Math.floor(i / features)] * features + (i % features)]),
  );
}

/** y [rows, targets] over the standard deviation of each column. */
function standardized(y: HostArray): HostArray {
  const [rows, targets] = y.shape;
  const values = toNumbers(y);
  const [sums, squares] = [new Float64Array(targets), new Float64Array(targets)];
  values.forEach((value, i) => {
    sums[i % targets] += value / rows;
    squares[i % targets] += value ** 2 / rows;
  });
  const scales = squares.map((s, t) => 1 / (Math.sqrt(s - sums[t] ** 2) || 1));
  return fromNumbers(
    "float64",
    [rows, targets],
    values.map((v, i) => v * scales[i % targets]),
  );
}

function moved(
  { logWidths, logLambda, centers }: Point,
  gradient: Point,
  adam: ReturnType<typeof createAdam>,
  moveCenters: boolean,
): Point {
  const widths = logWidths.length === 1 ? logWidths[0] : null;
  const features = logWidths.length;
  const scale = (i: number) => Math.exp(widths ?? logWidths[i % features]);
  const [step] = adam("lambda", Float64Array.of(gradient.logLambda));
  const widthSteps = adam("widths", gradient.logWidths);
  const scaled = gradient.centers.map((g, i) => g * scale(i));
  const centerSteps = moveCenters ? adam("centers", scaled) : null;
  return {
    logWidths: logWidths.map((w, i) => w - widthSteps[i]),
    logLambda: logLambda - step,
    centers: centerSteps ? centers.map((c, i) => c - scale(i) * centerSteps[i]) : centers,
  };
}

/** Steps of Adam (Kingma, Ba 2015) for named vectors. */
function createAdam(rate: number) {
  const state = new Map<string, { m: Float64Array; v: Float64Array; t: number }>();
  return (name: string, gradient: Float64Array): Float64Array => {
    const before = state.get(name);
    const [m, v] = [before?.m ?? gradient.map(() => 0), before?.v ?? gradient.map(() => 0)];
    const t = (before?.t ?? 0) + 1;
    for (const [i, g] of gradient.entries()) {
      m[i] = 0.9 * m[i] + 0.1 * g;
      v[i] = 0.999 * v[i] + 0.001 * g * g;
    }
    state.set(name, { m, v, t });
    const [a, b] = [1 - 0.9 ** t, 1 - 0.999 ** t];
    return m.map((value, i) => (rate * value) / a / (Math.sqrt(v[i] / b) + 1e-12));
  };
}
