import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "vitest";
import { findModel, openRun, writeWhole } from "../../src/tasks/run-folder.ts";
import { temporaryFolder } from "../data/folder.ts";
import { filesIn } from "./samples.ts";

const folder = temporaryFolder();
const { at } = folder;
const input = { file: "muons.csv", bytes: 10, sha256: "a".repeat(64) };
const config = { task: "test", seed: 1, epochs: 3, inputs: [input] };

/** The message of a refusal, without the folder's path. */
async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "no error",
    (error: Error) => `${error.name}: ${error.message.replaceAll(`${folder.path}/`, "")}`,
  );
}

describe("a run folder", () => {
  test("is made with its configuration, and opened again only to resume", async () => {
    const run = await openRun(at("new"), config);
    expect(run.resuming).toBe(false);
    expect(JSON.parse(readFileSync(at("new/config.json"), "utf8"))).toEqual(config);
    expect(await refusal(openRun(at("new"), config))).toBe(
      "ConfigError: run: new holds a run already; choose another folder or add --resume",
    );
    expect((await openRun(at("new"), config, { resume: true })).resuming).toBe(true);
    await run.write("metrics.json", "{}");
    expect(await refusal(openRun(at("new"), config))).toBe(
      "ConfigError: run: new holds a run already; choose another folder",
    );
  });

  test("is not resumed where there is none, or with other settings", async () => {
    expect(await refusal(openRun(at("none"), config, { resume: true }))).toBe(
      "ConfigError: run: none holds no run to resume; leave --resume out",
    );
    expect(existsSync(at("none"))).toBe(false);
    await openRun(at("other"), config);
    expect(await refusal(openRun(at("other"), { ...config, seed: 2 }, { resume: true }))).toBe(
      'ConfigError: run: other was started with another configuration ("seed": 1, there, "seed": 2, now); resume with the same settings',
    );
  });

  test("is not resumed on other input, not even of the same name and size", async () => {
    await openRun(at("input"), config);
    const changed = { ...config, inputs: [{ ...input, sha256: "b".repeat(64) }] };
    expect(await refusal(openRun(at("input"), changed, { resume: true }))).toBe(
      "ConfigError: run: input was started on other input: muons.csv of 10 bytes, sha256 aaaaaaaa there, muons.csv of 10 bytes, sha256 bbbbbbbb now; restore the input or start a new run",
    );
    const more = { ...config, inputs: [input, input] };
    expect(await refusal(openRun(at("input"), more, { resume: true }))).toContain(
      "was started on other input",
    );
  });

  test("never takes a folder that holds something else, or a file", async () => {
    mkdirSync(at("full"));
    writeFileSync(at("full/letter.txt"), "mine");
    expect(await refusal(openRun(at("full"), config))).toBe(
      "ConfigError: run: full is not empty and not a run; choose another folder",
    );
    expect(readdirSync(at("full"))).toEqual(["letter.txt"]);
    writeFileSync(at("file"), "mine");
    for (const path of ["file", "file/run"])
      expect(await refusal(openRun(at(path), config))).toMatch(
        /^(ConfigError|DataError): run: .*choose another folder$/,
      );
    expect(readFileSync(at("file"), "utf8")).toBe("mine");
  });

  test.skipIf(!existsSync("/proc/self"))(
    "where nobody can write fails and does not hang",
    async () => {
      expect(await refusal(openRun("/proc/forty/run", config))).toMatch(
        /^DataError: run: cannot write \/proc\/forty: /,
      );
    },
  );

  test.skipIf(process.getuid?.() === 0)("without permission says so", async () => {
    mkdirSync(at("locked"));
    chmodSync(at("locked"), 0o500);
    expect(await refusal(openRun(at("locked/run"), config))).toBe(
      "DataError: run: cannot write locked/run: no permission to write there; choose another folder",
    );
  });
});

describe("files of a run", () => {
  test("appear whole or not at all, and no one but they stays", async () => {
    const run = await openRun(at("whole"), config);
    await run.write("checkpoint/training.bin", Uint8Array.of(1, 2, 3));
    await run.write("checkpoint/training.bin", Uint8Array.of(4, 5));
    expect(await run.read("checkpoint/training.bin")).toEqual(Uint8Array.of(4, 5));
    expect(await run.read("nothing")).toBeNull();
    mkdirSync(at("whole/taken"));
    await expect(writeWhole(at("whole/taken"), "text")).rejects.toThrow("run: cannot write");
    expect(filesIn(at("whole"))).toEqual(["checkpoint/training.bin", "config.json"]);
  });

  test("what a killed process was writing is swept away when the run goes on", async () => {
    const run = await openRun(at("swept"), config);
    await run.write("checkpoint/training.bin", Uint8Array.of(1));
    writeFileSync(at("swept/checkpoint/.training.bin.0123456789ab.tmp"), "half");
    writeFileSync(at("swept/.keep"), "mine");
    await openRun(at("swept"), config, { resume: true });
    expect(filesIn(at("swept"))).toEqual([".keep", "checkpoint/training.bin", "config.json"]);
  });

  test("events are lines of JSON", async () => {
    const run = await openRun(at("events"), config);
    run.event({ type: "a" });
    run.event({ type: "b", value: 2 });
    expect(readFileSync(at("events/events.jsonl"), "utf8")).toBe(
      '{"type":"a"}\n{"type":"b","value":2}\n',
    );
  });

  test("a model is found in its folder or by its own name", async () => {
    const run = await openRun(at("model"), config);
    expect(await refusal(findModel(at("model")))).toBe(
      "DataError: model: model holds no model.onnx; is the run finished?",
    );
    await run.write("model.onnx", Uint8Array.of(9));
    for (const path of ["model", "model/model.onnx"])
      expect(await findModel(at(path))).toEqual(Uint8Array.of(9));
    expect(await refusal(findModel(at("no.onnx")))).toBe(
      "DataError: model: no.onnx does not exist; give a run folder or a .onnx file",
    );
  });
});
