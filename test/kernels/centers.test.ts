import { describe, expect, test } from "vitest";
import { hostArray, toNumbers } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { chooseCenters } from "../../src/kernels/centers.ts";
import { type CenterChoice, fitFalkon, rowSource } from "../../src/kernels/index.ts";
import { gatherSample, sampleRows } from "../../src/kernels/sample.ts";
import { arrays, regression, runtime } from "./support.ts";

/** 2,000 rows in a small cloud, 20 far away from it and from each other. */
function lopsided() {
  const rng = createRng(9);
  const x = Float64Array.from({ length: 2 * 2020 }, (_, i) =>
    i < 4000 ? 0.1 * rng.normal() : 10 + 3 * Math.floor((i - 4000) / 2) * (i % 2 === 0 ? 1 : -1),
  );
  const y = hostArray("float64", [2020, 1], new Float64Array(2020));
  return rowSource({ x: hostArray("float64", [2020, 2], x), y });
}

const choose = (method: CenterChoice["method"], seed = 1) =>
  chooseCenters(runtime, {
    method,
    count: 40,
    kernel: { type: "gaussian", width: 0.5 },
    source: lopsided(),
    precision: "float64",
    lambda: 1e-4,
    seed,
  });
const farOf = (centers: Float64Array) => {
  let far = 0;
  for (let i = 0; i < centers.length; i += 2) if (Math.abs(centers[i]) > 5) far++;
  return far;
};

describe("centers", () => {
  test("k-means++ and leverage scores find the few rows that uniform centers miss", async () => {
    const far = async (method: CenterChoice["method"]) => farOf(toNumbers(await choose(method)));
    // 40 of 2020: 0.4 far rows on average; P(4 or more) < 1e-3
    expect(await far("uniform")).toBeLessThan(4);
    expect(await far("kmeans++")).toBe(20);
    expect(await far("leverage")).toBeGreaterThan(15);
  });

  test.each(["uniform", "kmeans++", "leverage"] as const)(
    "%s: distinct rows of the data, a function of the seed",
    async (method) => {
      const [a, b, c] = [await choose(method), await choose(method), await choose(method, 2)];
      expect(a.shape).toEqual([40, 2]);
      expect(b).toEqual(a);
      expect(c).not.toEqual(a);
      const all = new Set((await lopsided().read(0, 2020)).x.data.join().match(/[^,]+,[^,]+/g));
      const chosen = new Set(a.data.join().match(/[^,]+,[^,]+/g));
      expect(chosen.size).toBe(40);
      expect([...chosen].filter((row) => !all.has(row))).toEqual([]);
    },
  );

  test("of a kernel of rank 15 no more than 15 are kept", async () => {
    const data = arrays(regression(500, 3), "float64");
    const kernel = { type: "polynomial", degree: 2 } as const;
    const { model } = await fitFalkon(runtime, { data, kernel, centers: 100, lambda: 1e-3 });
    expect(model.centers.shape).toEqual([15, 4]); // (4 + 2 choose 2)
    const linear = { type: "linear" } as const;
    const other = await fitFalkon(runtime, { data, kernel: linear, centers: 100, lambda: 1e-3 });
    expect(other.model.centers.shape).toEqual([4, 4]);
  });
});

describe("sampleRows", () => {
  test("gives distinct ascending rows, each as likely as any other", () => {
    const counts = new Array(10).fill(0);
    const rng = createRng(1);
    for (let i = 0; i < 3000; i++) {
      const rows = sampleRows(10, 3, rng);
      expect(rows.every((r, k) => k === 0 || r > rows[k - 1])).toBe(true);
      for (const row of rows) counts[row]++;
    }
    // 900 expected, binomial with deviation 25: 4.5 of them, false alarm 1e-4 for all ten
    for (const count of counts) expect(Math.abs(count - 900)).toBeLessThan(113);
  });

  test("gatherSample reads them across blocks", async () => {
    const n = 140000;
    const source = rowSource({
      x: hostArray(
        "float64",
        [n, 1],
        Float64Array.from({ length: n }, (_, i) => i),
      ),
      y: hostArray("float64", [n, 1], new Float64Array(n)),
    });
    const rows = Float64Array.of(0, 65535, 65536, 139999);
    const { x } = await gatherSample(source, rows, "float64");
    expect([...x.data]).toEqual([...rows]);
  });
});
