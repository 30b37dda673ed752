import { expect, test } from "vitest";
import { createRng, type Rng } from "../../../src/base/rng.ts";
import { compareBins, findAlarms } from "../../../src/tasks/scout/results/alarms.ts";
import {
  addTallies,
  createTallies,
  talliesSince,
} from "../../../src/tasks/scout/results/tallies.ts";

/** A falling spectrum of n entries in 40 bins. */
function spectrum(rng: Rng, n: number, scale = 6): Float64Array {
  const bins = new Float64Array(40);
  for (let k = 0; k < n; k++) bins[Math.min(39, Math.floor(scale * rng.exponential()))]++;
  return bins;
}

/** Five spectra and maps of one shape; `scale` is that of the first. */
function tallies(rng: Rng, n: number, scale = 6) {
  const names = ["histogram.a", "histogram.b", "map.c", "map.d", "occupancy.muons"];
  const bins = names.map((name, i) => [name, spectrum(rng, n, i === 0 ? scale : 6)]);
  return { counts: {}, bins: Object.fromEntries(bins) };
}

test("false alarms come as often as asked for: 5 % of 400 comparisons of 5 distributions", () => {
  const rng = createRng("false alarms");
  let alarms = 0;
  for (let k = 0; k < 400; k++)
    if (findAlarms(tallies(rng, 500), tallies(rng, 1200), 0.05).length > 0) alarms++;
  // binomial: 20 +- 4.4; outside of 5 ... 40 once in 10,000 seeds
  expect(alarms).toBeGreaterThan(4);
  expect(alarms).toBeLessThan(41);
});

test("a spectrum that is 10 % harder is found, and only that", () => {
  const rng = createRng("shift");
  const [alarm, ...rest] = findAlarms(tallies(rng, 20_000, 6.6), tallies(rng, 50_000), 0.001);
  expect(alarm.name).toBe("histogram.a");
  expect(alarm.significance).toBeGreaterThan(5);
  expect(rest).toEqual([]);
});

test("the chi-squared of two bins is that of the four-fold table", () => {
  // N (ad - bc)^2 / ((a + b)(c + d)(a + c)(b + d)) of [[30, 70], [50, 50]]
  const { chiSquared, degreesOfFreedom, logP } = compareBins([30, 70], [50, 50]);
  expect(chiSquared).toBeCloseTo((200 * (30 * 50 - 70 * 50) ** 2) / (100 * 100 * 80 * 120), 10);
  expect(degreesOfFreedom).toBe(1);
  expect(Math.exp(logP)).toBeCloseTo(0.0038924, 6); // chi-squared 8.3333
});

test("sparse bins are joined, empty distributions are no test", () => {
  const sparse = new Float64Array(1000).fill(1);
  expect(compareBins(sparse, sparse).degreesOfFreedom).toBe(1000 / 13 - ((1000 / 13) % 1) - 1);
  expect(compareBins([0, 0], [100, 100]).degreesOfFreedom).toBe(0);
});

test("tallies add up, and a difference is what was added", () => {
  const rng = createRng(1);
  const a = tallies(rng, 100);
  const b = {
    counts: { orbits: 3 },
    bins: { ...tallies(rng, 50).bins, menu: new Float64Array(2) },
  };
  const before = addTallies(createTallies(), a);
  const sum = addTallies(addTallies(createTallies(), a), b);
  expect(talliesSince(sum, before)).toEqual(b);
  expect(() => addTallies(sum, { counts: {}, bins: { menu: [1] } })).toThrow(
    /menu has 2 bins and 1/,
  );
});
