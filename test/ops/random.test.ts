import { describe, expect, it } from "vitest";
import { fromNumbers } from "../../src/base/host-array.ts";
import { constant, input, randomNormal, randomUniform } from "../../src/ops/index.ts";
import { evaluate } from "../reference/evaluate.ts";
import { erf } from "../reference/special.ts";
import { loadOnnx, runOnnx } from "./run.ts";

/*
 * Statistical tests: n = 10⁶ numbers per seed, each statistic as a normal score, accepted within
 * ±4.9 (false-alarm rate 10⁻⁶ each; the seeds are fixed, so a pass stays a pass).
 */
const n = 1_000_000;
const limit = 4.9;
const seeds = [0, -7] as const;

const seedInput = input("seed", "int64", []);
const feed = (seed: number) => ({ seed: fromNumbers("int64", [], [seed]) });
const uniforms = new Map<number, Promise<Float32Array>>();
function uniform(seed: number): Promise<Float32Array> {
  const run = async () =>
    (await runOnnx([randomUniform(seedInput, [n])], feed(seed)))[0].data as Float32Array;
  const known = uniforms.get(seed) ?? run();
  uniforms.set(seed, known);
  return known;
}

/** χ² of equally likely cells as a normal score (Wilson and Hilferty, 1931). */
function score(count: number, cells: number, cellOf: (i: number) => number): number {
  const seen = new Float64Array(cells);
  for (let i = 0; i < count; i++) seen[cellOf(i)]++;
  const expected = count / cells;
  const chi2 = seen.reduce((sum, k) => sum + (k - expected) ** 2 / expected, 0);
  const variance = 2 / (9 * (cells - 1));
  return (Math.cbrt(chi2 / (cells - 1)) - (1 - variance)) / Math.sqrt(variance);
}

/** Pairs (a_i, b_(i+lag)) over a 64 x 64 grid. */
const pairScore = (a: Float32Array, b: Float32Array, lag: number) =>
  score(n - lag, 4096, (i) => Math.floor(a[i] * 64) * 64 + Math.floor(b[i + lag] * 64));

const within = (value: number) => expect(Math.abs(value)).toBeLessThan(limit);

describe.each(seeds)("randomUniform, seed %i", (seed) => {
  it("fills [0, 1) evenly, in its high, middle and low bits", async () => {
    const u = await uniform(seed);
    const bits = (i: number) => u[i] * 2 ** 24;
    within(score(n, 256, (i) => Math.floor(u[i] * 256)));
    within(score(n, 65_536, (i) => Math.floor(u[i] * 65_536)));
    within(score(n, 256, (i) => Math.floor(bits(i) / 256) % 256));
    within(score(n, 256, (i) => bits(i) % 256));
    expect(u.every((v) => v >= 0 && v < 1)).toBe(true);
  });

  it("has the mean and variance of a uniform number", async () => {
    const u = await uniform(seed);
    const mean = u.reduce((sum, v) => sum + v, 0) / n;
    const variance = u.reduce((sum, v) => sum + (v - 0.5) ** 2, 0) / n;
    within((mean - 1 / 2) * Math.sqrt(12 * n));
    within((variance - 1 / 12) * Math.sqrt(180 * n));
  });

  it("has no serial correlation, at lags that matrices have", async () => {
    const u = await uniform(seed);
    for (const lag of [1, 2, 3, 16, 100, 128, 1000, 4096, 65_536]) within(pairScore(u, u, lag));
    within(
      score(n - 2, 4096, (i) => [0, 1, 2].reduce((c, k) => c * 16 + Math.floor(u[i + k] * 16), 0)),
    );
  });

  it("is independent of the next seeds, at the same place and shifted", async () => {
    const [u, next] = [await uniform(seed), await uniform(seed + 1)];
    for (const lag of [0, 1, 2, 7]) within(pairScore(u, next, lag));
    const product = u.reduce((sum, v, i) => sum + (v - 0.5) * (next[i] - 0.5), 0) / n;
    within(12 * product * Math.sqrt(n));
  });

  it("repeats values as often as chance does", async () => {
    const u = await uniform(seed);
    const bins = 2 ** 24;
    const empty = Math.exp(-n / bins);
    const sigma = Math.sqrt(bins * empty * (1 - (1 + n / bins) * empty));
    const seen = new Uint8Array(bins);
    let distinct = 0;
    for (const v of u) if (seen[v * bins]++ === 0) distinct++;
    within((distinct - bins * (1 - empty)) / sigma);
  });
});

it("randomUniform is even and uncorrelated across seeds at one place", async () => {
  const count = 5_000;
  const { run, dispose } = await loadOnnx([randomUniform(seedInput, [])]);
  const u = new Float32Array(count);
  for (let s = 0; s < count; s++) u[s] = Number((await run(feed(s)))[0].data[0]);
  await dispose();
  within(score(count, 64, (i) => Math.floor(u[i] * 64)));
  within(score(count - 1, 256, (i) => Math.floor(u[i] * 16) * 16 + Math.floor(u[i + 1] * 16)));
});

it("randomUniform gives the same bits on ONNX Runtime and the reference, whatever the shape", async () => {
  for (const seed of [...seeds, 1, 2 ** 40 + 3]) {
    const onnx = await runOnnx([randomUniform(seedInput, [50, 20])], feed(seed), {
      optimize: true,
    });
    const [reference] = evaluate([randomUniform(seedInput, [1000])], feed(seed));
    expect([...(onnx[0].data as Float32Array)]).toEqual([...reference.data]);
  }
});

it("randomUniform of a constant seed folds to the same numbers", async () => {
  const [folded] = await runOnnx(
    [randomUniform(constant(12_345, "int64"), [100])],
    {},
    { optimize: true },
  );
  expect(folded.data).toEqual((await uniform(12_345)).slice(0, 100));
});

it("randomNormal is normal: χ² of the cumulative, moments, no serial correlation", async () => {
  const [z, next] = await Promise.all(
    [4, 5].map(
      async (s) => (await runOnnx([randomNormal(seedInput, [n])], feed(s)))[0].data as Float32Array,
    ),
  );
  within(score(n, 256, (i) => Math.floor(128 * (1 + erf(z[i] / Math.SQRT2)))));
  const moment = (k: number) => z.reduce((sum, v) => sum + v ** k, 0) / n;
  within(moment(1) * Math.sqrt(n)); // variances of the moments: 1, 2, 15, 96
  within((moment(2) - 1) * Math.sqrt(n / 2));
  within(moment(3) * Math.sqrt(n / 15));
  within((moment(4) - 3) * Math.sqrt(n / 96));
  const product = (other: Float32Array, lag: number) =>
    z.reduce((sum, v, i) => (i + lag < n ? sum + v * other[i + lag] : sum), 0) / Math.sqrt(n);
  for (const lag of [1, 2, 128]) within(product(z, lag));
  for (const lag of [0, 1]) within(product(next, lag));
});

it("random numbers need fixed sizes, and not more than one seed gives", () => {
  expect(() => randomUniform(seedInput, ["batch", 2])).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: randomUniform: shape [batch, 2] must have fixed sizes; bind them first]`,
  );
  expect(() => randomUniform(seedInput, [2 ** 13, 2 ** 13])).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: randomUniform: 67108864 numbers from one seed; at most 33554432, step the seed]`,
  );
});
