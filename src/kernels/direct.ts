import { CancelledError, ConfigError, invariant } from "../base/errors.ts";
import { fromNumbers, type HostArray, toNumbers } from "../base/host-array.ts";
import type { Runtime } from "../runtime/index.ts";
import type { NormalEquations, PassOptions } from "./accumulate.ts";
import { type Kernel, kernelMatrix } from "./kernel.ts";
import { addLeaveOneOut } from "./leave-one-out.ts";
import { createProducts, type Products } from "./linalg.ts";
import type { FalkonModel } from "./model.ts";
import { type Precision, precisionOf, type RowSource } from "./rows.ts";
import {
  type CenterFactor,
  type Conditioning,
  conditioning,
  factorizeCenters,
  type Solution,
  type Solved,
  solveOne,
  type Whitened,
  whiten,
} from "./solve.ts";

export interface SolveOptions {
  readonly kernel: Kernel;
  /** [M, features]. */
  readonly centers: HostArray;
  readonly normal: NormalEquations;
  readonly lambda: number | readonly number[];
  readonly signal?: AbortSignal;
  readonly onSolved?: (solution: Solution) => void;
  /** The same rows again, for exact leave-one-out errors: one more pass. */
  readonly leaveOneOut?: { readonly source: RowSource; readonly pass: PassOptions };
}

/** What any solver gives. */
export interface SolvedProblem {
  /** The model of the chosen λ. */
  readonly model: FalkonModel;
  /** One per λ, in the order given. */
  readonly solutions: readonly Solution[];
  /** Index of the chosen λ: the lowest leave-one-out error, or GCV without it, summed over targets in units of their mean square. */
  readonly best: number;
  readonly conditioning: Conditioning;
}

/** Solves normal equations for each λ; so a path, or a sum of parts, costs no pass over the rows. */
export async function solveNormal(runtime: Runtime, options: SolveOptions): Promise<SolvedProblem> {
  const { kernel, centers, normal, signal, onSolved, leaveOneOut } = options;
  const lambdas = requireLambdas(options.lambda);
  const products = await createProducts(runtime);
  try {
    const { kmm, factor } = await factorizedCenters(products, kernel, centers);
    const { whitened, smallest, ridge } = await whitenSafely(
      products,
      factor,
      normal,
      lambdas,
      precisionOf(centers),
    );
    let solutions: Solution[] = [];
    for (const lambda of lambdas) {
      if (signal?.aborted) throw new CancelledError("falkon: cancelled");
      const { solution } =
        lambda === smallest.solution.lambda
          ? smallest
          : await solveSafely(products, whitened, lambda);
      solutions.push(solution);
    }
    if (leaveOneOut) {
      const problem = { kernel, centers, products, whitened, solutions };
      solutions = await addLeaveOneOut(runtime, problem, leaveOneOut.source, leaveOneOut.pass);
    }
    for (const solution of solutions) onSolved?.(solution);
    return {
      ...chosen(kernel, centers, solutions, normal),
      conditioning: conditioning(kmm, whitened, smallest, ridge),
    };
  } finally {
    await products.dispose();
  }
}

/** Kmm [M, M] and its factor. */
export async function factorizedCenters(products: Products, kernel: Kernel, centers: HostArray) {
  const c = toNumbers(centers);
  const kmm = kernelMatrix(kernel, c, c, centers.shape[1]);
  return { kmm, factor: await factorizeCenters(products, kmm, centerJitter) };
}

/** Falkon's epsilon in float64, the type of Kmm here: times M and the mean diagonal. */
const centerJitter = 1e-13;

/**
 * The variance that rounding adds to predictions Σ_j K_j α_j, relative to mean(K²) |α|²: M terms,
 * each of whose partial sums is rounded. Penalized, it stays below the error that it would save.
 */
function roundingRidge(centers: number, precision: Precision): number {
  const unit = precision === "float32" ? 2 ** -24 : 2 ** -53;
  return (centers * unit ** 2) / 6;
}

/**
 * Changes coordinates with a ridge for rounding, or the smallest larger one under which the system
 * of the smallest λ, and so of every λ, is positive definite.
 */
export async function whitenSafely(
  products: Products,
  factor: CenterFactor,
  normal: NormalEquations,
  lambdas: readonly number[],
  precision: Precision,
): Promise<{ whitened: Whitened; smallest: Solved; ridge: number }> {
  const lambda = Math.min(...lambdas);
  const first = roundingRidge(factor.n, precision);
  for (let ridge = first; ridge < 1e-3; ridge = Math.max(10 * ridge, 1e-16)) {
    const whitened = await whiten(products, factor, normal, ridge);
    const smallest = await solveOne(products, whitened, lambda);
    if (smallest) return { whitened, smallest, ridge };
  }
  throw new ConfigError(
    `falkon: the normal equations are not positive definite at lambda ${lambda}; try a larger lambda`,
  );
}

/** For a λ not below that of `whitenSafely`. */
export async function solveSafely(products: Products, whitened: Whitened, lambda: number) {
  const solved = await solveOne(products, whitened, lambda);
  invariant(solved, `no factor at lambda ${lambda}`);
  return solved;
}

/** @throws ConfigError for a λ that is not positive. */
export function requireLambdas(lambda: number | readonly number[]): readonly number[] {
  const lambdas = typeof lambda === "number" ? [lambda] : lambda;
  const bad = lambdas.find((l) => !(l > 0 && Number.isFinite(l)));
  if (lambdas.length === 0 || bad !== undefined)
    throw new ConfigError(
      `falkon.lambda: expected numbers > 0, got ${lambdas.length === 0 ? "none" : bad}${bad === 0 ? "; without regularization the system is singular, try 1e-9" : ""}`,
    );
  return lambdas;
}

/** The model of the λ with the lowest leave-one-out error, or GCV without it. */
export function chosen(
  kernel: Kernel,
  centers: HostArray,
  solutions: readonly Solution[],
  { square, weight }: { readonly square: Float64Array; readonly weight: number },
): Pick<SolvedProblem, "model" | "solutions" | "best"> {
  const scores = solutions.map(({ gcv, leaveOneOut }) =>
    (leaveOneOut ?? gcv).reduce((sum, value, t) => sum + value / (square[t] / weight || 1), 0),
  );
  const best = scores.indexOf(Math.min(...scores));
  const { alpha, lambda } = solutions[best];
  const shape = [centers.shape[0], square.length];
  return {
    model: { kernel, centers, alpha: fromNumbers("float64", shape, alpha), lambda },
    solutions,
    best,
  };
}
