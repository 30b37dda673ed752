import { describe, expect, test } from "vitest";
import { parseStudy } from "../../../src/tasks/index.ts";
import { bestOf, score } from "../../../src/tasks/study/choose.ts";
import type { KernelChoice, Rms, TuningResult } from "../../../src/tasks/study/job.ts";
import { epochsOf } from "../../../src/tasks/study/network-job.ts";
import { createSelection, planFirst, planSecond } from "../../../src/tasks/study/plan.ts";
import { paretoFront } from "../../../src/tasks/study/summary.ts";

const config = parseStudy("muons", {});
const networks = (settings = config) =>
  planFirst(settings).flatMap((job) => (job.kind === "network" ? [job] : []));

/** The report's Table 6 as printed: id, loss, regularization, layers, neurons. */
const printed = `
1 MSE - 4 128
2 MSE 1e-5 4 128
3 Logcosh - 4 128
4 Logcosh 1e-5 4 128
6 MSE - 3 32
7 MSE 1e-5 3 32
8 Logcosh - 3 32
9 Logcosh 1e-5 3 32`;

describe("the plan", () => {
  test("has every network of Table 6 in every batch size, and no other of their shapes", () => {
    const wanted = printed
      .trim()
      .split("\n")
      .flatMap((line) => {
        const [id, loss, l2, layers, neurons] = line.split(" ");
        return [256, 512, 8192].map((batch) => [
          Number(id),
          loss.toLowerCase(),
          l2 === "-" ? 0 : Number(l2),
          `${neurons}x${layers}`,
          batch,
        ]);
      });
    const planned = networks()
      .filter((job) => job.table6 !== null)
      .map(({ table6, loss, l2, model, batch }) => [table6, loss, l2, model, batch]);
    expect(planned.sort()).toEqual(wanted.sort());
  });

  test("tunes the three kernels of the report, the polynomial in several degrees", () => {
    const kernels = planFirst(config).flatMap((job) => (job.kind === "tuning" ? [job.kernel] : []));
    expect(new Set(kernels.map((k) => k.type))).toEqual(
      new Set(["gaussian", "linear", "polynomial"]),
    );
    expect(kernels.flatMap((k) => (k.type === "polynomial" ? [k.degree] : []))).toEqual([
      2, 3, 4, 5,
    ]);
  });

  test("names every job once, in names that can be folders", () => {
    const ids = planFirst(config).map((job) => job.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[\w.-]+$/);
  });

  test("is plain data", () => {
    const jobs = planFirst(config);
    expect(JSON.parse(JSON.stringify(jobs))).toEqual(jobs);
  });

  test("gives large batches more epochs, so that they make steps enough", () => {
    const settings = { ...config, epochs: 30, steps: 2500 };
    expect(epochsOf(settings, 256, 294_000)).toBe(30);
    expect(epochsOf(settings, 8192, 294_000)).toBe(Math.ceil(2500 / 35));
  });
});

const level1: Rms = { phi: 0.5, eta: 0.03, pt: 0.5 };

function tuning(kernel: KernelChoice, points: readonly (readonly [number, number, number])[]) {
  return {
    job: { kind: "tuning", id: "t", kernel, centers: [], lambdas: [] },
    fitSeconds: 1,
    kernel: { type: "gaussian", width: 1 },
    points: points.map(([centers, lambda, phi]) => ({
      centers,
      used: kernel.type === "linear" ? Math.min(5, centers) : centers,
      lambda,
      validation: { phi, eta: 0.03, pt: 0.25 },
    })),
  } satisfies TuningResult;
}

describe("the second stage", () => {
  const settings = { ...config, centers: [10, 100], largest: [400] };
  const tuned = [
    tuning({ type: "gaussian", relativeWidth: 0.3 }, [
      [10, 1e-6, 0.3],
      [10, 1e-3, 0.2],
      [100, 1e-6, 0.11],
      [100, 1e-3, 0.12],
    ]),
    tuning({ type: "gaussian", relativeWidth: 0.7 }, [
      [10, 1e-6, 0.15],
      [10, 1e-3, 0.16],
      [100, 1e-6, 0.14],
      [100, 1e-3, 0.13],
    ]),
    tuning({ type: "linear" }, [
      [10, 1e-6, 0.3],
      [100, 1e-6, 0.3],
    ]),
  ];

  test("takes for each M the width and lambda with the lowest validation error", () => {
    const jobs = planSecond(settings, tuned, level1).filter((j) => j.kernel.type === "gaussian");
    const settled = Object.fromEntries(jobs.map((j) => [j.centers, [j.kernel, j.lambda]]));
    expect(settled[10]).toEqual([{ type: "gaussian", relativeWidth: 0.7 }, 1e-6]);
    expect(settled[100]).toEqual([{ type: "gaussian", relativeWidth: 0.3 }, 1e-6]);
  });

  test("takes for more centers than tuned what was best for the most tuned", () => {
    const large = planSecond(settings, tuned, level1).find((j) => j.centers === 400);
    expect(large).toMatchObject({ kernel: { relativeWidth: 0.3 }, lambda: 1e-6 });
  });

  test("is empty where no tuning ended well", () => {
    expect(planSecond(settings, [], level1)).toEqual([]);
  });
});

describe("the choice", () => {
  test("adds errors of different units by their ratios to L1", () => {
    expect(score({ phi: 0.25, eta: 0.03 }, level1)).toBeCloseTo((0.5 + 1) / 2, 12);
    expect(score({ pt: 0.1 }, level1)).toBeCloseTo(0.2, 12);
  });

  test("is the lowest score, and nothing where there is nothing", () => {
    const results = [{ validation: { phi: 0.2 } }, { validation: { phi: 0.1 } }];
    expect(bestOf(results, level1)).toBe(results[1]);
    expect(bestOf([], level1)).toBeNull();
  });

  test("a Pareto front holds exactly the points that none beats in both", () => {
    const points = [
      { cost: 10, error: 5 },
      { cost: 20, error: 6 },
      { cost: 20, error: 3 },
      { cost: 5, error: 9 },
      { cost: 40, error: 3 },
    ];
    const beaten = (i: number) =>
      points.some(
        (p, j) =>
          j !== i &&
          p.cost <= points[i].cost &&
          p.error <= points[i].error &&
          (p.cost < points[i].cost || p.error < points[i].error),
      );
    const front = points.flatMap((_, i) => (beaten(i) ? [] : [i]));
    expect([...paretoFront(points)].sort()).toEqual(front);
    expect(paretoFront(points)).toEqual([3, 0, 2]);
  });
});

describe("--only", () => {
  const jobs = planFirst(config);
  const picked = (only: string | null) => jobs.filter(createSelection(only, config));

  test("picks networks, falkon, or jobs by id", () => {
    expect(picked(null)).toEqual(jobs);
    expect(picked("networks").every((j) => j.kind === "network")).toBe(true);
    expect(picked("falkon").every((j) => j.kind === "tuning")).toBe(true);
    expect(picked("networks").length + picked("falkon").length).toBe(jobs.length);
    expect(
      picked("network-4-batch-512, tune-linear")
        .map((j) => j.id)
        .sort(),
    ).toEqual(["network-4-batch-512", "tune-linear"]);
  });

  test("brings the tunings that a kernel machine needs", () => {
    const ids = picked("polynomial-M100").map((j) => j.id);
    expect(ids).toEqual([
      "tune-polynomial-2",
      "tune-polynomial-3",
      "tune-polynomial-4",
      "tune-polynomial-5",
    ]);
  });

  test("of no job says which one may be meant", () => {
    expect(() => picked("network-4-batch-51")).toThrow(
      '--only: no job "network-4-batch-51"; did you mean "network-4-batch-512"?',
    );
  });
});

describe("settings", () => {
  test("quick sets what is not given", () => {
    expect(parseStudy("muons", { quick: true, epochs: 3 })).toMatchObject({
      rows: 40_000,
      epochs: 3,
    });
  });

  test("a bad one is named with its value", () => {
    expect(() => parseStudy("muons", { widths: [] })).toThrow(/^study\.widths: .*got \[\]$/);
    expect(() => parseStudy("jets", { ptMin: 50, ptMax: 40 })).toThrow(/ptMin/);
  });
});
