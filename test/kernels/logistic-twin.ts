import { createRng } from "../../src/base/rng.ts";
import type { Kernel } from "../../src/kernels/index.ts";
import { kernelTable, solveDense } from "./support.ts";

/** Two overlapping classes of 3 features, labels 0 and 1, weights. */
export function classes(rows: number, seed: number) {
  const rng = createRng(seed);
  const x = new Float64Array(rows * 3);
  const y = new Float64Array(rows);
  const weight = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < 3; k++) x[3 * i + k] = Math.fround(rng.normal());
    const odds = 2 * x[3 * i] - x[3 * i + 1] ** 2 + x[3 * i + 1] * x[3 * i + 2];
    y[i] = rng.uniform() < 1 / (1 + Math.exp(-odds)) ? 1 : 0;
    weight[i] = Math.fround(rng.uniform() + 0.1);
  }
  return { x, y, weight };
}

/**
 * Plain Newton on (1/Σw) Σ w log(1 + e^(-y f)) + (λ/2) αᵀ Kmm α, y in {0, 1} given, undamped after
 * a few damped steps, with loops over all rows.
 */
export function plainLogistic(
  kernel: Kernel,
  centers: Float64Array,
  { x, y, weight }: { x: Float64Array; y: Float64Array; weight: ArrayLike<number> },
  lambda: number,
) {
  const features = x.length / y.length;
  const rows = y.length;
  const m = centers.length / features;
  const k = kernelTable(kernel, x, centers, features);
  const kmm = kernelTable(kernel, centers, centers, features);
  let total = 0;
  for (let i = 0; i < rows; i++) total += weight[i];
  const alpha = new Float64Array(m);
  const f = new Float64Array(rows);
  for (let step = 0; step < 40; step++) {
    const hessian = kmm.map((value) => lambda * value);
    const gradient = new Float64Array(m);
    for (let j = 0; j < m; j++)
      for (let l = 0; l < m; l++) gradient[j] += lambda * kmm[j * m + l] * alpha[l];
    for (let i = 0; i < rows; i++) {
      const p = 1 / (1 + Math.exp(-f[i]));
      for (let j = 0; j < m; j++) {
        gradient[j] += (weight[i] / total) * (p - y[i]) * k[i * m + j];
        const factor = (weight[i] / total) * p * (1 - p) * k[i * m + j];
        for (let l = 0; l < m; l++) hessian[j * m + l] += factor * k[i * m + l];
      }
    }
    const direction = solveDense(hessian, gradient, m);
    const damping = step < 3 ? 0.5 : 1;
    for (let j = 0; j < m; j++) alpha[j] -= damping * direction[j];
    for (let i = 0; i < rows; i++) {
      f[i] = 0;
      for (let j = 0; j < m; j++) f[i] += k[i * m + j] * alpha[j];
    }
  }
  return { alpha, f };
}
