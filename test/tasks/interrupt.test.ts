import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { writeTable } from "../../src/data/index.ts";
import { forty } from "../cli/fake-terminal.ts";
import { temporaryFolder } from "../data/folder.ts";
import { filesIn, simulatedTable } from "./samples.ts";

const folder = temporaryFolder();
const { at } = folder;
const epochs = 48;
const settings = ["--model", "8x1", "--batch", "16", "--epochs", `${epochs}`, "--patience", "1000"];
const argv = (out: string) => ["recalibrate", "muons", at("muons.parquet"), "-o", out, ...settings];

/** What the uninterrupted run gives. */
let expected: Buffer;

beforeAll(async () => {
  await writeTable(at("muons.parquet"), simulatedTable()); // not labeled: no floor is computed
  const { code, err } = await forty(argv(at("whole")));
  expect(code, err).toBe(0);
  expected = readFileSync(at("whole/model.onnx"));
});

function start(out: string, ...more: string[]): { child: ChildProcess; exit: Promise<unknown[]> } {
  const command = ["scripts/sources.mjs", "src/cli/main.ts", ...argv(out), ...more];
  const child = spawn(process.execPath, command, { stdio: ["ignore", "ignore", "pipe"] });
  return { child, exit: once(child, "exit") };
}

/** Waits until a run has done some epochs. */
async function epochsDone(out: string, count: number): Promise<void> {
  const file = `${out}/events.jsonl`;
  const done = () =>
    existsSync(file) && readFileSync(file, "utf8").split('"epochEnd"').length > count;
  for (let ms = 0; !done(); ms += 10) {
    if (ms > 30_000) throw new Error(`no ${count} epochs in 30 s`);
    await sleep(10);
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}

describe("an interrupted training", () => {
  test("by Ctrl-C ends with 130, keeps its checkpoint and goes on to the same bytes", async () => {
    const out = at("stopped");
    const { child, exit } = start(out);
    const words = textOf(child.stderr!);
    await epochsDone(out, 3);
    child.kill("SIGINT");
    const [code] = await exit;
    const err = await words;
    expect(code, err).toBe(130);
    expect(err).toMatch(/stopped: fit: cancelled in epoch \d+ after \d+ steps/);
    expect(err).toContain(`continue with: forty ${argv(out).join(" ")} --resume`);
    expect(filesIn(out)).toEqual(["checkpoint/training.bin", "config.json", "events.jsonl"]);
    const { code: resumed, err: more } = await forty([...argv(out), "--resume"]);
    expect(resumed, more).toBe(0);
    expect(readFileSync(`${out}/model.onnx`).equals(expected)).toBe(true);
    expect(numbersOf(out)).toEqual(numbersOf(at("whole")));
  });

  test("by kill -9, twice, goes on from the last whole checkpoint to the same bytes", async () => {
    const out = at("killed");
    for (const [count, more] of [
      [3, []],
      [12, ["--resume"]],
    ] as const) {
      const { child, exit } = start(out, ...more);
      await epochsDone(out, count);
      child.kill("SIGKILL");
      await exit;
      expect(existsSync(`${out}/model.onnx`)).toBe(false);
    }
    const { code, err } = await forty([...argv(out), "--resume"]);
    expect(code, err).toBe(0);
    expect(readFileSync(`${out}/model.onnx`).equals(expected)).toBe(true);
    expect(filesIn(out).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("before its first checkpoint starts again", async () => {
    const out = at("early");
    const { code, err } = await forty(argv(out), { signal: AbortSignal.abort() });
    expect([code, err.split("\n")[0]]).toEqual([
      130,
      "stopped: fit: cancelled in epoch 0 after 0 steps",
    ]);
    expect((await forty([...argv(out), "--resume"])).code).toBe(0);
    expect(readFileSync(`${out}/model.onnx`).equals(expected)).toBe(true);
  });

  test("is not resumed with other settings, nor on changed input", async () => {
    const out = at("changed");
    await forty(argv(out), { signal: AbortSignal.abort() });
    const other = await forty([...argv(out), "--resume", "--seed", "2"]);
    expect([other.code, other.err]).toEqual([
      2,
      `error: run: ${out} was started with another configuration ("seed": 1, there, "seed": 2, now); resume with the same settings\n`,
    ]);
    const file = at("sub.csv");
    const csv = "hwPtL1,hwPhiL1,hwEtaL1,hwSignL1,ptReco\n";
    const line = (i: number) =>
      `${12 + (i % 70)},${i % 576},${(i % 200) - 100},${i % 2},${5 + (i % 40)}\n`;
    appendFileSync(file, csv + Array.from({ length: 400 }, (_, i) => line(i)).join(""));
    const small = ["recalibrate", "muons", file, "-o", at("csv-run"), ...settings];
    await forty(small, { signal: AbortSignal.abort() });
    appendFileSync(file, line(7).replace("7", "8"));
    const { code, err } = await forty([...small, "--resume"]);
    expect(code).toBe(2);
    expect(err).toMatch(
      /^error: run: \S+ was started on other input: sub\.csv of \d+ bytes, sha256 [\da-f]{8} there, sub\.csv of \d+ bytes, sha256 [\da-f]{8} now; restore the input or start a new run\n$/,
    );
  });

  test("with a damaged checkpoint is an error of one line", async () => {
    const out = at("damaged");
    await forty(argv(out), { signal: AbortSignal.abort() });
    const file = `${out}/checkpoint/training.bin`;
    const bytes = readFileSync(file);
    for (const length of [20, 200, bytes.length - 1]) {
      writeFileSync(file, bytes.subarray(0, length));
      const { code, err } = await forty([...argv(out), "--resume"]);
      expect([code, err], `cut to ${length} bytes`).toEqual([
        1,
        expect.stringMatching(/^error: checkpoint: .*\n$/),
      ]);
    }
    expect(readdirSync(out)).not.toContain("model.onnx");
  });
});

/** Metrics of a run without the time it took. */
function numbersOf(run: string): object {
  const { seconds: _, ...numbers } = JSON.parse(readFileSync(`${run}/metrics.json`, "utf8"));
  return numbers;
}
