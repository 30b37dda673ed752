import { ConfigError } from "../base/errors.ts";

/** Length scale in the units of the features: one for all, or one per feature. */
export type Width = number | readonly number[];

/** A positive semi-definite kernel k(x, z), plain data. With a = |(x - z) / width|: */
export type Kernel =
  /** exp(-a² / 2) */
  | { readonly type: "gaussian"; readonly width: Width }
  /** exp(-a), Euclidean norm */
  | { readonly type: "laplacian"; readonly width: Width }
  /** nu 0.5: exp(-a); 1.5: (1 + b) exp(-b), b = √3 a; 2.5: (1 + b + b²/3) exp(-b), b = √5 a */
  | { readonly type: "matern"; readonly nu: 0.5 | 1.5 | 2.5; readonly width: Width }
  /** scale x·z + offset; scale 1, offset 0 */
  | { readonly type: "linear"; readonly scale?: number; readonly offset?: number }
  /** (scale x·z + offset)^degree; scale 1, offset 1 */
  | {
      readonly type: "polynomial";
      readonly degree: number;
      readonly scale?: number;
      readonly offset?: number;
    };

/**
 * Checks a kernel for inputs of d features.
 * @throws ConfigError for a width or degree out of range, and for a kernel that is not positive
 *   definite.
 */
export function requireKernel(kernel: Kernel, features: number): void {
  const fail = (what: string) => {
    throw new ConfigError(`falkon.kernel: ${what}`);
  };
  if (!(kernel.type in dotTypes) && !(kernel.type in radialTypes))
    fail(
      `unknown type "${kernel.type}"; known: ${[...Object.keys(radialTypes), ...Object.keys(dotTypes)].join(", ")}`,
    );
  if (isDot(kernel)) {
    const { scale, offset, degree } = dotOf(kernel);
    if (!(scale > 0 && Number.isFinite(scale)))
      fail(`scale must be > 0, got ${scale}: not positive definite`);
    if (!(offset >= 0 && Number.isFinite(offset)))
      fail(`offset must be >= 0, got ${offset}: not positive definite`);
    if (!(Number.isInteger(degree) && degree >= 1))
      fail(`degree must be an integer >= 1, got ${degree}: not positive definite`);
    return;
  }
  if (kernel.type === "matern" && ![0.5, 1.5, 2.5].includes(kernel.nu))
    fail(`nu must be 0.5, 1.5 or 2.5, got ${kernel.nu}`);
  const widths = typeof kernel.width === "number" ? [kernel.width] : kernel.width;
  const bad = widths.findIndex((w) => !(w > 0 && Number.isFinite(w)));
  if (bad >= 0) fail(`width must be > 0, got ${widths[bad]}`);
  if (typeof kernel.width !== "number" && widths.length !== features)
    fail(`${widths.length} widths for ${features} features`);
}

/** Kernels of the scalar product. */
export type DotKernel = Extract<Kernel, { type: "linear" | "polynomial" }>;
/** Kernels of the distance. */
export type RadialKernel = Exclude<Kernel, DotKernel>;
const dotTypes = { linear: 0, polynomial: 0 };
const radialTypes = { gaussian: 0, laplacian: 0, matern: 0 };

export function isDot(kernel: Kernel): kernel is DotKernel {
  return kernel.type in dotTypes;
}

/** Parameters of (scale x·z + offset)^degree. */
export function dotOf(kernel: DotKernel) {
  const isLinear = kernel.type === "linear";
  const { scale = 1, offset = isLinear ? 0 : 1 } = kernel;
  return { scale, offset, degree: isLinear ? 1 : kernel.degree };
}

/** Width of each of d features; ones for kernels without. */
export function widthsOf(kernel: Kernel, features: number): number[] {
  if (isDot(kernel)) return new Array(features).fill(1);
  return typeof kernel.width === "number"
    ? new Array(features).fill(kernel.width)
    : [...kernel.width];
}

/**
 * k(a_i, b_j) in float64 from differences, without cancellation.
 * @param a - [rows, features], @param b - [columns, features].
 * @returns [rows, columns].
 */
export function kernelMatrix(
  kernel: Kernel,
  a: Float64Array,
  b: Float64Array,
  features: number,
): Float64Array {
  const [rows, columns] = [a.length / features, b.length / features];
  const result = new Float64Array(rows * columns);
  const factors = widthsOf(kernel, features).map((w) => 1 / w);
  const dot = isDot(kernel);
  const value = profileOf(kernel);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      let t = 0;
      for (let k = 0; k < features; k++) {
        const [p, q] = [a[i * features + k], b[j * features + k]];
        const difference = (p - q) * factors[k];
        t += dot ? p * q : difference * difference;
      }
      result[i * columns + j] = value(t);
    }
  return result;
}

/** The kernel as a function of the squared scaled distance, or of the scalar product. */
function profileOf(kernel: Kernel): (t: number) => number {
  if (isDot(kernel)) {
    const { scale, offset, degree } = dotOf(kernel);
    return (t) => (scale * t + offset) ** degree;
  }
  if (kernel.type === "gaussian") return (t) => Math.exp(-t / 2);
  const nu = smoothness(kernel);
  return (t) => {
    const b = Math.sqrt(2 * nu * t);
    const factor = nu === 0.5 ? 1 : nu === 1.5 ? 1 + b : 1 + b + (b * b) / 3;
    return factor * Math.exp(-b);
  };
}

/** Matérn's ν. */
export const smoothness = (kernel: Exclude<RadialKernel, { type: "gaussian" }>) =>
  kernel.type === "laplacian" ? 0.5 : kernel.nu;
