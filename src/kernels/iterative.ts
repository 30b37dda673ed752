import { ConfigError } from "../base/errors.ts";
import { type HostArray, toNumbers } from "../base/host-array.ts";
import { createRng } from "../base/rng.ts";
import type { Runtime } from "../runtime/index.ts";
import { accumulateNormal, type PassOptions } from "./accumulate.ts";
import { conjugateGradients, type IterateOptions } from "./conjugate-gradients.ts";
import {
  chosen,
  factorizedCenters,
  type SolvedProblem,
  solveSafely,
  whitenSafely,
} from "./direct.ts";
import type { Kernel } from "./kernel.ts";
import { createProducts, timesTransposed } from "./linalg.ts";
import type { FalkonModel } from "./model.ts";
import { createKernelOperator } from "./operator.ts";
import { type RowSource, rowSource } from "./rows.ts";
import { gatherSample, sampleRows } from "./sample.ts";
import { conditioning, type Solution } from "./solve.ts";

export interface IterativeProblem {
  readonly kernel: Kernel;
  readonly centers: HostArray;
  readonly source: RowSource;
  readonly lambdas: readonly number[];
  readonly seed: number | string;
  /**
   * Rows whose normal equations make the preconditioner and the start. "centers" takes the centers
   * themselves and starts from 0, as in the paper, which needs many times the iterations at small λ.
   */
  readonly preconditioner: number | "centers";
  /** Coefficients to start from instead. */
  readonly start?: FalkonModel;
  readonly pass: PassOptions;
  readonly iterate: IterateOptions;
  readonly onSolved: (solution: Solution) => void;
}

/** Rows for a preconditioner close enough that six to ten passes suffice. */
export function defaultSampleRows(centers: number): number {
  return Math.max(16 * centers, 32768);
}

/**
 * Conjugate gradients with the factor of (T⁻¹ Kₛᵀ W Kₛ T⁻ᵀ / s + λ) of s sampled rows as the
 * preconditioner. Since the sample's matrix is near that of all rows, the condition number is near
 * ((1 + √(M/s)) / (1 - √(M/s)))², whatever λ is. The effective dimensions are the sample's.
 */
export async function solveIterative(
  runtime: Runtime,
  problem: IterativeProblem,
): Promise<SolvedProblem> {
  const { kernel, centers, source, lambdas, pass, start, iterate, preconditioner: rows } = problem;
  const count = centers.shape[0];
  if (rows !== "centers" && !(Number.isInteger(rows) && rows > 0))
    throw new ConfigError(
      `falkon.iterative.preconditioner: expected "centers" or an integer > 0, got ${rows}`,
    );
  if (start && start.alpha.shape.join() !== [count, source.targets].join())
    throw new ConfigError(
      `falkon.iterative.start: has coefficients [${start.alpha.shape}], expected [${count},${source.targets}]; give its centers too`,
    );
  const products = await createProducts(runtime);
  const operator = await createKernelOperator(runtime, kernel, centers, source, pass);
  try {
    const { kmm, factor } = await factorizedCenters(products, kernel, centers);
    const sample = await sampleOf(problem);
    const normal = await accumulateNormal(runtime, kernel, centers, sample, {
      precision: pass.precision,
      blockRows: pass.blockRows,
      ...(pass.signal ? { signal: pass.signal } : {}),
    });
    const { whitened, smallest, ridge } = await whitenSafely(
      products,
      factor,
      normal,
      lambdas,
      pass.precision,
    );
    const given = start && timesTransposed(factor.lower, toNumbers(start.alpha), count);
    const solutions: Solution[] = [];
    let totals = { weight: normal.weight, square: normal.square };
    for (const lambda of lambdas) {
      const solved = await solveSafely(products, whitened, lambda);
      const { solution, factor: preconditioner, v } = solved;
      const from = given ?? (problem.preconditioner === "centers" ? v.map(() => 0) : v);
      const result = await conjugateGradients(
        operator,
        factor,
        preconditioner,
        { lambda, ridge: whitened.ridge },
        from,
        iterate,
      );
      const { square, targetSquare, weight } = result.residual;
      totals = { weight, square: targetSquare };
      const trainError = square.map((s) => s / weight);
      const left = 1 - solution.effectiveDimension / source.rows;
      solutions.push({
        ...solution,
        alpha: timesTransposed(factor.inverse, result.v, count),
        trainError,
        gcv: trainError.map((error) => error / left ** 2),
        convergence: result.convergence,
      });
      problem.onSolved(solutions[solutions.length - 1]);
    }
    return {
      ...chosen(kernel, centers, solutions, totals),
      conditioning: conditioning(kmm, whitened, smallest, ridge),
    };
  } finally {
    await operator.dispose();
    await products.dispose();
  }
}

async function sampleOf({ source, centers, preconditioner, seed, pass }: IterativeProblem) {
  if (preconditioner === "centers") {
    const [count] = centers.shape;
    const y = new Float64Array(count * source.targets);
    return rowSource({
      x: centers,
      y: { dtype: "float64", shape: [count, source.targets], data: y },
    });
  }
  const rng = createRng(seed).split("sample");
  const numbers = sampleRows(source.rows, Math.min(preconditioner, source.rows), rng);
  const { x, y, weight } = await gatherSample(source, numbers, pass.precision);
  return rowSource({ x, y, ...(weight ? { weight } : {}) });
}
