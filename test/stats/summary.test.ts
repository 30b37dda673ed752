import fc from "fast-check";
import { expect, test } from "vitest";
import { createRng, type Rng } from "../../src/base/rng.ts";
import { bootstrapHalfWidth, bootstrapRms } from "../../src/stats/bootstrap.ts";
import { uniformBins } from "../../src/stats/histogram.ts";
import { profile } from "../../src/stats/profile.ts";
import { halfWidth68, quantiles, robustSummary } from "../../src/stats/quantile.ts";
import { mergeMoments, moments, rms, rmsRatio, summarize } from "../../src/stats/summary.ts";

const normals = (rng: Rng, n: number) => Float64Array.from({ length: n }, () => rng.normal());
const within = (low: number, high: number) => (x: number) => low < x && x < high;
/** Standard deviation of a statistic over independent samples: the truth of an uncertainty. */
function spreadOver(toys: number, statistic: (rng: Rng) => number): number {
  const rng = createRng("toys");
  const draws = Float64Array.from({ length: toys }, (_, i) => statistic(rng.split(i)));
  return summarize(draws).std.value;
}

test("the summary of 1, 2, 3, 4 is what one writes by hand", () => {
  const { n, mean, std, rms } = summarize([1, 2, 3, 4]);
  expect(n).toBe(4);
  expect(mean.value).toBe(2.5);
  expect(mean.uncertainty).toBeCloseTo(Math.sqrt(5 / 3) / 2, 14);
  expect(std.value).toBeCloseTo(Math.sqrt(5 / 3), 14);
  expect(rms.value).toBeCloseTo(Math.sqrt(7.5), 14);
  // E x^4 = 88.5, so Var(x^2) = 88.5 - 56.25 = 32.25
  expect(rms.uncertainty).toBeCloseTo(Math.sqrt(32.25 / 4) / (2 * Math.sqrt(7.5)), 13);
});

test("moments merge: any cut of a sample gives the moments of the whole", () => {
  const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { maxLength: 40 });
  fc.assert(
    fc.property(values, values, (a, b) => {
      const whole = moments([...a, ...b]);
      const merged = mergeMoments(moments(a), moments(b));
      expect(merged.n).toBe(whole.n);
      for (const key of ["mean", "m2", "m3", "m4"] as const) {
        const power = { mean: 1, m2: 2, m3: 3, m4: 4 }[key];
        const scale = 100 ** power * Math.max(1, whole.n);
        expect(Math.abs(merged[key] - whole[key]) / scale).toBeLessThan(1e-12);
      }
    }),
    { seed: 41 },
  );
});

test("moments keep their digits on a large offset and refuse what is not finite", () => {
  const spread = summarize([1e9 + 1, 1e9 + 2, 1e9 + 3]).std.value;
  expect(spread).toBeCloseTo(1, 12);
  expect(() => moments([1, Number.NaN, Infinity])).toThrowError(
    "moments: 2 of 3 values are not finite; select valid rows first",
  );
});

test("rms uncertainty: delta method, bootstrap over blocks and toys agree, heavy tails too", () => {
  const heavy = (rng: Rng) => rng.normal() * (rng.uniform() < 0.02 ? 8 : 1);
  for (const draw of [(r: Rng) => r.normal(), heavy]) {
    const sample = (rng: Rng) => Float64Array.from({ length: 4000 }, () => draw(rng));
    const truth = spreadOver(400, (rng) => rms(sample(rng)).value); // known to 3.5 %
    const values = sample(createRng(5));
    const delta = rms(values);
    const rng = createRng(6);
    const blocks = bootstrapRms(values, { rng, replicas: 800, blocks: 500 });
    const rows = bootstrapRms(values, { rng, replicas: 800, blocks: 4000 });
    expect(blocks.value).toBeCloseTo(delta.value, 12);
    // The uncertainty of one heavy-tailed sample itself scatters by about 12 %.
    expect(delta.uncertainty / truth).toSatisfy(within(0.75, 1.25));
    // 800 replicas: 2.5 %, 500 blocks: about 5 %; 15 % is three sigma.
    expect(blocks.uncertainty / delta.uncertainty).toSatisfy(within(0.85, 1.15));
    expect(rows.uncertainty / delta.uncertainty).toSatisfy(within(0.9, 1.1));
  }
});

test("quantiles by selection are those of sorting", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 200 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 }),
      (values, ps) => {
        const sorted = Float64Array.from(values).sort();
        const slow = ps.map((p) => {
          const rank = (values.length - 1) * p;
          const below = sorted[Math.floor(rank)];
          return below + (rank - Math.floor(rank)) * (sorted[Math.ceil(rank)] - below);
        });
        quantiles(values, ps).forEach((q, i) => {
          expect(q).toBeCloseTo(slow[i], 12);
        });
      },
    ),
    { seed: 42 },
  );
  expect(() => quantiles([], [0.5])).toThrowError("quantiles: no values");
  expect(() => quantiles([1], [1.5])).toThrowError("probability must be in [0, 1], got 1.5");
  expect(() => quantiles([1, Number.NaN], [0.5])).toThrowError("1 of 2 values are NaN");
});

test("the half-width of a Gaussian is its sigma; its uncertainty is the asymptotic one", () => {
  const n = 100_000;
  const values = normals(createRng(7), n).map((x) => 3 * x);
  const { median, halfWidth } = robustSummary(values);
  // Var(q_p) = p (1-p) / (n f^2): sigma * sqrt(pi / 2n) for the median. With a = 0.15866 and
  // f = 0.24197 at one sigma: Var((q_b - q_a) / 2) = (a (1-a) - a^2) / (2 n f^2).
  const a = 0.15865525393145705;
  const f = Math.exp(-0.5) / Math.sqrt(2 * Math.PI);
  const widthSigma = 3 * Math.sqrt((a * (1 - a) - a * a) / (2 * n * f * f));
  expect(halfWidth.uncertainty / widthSigma).toSatisfy(within(0.9, 1.1));
  expect(median.uncertainty / (3 * Math.sqrt(Math.PI / 2 / n))).toSatisfy(within(0.9, 1.1));
  expect(Math.abs(halfWidth.value - 3)).toBeLessThan(4 * widthSigma);
  expect(halfWidth68(values)).toBe(halfWidth.value);
  const boot = bootstrapHalfWidth(values, { rng: createRng(8), replicas: 4000 });
  expect(boot.uncertainty / widthSigma).toSatisfy(within(0.9, 1.1));
});

test("the bootstrap of the width without redrawing is the one with redrawing", () => {
  const n = 300;
  const values = normals(createRng(9), n).map((x) => x + 0.5 * x * x);
  const rng = createRng(10);
  const slow = Float64Array.from({ length: 4000 }, () =>
    halfWidth68(Float64Array.from({ length: n }, () => values[rng.integer(n)])),
  );
  const fast = bootstrapHalfWidth(values, { rng, replicas: 4000 });
  expect(fast.uncertainty / summarize(slow).std.value).toSatisfy(within(0.94, 1.06)); // 1.6 % each
});

test("a bootstrap of 200 000 rows takes a fraction of a second and repeats with its seed", () => {
  const values = normals(createRng(11), 200_000);
  const start = process.cpuUsage();
  const [once, again] = [1, 2].map(() => bootstrapHalfWidth(values, { rng: createRng(12) }));
  expect(bootstrapRms(values, { rng: createRng(12) })).toEqual(
    bootstrapRms(values, { rng: createRng(12) }),
  );
  expect(once).toEqual(again);
  expect(process.cpuUsage(start).user).toBeLessThan(2e6); // µs; about 100 ms
});

test("the ratio of two rms on common rows is far better known than each", () => {
  const make = (rng: Rng) => {
    const common = normals(rng, 2000);
    return { a: common.map((x) => x + 0.1 * rng.normal()), b: common };
  };
  const truth = spreadOver(400, (rng) => {
    const { a, b } = make(rng);
    return rmsRatio(a, b).value;
  });
  const { a, b } = make(createRng(13));
  const ratio = rmsRatio(a, b);
  expect(ratio.value).toBeCloseTo(rms(a).value / rms(b).value, 12);
  expect(ratio.uncertainty / truth).toSatisfy(within(0.85, 1.15));
  expect(ratio.uncertainty).toBeLessThan(rms(a).uncertainty / 3);
  expect(() => rmsRatio([1], [1, 2])).toThrowError("samples differ in length: 1 and 2");
});

test("a profile summarizes each bin by itself", () => {
  const rng = createRng(14);
  const xs = Float32Array.from({ length: 5000 }, () => 12 * rng.uniform() - 1);
  const ys = xs.map((x) => x + rng.normal());
  xs[3] = Number.NaN;
  const bins = profile(uniformBins(12, 0, 12), xs, ys);
  const inBin = Array.from(ys).filter((_, i) => xs[i] >= 4 && xs[i] < 5);
  expect(bins[4]).toMatchObject({ low: 4, high: 5, ...summarize(inBin), ...robustSummary(inBin) });
  expect(bins[4].center).toBeCloseTo(4.5, 1);
  expect(bins[11].n).toBe(0);
  expect(bins[11].rms.value).toBeNaN();
  expect(bins[11].median.value).toBeNaN();
});
