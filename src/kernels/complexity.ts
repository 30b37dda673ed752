import { vjp } from "../autodiff/index.ts";
import { ConfigError } from "../base/errors.ts";
import { fromNumbers, type HostArray, hostArray } from "../base/host-array.ts";
import { compile } from "../compile/index.ts";
import { constant, exp, input, matmul, mul, reshape } from "../ops/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Kernel } from "./kernel.ts";
import { type Factor, factorize, type Products } from "./linalg.ts";
import { blockGraph, centerTermsGraph, rowTermsGraph } from "./terms.ts";

/** What is tuned; a gradient has the same form. */
export interface Point {
  /** One for all features, or one each. */
  readonly logWidths: Float64Array;
  readonly logLambda: number;
  /** [M, features]. */
  readonly centers: Float64Array;
}

/** The objective on fixed rows. */
export interface Complexity {
  at(point: Point): Promise<{ readonly value: number; readonly gradient: Point }>;
  dispose(): Promise<void>;
}

/**
 * With H = Kmn Knm / n, b = Kmn Y / n, P = H + λ Kmm and F = |Y|² / n - tr bᵀ P⁻¹ b (the penalized
 * training error) the objective is, per row,
 *   J = T d / n + F + (k - tr Kmm⁻¹ H) F / λ,   d = tr P⁻¹ H the effective dimension,
 * T the number of targets and k = 1 the mean of k(x, x). The factors give the derivatives of J by
 * H, b and Kmm; from there to widths and centers the graph differentiates itself.
 * @param x - [n, features], @param y - [n, targets], float64.
 */
export async function createComplexity(
  runtime: Runtime,
  products: Products,
  kernel: Kernel,
  x: HostArray,
  y: HostArray,
): Promise<Complexity> {
  const [rows, features] = x.shape;
  const targets = y.shape[1];
  const c = input("c", "float64", ["m", features]);
  const logWidths = input("logWidths", "float64", [features]);
  const widths = reshape(exp(logWidths), [1, features]);
  const terms = centerTermsGraph(kernel, c, widths);
  const rowsOf = (z: typeof c) => rowTermsGraph(kernel, z, { width: widths });
  const knm = blockGraph(kernel, terms, rowsOf(constant(x)), "float64"); // [M, n]
  const h = mul(matmul(knm, knm, { transB: true }), 1 / rows);
  const b = mul(matmul(knm, constant(y)), 1 / rows);
  const kmm = blockGraph(kernel, terms, rowsOf(c), "float64");
  const forward = await runtime.load(
    compile({ name: "forward", outputs: { h, b, kmm }, inputs: [c, logWidths] }),
  );
  const hBar = input("hBar", "float64", ["m", "m"]);
  const bBar = input("bBar", "float64", ["m", targets]);
  const kBar = input("kBar", "float64", ["m", "m"]);
  const [dc, dw] = vjp([h, b, kmm], [hBar, bBar, kBar], [c, logWidths]);
  const backward = await runtime.load(
    compile({ name: "backward", outputs: { dc, dw }, inputs: [c, logWidths, hBar, bBar, kBar] }),
  );
  const total = (y.data as Float64Array).reduce((s, v) => s + v * v, 0) / rows;
  return {
    async at({ logWidths, logLambda, centers }) {
      const isScalar = logWidths.length === 1;
      const all = isScalar ? new Float64Array(features).fill(logWidths[0]) : logWidths;
      const count = centers.length / features;
      const feeds = {
        c: fromNumbers("float64", [count, features], centers),
        logWidths: hostArray("float64", [features], all),
      };
      const result = await forward.run(feeds);
      const [hv, bv, kv] = ["h", "b", "kmm"].map((name) => result[name].data as Float64Array);
      const parts = await derivatives(
        products,
        { h: hv, b: bv, kmm: kv, total, rows, targets },
        Math.exp(logLambda),
      );
      const bars = await backward.run({
        ...feeds,
        hBar: hostArray("float64", [count, count], parts.hBar),
        bBar: hostArray("float64", [count, targets], parts.bBar),
        kBar: hostArray("float64", [count, count], parts.kBar),
      });
      const each = bars.dw.data as Float64Array;
      return {
        value: parts.value,
        gradient: {
          logWidths: isScalar ? Float64Array.of(each.reduce((a, b) => a + b)) : each,
          logLambda: parts.lambdaBar * Math.exp(logLambda),
          centers: bars.dc.data as Float64Array,
        },
      };
    },
    async dispose() {
      await forward.dispose();
      await backward.dispose();
    },
  };
}

interface Matrices {
  readonly h: Float64Array;
  readonly b: Float64Array;
  readonly kmm: Float64Array;
  /** |Y|² / n. */
  readonly total: number;
  readonly rows: number;
  readonly targets: number;
}

/** Of the diagonal: what keeps the factors of nearly equal centers finite. */
const jitter = 1e-10;

async function derivatives(
  products: Products,
  { h, b, kmm, total, rows, targets }: Matrices,
  lambda: number,
) {
  const n = Math.sqrt(h.length);
  const k = kmm.map((v, i) => v + (i % (n + 1) === 0 ? jitter * n : 0));
  const kInverse = await inverseOf(products, k, n);
  const pInverse = await inverseOf(
    products,
    h.map((v, i) => v + lambda * k[i]),
    n,
  );
  const product = (p: Float64Array, q: Float64Array) => products.nn(p, q, n, n, n);
  const alpha = await products.nn(pInverse, b, n, targets, n);
  const alphas = await products.nt(alpha, alpha, n, n, targets); // Σ_t α α ᵀ
  const projected = await product(kInverse, h); // Kmm⁻¹ H
  const back = await product(projected, kInverse); // Kmm⁻¹ H Kmm⁻¹
  const pk = await product(pInverse, k);
  const pkp = await product(pk, pInverse); // P⁻¹ Kmm P⁻¹

  const effective = n - lambda * trace(pk, n);
  const fit = total - dot(alpha, b);
  const left = 1 - trace(projected, n);
  const value = (targets * effective) / rows + fit + (left * fit) / lambda;

  // d d = λ tr P⁻¹ K P⁻¹ dP - λ tr P⁻¹ dK - tr P⁻¹ K dλ;  dF = tr α αᵀ dP - 2 αᵀ db
  const [onD, onF, onLeft] = [targets / rows, 1 + left / lambda, fit / lambda];
  const pBar = alphas.map((v, i) => onF * v + onD * lambda * pkp[i]);
  return {
    value,
    hBar: pBar.map((v, i) => v - onLeft * kInverse[i]),
    bBar: alpha.map((v) => -2 * onF * v),
    kBar: pBar.map((v, i) => lambda * (v - onD * pInverse[i]) + onLeft * back[i]),
    lambdaBar: dot(pBar, k) - onD * trace(pk, n) - (left * fit) / lambda ** 2,
  };
}

async function inverseOf(products: Products, a: Float64Array, n: number): Promise<Float64Array> {
  const factor: Factor | null = await factorize(products, a, n);
  if (!factor)
    throw new ConfigError(
      "tuneFalkon: the kernel matrix of the centers has become singular; start with fewer centers or smaller widths",
    );
  const turned = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) turned[j * n + i] = factor.inverse[i * n + j];
  return products.nn(turned, factor.inverse, n, n, n);
}

function trace(a: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[i * n + i];
  return sum;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
