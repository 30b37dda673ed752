import { fromNumbers, type HostArray, zerosHost } from "../base/host-array.ts";
import { compile } from "../compile/index.ts";
import type { Tensor } from "../graph/index.ts";
import {
  cast,
  constant,
  input,
  matmul,
  mul,
  reshape,
  sub,
  sum as total,
  transpose,
} from "../ops/index.ts";
import type { Runtime } from "../runtime/index.ts";
import { addSquares, type PassOptions, pipeline } from "./accumulate.ts";
import type { Kernel } from "./kernel.ts";
import type { Precision, RowSource } from "./rows.ts";
import { blockGraph, centerTerms } from "./terms.ts";

/** Products with the kernel matrix of all rows, which is computed anew, block by block. */
export interface KernelOperator {
  /** Kᵀ W K u for u [M, targets]. */
  normal(u: Float64Array): Promise<Float64Array>;
  /** Of Y - K u, in float64: what rounding this loses, no later iteration would find. */
  residual(u: Float64Array): Promise<Residual>;
  dispose(): Promise<void>;
}

export interface Residual {
  /** Kᵀ W (Y - K u) [M, targets]. */
  readonly moment: Float64Array;
  /** Σ w (y - f)² per target. */
  readonly square: Float64Array;
  /** Σ w y² per target. */
  readonly targetSquare: Float64Array;
  /** Σ w. */
  readonly weight: number;
}

/**
 * Kernel blocks have the type of `precision`, and so have the products of `normal`, whose errors
 * shrink with u; those of `residual`, which decide how exact the solution is, are float64.
 * @param centers - [M, features].
 */
export async function createKernelOperator(
  runtime: Runtime,
  kernel: Kernel,
  centers: HostArray,
  source: RowSource,
  options: PassOptions,
): Promise<KernelOperator> {
  const { precision } = options;
  const [count] = centers.shape;
  const { targets, isWeighted } = source;
  const prepared = centerTerms(kernel, centers, precision);
  const { terms } = prepared;
  const x = input("x", terms.dtype, ["rows", terms.shape[1]]);
  const y = input("y", precision, ["rows", targets]);
  const w = input("w", precision, ["rows"]);
  const block = blockGraph(kernel, constant(terms), x, precision);
  const load = (outputs: Record<string, Tensor>, given: readonly Tensor[]) => {
    const inputs = [x, ...(isWeighted ? [w] : []), ...given];
    return runtime.load(compile({ name: "operator", outputs, inputs }));
  };
  /** Products of one type; the blocks are the same in both. */
  const graphOf = (type: Precision) => {
    const u = input("u", type, [targets, count]);
    const k = cast(block, type);
    const row = reshape(cast(w, type), [1, "rows"]);
    const weigh = (f: Tensor) => (isWeighted ? mul(f, row) : f);
    const project = (f: Tensor) => matmul(weigh(f), k, { transB: true });
    return { u, image: matmul(u, k), weigh, project };
  };
  const fast = graphOf(precision);
  const normal = await load({ moment: fast.project(fast.image) }, [fast.u]);
  const exact = graphOf("float64");
  const rest = sub(transpose(cast(y, "float64"), [1, 0]), exact.image);
  const square = total(mul(exact.weigh(rest), rest), { axes: 1 });
  const residual = await load({ moment: exact.project(rest), square }, [y, exact.u]);
  const buffers = (type: Precision, withSquare: boolean) =>
    [0, 1].map(() => ({
      moment: zerosHost(type, [targets, count]),
      ...(withSquare ? { square: zerosHost("float64", [targets]) } : {}),
    }));
  const [intoFast, intoExact] = [buffers(precision, false), buffers("float64", true)];
  const pass = async (coefficients: Float64Array, isResidual: boolean): Promise<Residual> => {
    const u = turned(coefficients, targets, isResidual ? "float64" : precision);
    const moment = new Float64Array(count * targets);
    const square = new Float64Array(targets);
    const targetSquare = new Float64Array(targets);
    let weight = 0;
    await pipeline(
      source,
      prepared,
      options,
      (block, sums: Record<string, HostArray>) => {
        const values = sums.moment.data as Float32Array;
        for (let t = 0, at = 0; t < targets; t++)
          for (let i = 0; i < count; i++, at++) moment[i * targets + t] += values[at];
        if (!isResidual) return;
        for (let t = 0; t < targets; t++) square[t] += sums.square.data[t] as number;
        weight += addSquares(targetSquare, block);
      },
      ({ terms, y, weight }, turn) => {
        const feeds = { x: terms, ...(weight ? { w: weight } : {}), u };
        return isResidual
          ? residual.run({ ...feeds, y }, intoExact[turn])
          : normal.run(feeds, intoFast[turn]);
      },
    );
    return { moment, square, targetSquare, weight };
  };
  return {
    normal: async (u) => (await pass(u, false)).moment,
    residual: (u) => pass(u, true),
    async dispose() {
      await normal.dispose();
      await residual.dispose();
    },
  };
}

/** u [M, targets] as [targets, M]. */
function turned(u: Float64Array, targets: number, precision: Precision): HostArray {
  const count = u.length / targets;
  const result = new Float64Array(u.length);
  for (let i = 0; i < count; i++)
    for (let t = 0; t < targets; t++) result[t * count + i] = u[i * targets + t];
  return fromNumbers(precision, [targets, count], result);
}
