import { beforeAll, describe, expect, test } from "vitest";
import { toNumbers } from "../../../src/base/host-array.ts";
import { parseStudy, type StudyConfig } from "../../../src/tasks/index.ts";
import { type Dataset, take } from "../../../src/tasks/recalibration/prepare.ts";
import { falkonRows, pickCenters } from "../../../src/tasks/study/falkon-rows.ts";
import type {
  Job,
  KernelResult,
  NetworkResult,
  TuningResult,
} from "../../../src/tasks/study/job.ts";
import { level1Errors, rowsOfValues } from "../../../src/tasks/study/judge.ts";
import { prepareStudy, runJob } from "../../../src/tasks/study/run-job.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { runtime, writeSimulated } from "../samples.ts";
import { tinyStudy } from "./samples.ts";

const folder = temporaryFolder();
const config = parseStudy("muons", tinyStudy);
let data: Dataset;

beforeAll(async () => {
  const file = await writeSimulated(folder.at("muons.parquet"));
  data = await prepareStudy("muons", [file], config);
});

const context = (settings: StudyConfig = config) => ({
  runtime,
  data,
  config: settings,
  provenance: {},
});
const run = async (job: Job, settings?: StudyConfig) => runJob(job, context(settings));

const gaussian = { type: "gaussian", relativeWidth: 0.6 } as const;
const tuning: Job = {
  kind: "tuning",
  id: "tune",
  kernel: gaussian,
  centers: [5, 40],
  lambdas: [1e-7, 1e-4],
};

describe("a tuning", () => {
  test.each(["delta", "relative"] as const)(
    "gives for each M and lambda what a fit of its own gives (%s)",
    async (minimize) => {
      const settings = { ...config, minimize };
      const { result } = await run(tuning, settings);
      const { points } = result as TuningResult;
      expect(points.map((p) => [p.centers, p.lambda])).toEqual([
        [5, 1e-7],
        [5, 1e-4],
        [40, 1e-7],
        [40, 1e-4],
      ]);
      for (const { centers, lambda, validation } of points) {
        const job: Job = { kind: "kernel", id: "one", kernel: gaussian, centers, lambda };
        const one = (await run(job, settings)).result as KernelResult;
        // the exported file computes in float32, features and units too
        for (const q of data.quantities)
          expect((one.validation[q] as number) / (validation[q] as number)).toBeCloseTo(1, 4);
      }
    },
  );

  test("keeps no more centers than a polynomial has monomials", async () => {
    const job: Job = { ...tuning, kernel: { type: "linear" }, centers: [3, 10, 40] };
    const { points } = (await run(job)).result as TuningResult;
    expect(points.map((p) => p.used)).toEqual([3, 3, 5, 5, 5, 5]);
    expect(points[4].validation).toEqual(points[2].validation);
  });
});

describe("rows of a kernel machine", () => {
  test("under relative, the weighted squares of pt are those of its relative error", async () => {
    const rows = await falkonRows(runtime, data, { ...config, minimize: "relative" });
    expect(rows.problems.map((p) => p.quantities)).toEqual([["phi", "eta"], ["pt"]]);
    const { y, weight } = rows.problems[1].rows;
    const target = toNumbers(y);
    const w = toNumbers(weight as NonNullable<typeof weight>);
    const before = take(data.level1.pt as Float64Array, data.parts.train);
    const after = take(data.offline.pt as Float64Array, data.parts.train);
    // any predictor will do: f = 0.3, whose pt is L1 (0.3 deviation + mean)
    const ratio = after.map((x, i) => x / before[i]);
    const total = w.reduce((s, x) => s + x, 0);
    const mean = ratio.reduce((s, r, i) => s + w[i] * r, 0) / total;
    const deviation = Math.sqrt(ratio.reduce((s, r, i) => s + w[i] * (r - mean) ** 2, 0) / total);
    const weighted = target.reduce((s, t, i) => s + w[i] * ((0.3 - t) * deviation) ** 2, 0);
    const relative = before.reduce(
      (s, x, i) => s + ((x * (0.3 * deviation + mean)) / after[i] - 1) ** 2,
      0,
    );
    expect(weighted / relative).toBeCloseTo(1, 5);
    const decoded = rows.decode("pt", new Float64Array(data.parts.validation.length).fill(0.3));
    const level1 = rowsOfValues(data, data.level1, data.parts.validation).pt as Float64Array;
    expect(decoded[0] / level1[0]).toBeCloseTo(0.3 * deviation + mean, 6);
  });

  test("centers are training rows, all different, the first ones of a longer list", async () => {
    const { train } = await falkonRows(runtime, data, config);
    const all = pickCenters(train, 50, 1);
    const rows = (x: typeof all) =>
      Array.from({ length: x.shape[0] }, (_, i) =>
        (x.data as Float32Array).subarray(4 * i, 4 * i + 4).join(),
      );
    expect(new Set(rows(all)).size).toBe(50);
    const known = new Set(rows(train));
    expect(rows(all).every((row) => known.has(row))).toBe(true);
    expect(rows(pickCenters(train, 20, 1))).toEqual(rows(all).slice(0, 20));
    expect(pickCenters(train, 100_000, 1).shape[0]).toBe(known.size);
  });
});

describe("every kind of model", () => {
  test("learns: its validation error is below that of L1", async () => {
    const level1 = level1Errors(data);
    const settings = parseStudy("muons", { ...tinyStudy, epochs: 20 });
    const jobs: Job[] = [
      { kind: "network", id: "n", table6: null, model: "16x2", loss: "mse", l2: 0, batch: 16 },
      { kind: "kernel", id: "g", kernel: gaussian, centers: 60, lambda: 1e-6 },
      { kind: "kernel", id: "l", kernel: { type: "linear" }, centers: 20, lambda: 1e-6 },
    ];
    for (const job of jobs) {
      const { validation } = (await run(job, settings)).result as NetworkResult;
      for (const q of ["phi", "pt"] as const)
        expect(validation[q] as number, job.id).toBeLessThan(0.9 * (level1[q] as number));
    }
  });

  test("of the same job gives the same bytes", async () => {
    const job: Job = { kind: "kernel", id: "g", kernel: gaussian, centers: 30, lambda: 1e-6 };
    expect((await run(job)).model).toEqual((await run(job)).model);
  });

  test("stops on request", async () => {
    const signal = AbortSignal.abort();
    for (const job of [
      tuning,
      { kind: "network", id: "n", table6: null, model: "8x1", loss: "mse", l2: 0, batch: 16 },
    ] as Job[])
      await expect(runJob(job, { ...context(), signal })).rejects.toThrow(/cancelled/);
  });
});
