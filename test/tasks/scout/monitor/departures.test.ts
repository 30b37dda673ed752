import { describe, expect, test } from "vitest";
import { createRng, type Rng } from "../../../../src/base/rng.ts";
import { departures, type Snapshot } from "../../../../src/tasks/scout/monitor/view.ts";
import { compareEfficiencies } from "../../../../src/tasks/scout/results/compare-efficiencies.ts";
import { addTallies, createTallies } from "../../../../src/tasks/scout/results/tallies.ts";
import { randomTallies, snapshotOf } from "./samples.ts";

const run = snapshotOf(randomTallies(1), 1);

describe("departures from a reference", () => {
  test("are none for the same shape, whatever the totals", () => {
    const twice = snapshotOf(
      addTallies(addTallies(createTallies(), randomTallies(1)), randomTallies(1)),
      2,
    );
    expect(departures(twice, run, 0.5)).toEqual([]);
  });

  test("name the distribution whose shape has changed", () => {
    const tallies = randomTallies(1);
    tallies.bins["map.muonMap"][3 * 6 + 2] += 700;
    expect(departures(snapshotOf(tallies, 1), run, 0.001).map((a) => a.name)).toEqual([
      "map.muonMap",
    ]);
  });

  test("leave out what has other bins", () => {
    const tallies = randomTallies(1);
    tallies.bins["map.muonMap"][3 * 6 + 2] += 700;
    const maps = run.maps.map((m) => ({ ...m, x: { ...m.x, edges: m.x.edges.map((e) => 2 * e) } }));
    expect(departures(snapshotOf(tallies, 1), { ...run, maps }, 0.001)).toEqual([]);
  });
});

/** A Poisson number, by its cumulative distribution; of a large mean by the normal one. */
function poisson(rng: Rng, mean: number): number {
  if (mean > 200) return Math.max(0, Math.round(mean + Math.sqrt(mean) * rng.normal()));
  let [k, p] = [0, Math.exp(-mean)];
  for (let rest = rng.uniform() - p; rest > 0 && k < 1000; rest -= p) p *= mean / ++k;
  return k;
}

const centers = Array.from({ length: 20 }, (_, i) => 2.5 * i + 1.25); // GeV

/** Objects of a falling spectrum by 2.5 GeV; a threshold at 20 GeV that turns on over 3 GeV to 97 %. */
function toy(rng: Rng, entries: number, { slope = 8, shift = 0, plateau = 0.97 } = {}) {
  const shape = centers.map((pt) => Math.exp(-pt / slope));
  const norm = entries / shape.reduce((a, b) => a + b, 0);
  const rates = centers.map((pt) => plateau / (1 + Math.exp(-(pt - 20 - shift) / 3)));
  const passed = shape.map((share, i) => poisson(rng, norm * share * rates[i]));
  const failed = shape.map((share, i) => poisson(rng, norm * share * (1 - rates[i])));
  return { passed, total: passed.map((n, i) => n + failed[i]) };
}

/** A snapshot with these turn-ons and nothing else. */
function withTurnOns(toys: readonly ReturnType<typeof toy>[]): Snapshot {
  const common = { of: "muon.ptL1", threshold: 20, against: "muon.pt" };
  const edges = [...centers.map((pt) => pt - 1.25), 50];
  const turnOns = toys.map((bins, i) => ({ ...common, name: `on${i}`, edges, ...bins }));
  return snapshotOf(createTallies(), 1, { turnOns });
}

describe("turn-ons against those of a reference", () => {
  test("in one bin have the likelihood ratio of the four-fold table", () => {
    const table = compareEfficiencies(
      { passed: [30], total: [100] },
      { passed: [50], total: [100] },
    );
    // for a variance of 200 / 199 of that of binomials: scipy 1.17.1 chi2_contingency([[30, 70], [50, 50]], False, "log-likelihood")
    expect(table.chiSquared).toBeCloseTo((8.402370280734836 * 199) / 200, 10);
    expect(table.degreesOfFreedom).toBe(1);
  });

  test("raise false alarms no more than five times as often as asked for down to one in 1e8", () => {
    // 13 of 10,000 expected to pass, the fewest that are not joined: all numbers with their chances
    const mean = 13;
    const reference = { passed: [1.3e6], total: [1e9] };
    const chances = [Math.exp(-mean)];
    for (let n = 1; n < 150; n++) chances.push((chances[n - 1] * mean) / n);
    const logPs = chances.map(
      (_, n) => compareEfficiencies({ passed: [n], total: [1e4] }, reference).logP,
    );
    for (const alarm of [1e-2, 1e-4, 1e-6, 1e-8]) {
      const found = chances.reduce((all, p, n) => (logPs[n] <= Math.log(alarm) ? all + p : all), 0);
      expect(found, `${alarm}`).toBeLessThan(5 * alarm);
      expect(found, `${alarm}`).toBeGreaterThan(alarm / 5);
    }
  });

  test("raise false alarms as often as asked for: 5 % of 1000 comparisons of 5 curves", () => {
    const rng = createRng("turn-ons");
    const five = (entries: number) => withTurnOns([1, 2, 3, 4, 5].map(() => toy(rng, entries)));
    let alarms = 0;
    for (let k = 0; k < 1000; k++)
      if (departures(five(2000), five(6000), 0.05).length > 0) alarms++;
    // binomial: 50 +- 7; outside of 24 ... 79 once in 10,000 seeds
    expect(alarms).toBeGreaterThan(23);
    expect(alarms).toBeLessThan(80);
  });

  test("of few objects with another spectrum raise no more: 0.1 % of 20,000 toys", () => {
    const rng = createRng("few against many");
    let alarms = 0;
    for (let k = 0; k < 20_000; k++)
      if (compareEfficiencies(toy(rng, 500, { slope: 12 }), toy(rng, 1e5)).logP < Math.log(0.001))
        alarms++;
    // binomial: 20 +- 4.5; outside of 5 ... 40 once in 5,000 seeds
    expect(alarms).toBeGreaterThan(4);
    expect(alarms).toBeLessThan(41);
  });

  test("are named where one turns on later, or reaches less", () => {
    const rng = createRng("departing");
    const reference = withTurnOns([1, 2, 3].map(() => toy(rng, 1e6)));
    for (const changes of [{ shift: 1 }, { plateau: 0.9 }]) {
      const changed = withTurnOns([toy(rng, 2e4), toy(rng, 2e4, changes), toy(rng, 2e4)]);
      const [alarm, ...rest] = departures(changed, reference, 0.001);
      expect(alarm).toMatchObject({ name: "turnOn.on1", kind: "efficiency" });
      expect(alarm.significance).toBeGreaterThan(4);
      expect(rest).toEqual([]);
    }
  });

  test("are no test where nothing passed, nothing failed, or one side has no objects", () => {
    const none = { passed: [0, 0], total: [500, 0] };
    const all = { passed: [0, 500], total: [0, 500] };
    for (const [a, b] of [
      [none, none],
      [all, all],
      [none, all],
    ])
      expect(compareEfficiencies(a, b).degreesOfFreedom).toBe(0);
  });

  test("of another threshold are left out", () => {
    const rng = createRng("other");
    const [here, there] = [toy(rng, 1e4, { shift: 5 }), toy(rng, 1e4)].map((t) => withTurnOns([t]));
    expect(departures(here, there, 0.001).length).toBe(1);
    const turnOns = there.turnOns.map((t) => ({ ...t, threshold: 22 }));
    expect(departures(here, { ...there, turnOns }, 0.001)).toEqual([]);
  });
});

test("objects in pairs raise no more false alarms of the occupancy: 1 % of 1000 toys", () => {
  const rng = createRng("pairs");
  /** Orbits of 200 crossings with two muons or none. */
  const pairs = (orbits: number): Snapshot => {
    const muons = new Float64Array(200);
    for (let o = 0; o < orbits; o++)
      for (let b = 0; b < muons.length; b++) if (rng.uniform() < 0.1) muons[b] += 2;
    const all = muons.reduce((a, b) => a + b, 0);
    const counts = { orbits, "seen.muons": orbits, "squares.muons": 2 * all };
    return snapshotOf({ counts, bins: { "occupancy.muons": muons } }, 1);
  };
  let [found, asIndependent] = [0, 0];
  for (let k = 0; k < 1000; k++) {
    const [here, there] = [pairs(60), pairs(120)];
    found += departures(here, there, 0.01).length;
    asIndependent += departures({ ...here, squares: {} }, there, 0.01).length;
  }
  // binomial: 10 +- 3.1; outside of 1 ... 23 once in 5,000 seeds
  expect(found).toBeGreaterThan(0);
  expect(found).toBeLessThan(24);
  expect(asIndependent).toBeGreaterThan(900); // taken as independent
});
