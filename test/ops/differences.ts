import { grad } from "../../src/autodiff/index.ts";
import { fromNumbers, type HostArray, sizeOf } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import type { Tensor } from "../../src/graph/index.ts";
import { add, input, mul, sum } from "../../src/ops/index.ts";
import { evaluate, type Feeds } from "../reference/evaluate.ts";
import { gradient, isClose } from "../tolerances.ts";

const step = 1e-4;

/** A scalar and the numbers to feed for it. */
export interface Fed {
  readonly y: Tensor;
  readonly feeds: Feeds;
}

/** Σ of the inner products of tensors with random weights: one number that depends on all. */
export function project(label: string, ys: readonly Tensor[], feeds: Feeds): Fed {
  const weights = randomLike(label, evaluate(ys, feeds));
  const inputs = ys.map((y, i) => input(`${label}/${i}`, y.dtype, y.shape));
  return {
    y: ys.map((y, i) => sum(mul(y, inputs[i]))).reduce((a, b) => add(a, b)),
    feeds: { ...feeds, ...Object.fromEntries(weights.map((w, i) => [`${label}/${i}`, w])) },
  };
}

/** Normal numbers of the shapes of given arrays, as float64. */
function randomLike(seed: string, arrays: readonly { shape: readonly number[] }[]): HostArray[] {
  const rng = createRng(seed);
  return arrays.map(({ shape }) =>
    fromNumbers(
      "float64",
      shape,
      Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    ),
  );
}

/**
 * Compares the gradients of a float64 scalar with a central difference along one random
 * direction in all xs at once, on the reference.
 */
export function checkGradient(label: string, { y, feeds }: Fed, xs: readonly Tensor[]): Tensor[] {
  const gradients = grad(y, xs);
  const values = evaluate(gradients, feeds);
  const name = (x: Tensor) => x.node.attrs.name as string;
  const directions = randomLike(
    `${label}/direction`,
    xs.map((x) => feeds[name(x)]),
  );
  const moved = (h: number): Feeds => {
    const entries = xs.map((x, k) => {
      const { shape, data } = feeds[name(x)];
      const at = Float64Array.from(
        data as Float64Array,
        (v, i) => v + h * Number(directions[k].data[i]),
      );
      return [name(x), { dtype: "float64", shape, data: at }] as const;
    });
    return { ...feeds, ...Object.fromEntries(entries) };
  };
  const at = (h: number) => evaluate([y], moved(h))[0].data[0];
  const expected = (at(step) - at(-step)) / (2 * step);
  let actual = 0;
  values.forEach(({ data }, k) => {
    data.forEach((g, i) => {
      actual += g * Number(directions[k].data[i]);
    });
  });
  if (!isClose(actual, expected, gradient.float64))
    throw new Error(
      `${label}: the gradient along a direction is ${actual}, differences give ${expected}`,
    );
  return gradients;
}

/** Gradients of order 1 and, of a random combination of these, order 2. */
export function checkTwice(label: string, { y, feeds }: Fed, xs: readonly Tensor[]): void {
  const first = checkGradient(`${label}, order 1`, { y, feeds }, xs);
  checkGradient(`${label}, order 2`, project(`${label}/gradients`, first, feeds), xs);
}
