import { ConfigError } from "../base/errors.ts";
import type { HostArray } from "../base/host-array.ts";
import type { Runtime } from "../runtime/index.ts";
import {
  accumulateNormal,
  defaultBlockRows,
  type NormalEquations,
  type PassOptions,
} from "./accumulate.ts";
import { type CenterChoice, chooseCenters, requireCount, requireGiven } from "./centers.ts";
import { requireLambdas, type SolvedProblem, solveNormal } from "./direct.ts";
import { independentCenters } from "./independent.ts";
import { defaultSampleRows, solveIterative } from "./iterative.ts";
import { type Kernel, requireKernel } from "./kernel.ts";
import { requireMemory } from "./memory.ts";
import type { FalkonModel } from "./model.ts";
import { type Precision, type RowBlock, type RowSource, rowSource, toPrecision } from "./rows.ts";
import type { Solution } from "./solve.ts";

/**
 * Centers: M rows at random, M rows chosen otherwise, or any points [M, features]. The model has
 * fewer where some are equal, or more than the kernel's rank.
 */
export type Centers = number | CenterChoice | HostArray;

export interface FalkonOptions {
  /** Arrays, or a source read block by block. */
  readonly data: RowBlock | RowSource;
  readonly kernel: Kernel;
  readonly centers: Centers;
  /** Regularization λ of (1/n) Σ w (f - y)² + λ |f|², or several to choose from by GCV. */
  readonly lambda: number | readonly number[];
  /**
   * `direct`: normal equations of all rows, then any number of λ for nothing, with exact GCV.
   * `iterative`: conjugate gradients, several times faster for one λ. `auto` (default): iterative
   * for one λ where the rows are many times those of its preconditioner.
   */
  readonly solver?: "direct" | "iterative" | "auto";
  /** Exact leave-one-out errors, and the choice of λ by them: one more pass, direct solver only. */
  readonly leaveOneOut?: boolean;
  /** Of everything random. Default 0. */
  readonly seed?: number | string;
  /** Type of the kernel blocks; sums and solves are float64 always. Default float32. */
  readonly precision?: Precision;
  /** Rows per block. Default: so that a block stays within the caches. */
  readonly blockRows?: number;
  /** Refuses fits that need more, beside the data. Default 4 GiB. */
  readonly memoryLimit?: number;
  readonly iterative?: IterativeOptions;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: FalkonEvent) => void;
}

export interface IterativeOptions {
  /** Passes over the rows at most. Default 20. */
  readonly maxIterations?: number;
  /** Stops where predictions are within this part of the targets' rms. Default 1e-3. */
  readonly relativeTolerance?: number;
  /** Or within this, in units of the targets. Default 0. */
  readonly absoluteTolerance?: number;
  /** Rows sampled for the preconditioner, or "centers" as in the paper. Default 16 M, at least 16384. */
  readonly preconditioner?: number | "centers";
  /** A model of the same kernel and centers to start from. */
  readonly start?: FalkonModel;
}

export type Phase = "centers" | "accumulate" | "solve" | "iterate";

/** Progress as plain data. */
export type FalkonEvent =
  | { readonly type: "rows"; readonly phase: Phase; readonly done: number; readonly rows: number }
  | {
      readonly type: "iteration";
      readonly iteration: number;
      /** Largest estimated rms error of predictions over the targets. */
      readonly error: number;
    }
  | { readonly type: "solved"; readonly solution: Solution }
  | { readonly type: "phase"; readonly phase: Phase; readonly seconds: number };

export interface FalkonFit extends SolvedProblem {
  readonly solver: "direct" | "iterative";
  /** To solve again, to merge, or to add rows; null after an iteration. */
  readonly normal: NormalEquations | null;
  /** Seconds per phase. */
  readonly seconds: Readonly<Partial<Record<Phase, number>>>;
}

/**
 * Nyström kernel ridge regression: minimizes (1/n) Σ_i w_i |f(x_i) - y_i|² + λ |f|² over
 * f(x) = Σ_j k(x, c_j) α_j, n the sum of weights: (Knmᵀ W Knm + λ n Kmm) α = Knmᵀ W Y.
 * @throws ConfigError, ShapeError and DataError for settings and data that cannot work.
 * @see Rudi, Carratino, Rosasco, "FALKON" (NeurIPS 2017), eq. 8
 */
export async function fitFalkon(runtime: Runtime, options: FalkonOptions): Promise<FalkonFit> {
  const clock = createClock(options);
  const problem = await clock.measure("centers", () => prepare(runtime, options));
  const { kernel, centers, source, solver, pass } = problem;
  const onSolved = (solution: Solution) => options.onEvent?.({ type: "solved", solution });
  if (solver === "iterative") {
    const {
      start,
      preconditioner = defaultSampleRows(centers.shape[0]),
      ...iterate
    } = options.iterative ?? {};
    const solved = await clock.measure("iterate", () =>
      solveIterative(runtime, {
        kernel,
        centers,
        source,
        lambdas: requireLambdas(options.lambda),
        seed: options.seed ?? 0,
        preconditioner,
        ...(start ? { start } : {}),
        pass,
        iterate: {
          maxIterations: 20,
          relativeTolerance: 1e-3,
          absoluteTolerance: 0,
          ...iterate,
          ...(options.signal ? { signal: options.signal } : {}),
          onIteration: (iteration, error) =>
            options.onEvent?.({ type: "iteration", iteration, error }),
        },
        onSolved,
      }),
    );
    return { ...solved, solver, normal: null, seconds: clock.seconds };
  }
  const normal = await clock.measure("accumulate", () =>
    accumulateNormal(runtime, kernel, centers, source, {
      ...pass,
      onRows: (done, rows) => options.onEvent?.({ type: "rows", phase: "accumulate", done, rows }),
    }),
  );
  const { lambda, signal } = options;
  const leaveOneOut = options.leaveOneOut ? { leaveOneOut: { source, pass } } : {};
  const solved = await clock.measure("solve", () =>
    solveNormal(runtime, {
      ...leaveOneOut,
      kernel,
      centers,
      normal,
      lambda,
      onSolved,
      ...(signal ? { signal } : {}),
    }),
  );
  return { ...solved, solver, normal, seconds: clock.seconds };
}

/** Settings checked, centers chosen. */
interface Problem {
  readonly kernel: Kernel;
  readonly centers: HostArray;
  readonly source: RowSource;
  readonly solver: "direct" | "iterative";
  readonly pass: PassOptions;
}

async function prepare(runtime: Runtime, options: FalkonOptions): Promise<Problem> {
  const { kernel, centers, precision = "float32", seed = 0, memoryLimit = 4 * 2 ** 30 } = options;
  const source = "read" in options.data ? options.data : rowSource(options.data);
  requireKernel(kernel, source.features);
  const lambdas = requireLambdas(options.lambda);
  const choice = choiceOf(centers);
  if ("method" in choice) requireCount(choice.count, source.rows);
  else requireGiven(choice, source.features);
  const count = "method" in choice ? choice.count : choice.shape[0];
  const blockRows = options.blockRows ?? defaultBlockRows(count);
  if (!(Number.isInteger(blockRows) && blockRows > 0))
    throw new ConfigError(`falkon.blockRows: expected an integer > 0, got ${blockRows}`);
  requireMemory({ centers: count, ...source, blockRows, precision }, memoryLimit);
  const lambda = lambdas[Math.floor(lambdas.length / 2)];
  const points =
    "method" in choice
      ? await chooseCenters(runtime, { ...choice, kernel, source, precision, lambda, seed })
      : toPrecision(choice, precision);
  return {
    kernel,
    centers: independentCenters(kernel, points),
    source,
    solver: solverFor(options, count, source.rows),
    pass: { precision, blockRows, ...(options.signal ? { signal: options.signal } : {}) },
  };
}

function solverFor(
  { solver = "auto", lambda, leaveOneOut = false }: FalkonOptions,
  centers: number,
  rows: number,
) {
  const { length } = requireLambdas(lambda);
  if (leaveOneOut && solver === "iterative")
    throw new ConfigError("falkon.leaveOneOut: needs solver direct, got iterative");
  if (leaveOneOut) return "direct";
  if (solver !== "auto") return solver;
  return length === 1 && rows > 4 * defaultSampleRows(centers) ? "iterative" : "direct";
}

function choiceOf(centers: Centers): CenterChoice | HostArray {
  return typeof centers === "number" ? { count: centers, method: "uniform" } : centers;
}

function createClock({ onEvent }: FalkonOptions) {
  const seconds: Partial<Record<Phase, number>> = {};
  return {
    seconds,
    async measure<R>(phase: Phase, work: () => Promise<R>): Promise<R> {
      const start = performance.now();
      const result = await work();
      seconds[phase] = (performance.now() - start) / 1000;
      onEvent?.({ type: "phase", phase, seconds: seconds[phase] });
      return result;
    },
  };
}
