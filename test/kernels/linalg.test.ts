import { afterAll, describe, expect, test } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import {
  createProducts,
  factorize,
  largestEigenvalue,
  times,
  timesTransposed,
} from "../../src/kernels/linalg.ts";
import { matrixDistance, product, runtime, transposed } from "./support.ts";

const products = await createProducts(runtime);
afterAll(() => products.dispose());
const rng = createRng(3);
const normals = (n: number) => Float64Array.from({ length: n }, () => rng.normal());

/** B Bᵀ + n I. */
function positiveDefinite(n: number): Float64Array {
  const b = normals(n * n);
  const a = product(b, transposed(b, n), n, n, n);
  for (let i = 0; i < n; i++) a[i * n + i] += n;
  return a;
}

describe("factorize", () => {
  test.each([1, 2, 63, 64, 65, 129, 200])("gives L Lᵀ = A and W L = I for n = %i", async (n) => {
    const a = positiveDefinite(n);
    const factor = await factorize(products, a, n);
    if (!factor) throw new RangeError("no factor");
    const { lower, inverse } = factor;
    expect(matrixDistance(product(lower, transposed(lower, n), n, n, n), a)).toBeLessThan(1e-13);
    const identity = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
    expect(matrixDistance(product(inverse, lower, n, n, n), identity)).toBeLessThan(1e-12);
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) expect(lower[i * n + j] || inverse[i * n + j]).toBe(0);
  });

  test.each([3, 64, 130])("gives null where A is not positive definite, n = %i", async (n) => {
    const a = positiveDefinite(n);
    a[n * n - 1] = -1;
    expect(await factorize(products, a, n)).toBeNull();
    a[n * n - 1] = Number.NaN;
    expect(await factorize(products, a, n)).toBeNull();
  });
});

describe("products with few columns", () => {
  test.each([1, 3])("agree with plain loops for %i columns", (columns) => {
    const [a, x] = [normals(7 * 7), normals(7 * columns)];
    expect(matrixDistance(times(a, x, 7), product(a, x, 7, 7, columns))).toBeLessThan(1e-14);
    const turned = transposed(a, 7);
    expect(
      matrixDistance(timesTransposed(a, x, 7), product(turned, x, 7, 7, columns)),
    ).toBeLessThan(1e-14);
  });

  test("largestEigenvalue finds it", () => {
    const diagonal = new Float64Array(25);
    [1, 5, 2, 40, 3].forEach((value, i) => {
      diagonal[6 * i] = value;
    });
    expect(largestEigenvalue((x) => times(diagonal, x, 5), 5)).toBeCloseTo(40, 6);
  });
});
