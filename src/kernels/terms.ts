import { fromNumbers, type HostArray, hostArray, toNumbers } from "../base/host-array.ts";
import type { Tensor } from "../graph/index.ts";
import {
  add,
  cast,
  concat,
  constant,
  div,
  exp,
  matmul,
  maximum,
  mul,
  neg,
  pad,
  sqrt,
  square,
  sub,
  sum,
} from "../ops/index.ts";
import { dotOf, isDot, type Kernel, type RadialKernel, smoothness, widthsOf } from "./kernel.ts";
import type { Precision } from "./rows.ts";

/*
 * A kernel block is one matrix product and a function of it. Rows z = (x - shift) / width enter the
 * product as [factor z, norm |z|², 1], centers as [factor z, 1, norm |z|²]; the product is then the
 * exponent of a Gaussian, or the squared distance. Kernels of the scalar product have [x, 1] and
 * [scale c, offset]. The shift, the mean of the centers, leaves fewer digits to cancel.
 */
const exponent = { center: { factor: 1, norm: -0.5 }, row: { factor: 1, norm: -0.5 } };
const squaredDistance = { center: { factor: -2, norm: 1 }, row: { factor: 1, norm: 1 } };
const sidesOf = (kernel: RadialKernel) => (kernel.type === "gaussian" ? exponent : squaredDistance);

/** The centers' side of the product, made once. */
export interface CenterTerms {
  readonly kernel: Kernel;
  /** [centers, features + 1 or 2]. */
  readonly terms: HostArray;
  /** Subtracted from rows, [features]; zeros for kernels of the scalar product. */
  readonly shift: Float64Array;
}

/**
 * Prepares centers, in float64.
 * @param centers - [M, features].
 * @param precision - of the blocks.
 */
export function centerTerms(kernel: Kernel, centers: HostArray, precision: Precision): CenterTerms {
  const [count, features] = centers.shape;
  const c = toNumbers(centers);
  const inner = innerType(kernel, precision);
  const shift = new Float64Array(features);
  if (isDot(kernel)) {
    const { scale, offset } = dotOf(kernel);
    const width = features + 1;
    const terms = new Float64Array(count * width);
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < features; k++) terms[i * width + k] = scale * c[i * features + k];
      terms[i * width + features] = offset;
    }
    return { kernel, terms: fromNumbers(inner, [count, width], terms), shift };
  }
  const widths = widthsOf(kernel, features);
  for (let i = 0; i < c.length; i++) shift[i % features] += c[i] / count;
  const { factor, norm } = sidesOf(kernel).center;
  const width = features + 2;
  const terms = new Float64Array(count * width);
  for (let i = 0; i < count; i++) {
    let squares = 0;
    for (let k = 0; k < features; k++) {
      const z = (c[i * features + k] - shift[k]) / widths[k];
      terms[i * width + k] = factor * z;
      squares += z * z;
    }
    terms[i * width + features] = 1;
    terms[i * width + features + 1] = norm * squares;
  }
  return { kernel, terms: fromNumbers(inner, [count, width], terms), shift };
}

/**
 * The norm of a difference from scalar products is off by 1e-3 near 0 in float32, and a kernel
 * with a cusp there shows it.
 */
function innerType(kernel: Kernel, precision: Precision): Precision {
  const hasCusp = !isDot(kernel) && kernel.type !== "gaussian" && smoothness(kernel) === 0.5;
  return hasCusp ? "float64" : precision;
}

/** The rows' side, on the host: x [rows, features] to [rows, terms]. */
export function rowTerms({ kernel, terms, shift }: CenterTerms, x: HostArray): HostArray {
  const [rows, features] = x.shape;
  const width = terms.shape[1];
  const result =
    terms.dtype === "float64" ? new Float64Array(rows * width) : new Float32Array(rows * width);
  const dot = isDot(kernel);
  const scales = widthsOf(kernel, features).map((w) => 1 / w);
  const { factor, norm } = isDot(kernel) ? exponent.row : sidesOf(kernel).row;
  const values = x.data as Float32Array;
  for (let i = 0, from = 0, to = 0; i < rows; i++) {
    let squares = 0;
    for (let k = 0; k < features; k++) {
      const z = (values[from++] - shift[k]) * scales[k];
      result[to++] = factor * z;
      squares += z * z;
    }
    if (!dot) result[to++] = norm * squares;
    result[to++] = 1;
  }
  return hostArray(terms.dtype, [rows, width], result);
}

/** The rows' side in a graph: x [rows, features] to [rows, terms]. */
export function rowTermsGraph(
  kernel: Kernel,
  x: Tensor,
  { shift, width }: { readonly shift?: Tensor; readonly width?: Tensor } = {},
): Tensor {
  if (isDot(kernel)) return pad(x, 1, 0, 1, 1);
  const { factor, norm } = sidesOf(kernel).row;
  const z = div(shift ? sub(x, shift) : x, width ?? widthConstant(kernel, x));
  const squares = sum(square(z), { axes: 1, keepDims: true });
  return pad(concat([mul(z, factor), mul(squares, norm)], 1), 1, 0, 1, 1);
}

/** The centers' side in a graph, for centers [M, features] and widths to be differentiated by. */
export function centerTermsGraph(kernel: Kernel, centers: Tensor, width?: Tensor): Tensor {
  if (isDot(kernel)) {
    const { scale, offset } = dotOf(kernel);
    return pad(mul(centers, scale), 1, 0, 1, offset);
  }
  const { factor, norm } = sidesOf(kernel).center;
  const z = div(centers, width ?? widthConstant(kernel, centers));
  const squares = sum(square(z), { axes: 1, keepDims: true });
  return concat([pad(mul(z, factor), 1, 0, 1, 1), mul(squares, norm)], 1);
}

function widthConstant(kernel: Kernel, z: Tensor): Tensor {
  const features = z.shape[1] as number;
  return constant(fromNumbers(z.dtype, [1, features], widthsOf(kernel, features)));
}

/**
 * Kernel block from both sides, centers by rows, which is the faster way round.
 * @param centers - terms [M, terms], @param rows - terms [rows, terms].
 * @returns [M, rows] of type `precision`.
 */
export function blockGraph(
  kernel: Kernel,
  centers: Tensor,
  rows: Tensor,
  precision: Precision,
): Tensor {
  const product = matmul(centers, rows, { transB: true });
  if (isDot(kernel)) return cast(power(product, dotOf(kernel).degree), precision);
  if (kernel.type === "gaussian") return cast(exp(product), precision);
  const nu = smoothness(kernel);
  // a floor above 0 keeps the derivative of the root finite
  const a = sqrt(cast(maximum(product, 1e-30), precision));
  const b = nu === 0.5 ? a : mul(a, Math.sqrt(2 * nu));
  const decay = exp(neg(b));
  if (nu === 0.5) return decay;
  if (nu === 1.5) return mul(add(b, 1), decay);
  return mul(add(mul(add(mul(b, 1 / 3), 1), b), 1), decay);
}

/** x^n for an integer n >= 1 by squaring: products are cheaper than `Pow`. */
function power(x: Tensor, n: number): Tensor {
  if (n === 1) return x;
  const half = power(x, n >> 1);
  const even = mul(half, half);
  return n % 2 === 0 ? even : mul(even, x);
}

/** Kernel block k(c_i, x_j) [M, rows] of prepared centers and x [rows, features] of a graph. */
export function kernelBlock({ kernel, terms, shift }: CenterTerms, x: Tensor): Tensor {
  const inner = cast(x, terms.dtype);
  const moved = isDot(kernel)
    ? {}
    : { shift: constant(fromNumbers(terms.dtype, [1, shift.length], shift)) };
  return blockGraph(
    kernel,
    constant(terms, terms.dtype, "centers"),
    rowTermsGraph(kernel, inner, moved),
    x.dtype as Precision,
  );
}
