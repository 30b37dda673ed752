import { describe, expect, test } from "vitest";
import { hostArray } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { driftTest, newPhysicsStatistic, newPhysicsTest } from "../../src/kernels/index.ts";
import { createToyFits } from "../../src/kernels/new-physics/toy-fits.ts";
import {
  fitChiSquared,
  kolmogorovSmirnov,
  kolmogorovTail,
  logChiSquaredTail,
  significance,
} from "../../src/stats/chi-squared.ts";
import { plainLogistic } from "./logistic-twin.ts";
import { runtime } from "./support.ts";

/** Standard normal rows of two features, the first moved. */
function normals(rows: number, seed: string, shift = 0) {
  const rng = createRng(seed);
  const x = Float64Array.from({ length: 2 * rows }, (_, i) => rng.normal() + (i % 2 ? 0 : shift));
  return hostArray("float64", [rows, 2], x);
}

const kernel = { type: "gaussian", width: 1.5 } as const;
const centers = normals(15, "centers");

describe("the statistic", () => {
  const reference = normals(300, "reference");
  const data = normals(120, "data", 0.5);
  const settings = { reference, data, kernel, centers, lambda: 1e-4 };
  const x = new Float64Array([...(reference.data as Float64Array), ...(data.data as Float64Array)]);
  const isData = new Uint8Array(420).fill(1, 300);

  test.each([[120], [150]])("is the formula on a plain fit, %d rows expected", async (expected) => {
    const weight = expected / 300;
    const weights = Float64Array.from(isData, (d) => (d ? 1 : weight));
    const y = Float64Array.from(isData);
    const points = centers.data as Float64Array;
    const { f } = plainLogistic(kernel, points, { x, y, weight: weights }, 1e-4);
    let t = 0;
    f.forEach((value, i) => {
      t += 2 * (isData[i] ? value : weight * (1 - Math.exp(value)));
    });
    const found = await newPhysicsStatistic(runtime, { ...settings, expected });
    expect(found.t).toBeCloseTo(t, 4);
    expect(found.referenceWeight).toBe(weight);
    expect(found.isConverged).toBe(true);
  });

  test("the fits of toys find the same t", async () => {
    const { t } = await newPhysicsStatistic(runtime, settings);
    const fits = await createToyFits(runtime, {
      kernel,
      centers,
      lambda: 1e-4,
      x: hostArray("float64", [420, 2], x),
      precision: "float64",
      seed: 0,
    });
    const labeling = { isData, referenceWeight: 0.4 };
    const other = { isData: isData.map((d) => 1 - d), referenceWeight: 300 / 120 };
    const toys = await fits.statistics([labeling, other]);
    await fits.dispose();
    expect(toys.isConverged).toBe(true);
    expect(toys.t[0]).toBeCloseTo(t, 2);
    expect(toys.t[1]).not.toBeCloseTo(t, 0);
  });
});

describe("the two-sample test", () => {
  const rows = 80;
  const run = (seed: number, shift: number, toys = 19) =>
    driftTest(runtime, {
      reference: normals(rows, `reference ${seed}`),
      sample: normals(rows, `sample ${seed}`, shift),
      toys,
      centers: 10,
      lambda: 1e-3,
      seed,
    });

  test("without drift p is uniform: of 60 experiments some 3 have p <= 0.05", async () => {
    const ps: number[] = [];
    for (let seed = 0; seed < 60; seed++) ps.push((await run(seed, 0)).p);
    const uniform = Array.from({ length: 2000 }, (_, i) => Math.ceil((20 * (i + 0.5)) / 2000) / 20);
    // 0.1 % and 99.9 % points of the binomial distribution around 3 and 30
    expect(ps.filter((p) => p <= 0.05).length).toBeLessThanOrEqual(10);
    expect(ps.filter((p) => p <= 0.5).length).toBeGreaterThan(17);
    expect(ps.filter((p) => p <= 0.5).length).toBeLessThan(43);
    expect(kolmogorovSmirnov(ps, uniform).p).toBeGreaterThan(0.001);
  });

  test("a shift of the first feature is found, in every experiment", async () => {
    for (let seed = 0; seed < 5; seed++) {
      const { p, smallestP, chiSquared } = await run(seed, 1);
      expect(p).toBe(smallestP);
      expect(chiSquared?.z).toBeGreaterThan(3);
    }
  });

  test("a change of correlation alone, which no single column shows, is found", async () => {
    const sample = normals(400, "correlated");
    const values = sample.data as Float64Array;
    for (let i = 0; i < 400; i++) values[2 * i + 1] = 0.6 * values[2 * i] + 0.8 * values[2 * i + 1];
    const reference = normals(400, "independent");
    const found = await driftTest(runtime, { reference, sample, toys: 50, seed: 1 });
    expect(found.p).toBe(1 / 51);
    for (const k of [0, 1]) {
      const column = (of: typeof sample) => (of.data as Float64Array).filter((_, i) => i % 2 === k);
      expect(kolmogorovSmirnov(column(reference), column(sample)).p).toBeGreaterThan(0.01);
    }
  });

  test("p counts the toys, and same seed means same result", async () => {
    const found = await run(3, 0.2, 30);
    expect(found.p).toBe((1 + found.toys.filter((toy) => toy >= found.t).length) / 31);
    expect(found.smallestP).toBe(1 / 31);
    expect((await run(3, 0.2, 30)).toys).toEqual(found.toys);
  });
});

describe("toys of the reference", () => {
  const settings = { reference: normals(1000, "r"), lambda: 1e-3, centers: 12, toys: 40, seed: 2 };

  test("see too many rows, which permutations do not", async () => {
    const options = { ...settings, data: normals(150, "d"), expected: 100 };
    const counting = await newPhysicsTest(runtime, { ...options, null: "reference" });
    expect(counting.p).toBe(counting.smallestP);
    expect((await newPhysicsTest(runtime, options)).p).toBeGreaterThan(0.05);
  });

  test("have the mean of the degrees of freedom that the fit learns, as chi-squared", async () => {
    const data = normals(100, "d2");
    const { chiSquared, p } = await newPhysicsTest(runtime, {
      ...settings,
      data,
      null: "reference",
    });
    expect(p).toBeGreaterThan(0.02);
    expect(chiSquared?.degreesOfFreedom).toBeLessThan(13);
    expect(chiSquared?.goodness).toBeGreaterThan(0.001);
  });

  test("leave a narrow bump on a falling spectrum far behind", async () => {
    const rng = createRng("bump");
    const rows = (n: number, value: () => number) =>
      hostArray("float64", [n, 1], Float64Array.from({ length: n }, value));
    const reference = rows(2000, () => rng.exponential());
    const bump = (i: number) => (i < 25 ? 2 + 0.1 * rng.normal() : rng.exponential());
    const data = hostArray(
      "float64",
      [200, 1],
      Float64Array.from({ length: 200 }, (_, i) => bump(i)),
    );
    const options = { reference, width: 0.5, lambda: 1e-4, centers: 30, toys: 40, expected: 180 };
    const found = await newPhysicsTest(runtime, { ...options, data, null: "reference" });
    expect(found.p).toBe(found.smallestP);
    expect(found.chiSquared?.z).toBeGreaterThan(3);
    const nothing = { ...options, data: rows(180, () => rng.exponential()) };
    const none = await newPhysicsTest(runtime, { ...nothing, null: "reference" });
    expect(none.p).toBeGreaterThan(0.05);
  });

  test("need a large reference", async () => {
    const options = { ...settings, data: normals(900, "d"), null: "reference" } as const;
    await expect(newPhysicsTest(runtime, options)).rejects.toThrow(
      /1000 reference rows are too few to draw toys of 900 from; take null "permutation" or 4500 rows/,
    );
  });
});

describe("probabilities", () => {
  test("tails of chi-squared are the published ones, however small", () => {
    // tables: 5 % points for 1, 10 and 100 degrees of freedom
    expect(Math.exp(logChiSquaredTail(3.841459, 1))).toBeCloseTo(0.05, 7);
    expect(Math.exp(logChiSquaredTail(18.307038, 10))).toBeCloseTo(0.05, 7);
    expect(Math.exp(logChiSquaredTail(124.342113, 100))).toBeCloseTo(0.05, 7);
    expect(Math.exp(logChiSquaredTail(3.940299, 10))).toBeCloseTo(0.95, 7);
    // closed forms: exp(-x/2) for 2, exp(-x/2) (1 + x/2) for 4
    expect(logChiSquaredTail(5000, 2)).toBeCloseTo(-2500, 8);
    expect(logChiSquaredTail(1, 2)).toBeCloseTo(-0.5, 12);
    expect(logChiSquaredTail(3000, 4)).toBeCloseTo(-1500 + Math.log(1501), 8);
  });

  test("significance is the Gaussian tail turned round", () => {
    expect(significance(Math.log(2.866515719e-7))).toBeCloseTo(5, 7);
    expect(significance(Math.log(0.158655254))).toBeCloseTo(1, 7);
    expect(significance(Math.log(0.841344746))).toBeCloseTo(-1, 7);
    // log tail of z = 100 by its asymptotic series
    const z = 100;
    const logTail =
      (-z * z) / 2 - Math.log(z * Math.sqrt(2 * Math.PI)) + Math.log1p(-1 / z ** 2 + 3 / z ** 4);
    expect(significance(logTail)).toBeCloseTo(z, 8);
  });

  test("the Kolmogorov tail has the published 5 % and 1 % points", () => {
    expect(kolmogorovTail(1.3581 / 1e4, 1e8)).toBeCloseTo(0.05, 4);
    expect(kolmogorovTail(1.6276 / 1e4, 1e8)).toBeCloseTo(0.01, 4);
    expect(kolmogorovSmirnov([1, 2, 3], [4, 5, 6]).distance).toBe(1);
    expect(kolmogorovSmirnov([1, 1, 2], [1, 2, 2]).distance).toBeCloseTo(1 / 3, 12);
    expect(kolmogorovSmirnov([5, 5], [5]).distance).toBe(0);
  });

  test("a multiple of chi-squared is recovered from its values", () => {
    const rng = createRng("gamma");
    const toys = Float64Array.from({ length: 4000 }, () => {
      let t = 0;
      for (let k = 0; k < 8; k++) t += 1.7 * rng.normal() ** 2;
      return t;
    });
    const fit = fitChiSquared(toys);
    expect(fit?.scale).toBeCloseTo(1.7, 0);
    expect(Math.abs((fit?.degreesOfFreedom ?? 0) - 8)).toBeLessThan(0.8);
    expect(fit?.goodness).toBeGreaterThan(0.01);
    expect(fitChiSquared([1, 2, 3])).toBeNull();
  });
});

test("samples that cannot be compared are refused", async () => {
  const reference = normals(50, "a");
  const fails = (options: object) =>
    expect(newPhysicsStatistic(runtime, { reference, data: reference, ...options })).rejects;
  await fails({ data: hostArray("float64", [1, 3], new Float64Array(3)) }).toThrow(
    /\[50,2\] and \[1,3\]/,
  );
  await fails({ expected: 0 }).toThrow(/expected: must be > 0, got 0/);
  await fails({
    reference: hostArray("float64", [4, 2], new Float64Array(8)),
  }).toThrow(/nearly all reference rows are equal; give a width/);
});
