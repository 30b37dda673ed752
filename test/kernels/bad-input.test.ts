import { describe, expect, test } from "vitest";
import { hostArray, toNumbers } from "../../src/base/host-array.ts";
import {
  estimateMemory,
  type FalkonOptions,
  fitFalkon,
  type Kernel,
  predictFalkon,
  refitFalkon,
} from "../../src/kernels/index.ts";
import { createProducts } from "../../src/kernels/linalg.ts";
import { factorizeCenters } from "../../src/kernels/solve.ts";
import { arrays, matrixDistance, regression, runtime } from "./support.ts";

const data = regression(400, 6);
const rows = arrays(data, "float64");
const good = {
  data: rows,
  kernel: { type: "gaussian", width: 1.5 },
  centers: 30,
  lambda: 1e-4,
  precision: "float64",
} as const satisfies FalkonOptions;
const fit = (change: Partial<FalkonOptions>) => fitFalkon(runtime, { ...good, ...change });
const messageOf = (change: Partial<FalkonOptions>) =>
  fit(change).then(
    () => "no error",
    (error: Error) => `${error.name} ${error.message}`,
  );

describe("settings that cannot work", () => {
  test.each<[Partial<FalkonOptions>, RegExp]>([
    [{ centers: 401 }, /ConfigError falkon.centers: 401 centers of 400 rows; at most 400/],
    [{ centers: 0 }, /expected an integer > 0, got 0/],
    [
      { centers: hostArray("float64", [5, 3], new Float64Array(15)) },
      /expected \[centers, 4\], got \[5,3\]/,
    ],
    [{ lambda: 0 }, /expected numbers > 0, got 0; without regularization/],
    [{ lambda: [1e-3, Number.NaN] }, /got NaN/],
    [{ lambda: [] }, /got none/],
    [{ kernel: { type: "gaussian", width: 0 } }, /width must be > 0, got 0/],
    [{ kernel: { type: "matern", nu: 1.5, width: [1, 1, -1, 1] } }, /width must be > 0, got -1/],
    [{ kernel: { type: "laplacian", width: [1, 2] } }, /2 widths for 4 features/],
    [{ kernel: { type: "matern", nu: 1 as 0.5, width: 1 } }, /nu must be 0.5, 1.5 or 2.5, got 1/],
    [
      { kernel: { type: "linear", offset: -1 } },
      /offset must be >= 0, got -1: not positive definite/,
    ],
    [{ kernel: { type: "linear", scale: -1 } }, /scale must be > 0, got -1: not positive definite/],
    [{ kernel: { type: "polynomial", degree: 2.5 } }, /degree must be an integer >= 1, got 2.5/],
    [
      { kernel: { type: "sigmoid" } as unknown as Kernel },
      /unknown type "sigmoid"; known: gaussian/,
    ],
    [{ blockRows: 0 }, /blockRows: expected an integer > 0/],
    [
      { centers: 400, memoryLimit: 2e7 },
      /falkon: needs .* GB with 400 centers, the limit is .* GB; smaller M: at most \d+ fit/,
    ],
    [{ leaveOneOut: true, solver: "iterative" }, /leaveOneOut: needs solver direct/],
  ])("%j", async (change, message) => {
    expect(await messageOf(change)).toMatch(message);
  });

  test("rows that are not finite are named", async () => {
    const x = data.x.slice();
    x[4 * 123 + 1] = Number.NaN;
    expect(await messageOf({ data: { ...rows, x: hostArray("float64", [400, 4], x) } })).toMatch(
      /DataError falkon: x of row 123 is NaN/,
    );
    const y = data.y.slice();
    y[2 * 399] = Number.POSITIVE_INFINITY;
    expect(
      await messageOf({ data: { ...rows, y: hostArray("float64", [400, 2], y) }, blockRows: 64 }),
    ).toMatch(/y of row 399 is Infinity/);
    const weight = hostArray("float64", [400], new Float64Array(400).fill(-1));
    expect(await messageOf({ data: { ...rows, weight } })).toMatch(/weight of row 0 is -1.* >= 0/);
  });

  test("shapes that do not fit", async () => {
    const y = hostArray("float64", [200, 4], data.y);
    expect(await messageOf({ data: { x: rows.x, y } })).toMatch(
      /ShapeError .*\[400,4\] and \[200,4\]/,
    );
    const empty = hostArray("float64", [0, 4], new Float64Array(0));
    const none = hostArray("float64", [0, 1], new Float64Array(0));
    expect(await messageOf({ data: { x: empty, y: none } })).toMatch(/no rows/);
  });

  test("a kernel matrix that is not positive definite is refused", async () => {
    const products = await createProducts(runtime);
    await expect(factorizeCenters(products, Float64Array.of(1, 2, 2, 1), 1e-13)).rejects.toThrow(
      /kernel matrix of the 2 centers is not positive definite/,
    );
    for (const value of [0, Number.POSITIVE_INFINITY])
      await expect(
        factorizeCenters(products, new Float64Array(4).fill(value), 1e-13),
      ).rejects.toThrow(/sums up to (0|Infinity); scale the features/);
    await products.dispose();
  });

  test("a cancelled fit stops", async () => {
    const signal = AbortSignal.abort();
    expect(await messageOf({ signal })).toMatch(/CancelledError/);
    expect(await messageOf({ signal, solver: "iterative" })).toMatch(/CancelledError/);
  });

  test("an iterative fit has nothing to add rows to", async () => {
    const done = await fit({ solver: "iterative" });
    await expect(refitFalkon(runtime, done, { data: rows })).rejects.toThrow(/normal equations/);
  });
});

describe("odd data that does work", () => {
  test("identical centers count once", async () => {
    const few = data.x.slice(0, 80);
    const twice = Float64Array.from([...few, ...few]);
    const [a, b] = await Promise.all(
      [few, twice].map((c) => fit({ centers: hostArray("float64", [c.length / 4, 4], c) })),
    );
    expect(b.model.centers.shape).toEqual([20, 4]);
    expect(b.model.alpha).toEqual(a.model.alpha);
  });

  test("nearly identical centers survive, and the condition number says so", async () => {
    const few = data.x.slice(0, 80);
    const twice = Float64Array.from([...few, ...few.map((v) => v + 1e-9)]);
    const done = await fit({ centers: hostArray("float64", [40, 4], twice) });
    const one = await fit({ centers: hostArray("float64", [20, 4], few) });
    expect(done.conditioning.centers).toBeGreaterThan(1e10);
    const [p, q] = await Promise.all(
      [done, one].map(({ model }) => predictFalkon(runtime, model, rows.x)),
    );
    expect(matrixDistance(toNumbers(p), toNumbers(q))).toBeLessThan(1e-4);
  });

  test("constant targets are fitted, zeros exactly", async () => {
    const constant = (value: number) => ({
      x: rows.x,
      y: hostArray("float64", [400, 1], new Float64Array(400).fill(value)),
    });
    for (const solver of ["direct", "iterative"] as const) {
      const { model } = await fit({ data: constant(0), solver });
      expect(toNumbers(model.alpha).every((v) => v === 0)).toBe(true);
      const done = await fit({
        data: constant(5),
        solver,
        kernel: { type: "linear", offset: 1 },
        lambda: 1e-9,
      });
      const y = toNumbers(await predictFalkon(runtime, done.model, rows.x));
      expect(y.every((v) => Math.abs(v - 5) < 1e-4)).toBe(true);
    }
  });

  test("every row may be a center", async () => {
    const done = await fit({ centers: 400, lambda: 1e-6 });
    expect(done.model.centers.shape[0]).toBe(400);
    expect(done.solutions[0].trainError[0]).toBeLessThan(0.01);
  });
});

test("the memory estimate grows with the centers and bounds what a fit takes", () => {
  const size = { features: 4, targets: 3, blockRows: 1024, precision: "float32" } as const;
  const [a, b] = [500, 5000].map((centers) => estimateMemory({ ...size, centers }));
  expect(b).toBeGreaterThan(8 * 10 * 5000 ** 2);
  expect(a).toBeLessThan(b / 10);
});
