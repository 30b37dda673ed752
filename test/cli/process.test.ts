import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { isInstalled } from "../../scripts/setup.mjs";
import { runFolder } from "../../scripts/start.mjs";
import { temporaryFolder } from "../data/folder.ts";

const folder = temporaryFolder();
const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
});

function start(...argv: string[]): ChildProcess {
  const child = spawn(process.execPath, ["scripts/sources.mjs", "src/cli/main.ts", ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  return child;
}

/** Waits until a file of that name, or one beside it, is there: the work has begun. */
async function begun(name: string): Promise<void> {
  while (!readdirSync(folder.path).some((file) => file.includes(name)))
    await new Promise((go) => setTimeout(go, 50));
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}

describe("the process", () => {
  test("Ctrl-C ends it tidily with code 130", async () => {
    const child = start("simulate", "muons", "-n", "40_000_000", "-o", folder.at("big.csv"));
    const words = textOf(child.stderr!);
    await begun("big.csv");
    child.kill("SIGINT");
    const [code] = await once(child, "exit");
    expect(code, await words).toBe(130);
    expect(await words).toMatch(/stopping tidily[\s\S]*stopped: simulate: cancelled/);
    expect(readdirSync(folder.path).filter((file) => file.includes("big.csv"))).toEqual([]);
  });

  test("a second Ctrl-C kills it", async () => {
    const child = start("simulate", "muons", "-n", "40_000_000", "-o", folder.at("killed.csv"));
    await begun("killed.csv");
    child.kill("SIGINT");
    child.stderr!.once("data", () => child.kill("SIGINT"));
    const [code, signal] = await once(child, "exit");
    expect(code ?? signal).toBe(130);
  });

  test("a reader that leaves early is no error", async () => {
    const child = start("--help");
    child.stdout!.destroy();
    const [[code], words] = await Promise.all([once(child, "exit"), textOf(child.stderr!)]);
    expect([code, words]).toEqual([0, ""]);
  });
});

describe("npm start and its setup", () => {
  test("takes a fresh run folder each time, and the newest one to resume", () => {
    const there = new Set(["runs/omtf", "runs/omtf-2"]);
    const exists = (path: string) => there.has(path);
    const choose = (resume: boolean) => runFolder("runs/omtf", { resume, exists });
    expect([choose(false), choose(true)]).toEqual(["runs/omtf-3", "runs/omtf-2"]);
    there.clear();
    expect([choose(false), choose(true)]).toEqual(["runs/omtf", "runs/omtf"]);
  });

  test("packages count as installed when all that are not optional have the locked version", () => {
    const lock = {
      packages: { "": {}, a: { version: "1.0.0" }, b: { version: "2.0.0", optional: true } },
    };
    expect(isInstalled(lock, { packages: { a: { version: "1.0.0" } } })).toBe(true);
    expect(isInstalled(lock, { packages: {} })).toBe(false);
    expect(isInstalled(lock, { packages: { a: { version: "1.0.1" } } })).toBe(false);
    expect(
      isInstalled(lock, { packages: { a: { version: "1.0.0" }, b: { version: "1.0.0" } } }),
    ).toBe(false);
  });
});
