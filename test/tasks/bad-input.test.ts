import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Table, writeTable } from "../../src/data/index.ts";
import { compile, input, mul } from "../../src/index.ts";
import { decodeModel, encodeModel } from "../../src/onnx/index.ts";
import { forty } from "../cli/fake-terminal.ts";
import { temporaryFolder } from "../data/folder.ts";
import { bundled, filesIn, recalibrate, simulatedTable } from "./samples.ts";

const folder = temporaryFolder();
const { at } = folder;
const tiny = ["--model", "8x1", "--batch", "64", "--epochs", "1"];
const good = at("good.csv");
let rows: string[][];

beforeAll(async () => {
  const table: Table = simulatedTable();
  await writeTable(good, table);
  rows = readFileSync(good, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));
  await recalibrate(good, at("done"));
});

/** The good file with cells [data row from 1, column, text] replaced; row 0 is the header. */
function altered(name: string, cells: readonly (readonly [number, number, string])[]): string {
  const copy = rows.map((row) => [...row]);
  for (const [row, column, text] of cells) copy[row][column] = text;
  writeFileSync(at(name), `${copy.map((row) => row.join(",")).join("\n")}\n`);
  return at(name);
}

/** Runs `forty recalibrate muons` and gives exit code and message, without the folder's path. */
async function refusal(file: string, ...more: string[]): Promise<string> {
  const out = at("refused");
  const {
    code,
    out: words,
    err,
  } = await forty([...["recalibrate", "muons", file, "-o", out, ...tiny, ...more]]);
  expect(words).toBe("");
  expect(existsSync(out), "no run folder is left").toBe(false);
  return `${code} ${err.replaceAll(`${folder.path}/`, "")}`;
}

describe("input that cannot be used: code 1, one line that says what and where", () => {
  test("no such file, a folder, a picture", async () => {
    expect(await refusal(at("absent.csv"))).toBe("1 error: absent.csv: no such file\n");
    mkdirSync(at("folder.csv"));
    expect(await refusal(at("folder.csv"))).toBe(
      "1 error: folder.csv: is a folder; name a file in it\n",
    );
    writeFileSync(at("image.csv"), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0));
    expect(await refusal(at("image.csv"))).toBe(
      "1 error: image.csv: expected a csv file, found a PNG image\n",
    );
  });

  test("gzip that was cut", async () => {
    writeFileSync(at("cut.csv.gz"), readFileSync(bundled).subarray(0, 100_000));
    expect(await refusal(at("cut.csv.gz"))).toBe(
      "1 error: cut.csv.gz: gzip data is corrupt or truncated (unexpected end of file); copy it again\n",
    );
  });

  test("a misspelled column", async () => {
    expect(await refusal(altered("near.csv", [[0, 0, "hwPtl1"]]))).toBe(
      '1 error: near.csv: missing "hwPtL1" of the report\'s muon table; there are hwPtl1, hwPhiL1, hwEtaL1, hwSignL1, ptReco, etaVtxReco, phiVtxReco; did you mean "hwPtl1" for "hwPtL1"?\n',
    );
  });

  test("text among numbers", async () => {
    expect(await refusal(altered("text.csv", [[7, 0, "high"]]))).toBe(
      '1 error: text.csv: column "hwPtL1": expected numbers, got type string, row 7 is "high"; correct the file or choose another column\n',
    );
  });

  test("NaN, infinity and empty cells are counted, the first row named", async () => {
    const cells = [
      [4, 5, "inf"],
      [7, 4, "nan"],
      [10, 4, ""],
    ] as const;
    expect(await refusal(altered("nan.csv", cells))).toBe(
      '1 error: nan.csv: of 6000 rows, "etaVtxReco" has 1 infinite, first in row 4; "ptReco" has 2 NaN or missing, first in row 7; leave such rows out with a selection\n',
    );
    expect(await refusal(altered("empty.csv", [[9, 2, ""]]))).toBe(
      '1 error: empty.csv: of 6000 rows, "hwEtaL1" has 1 NaN or missing, first in row 9; leave such rows out with a selection\n',
    );
  });

  test("hardware integers out of range or not whole", async () => {
    const cells = [
      [17, 0, "600"],
      [31, 0, "-1"],
    ] as const;
    expect(await refusal(altered("range.csv", cells))).toBe(
      '1 error: range.csv: column "hwPtL1": 2 of 6000 rows are not whole numbers in [0, 511], first 600 in row 17\n',
    );
    expect(await refusal(altered("half.csv", [[17, 1, "20.5"]]))).toBe(
      '1 error: half.csv: column "hwPhiL1": 1 of 6000 rows are not whole numbers in [0, 575], first 20.5 in row 17\n',
    );
  });

  test("a constant column", async () => {
    const cells = rows.slice(1).map((_, i) => [i + 1, 3, "1"] as const);
    expect(await refusal(altered("constant.csv", cells))).toBe(
      '1 error: constant.csv: the same value in all 6000 rows: "hwSignL1" is 1; use rows in which it varies, or leave it out\n',
    );
  });

  test("a matched muon of negative pt", async () => {
    const row = rows.findIndex((cells, i) => i > 0 && Number(cells[4]) > 0);
    expect(await refusal(altered("negative.csv", [[row, 4, "-3"]]))).toBe(
      '1 error: negative.csv: column "ptReco" has -3 in a matched muon; transverse momenta must be > 0\n',
    );
  });

  test("no row left by the selection or the window, no partner at all", async () => {
    expect(await refusal(good, "--where", "ptReco > 1e6")).toBe(
      '1 error: good.csv: no row passes "ptReco > 1e6" (6000 rows before); loosen the selection\n',
    );
    expect(await refusal(good, "--where", "ptReco >")).toMatch(
      /^1 error: good\.csv: cannot select "ptReco >": syntax error/,
    );
    expect(await refusal(good, "--pt-min", "44", "--pt-max", "44.6")).toMatch(
      /^1 error: recalibrate: \d rows are left in the \w+ part, 8 are needed \(\d+ distinct matched muons, 44 < L1 pt < 44\.6 GeV\); widen the window, use more data or other fractions\n$/,
    );
    const unmatched = rows
      .slice(1)
      .flatMap((_, i) => [4, 5, 6].map((c) => [i + 1, c, "0"] as const));
    const varied = [[1, 4, "0.0"]] as const;
    expect(await refusal(altered("lonely.csv", [...unmatched, ...varied]))).toMatch(
      /^1 error: lonely\.csv: the same value in all 6000 rows: "phiVtxReco" is 0/,
    );
  });

  test("files of different kinds", async () => {
    const { code, err } = await forty(["recalibrate", "muons", good, bundled, "-o", at("mixed")]);
    expect([code, err.replaceAll(`${folder.path}/`, "")]).toEqual([
      1,
      `error: ${bundled}: holds overlap muon track finder candidates, good.csv holds the report's muon table; recalibrate them separately\n`,
    ]);
  });

  test("measured muons declared as simulated, where the simulation gives no such integers", async () => {
    const file = altered(
      "foreign.csv",
      rows.slice(1, 400).map((_, i) => [i + 1, 2, "255"]),
    );
    expect(await refusal(file, "--simulated")).toMatch(
      /^1 error: optimalMuons: row \d+ has hwPtL1 \d+, hwEtaL1 255, which the simulation never gives; the floor is known for simulated muons only\n$/,
    );
  });
});

describe("settings that cannot be used: code 2 before anything is read", () => {
  test.each([
    [["--model", "32"], 'recalibrate.model: expected WIDTHxDEPTH such as 32x3, got "32"'],
    [["--batch", "0"], "recalibrate.batch: expected a number >= 2, got 0"],
    [["--batch", "1.5"], "recalibrate.batch: expected a whole number, got 1.5"],
    [["--epochs", "-1"], "recalibrate.epochs: expected a number >= 1, got -1"],
    [["--lr", "0"], "recalibrate.lr: expected a number > 0, got 0"],
    [["--lr", "fast"], '--lr: expected a number, got "fast"'],
    [
      ["--pt-min", "50", "--pt-max", "10"],
      "recalibrate.ptMin: the window 50 … 10 GeV is empty; ptMin must be below ptMax",
    ],
    [["--pt-min", "-5"], "recalibrate.ptMin: expected a number >= 0, got -5"],
    [
      ["--fractions", "50,20,10"],
      "recalibrate.fractions: expected three percentages > 0 that add up to 100, got 50, 20, 10",
    ],
    [
      ["--fractions", "0,50,50"],
      "recalibrate.fractions: expected three percentages > 0 that add up to 100, got 0, 50, 50",
    ],
    [["--fractions", "80,20"], "recalibrate.fractions: expected 3 numbers, got [80,20]"],
    [
      ["--minimize", "abs"],
      'recalibrate.minimize: expected one of relative, delta, width, got "abs"',
    ],
    [["--config", "/no/such.json"], "--config: cannot read /no/such.json: "],
  ])("%j", async (argv, message) => {
    expect(await refusal(good, ...argv)).toContain(`2 error: ${message}`);
  });

  test("a device that is not there is never replaced by another", async () => {
    expect(await refusal(good, "--device", "tpu")).toMatch(/^2 error: .*"?tpu"?.*\n$/);
    const argv = ["predict", at("done"), good, "-o", at("x.csv"), "--device", "tpu"];
    const { code, err } = await forty(argv);
    expect([code, err]).toEqual([
      2,
      'error: forty predict: option "--device <name>" argument "tpu" is invalid. Allowed choices are cpu, webgpu, cuda; see forty predict --help\n',
    ]);
  });

  test("a setting of a config.json that does not exist is named", async () => {
    writeFileSync(at("config.json"), '{"modell":"8x1"}');
    expect(await refusal(good, "--config", at("config.json"))).toBe(
      '2 error: recalibrate: Unrecognized key: "modell"\n',
    );
    writeFileSync(at("config.json"), "{");
    expect(await refusal(good, "--config", at("config.json"))).toMatch(
      /^1 error: config\.json: not JSON: /,
    );
  });
});

describe("a diverging training", () => {
  test("stops, says at which step, keeps the last good weights and leaves no report", async () => {
    const out = at("diverged");
    const argv = ["recalibrate", "muons", good, "-o", out, ...tiny, "--schedule", "constant"];
    const { code, err } = await forty([...argv, "--epochs", "3", "--lr", "1e6"]);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^error: fit: (loss or parameters are not finite after step \d+ \(epoch \d+\)|validation loss is \S+ after epoch \d+)/,
    );
    const there = filesIn(out);
    expect(there).toContain("checkpoint/training.bin");
    expect(there).not.toContain("report.html");
    expect(there).not.toContain("metrics.json");
    expect(there).not.toContain("model.onnx");
    const events = readFileSync(`${out}/events.jsonl`, "utf8");
    expect(events).toContain('"type":"diverged"');
  });
});

describe("models that cannot be used", () => {
  const model = () => readFileSync(at("done/model.onnx"));

  async function predictRefusal(path: string): Promise<string> {
    const { code, out, err } = await forty(["predict", path, good, "-o", at("calibrated.csv")]);
    expect(out).toBe("");
    expect(readdirSync(folder.path).filter((name) => name.includes("calibrated"))).toEqual([]);
    return `${code} ${err.replaceAll(`${folder.path}/`, "")}`;
  }

  test("one that is not there, a folder without one, text", async () => {
    expect(await predictRefusal(at("none.onnx"))).toBe(
      "1 error: model: none.onnx does not exist; give a run folder or a .onnx file\n",
    );
    mkdirSync(at("hollow"));
    expect(await predictRefusal(at("hollow"))).toBe(
      "1 error: model: hollow holds no model.onnx; is the run finished?\n",
    );
    writeFileSync(at("text.onnx"), "this is a letter, not a model\n");
    expect(await predictRefusal(at("text.onnx"))).toMatch(/^1 error: .*onnx: not an ONNX model/);
  });

  test("an ONNX file of another origin", async () => {
    const x = input("x", "float32", ["batch", 2]);
    writeFileSync(at("foreign.onnx"), compile({ name: "double", outputs: { y: mul(x, 2) } }));
    expect(await predictRefusal(at("foreign.onnx"))).toBe(
      "1 error: foreign.onnx: an ONNX model, but not one that 'forty recalibrate' exported (no forty.task in its metadata); its columns are unknown\n",
    );
  });

  test("one whose metadata do not fit its graph", async () => {
    const whole = decodeModel(model());
    for (const [key, value] of [
      ["forty.inputs", "{"],
      ["forty.outputs", '[{"name":"massCalib"}]'],
    ]) {
      const metadataProps = whole.metadataProps.map((p) => (p.key === key ? { key, value } : p));
      writeFileSync(at("odd.onnx"), encodeModel({ ...whole, metadataProps }));
      expect(await predictRefusal(at("odd.onnx"))).toBe(
        "1 error: odd.onnx: damaged: its metadata do not list the columns that its graph reads and writes; export it again\n",
      );
    }
  });

  test("one that is cut off anywhere or full of noise is an error of one line, never a crash", async () => {
    const bytes = model();
    for (const share of [0, 0.001, 0.1, 0.37, 0.5, 0.81, 0.99]) {
      writeFileSync(at("broken.onnx"), bytes.subarray(0, Math.floor(share * bytes.length)));
      const text = await predictRefusal(at("broken.onnx"));
      expect(text, `cut at ${share}`).toMatch(/^1 error: .*\n$/);
      expect(text).not.toContain("please report");
    }
    const noisy = Uint8Array.from(bytes, (b, i) => (i % 97 === 5 ? b ^ 0xff : b));
    writeFileSync(at("broken.onnx"), noisy);
    expect(await predictRefusal(at("broken.onnx"))).toMatch(/^1 error: .*\n$/);
  });
});

describe("a disk that is full", () => {
  const small = mountSmallDisk();
  test.skipIf(small === null)("is named with what to do, and nothing is half written", async () => {
    const filler = `${small}/filler`;
    const fill = (free: number) => writeFileSync(filler, new Uint8Array(1_048_576 - free));
    const out = `${small}/run`;
    const argv = ["recalibrate", "muons", good, "-o", out, ...tiny];
    fill(0);
    const none = await forty(argv);
    expect([none.code, none.err]).toEqual([
      1,
      `error: run: cannot write ${out}/config.json: no space left on the disk; free some and try again\n`,
    ]);
    expect(existsSync(out)).toBe(false);
    fill(64 * 1024); // enough for the checkpoint, not for the report
    const half = await forty(argv);
    expect(half.code).toBe(1);
    expect(half.err).toBe(
      `error: run: cannot write ${out}/report.html: no space left on the disk; free some and go on with --resume\n`,
    );
    expect(filesIn(out)).toEqual([
      "checkpoint/training.bin",
      "config.json",
      "events.jsonl",
      "model.onnx",
    ]);
    for (const line of readFileSync(`${out}/events.jsonl`, "utf8").trimEnd().split("\n"))
      expect(() => JSON.parse(line)).not.toThrow();
    execFileSync("mount", ["-o", "remount,size=8m", small ?? ""]);
    expect((await forty([...argv, "--resume"])).code).toBe(0);
    expect(filesIn(out)).toContain("report.html");
  });

  /** A 1 MB file system, where we may mount one; otherwise null, said aloud. */
  function mountSmallDisk(): string | null {
    const path = at("small");
    mkdirSync(path);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "pipe" });
    } catch {
      console.warn("skipped: the full-disk test needs the right to mount a tmpfs");
      return null;
    }
    afterAll(() => void execFileSync("umount", [path]));
    return path;
  }
});
