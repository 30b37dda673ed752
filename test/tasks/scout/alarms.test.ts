import { describe, expect, test } from "vitest";
import { createRng, type Rng } from "../../../src/base/rng.ts";
import { compareTallies, findAlarms } from "../../../src/tasks/scout/results/alarms.ts";
import { compareBins } from "../../../src/tasks/scout/results/compare-bins.ts";
import {
  addTallies,
  createTallies,
  talliesSince,
} from "../../../src/tasks/scout/results/tallies.ts";
import { createAlarmWatch } from "../../../src/tasks/scout/results/windows.ts";

/** A falling spectrum of n entries in 40 bins. */
function spectrum(rng: Rng, n: number, scale = 6): Float64Array {
  const bins = new Float64Array(40);
  for (let k = 0; k < n; k++) bins[Math.min(39, Math.floor(scale * rng.exponential()))]++;
  return bins;
}

/** A Poisson number of small mean, by its cumulative distribution. */
function poisson(rng: Rng, mean: number): number {
  let [k, p] = [0, Math.exp(-mean)];
  for (let rest = rng.uniform() - p; rest > 0 && k < 200; rest -= p) p *= mean / ++k;
  return k;
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

test("few entries against many raise no more false alarms: 0.1 % of 20,000 toys", () => {
  const rng = createRng("few against many");
  const shape = Array.from({ length: 40 }, (_, i) => Math.exp(-i / 6) / 6.53);
  let alarms = 0;
  for (let k = 0; k < 20_000; k++) {
    const data = shape.map((share) => poisson(rng, 100 * share));
    const reference = shape.map((share) =>
      Math.round(1e6 * share + rng.normal() * Math.sqrt(1e6 * share)),
    );
    if (compareBins(data, reference).logP < Math.log(0.001)) alarms++;
  }
  // binomial: 20 +- 4.5; outside of 5 ... 40 once in 5,000 seeds
  expect(alarms).toBeGreaterThan(4);
  expect(alarms).toBeLessThan(41);
});

test("objects that come together in a crossing raise no more false alarms of the occupancy", () => {
  const [toys, bins] = [500, 100];
  const rng = createRng("occupancy");
  /** Orbits with five jets in a crossing or none. */
  const run = (orbits: number, withSquares: boolean) => {
    const jets = new Float64Array(bins);
    let squares = 0;
    for (let o = 0; o < orbits; o++)
      for (let b = 0; b < bins; b++)
        if (rng.uniform() < 0.1) {
          jets[b] += 5;
          squares += 25;
        }
    const counts = { "seen.jets": orbits, ...(withSquares ? { "squares.jets": squares } : {}) };
    return { counts, bins: { "occupancy.jets": jets } };
  };
  const alarms = (withSquares: boolean) => {
    let n = 0;
    for (let k = 0; k < toys; k++)
      n += findAlarms(run(60, withSquares), run(120, withSquares), 0.01).length;
    return n;
  };
  // binomial: 5 +- 2.2; more than 15 once in ten thousand seeds
  expect(alarms(true)).toBeLessThan(16);
  expect(alarms(true)).toBeGreaterThan(0);
  expect(alarms(false)).toBeGreaterThan(400); // taken as independent
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

describe("comparisons again and again", () => {
  const reference = tallies(createRng("reference"), 50_000);
  const lookSeconds = 20;

  /** A run of an hour; `scale` from second `from` on is that of the first spectrum. */
  function hour(rng: Rng, { scale = 6, from = 0, alarm = 0.3 } = {}) {
    const all = createTallies();
    const watch = createAlarmWatch(reference, alarm, createTallies());
    for (let seconds = lookSeconds; seconds <= 3600; seconds += lookSeconds) {
      addTallies(all, tallies(rng, 100, seconds > from ? scale : 6));
      watch.look(addTallies(createTallies(), all), seconds);
    }
    return watch.seen;
  }

  test("an hour of them has a false alarm as rarely as one was to be: 30 % of 50 hours at most", () => {
    const rng = createRng("hours");
    let hours = 0;
    for (let k = 0; k < 50; k++) if (hour(rng.split(k)).length > 0) hours++;
    // binomial: 15 +- 3.2 at most
    expect(hours).toBeLessThan(26);
    expect(hours).toBeGreaterThan(2); // nor is the chance given away
  });

  test("a departure too small for a minute is found within the hour", () => {
    const seen = hour(createRng("small"), { scale: 6.5, from: 600, alarm: 0.001 });
    expect(seen.map(({ name }) => name)).toContain("histogram.a");
    const [{ firstSeconds, significance }] = seen;
    expect(firstSeconds).toBeGreaterThan(600);
    expect(significance).toBeGreaterThan(3);
  });

  test("windows are as long as they say, and p is corrected for all of an hour", () => {
    const [data, later] = [createTallies(), createTallies()];
    addTallies(data, tallies(createRng("window"), 1000, 9));
    addTallies(addTallies(later, data), data);
    const watch = createAlarmWatch(reference, 0.001, createTallies());
    const first = watch.look(data, 30);
    expect(first.map((a) => a.windowSeconds)).toEqual([30]);
    expect(watch.look(later, 90).map((a) => a.windowSeconds)).toEqual([60, 90]);
    const [alone] = compareTallies(data, reference);
    const [again] = compareTallies(data, reference, { windowSeconds: 30, comparisons: 360 });
    expect(again.p / alone.p).toBeCloseTo(360, 6);
    expect(first[0]).toEqual(again);
    expect(watch.seen).toMatchObject([{ name: "histogram.a", times: 3, lastSeconds: 90 }]);
  });
});
