import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createLiveLines } from "../../src/cli/live-lines.ts";
import type { StudyMetrics } from "../../src/tasks/index.ts";
import { temporaryFolder } from "../data/folder.ts";
import { writeSimulatedJets } from "../tasks/samples.ts";
import { fakeTerminal, forty } from "./fake-terminal.ts";

const folder = temporaryFolder();
const { at } = folder;
const tiny = "--rows 600 --epochs 1 --steps 1 --batches 64 --centers 5,20 --largest 40".split(" ");
const falkon = "--widths 0.5 --lambdas 1e-5 --degrees 2 --workers 1".split(" ");
const settings = [...tiny, ...falkon];

test("a study of jets ends with one JSON object: l1, floor and models", async () => {
  const file = await writeSimulatedJets(at("jets.parquet"));
  const only = ["--only", "network-6-batch-64,gaussian-M20", "--json"];
  const argv = ["study", "jets", file, "-o", at("run"), ...settings, ...only];
  const { code, out, err } = await forty(argv);
  expect(code, err).toBe(0);
  const result = JSON.parse(out) as StudyMetrics & { report: string };
  expect(Object.keys(result)).toEqual(expect.arrayContaining(["l1", "floor", "models"]));
  expect(result.l1).toMatchObject({ phi: null, eta: null, pt: { value: expect.any(Number) } });
  expect(result.models.map((m) => m.id)).toEqual(["network-6-batch-64", "gaussian-M20"]);
  for (const model of result.models)
    expect(model).toMatchObject({
      name: expect.any(String),
      phi: null,
      eta: null,
      pt: { value: expect.any(Number), uncertainty: expect.any(Number) },
      flops: expect.any(Number),
      parameters: expect.any(Number),
      fitSeconds: expect.any(Number),
    });
  expect(existsSync(result.report)).toBe(true);
  // one line per job in a log, the table and the conclusion in the end
  expect(err).toMatch(/^ +\d+ of \d+ {2}Network 32x3 \(MSE, batch 64\): [\d.]+ s$/m);
  expect(err).toContain(result.conclusion);
  expect(err).not.toContain("\u001b");
});

test("a study that was killed goes on with --resume and keeps what was done", async () => {
  const file = await writeSimulatedJets(at("killed.parquet"));
  const [first, second] = ["network-8x2-batch-64", "network-4x1-batch-64"];
  const only = ["--only", `${first},${second}`, "--steps", "600"];
  const argv = ["study", "jets", file, "-o", at("killed"), ...settings, ...only];
  const command = ["scripts/sources.mjs", "src/cli/main.ts", ...argv];
  const child = spawn(process.execPath, command, { stdio: "ignore" });
  const exit = once(child, "exit");
  const done = at("killed/models/network-4x1-batch-64/result.json");
  while (!existsSync(done) && child.exitCode === null) await sleep(20);
  child.kill("SIGKILL");
  await exit;
  const { mtimeMs } = statSync(done);
  const { code, out, err } = await forty([...argv, "--resume", "--json"]);
  expect(code, err).toBe(0);
  const { models, failed } = JSON.parse(out) as StudyMetrics;
  expect(models.map((m) => m.id).sort()).toEqual([second, first]);
  expect(failed).toEqual([]);
  expect(statSync(done).mtimeMs).toBe(mtimeMs);
});

test("a job that fails is named, the others are reported, and the exit code is 1", async () => {
  const file = await writeSimulatedJets(at("failing.parquet"));
  const only = ["--degrees", "300", "--only", "tune-polynomial-300,network-4x1-batch-64", "--json"];
  const { code, out, err } = await forty([
    ...["study", "jets", file, "-o", at("failing")],
    ...settings,
    ...only,
  ]);
  expect(code).toBe(1);
  const { models, failed } = JSON.parse(out) as StudyMetrics;
  expect(models.map((m) => m.id)).toEqual(["network-4x1-batch-64"]);
  expect(failed.map((job) => job.id)).toEqual(["tune-polynomial-300"]);
  expect(err).toMatch(/^error: study: tune-polynomial-300: .*; --resume runs it again$/m);
});

test.each([
  [["--only", "network-5-batch-64"], /--only: no job "network-5-batch-64"/],
  [["--widths", "0"], /study\.widths\.0: .*got 0/],
  [["--epochs", "many"], /--epochs: expected a number, got "many"/],
])("wrong usage is refused before anything is read: %j", async (words, message) => {
  const argv = ["study", "muons", at("absent.parquet"), "-o", at("refused"), ...words];
  const { code, err } = await forty(argv);
  expect(code).toBe(2);
  expect(err).toMatch(message);
  expect(existsSync(at("refused"))).toBe(false);
});

test("every setting has its help with default", async () => {
  const { out } = await forty(["study", "muons", "--help"]);
  for (const flag of ["--only", "--workers", "--resume", "--quick", "--minimize", "--latencies"])
    expect(out).toContain(flag);
  expect(out).toContain("(default: 256,512,8192)");
});

test("live lines are drawn over on a terminal, with what is done above them", () => {
  const { terminal, written } = fakeTerminal({ isInteractive: true, columns: 20 });
  const live = createLiveLines(terminal);
  live.draw(["a", "b".repeat(40)]);
  expect(written.err).toBe(`a\n${"b".repeat(19)}\n`);
  written.err = "";
  live.keep("done");
  expect(written.err).toBe(`\u001b[2A\r\u001b[Jdone\na\n${"b".repeat(19)}\n`);
  written.err = "";
  live.finish();
  expect(written.err).toBe("\u001b[2A\r\u001b[J");
});
