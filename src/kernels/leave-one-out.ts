import { invariant } from "../base/errors.ts";
import { fromNumbers, type HostArray, hostArray, zerosHost } from "../base/host-array.ts";
import { compile } from "../compile/index.ts";
import type { Tensor } from "../graph/index.ts";
import {
  cast,
  constant,
  div,
  input,
  matmul,
  maximum,
  mul,
  reshape,
  square,
  sub,
  sum,
  transpose,
} from "../ops/index.ts";
import type { Runtime } from "../runtime/index.ts";
import { type PassOptions, pipeline } from "./accumulate.ts";
import type { Kernel } from "./kernel.ts";
import type { Products } from "./linalg.ts";
import type { RowSource } from "./rows.ts";
import { type Solution, solveOne, type Whitened } from "./solve.ts";
import { blockGraph, centerTerms } from "./terms.ts";

export interface LeaveOneOutProblem {
  readonly kernel: Kernel;
  readonly centers: HostArray;
  readonly products: Products;
  readonly whitened: Whitened;
  readonly solutions: readonly Solution[];
}

/**
 * Exact leave-one-out errors: without row i its residual would be (y_i - f_i) / (1 - h_i), where
 * h_i = (w_i / n) k_iᵀ T⁻ᵀ (G + λ)⁻¹ T⁻¹ k_i is its leverage (Allen's PRESS). That holds at fixed λ n:
 * the fit without row i has n - w_i in place of n, and λ n / (n - w_i) in place of λ. Centers stay.
 * One pass over the rows for each few λ, each λ at the price of a product [M, M] [M, rows].
 */
export async function addLeaveOneOut(
  runtime: Runtime,
  problem: LeaveOneOutProblem,
  source: RowSource,
  pass: PassOptions,
): Promise<Solution[]> {
  const count = problem.centers.shape[0];
  const atOnce = Math.max(1, Math.floor(2 ** 24 / count ** 2));
  const result: Solution[] = [];
  for (let at = 0; at < problem.solutions.length; at += atOnce) {
    const solutions = problem.solutions.slice(at, at + atOnce);
    const errors = await errorsOf(runtime, { ...problem, solutions }, source, pass);
    for (const [i, solution] of solutions.entries())
      result.push({ ...solution, leaveOneOut: errors[i] });
  }
  return result;
}

async function errorsOf(
  runtime: Runtime,
  { kernel, centers, products, whitened, solutions }: LeaveOneOutProblem,
  source: RowSource,
  pass: PassOptions,
): Promise<Float64Array[]> {
  const count = centers.shape[0];
  const { targets } = source;
  const { weight } = whitened.normal;
  const prepared = centerTerms(kernel, centers, pass.precision);
  const x = input("x", prepared.terms.dtype, ["rows", prepared.terms.shape[1]]);
  const y = input("y", pass.precision, ["rows", targets]);
  const w = input("w", pass.precision, ["rows"]);
  const row = reshape(cast(w, "float64"), [1, "rows"]);
  const block = cast(blockGraph(kernel, constant(prepared.terms), x, pass.precision), "float64");
  const truth = transpose(cast(y, "float64"), [1, 0]);
  const outputs: Record<string, Tensor> = {};
  const maps: Record<string, HostArray> = {};
  const inputs: Tensor[] = [x, y, ...(source.isWeighted ? [w] : [])];
  for (const [i, { lambda, alpha }] of solutions.entries()) {
    const solved = await solveOne(products, whitened, lambda);
    invariant(solved, `no factor at lambda ${lambda}`);
    const map = await products.nn(
      solved.factor.inverse,
      whitened.centers.inverse,
      count,
      count,
      count,
    );
    maps[`map${i}`] = hostArray("float64", [count, count], map);
    inputs.push(input(`map${i}`, "float64", [count, count]));
    const image = matmul(inputs[inputs.length - 1], block); // |column|² is the leverage times n / w
    const squares = mul(sum(square(image), { axes: 0, keepDims: true }), 1 / weight);
    const leverage = source.isWeighted ? mul(squares, row) : squares;
    const coefficients = constant(fromNumbers("float64", [count, targets], alpha));
    const rest = sub(truth, matmul(coefficients, block, { transA: true }));
    const left = square(div(rest, maximum(sub(1, leverage), 1e-12)));
    outputs[`loss${i}`] = sum(source.isWeighted ? mul(left, row) : left, { axes: 1 });
  }
  const session = await runtime.load(compile({ name: "leaveOneOut", outputs, inputs }));
  const totals = solutions.map(() => new Float64Array(targets));
  const buffers = [0, 1].map(() =>
    Object.fromEntries(Object.keys(outputs).map((name) => [name, zerosHost("float64", [targets])])),
  );
  try {
    await pipeline(
      source,
      prepared,
      pass,
      (_, losses: Record<string, HostArray>) => {
        for (const [i, total] of totals.entries())
          for (let t = 0; t < targets; t++) total[t] += losses[`loss${i}`].data[t] as number;
      },
      ({ terms, y, weight }, turn) =>
        session.run({ x: terms, y, ...(weight ? { w: weight } : {}), ...maps }, buffers[turn]),
    );
  } finally {
    await session.dispose();
  }
  return totals.map((total) => total.map((value) => value / weight));
}
