import fc from "fast-check";
import { expect, test } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import {
  binContents2d,
  binErrors,
  binFinder,
  binOf,
  binsFromEdges,
  createHistogram,
  createHistogram2d,
  fillHistogram,
  fillHistogram2d,
  histogram,
  logBins,
  mergeHistograms,
  mergeHistograms2d,
  uniformBins,
} from "../../src/stats/histogram.ts";

test("the bin of a value is the one whose edges hold it, for equal and for listed bins", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      fc.double({ min: -0.2, max: 1.2, noNaN: true }),
      (bins, low, width, at) => {
        const binning = uniformBins(bins, low, low + width);
        for (const x of [low + at * width, binning.edges[Math.floor(at * bins)] ?? low]) {
          const slow = binning.edges.findIndex((e) => x < e);
          expect(binOf(binning, x)).toBe(slow < 0 ? bins + 1 : slow);
          expect(binOf({ ...binning, scale: 0 }, x)).toBe(slow < 0 ? bins + 1 : slow);
        }
      },
    ),
    { seed: 40 },
  );
});

test("a prepared search finds the bins of a plain one, at edges, beside them and beyond any number", () => {
  const number = fc.oneof(
    fc.double(),
    fc.double({ min: -10, max: 10 }),
    fc.constantFrom(0, -0, NaN, Infinity, -Infinity, Number.MIN_VALUE, -Number.MIN_VALUE, 1e-40),
  );
  const listed = fc
    .uniqueArray(number, { minLength: 2, maxLength: 60, comparator: (a, b) => a === b })
    .map((edges) => edges.filter((e) => !Number.isNaN(e)).sort((a, b) => a - b))
    .filter((edges) => edges.length > 1)
    .map(binsFromEdges);
  const equal = fc
    .tuple(fc.integer({ min: 1, max: 200 }), fc.double({ min: 1e-3, max: 1e3, noNaN: true }))
    .chain(([bins, low]) =>
      fc.constantFrom(uniformBins(bins, -low, low), logBins(bins, low, 400 * low)),
    );
  fc.assert(
    fc.property(fc.oneof(listed, equal), fc.array(number), ({ edges, scale }, others) => {
      const values = [...others, ...edges].flatMap(neighborsOf);
      const slow = (x: number) => edges.filter((e) => e <= x).length;
      const bins = values.map((x) => (Number.isNaN(x) ? -1 : slow(x)));
      const found = new Int32Array(values.length + 1).fill(-2);
      binFinder({ edges, scale })(Float64Array.from(values), values.length, found);
      expect([...found]).toEqual([...bins, -2]);
      expect(values.map((x) => binOf({ edges, scale }, x))).toEqual(bins);
    }),
    { seed: 41, numRuns: 300 },
  );
});

/** A number and those next to it, in float64 and in float32. */
function neighborsOf(x: number): number[] {
  const bits = new BigInt64Array(1);
  const float = new Float64Array(bits.buffer);
  float[0] = x;
  const [own] = bits;
  const near = [1n, -1n].map((step) => {
    bits[0] = own + step;
    return float[0];
  });
  const single = Math.fround(x);
  return [x, ...near, single, single * (1 + 2 ** -24), single * (1 - 2 ** -24)];
}

test("flows, missing values and weights are kept apart", () => {
  const h = createHistogram(binsFromEdges([0, 1, 10]));
  fillHistogram(h, [-1, 0, 0.5, 1, 10, 11, Number.NaN, Infinity], [1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...h.sumW]).toEqual([1, 5, 4, 19]);
  expect([...h.sumW2]).toEqual([1, 13, 16, 125]);
  expect([...binErrors(h)]).toEqual([Math.sqrt(13), 4]);
  expect(h.missing).toBe(1);
});

test("merging the histograms of two halves gives the histogram of the whole", () => {
  const rng = createRng(1);
  const x = Float64Array.from({ length: 1000 }, () => rng.normal());
  const y = Float64Array.from({ length: 1000 }, () => rng.normal());
  const bins = uniformBins(20, -2, 2);
  const parts = [x.subarray(0, 400), x.subarray(400)].map((v) => histogram(bins, v));
  expect(mergeHistograms(parts[0], parts[1])).toEqual(histogram(bins, x));
  const fill2d = (from: number, to: number) =>
    fillHistogram2d(createHistogram2d(bins, logBins(5, 0.1, 3)), {
      xs: x.subarray(from, to),
      ys: y.subarray(from, to),
    });
  expect(mergeHistograms2d(fill2d(0, 400), fill2d(400, 1000))).toEqual(fill2d(0, 1000));
  expect(() => mergeHistograms(parts[0], histogram(uniformBins(20, -2, 3), x))).toThrowError(
    "mergeHistograms: edges differ: 20 bins from -2 and 20 from -2",
  );
});

test("a two-dimensional histogram projects onto the one-dimensional one", () => {
  const rng = createRng(2);
  const xs = Float64Array.from({ length: 500 }, () => rng.uniform());
  const ys = Float64Array.from({ length: 500 }, () => rng.uniform());
  const h = fillHistogram2d(createHistogram2d(uniformBins(3, 0, 1), uniformBins(4, 0, 1)), {
    xs,
    ys,
  });
  const inside = binContents2d(h);
  const project = [0, 1, 2].map((i) => inside.slice(4 * i, 4 * i + 4).reduce((a, b) => a + b));
  expect(project).toEqual([...histogram(uniformBins(3, 0, 1), xs).sumW].slice(1, -1));
});

test("1.3 million values fill five histograms in well under a second", () => {
  const rng = createRng(3);
  const values = Float32Array.from({ length: 1_300_000 }, () => rng.normal());
  const start = process.cpuUsage();
  for (let i = 0; i < 5; i++) histogram(uniformBins(100, -3, 3), values);
  expect(process.cpuUsage(start).user).toBeLessThan(1e6); // µs; about 150 ms
});

test("edges that do not ascend are refused with their values", () => {
  expect(() => binsFromEdges([0, 2, 2])).toThrowError(
    "binsFromEdges: edges must ascend: 2, 2 at 2",
  );
  expect(() => uniformBins(0, 0, 1)).toThrowError("need bins > 0 and low < high, got 0, 0, 1");
  expect(() => logBins(5, 0, 1)).toThrowError("low must be > 0, got 0");
});
