import { expect, test } from "vitest";
import { DataError } from "../../../src/base/errors.ts";
import { parseStudy } from "../../../src/tasks/index.ts";
import type { Job } from "../../../src/tasks/study/job.ts";
import { createJobPool } from "../../../src/tasks/study/run-pool.ts";
import type { WorkerSetup } from "../../../src/tasks/study/worker-message.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { writeSimulated } from "../samples.ts";
import { tinyStudy } from "./samples.ts";

const folder = temporaryFolder();
const config = parseStudy("muons", tinyStudy);
const kernel = (id: string): Job => ({
  kind: "kernel",
  id,
  kernel: { type: "linear" },
  centers: 10,
  lambda: 1e-6,
});

test("a worker thread that dies fails its job, and the next job gets a new one", async () => {
  const failed: string[] = [];
  const pool = createJobPool({
    threads: 1,
    setup: null as unknown as WorkerSetup, // it ends while starting
    onDone: () => Promise.reject(new DataError("not reached")),
    onFailed: (job, reason) => failed.push(`${job.id}: ${reason}`),
  });
  await pool.run([kernel("first"), kernel("second")]);
  await pool.close();
  expect(failed).toEqual([
    expect.stringMatching(/^first: .*null/),
    expect.stringMatching(/^second: .*null/),
  ]);
});

test("rows that cannot be read fail every job with the reason", async () => {
  const failed: string[] = [];
  const files = [folder.at("absent.parquet")];
  const pool = createJobPool({
    threads: 1,
    setup: { object: "muons", files, config, provenance: {} },
    onDone: () => Promise.reject(new DataError("not reached")),
    onFailed: (_, reason) => failed.push(reason),
  });
  await pool.run([kernel("first"), kernel("second")]);
  await pool.close();
  expect(failed).toHaveLength(2);
  for (const reason of failed) expect(reason).toMatch(/absent\.parquet: no such file/);
});

test("a result that cannot be written ends all, with its error", async () => {
  const files = [await writeSimulated(folder.at("muons.parquet"))];
  const pool = createJobPool({
    threads: 2,
    setup: { object: "muons", files, config, provenance: {} },
    onDone: () => Promise.reject(new DataError("no space left")),
    onFailed: () => {},
  });
  const jobs = ["a", "b", "c"].map(kernel);
  await expect(pool.run(jobs)).rejects.toThrow("no space left");
  await pool.close();
});
