import { deflateSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import type { DecompressJob } from "../../../src/data/root/compression.ts";
import { createDecompressPool } from "../../../src/data/root/worker-pool.ts";
import { block } from "./blocks.ts";

const pool = createDecompressPool({ threads: 2, worthwhileMs: 0 });
afterAll(() => pool.close());

const rng = createRng(7);
const plain = Array.from({ length: 60 }, (_, i) =>
  Uint8Array.from({ length: 100_000 + i }, () => rng.integer(6)),
);
const jobs: DecompressJob[] = plain.map((bytes, i) =>
  i % 10 === 3
    ? { bytes, size: bytes.length, where: `stored ${i}` }
    : { bytes: block("ZL", deflateSync(bytes), bytes.length), size: bytes.length, where: `${i}` },
);

test("threads give what one thread gives, in the order of the jobs", async () => {
  const results = await pool.decompress(jobs);
  expect(pool.running).toBe(2);
  expect(results.every((got, i) => Buffer.compare(got, plain[i]) === 0)).toBe(true);
  expect(jobs[0].bytes.length).toBeGreaterThan(0); // the input stays with the caller
});

test("little work stays in the calling thread", async () => {
  const lazy = createDecompressPool({ threads: 2 });
  expect(await lazy.decompress(jobs.slice(0, 5))).toEqual(plain.slice(0, 5));
  expect(lazy.running).toBe(0);
});

test("calls of some work add up until threads are worth their start", async () => {
  const lazy = createDecompressPool({ threads: 2, worthwhileMs: 30 });
  await lazy.decompress(jobs); // about 22 ms of work
  expect(lazy.running).toBe(0);
  await lazy.decompress(jobs);
  expect(lazy.running).toBe(2);
  await lazy.close();
});

test("several calls may run at the same time", async () => {
  const calls = await Promise.all([jobs.slice(0, 20), jobs.slice(20, 40)].map(pool.decompress));
  expect(calls.flat().every((got, i) => Buffer.compare(got, plain[i]) === 0)).toBe(true);
});

test("a corrupt job fails the call with its place, and the pool goes on", async () => {
  const corrupt = jobs[5].bytes.slice();
  corrupt[40] ^= 255;
  const bad = jobs.with(5, { ...jobs[5], bytes: corrupt });
  await expect(pool.decompress(bad)).rejects.toThrow(/^5: zlib block at byte 0 is corrupt/);
  expect((await pool.decompress(jobs)).length).toBe(60);
});
