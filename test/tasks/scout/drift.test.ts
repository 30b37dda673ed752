import { describe, expect, test } from "vitest";
import { float32 } from "../../../src/base/host-array.ts";
import { createRng, type Rng } from "../../../src/base/rng.ts";
import { driftTest } from "../../../src/kernels/index.ts";
import { createNodeRuntime } from "../../../src/runtime/index.ts";
import { parseScout, type ScoutSettings } from "../../../src/tasks/scout/config.ts";
import { findAlarms } from "../../../src/tasks/scout/results/alarms.ts";
import { compareBins } from "../../../src/tasks/scout/results/compare-bins.ts";
import {
  addCrossing,
  compareFeatures,
  featureSumsSize,
} from "../../../src/tasks/scout/results/feature-sums.ts";
import { addTallies, createTallies } from "../../../src/tasks/scout/results/tallies.ts";
import { amplitude, createFeatureMap } from "../../../src/tasks/scout/stages/random-features.ts";
import { createProcessor } from "../../../src/tasks/scout/workers/process-block.ts";
import { type DrawCrossing, drawn, featureSums, type Muon, pairs, single } from "./feature-maps.ts";
import { blockOfOrbits, orbitsOf } from "./samples.ts";

describe("random features", () => {
  test("their mean product is the Gaussian kernel, wrapped for azimuths", () => {
    const axes = [
      { scale: 0.7, log: false, isPeriodic: false },
      { scale: 0.4, log: false, isPeriodic: true },
    ];
    const features = 40_000;
    const map = createFeatureMap(axes, { features, seed: 1 });
    const of = (values: readonly number[]) => {
      const into = new Float64Array(features);
      expect(map.add(values, into, 0)).toBe(true);
      return into;
    };
    const kernel = (a: readonly number[], b: readonly number[]) => {
      const [x, y] = [of(a), of(b)];
      return (2 * x.reduce((sum, v, j) => sum + v * y[j], 0)) / (features * amplitude ** 2);
    };
    const wrapped = (d: number) => {
      const at = (turn: number) => Math.exp(-((d + 2 * Math.PI * turn) ** 2) / (2 * 0.4 ** 2));
      return (at(-1) + at(0) + at(1)) / (at(0) * 0 + 1);
    };
    for (const [eta, phi] of [
      [0, 0],
      [0.5, 0],
      [0, 0.3],
      [-1, 0.5],
      [0.2, 6.1],
    ]) {
      const expected = Math.exp(-(eta ** 2) / (2 * 0.7 ** 2)) * wrapped(phi);
      // 40,000 features: a standard deviation of at most 0.005
      expect(Math.abs(kernel([0.3, 3], [0.3 + eta, 3 + phi]) - expected)).toBeLessThan(0.02);
    }
  });

  test("an azimuth and a turn more are the same, a missing value is no object", () => {
    const axes = [{ scale: 0.5, log: false, isPeriodic: true }];
    const map = createFeatureMap(axes, { features: 64, seed: 2 });
    const [a, b] = [new Float64Array(64), new Float64Array(64)];
    map.add([1.234], a, 0);
    map.add([1.234 - 2 * Math.PI], b, 0);
    expect(a).toEqual(b);
    expect(map.add([Number.NaN], a, 0)).toBe(false);
    expect(a).toEqual(b);
  });
});

test("with two features it is Hotelling's statistic of the textbook", () => {
  const rng = createRng("hotelling");
  const sample = (n: number, shift: number) =>
    Array.from({ length: n }, () => {
      const x = Math.round(40 * rng.normal() + shift);
      return [x, Math.round(0.5 * x + 30 * rng.normal())] as const;
    });
  const [a, b] = [sample(60, 0), sample(90, 12)];
  const sums = (rows: readonly (readonly [number, number])[]) => {
    const of = (f: (x: number, y: number) => number) => rows.reduce((s, [x, y]) => s + f(x, y), 0);
    const [x, y, n] = [of((v) => v), of((_, v) => v), rows.length];
    const products = [n, x, y, of((v) => v * v), of((v, w) => v * w), of((_, v) => v * v)];
    return Float64Array.from([n, n, x, y, ...products]);
  };
  const mean = (rows: typeof a, k: 0 | 1) => rows.reduce((s, r) => s + r[k], 0) / rows.length;
  const scatter = (rows: typeof a, i: 0 | 1, j: 0 | 1) =>
    rows.reduce((s, r) => s + (r[i] - mean(rows, i)) * (r[j] - mean(rows, j)), 0);
  const pooled = (i: 0 | 1, j: 0 | 1) => (scatter(a, i, j) + scatter(b, i, j)) / 148;
  const [p, q, r] = [pooled(0, 0), pooled(0, 1), pooled(1, 1)];
  const [dx, dy] = [mean(a, 0) - mean(b, 0), mean(a, 1) - mean(b, 1)];
  const t2 = (36 * (r * dx * dx - 2 * q * dx * dy + p * dy * dy)) / (p * r - q * q);
  const { chiSquared, degreesOfFreedom } = compareFeatures(sums(a), sums(b));
  expect(degreesOfFreedom).toBe(2);
  expect(chiSquared).toBeCloseTo(147 * Math.log1p(t2 / 148), 9);
});

test("features that follow from others change nothing", () => {
  const rng = createRng("redundant");
  /** (m, x, y, x + y, 7, x) of each crossing, or (m, x, y). */
  const sums = (n: number, isRedundant: boolean, rng: Rng) => {
    const all = new Float64Array(featureSumsSize(isRedundant ? 5 : 2));
    for (let c = 0; c < n; c++) {
      const [x, y] = [Math.round(50 * rng.normal()), Math.round(50 * rng.normal())];
      addCrossing(all, Float64Array.from(isRedundant ? [1, x, y, x + y, 7, x] : [1, x, y]));
    }
    return all;
  };
  const of = (isRedundant: boolean) =>
    compareFeatures(
      sums(100, isRedundant, rng.split("data")),
      sums(300, isRedundant, rng.split("reference")),
    );
  expect(of(true).degreesOfFreedom).toBe(2);
  expect(of(true).chiSquared).toBeCloseTo(of(false).chiSquared, 9);
});

describe("false alarms at 1 % come in 1 % of the toys", () => {
  const toys = 500;
  /** Binomial: 5 +- 2.2 of 500; more than 15 once in ten thousand seeds, none once in 150. */
  const cases: readonly [string, DrawCrossing, number, number][] = [
    ["single muons, few against many", single, 150, 700],
    ["single muons, 200 against 200", single, 200, 200],
    ["pairs in 30 % of the crossings", pairs, 200, 500],
  ];
  test.each(cases)("%s", (label, draw, n, m) => {
    const rng = createRng(`null: ${label}`);
    let alarms = 0;
    for (let k = 0; k < toys; k++) {
      const [data, reference] = [
        featureSums(drawn(rng, n, draw)),
        featureSums(drawn(rng, m, draw)),
      ];
      if (compareFeatures(data, reference).logP < Math.log(0.01)) alarms++;
    }
    expect(alarms).toBeGreaterThan(0);
    expect(alarms).toBeLessThan(16);
  });

  test("muons of pairs taken as independent would give too many", () => {
    const rng = createRng("pairs as singles");
    const apart = (crossings: readonly (readonly Muon[])[]) =>
      featureSums(crossings.flat().map((muon) => [muon]));
    let alarms = 0;
    for (let k = 0; k < 150; k++) {
      const [data, reference] = [apart(drawn(rng, 300, pairs)), apart(drawn(rng, 600, pairs))];
      if (compareFeatures(data, reference).logP < Math.log(0.01)) alarms++;
    }
    expect(alarms).toBeGreaterThan(8); // 1.5 expected
  });
});

/** Eta and phi are each as flat as before, but more often alike. */
const correlated: DrawCrossing = (rng) => {
  const [[pt, eta, phi]] = single(rng);
  return [[pt, eta, rng.uniform() < 0.2 ? (eta / 2.4) * Math.PI : phi]];
};

test("a correlation that no spectrum shows is found", () => {
  const rng = createRng("correlation");
  const [data, reference] = [drawn(rng, 2000, correlated), drawn(rng, 8000, single)];
  const spectrum = (rows: readonly (readonly Muon[])[], k: number, half: number) => {
    const bins = new Float64Array(20);
    for (const [muon] of rows) bins[Math.min(19, Math.floor((muon[k] / half + 1) * 10))]++;
    return bins;
  };
  for (const [k, half] of [
    [1, 2.4],
    [2, Math.PI],
  ]) {
    const { logP } = compareBins(spectrum(data, k, half), spectrum(reference, k, half));
    expect(logP).toBeGreaterThan(Math.log(0.01));
  }
  expect(compareFeatures(featureSums(data), featureSums(reference)).logP).toBeLessThan(-20);
  // the other way round as a check of the check
  expect(
    compareFeatures(featureSums(drawn(rng, 2000, single)), featureSums(reference)).logP,
  ).toBeGreaterThan(Math.log(0.01));
});

test("the kernel machine of forty drift finds the same and misses the same", async () => {
  const rng = createRng("oracle");
  const runtime = createNodeRuntime({ threads: 1 });
  const reference = drawn(rng, 1500, single);
  const matrix = (rows: readonly (readonly Muon[])[]) =>
    float32(
      rows.flatMap(([[pt, eta, phi]]) => [Math.log1p(pt), eta, phi]),
      [rows.length, 3],
    );
  for (const [draw, isDrift] of [
    [correlated, true],
    [single, false],
  ] as const) {
    const data = drawn(rng, 1500, draw);
    const { p } = await driftTest(runtime, {
      reference: matrix(reference),
      sample: matrix(data),
      ...{ toys: 50, centers: 60, width: 1, lambda: 1e-6, seed: 3 },
    });
    const { logP } = compareFeatures(featureSums(data), featureSums(reference));
    expect(p < 0.03).toBe(isDrift);
    expect(logP < Math.log(0.01)).toBe(isDrift);
  }
});

describe("the stage", () => {
  const orbits = orbitsOf(6, { calo: true });
  const runtime = createNodeRuntime({ threads: 1 });
  const process = async (settings: ScoutSettings["stages"], from = 0, to = 6) => {
    const config = parseScout({ files: ["x.raw"], stages: settings, batchOrbits: 2 });
    const processor = await createProcessor(config, {}, runtime);
    const block = blockOfOrbits(orbits, { calo: true });
    const { tallies } = await processor.process({
      ...block,
      orbits: block.orbits.slice(from, to),
    });
    await processor.dispose();
    return tallies;
  };
  const muons = { kind: "drift" as const, name: "muons", of: ["muon.pt", "muon.eta", "muon.phi"] };

  test("blocks merged are one pass, to the last bit", async () => {
    const whole = await process([muons]);
    const parts = addTallies(createTallies(), await process([muons], 3, 6));
    addTallies(parts, await process([muons], 0, 3));
    expect(parts.bins["drift.muons"]).toEqual(whole.bins["drift.muons"]);
  });

  test("it counts every crossing with muons, and their muons", async () => {
    const { bins } = await process([muons]);
    const expected = { crossings: 0, muons: 0 };
    for (const { gmt } of orbits) {
      const { offsets } = gmt.objects.muons;
      for (let e = 0; e < 3564; e++) if (offsets[e + 1] > offsets[e]) expected.crossings++;
      expected.muons += offsets[3564];
    }
    const [crossings, n] = bins["drift.muons"];
    expect({ crossings, muons: n }).toEqual(expected);
    expect((await process([{ ...muons, every: 3 }])).bins["drift.muons"]).toEqual(
      addTallies(
        addTallies(createTallies(), await process([muons], 2, 3)),
        await process([muons], 5, 6),
      ).bins["drift.muons"],
    );
  });

  test("quantities of crossings and jets work too; those of different objects are refused", async () => {
    const jets = {
      kind: "drift" as const,
      name: "jets",
      of: ["jet.pt", { of: "jet.eta", scale: 1 }],
    };
    const all = { kind: "drift" as const, name: "all", of: ["dimuon.mass", "dimuon.deltaR"] };
    const { bins } = await process([jets, all, { ...all, name: "counts", of: ["jets", "ht"] }]);
    const jetCount = orbits.reduce((n, { calo }) => n + calo.objects.jets.offsets[3564], 0);
    expect(bins["drift.jets"][1]).toBe(jetCount);
    expect(bins["drift.all"][0]).toBe(
      orbits.reduce((n, { gmt }) => {
        const { offsets } = gmt.objects.muons;
        return n + offsets.subarray(1).filter((end, e) => end - offsets[e] > 1).length;
      }, 0),
    );
    await expect(process([{ ...muons, of: ["muon.pt", "jet.pt"] }])).rejects.toThrow(
      "scout.muons.of: muon.pt is of muons, jet.pt of jets",
    );
  });

  test("its alarm says that it is a kernel's", async () => {
    const [data, reference] = [createTallies(), createTallies()];
    const rng = createRng("alarm");
    data.bins["drift.muons"] = featureSums(drawn(rng, 1000, correlated));
    reference.bins["drift.muons"] = featureSums(drawn(rng, 4000, single));
    const [alarm] = findAlarms(data, reference, 0.001);
    expect(alarm).toMatchObject({ name: "drift.muons", kind: "kernel", degreesOfFreedom: 32 });
    expect(alarm.significance).toBeGreaterThan(4);
  });
});
