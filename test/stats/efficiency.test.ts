import { expect, test } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import { clopperPearson, incompleteBeta, turnOn, wilson } from "../../src/stats/efficiency.ts";
import { uniformBins } from "../../src/stats/histogram.ts";
import { oneSigma } from "../../src/stats/quantile.ts";

/** P(X <= k) for n trials of probability p, by summing the binomial. */
function binomialCdf(k: number, n: number, p: number): number {
  let [term, sum] = [(1 - p) ** n, 0];
  for (let i = 0; i <= k; i++) {
    sum += term;
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
  }
  return sum;
}

test("Clopper-Pearson ends solve the two binomial tails", () => {
  const tail = (1 - oneSigma) / 2;
  for (const [k, n] of [
    [1, 2],
    [3, 10],
    [9, 10],
    [50, 51],
    [37, 400],
  ]) {
    const { low, high } = clopperPearson(k, n);
    expect(1 - binomialCdf(k - 1, n, low)).toBeCloseTo(tail, 11);
    expect(binomialCdf(k, n, high)).toBeCloseTo(tail, 11);
  }
});

test("at 0 and at all passed Clopper-Pearson has closed forms", () => {
  const tail = (1 - oneSigma) / 2;
  for (const n of [1, 7, 1000]) {
    expect(clopperPearson(0, n).low).toBe(0);
    expect(clopperPearson(0, n).high).toBeCloseTo(1 - tail ** (1 / n), 12);
    expect(clopperPearson(n, n).low).toBeCloseTo(tail ** (1 / n), 12);
    expect(clopperPearson(n, n).high).toBe(1);
  }
  expect(clopperPearson(0, 0)).toEqual({ low: 0, high: 1 });
});

test("large counts approach the Gaussian interval", () => {
  const n = 1_000_000;
  const { low, high } = clopperPearson(300_000, n);
  const sigma = Math.sqrt((0.3 * 0.7) / n);
  expect((high - low) / 2 / sigma).toBeCloseTo(1, 2);
});

test("the incomplete beta function has its closed forms and its symmetry", () => {
  expect(incompleteBeta(0.3, 1, 1)).toBeCloseTo(0.3, 14);
  expect(incompleteBeta(0.3, 2, 1)).toBeCloseTo(0.09, 14);
  expect(incompleteBeta(0.3, 1, 5)).toBeCloseTo(1 - 0.7 ** 5, 13);
  expect(incompleteBeta(0.5, 137, 137)).toBeCloseTo(0.5, 12);
});

test("the Wilson interval solves |p - k/n| = z sqrt(p (1-p) / n)", () => {
  for (const [k, n] of [
    [3, 10],
    [199, 200],
  ]) {
    const { low, high } = wilson(k, n);
    for (const p of [low, high]) expect((p - k / n) ** 2).toBeCloseTo((p * (1 - p)) / n, 14);
  }
  expect(wilson(0, 4)).toEqual({ low: 0, high: 0.2 }); // z^2 / (n + z^2)
});

test("a turn-on counts decisions at or above threshold per bin", () => {
  const bins = turnOn(uniformBins(3, 0, 30), {
    reference: [5, 6, 15, 16, 17, 35, Number.NaN],
    decision: [1, 10, 10, 9.5, 40, 40, 40],
    threshold: 10,
  });
  expect(bins.map(({ passed, total }) => [passed, total])).toEqual([
    [1, 2],
    [2, 3],
    [0, 0],
  ]);
  expect(bins[0]).toMatchObject({ value: 0.5, center: 5.5, ...clopperPearson(1, 2) });
  expect(bins[2].value).toBeNaN();
  expect(bins[2].center).toBe(25);
});

test("68.27 % intervals cover the truth at least that often (2000 toys)", () => {
  const rng = createRng(15);
  let covered = 0;
  for (let toy = 0; toy < 2000; toy++) {
    let k = 0;
    for (let i = 0; i < 50; i++) if (rng.uniform() < 0.9) k++;
    const { low, high } = clopperPearson(k, 50);
    if (low <= 0.9 && 0.9 <= high) covered++;
  }
  // The exact coverage here is about 0.78; three sigma of 2000 toys are 0.03.
  expect(covered / 2000).toBeGreaterThan(oneSigma);
});

test("counts that are not counts are refused", () => {
  expect(() => clopperPearson(3, 2)).toThrowError("need integers 0 <= passed <= total, got 3, 2");
});
