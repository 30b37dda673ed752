import { CancelledError } from "../../base/errors.ts";
import { type HostArray, hostArray, zerosHost } from "../../base/host-array.ts";
import { createRng } from "../../base/rng.ts";
import { compile } from "../../compile/index.ts";
import type { Tensor } from "../../graph/index.ts";
import {
  abs,
  add,
  cast,
  constant,
  exp,
  input,
  log,
  matmul,
  maximum,
  mul,
  neg,
  sigmoid,
  sub,
  sum,
} from "../../ops/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { accumulateNormal, defaultBlockRows } from "../accumulate.ts";
import { factorizedCenters, whitenSafely } from "../direct.ts";
import { defaultSampleRows } from "../iterative.ts";
import type { Kernel } from "../kernel.ts";
import { createProducts } from "../linalg.ts";
import { blocksOf, type Precision, readBlock, rowSource } from "../rows.ts";
import { gatherSample, sampleRows } from "../sample.ts";
import { blockGraph, centerTerms, rowTerms } from "../terms.ts";
import { minimizeTogether } from "./minimize-together.ts";

/** Which rows a toy takes for data; the others are its reference, with one weight. */
export interface Labeling {
  /** 1 for data, 0 for reference [rows]. */
  readonly isData: Uint8Array;
  readonly referenceWeight: number;
}

export interface ToyProblem {
  readonly kernel: Kernel;
  readonly centers: HostArray;
  /** As of `fitLogisticFalkon`. */
  readonly lambda: number;
  /** Rows of all toys [rows, features]. */
  readonly x: HostArray;
  /** Of the kernel blocks; products are float64. */
  readonly precision: Precision;
  readonly seed: number | string;
  readonly signal?: AbortSignal;
}

export interface ToyStatistics {
  readonly t: Float64Array;
  readonly isConverged: boolean;
}

export interface ToyFits {
  /** t of each labeling, and whether all fits have converged. */
  statistics(labelings: readonly Labeling[]): Promise<ToyStatistics>;
  dispose(): Promise<void>;
}

/**
 * Logistic fits of many labelings of the same rows at once. All toys share the kernel blocks of a
 * pass, so that products with the coefficients of all are matrix products; and since f is near 0
 * under the null hypothesis, all share the Hessian there, ¼ Kᵀ K / n + λ Kmm, in whose coordinates
 * theirs are near 1: some ten passes bring the whole batch to its minima.
 */
export async function createToyFits(runtime: Runtime, problem: ToyProblem): Promise<ToyFits> {
  const { kernel, centers, x, precision, signal } = problem;
  const [count] = centers.shape;
  const rows = x.shape[0];
  const blockRows = defaultBlockRows(count);
  const { toAlpha, penalty } = await coordinates(runtime, problem);
  const prepared = centerTerms(kernel, centers, precision);
  const { terms } = prepared;
  const source = rowSource({ x, y: zerosHost(precision, [rows, 1]) });
  const blocks: { start: number; size: number; terms: HostArray }[] = [];
  for (const [start, size] of blocksOf(rows, blockRows)) {
    const block = await readBlock(source, start, size, precision);
    blocks.push({ start, size, terms: rowTerms(prepared, block.x) });
  }

  const z = input("x", terms.dtype, ["rows", terms.shape[1]]);
  const isData = input("isData", "uint8", ["toys", "rows"]);
  const r = input("referenceWeight", "float64", ["toys", 1]);
  const u = input("u", "float64", ["toys", count]);
  // coefficients are large and of both signs: float32 products would leave noise of the size of f
  const k = cast(blockGraph(kernel, constant(terms), z, precision), "float64");
  const f = matmul(u, k);
  const d = cast(isData, "float64");
  const reference = mul(sub(1, d), r);
  const w = add(d, reference);
  const total = (values: Tensor) => sum(values, { axes: 1 });
  const load = (outputs: Record<string, Tensor>) =>
    runtime.load(compile({ name: "toys", outputs, inputs: [z, isData, r, u] }));
  const gradient = await load({
    // of w log(1 + e^f) - d f, which is log(1 + e^-f) for data
    moment: matmul(sub(mul(w, sigmoid(f)), d), k, { transB: true }),
    loss: total(sub(mul(w, logOnePlusExp(f)), mul(d, f))),
  });
  const statistic = await load({ half: total(add(mul(reference, sub(1, exp(f))), mul(d, f))) });
  const products = await createProducts(runtime);

  const statistics = async (labelings: readonly Labeling[]): Promise<ToyStatistics> => {
    const toys = labelings.length;
    const weights = labelings.map(({ referenceWeight }) => referenceWeight);
    const referenceWeight = hostArray("float64", [toys, 1], Float64Array.from(weights));
    const totals = labelings.map(({ isData, referenceWeight }) => {
      const data = isData.reduce((n, value) => n + value, 0);
      return data + (rows - data) * referenceWeight;
    });
    const parts = blocks.map(({ start, size, terms }) => {
      const bits = new Uint8Array(toys * size);
      labelings.forEach(({ isData }, t) => {
        bits.set(isData.subarray(start, start + size), t * size);
      });
      return { x: terms, isData: hostArray("uint8", [toys, size], bits), referenceWeight };
    });
    const alphaOf = async (beta: Float64Array) =>
      hostArray("float64", [toys, count], await products.nn(beta, toAlpha, toys, count, count));
    const evaluate = async (beta: Float64Array) => {
      const feeds = { u: await alphaOf(beta) };
      const moment = new Float64Array(toys * count);
      const value = new Float64Array(toys);
      for (const part of parts) {
        if (signal?.aborted) throw new CancelledError("newPhysics: cancelled");
        const sums = await gradient.run({ ...part, ...feeds });
        addTo(moment, sums.moment.data as Float64Array);
        addTo(value, sums.loss.data as Float64Array);
      }
      for (let i = 0; i < moment.length; i++) moment[i] /= totals[Math.floor(i / count)];
      const slope = await products.nt(moment, toAlpha, toys, count, count);
      const ridge = await products.nn(beta, penalty, toys, count, count);
      for (let t = 0; t < toys; t++) {
        value[t] /= totals[t];
        for (let i = t * count; i < (t + 1) * count; i++) {
          value[t] += (beta[i] * ridge[i]) / 2;
          slope[i] += ridge[i];
        }
      }
      return { value, gradient: slope };
    };
    // n |g|² is twice what the log-likelihood of n rows may still gain, n a sum of weights
    const tolerances = totals.map((n) => 1e-6 / n);
    const { points, isConverged } = await minimizeTogether(evaluate, {
      problems: toys,
      size: count,
      tolerances,
    });
    const t = new Float64Array(toys);
    const feeds = { u: await alphaOf(points) };
    for (const part of parts) {
      const { half } = await statistic.run({ ...part, ...feeds });
      addTo(t, half.data as Float64Array);
    }
    return { t: t.map((half) => 2 * half), isConverged };
  };
  return {
    statistics,
    async dispose() {
      for (const part of [gradient, statistic, products]) await part.dispose();
    },
  };
}

/** log(1 + e^f) without overflow; the runtime has no float64 Softplus. */
function logOnePlusExp(f: Tensor): Tensor {
  return add(maximum(f, 0), log(add(exp(neg(abs(f))), 1)));
}

/**
 * Coordinates β in which the Hessian at f = 0, weights equally spread, is 1: rows of coefficients
 * are α = β P, and (λ/2) |f|² is ½ β R βᵀ.
 * @returns P and R, [M, M].
 */
async function coordinates(
  runtime: Runtime,
  { kernel, centers, lambda, x, precision, seed, signal }: ToyProblem,
): Promise<{ readonly toAlpha: Float64Array; readonly penalty: Float64Array }> {
  const [count] = centers.shape;
  const [rows] = x.shape;
  const all = rowSource({ x, y: zerosHost(precision, [rows, 1]) });
  const rng = createRng(seed).split("preconditioner");
  const picked = sampleRows(rows, Math.min(rows, defaultSampleRows(count)), rng);
  const sample = await gatherSample(all, picked, precision);
  const products = await createProducts(runtime);
  try {
    const { factor } = await factorizedCenters(products, kernel, centers);
    const normal = await accumulateNormal(
      runtime,
      kernel,
      centers,
      rowSource({ x: sample.x, y: sample.y }),
      { precision, blockRows: defaultBlockRows(count), ...(signal ? { signal } : {}) },
    );
    // ¼ (Kᵀ K / n + 4 λ) in the coordinates of the centers is ¼ F Fᵀ
    const { smallest } = await whitenSafely(products, factor, normal, [4 * lambda], precision);
    const inverse = smallest.factor.inverse.map((value) => 2 * value);
    const toAlpha = await products.nn(inverse, factor.inverse, count, count, count);
    const penalty = await products.nt(inverse, inverse, count, count, count);
    return { toAlpha, penalty: penalty.map((value) => lambda * value) };
  } finally {
    await products.dispose();
  }
}

function addTo(sums: Float64Array, values: Float64Array): void {
  for (let i = 0; i < values.length; i++) sums[i] += values[i];
}
