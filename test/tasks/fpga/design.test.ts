import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { fromNumbers } from "../../../src/base/host-array.ts";
import { createRng } from "../../../src/base/rng.ts";
import { compile } from "../../../src/compile/index.ts";
import { type FixedProgram, importOnnx } from "../../../src/fpga/index.ts";
import { decodeModel } from "../../../src/onnx/index.ts";
import { constant, input, matmul, relu, sin, softmax } from "../../../src/ops/index.ts";
import { type DesignConfig, type DesignMetrics, design } from "../../../src/tasks/fpga/index.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { recalibrate, runtime, writeOverlap, writeSimulated } from "../samples.ts";

const folder = temporaryFolder();
const { at } = folder;
const quick: Partial<DesignConfig> = {
  epochs: 1,
  steps: 800,
  vectors: 200,
  rows: 500,
  tolerance: 1e6,
};

function hasTool(name: string): boolean {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    console.warn(`skipped: no ${name}`);
    return false;
  }
}
const hasVerilator = hasTool("verilator");

const run = (model: string, out: string, config: Partial<DesignConfig> = {}, more = {}) =>
  design({ model, out: at(out), config: { ...quick, ...config }, runtime, ...more });

let muons = "";
let muonRun = "";
beforeAll(async () => {
  muons = await writeSimulated(at("muons.parquet"));
  muonRun = at("run");
  await recalibrate(muons, muonRun, { model: "8x1", epochs: 2 });
});

describe("a recalibration of muons", () => {
  let metrics: DesignMetrics;
  beforeAll(async () => {
    metrics = await run(muonRun, "design", { ebops: 400 });
  });

  test("becomes logic with its price, errors and overflow counts", () => {
    expect(metrics.errors?.map((e) => e.quantity)).toEqual(["phi", "eta", "pt"]);
    for (const { float, fixed, ratio } of metrics.errors ?? []) {
      expect(fixed.value / float.value).toBeCloseTo(ratio.value, 6);
      expect(ratio.value).toBeGreaterThan(0.1);
      expect(ratio.value).toBeLessThan(2);
    }
    expect(metrics.luts).toBeGreaterThan(100);
    expect(metrics.luts).toBe(metrics.layers.reduce((sum, l) => sum + l.luts, 0));
    expect(metrics.latencyNs).toBeCloseTo((metrics.latencyClocks * 1000) / 360, 6);
    expect(metrics.initiationInterval).toBe(1);
    expect(metrics.ebops).toBeLessThan(800);
    expect(metrics.overflows.length).toBeGreaterThan(0);
    for (const { values, wrapped } of metrics.overflows) {
      expect(values).toBeGreaterThan(0);
      expect(wrapped).toBe(0);
    }
  });

  test("comes as SystemVerilog with the raw word as port, C++, QONNX and plain data", () => {
    const text = (name: string) => readFileSync(at(`design/${name}`), "utf8");
    expect(text("rtl/run_word.sv")).toMatch(/input .*\[63:0\] *muon/);
    expect(text("rtl/run.sv")).toContain("module run");
    expect(text("cpp/run.hpp")).toContain("struct Input");
    const program = JSON.parse(text("program.json")) as FixedProgram;
    expect(program.inputs[0].labels).toEqual(["hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1"]);
    expect(program.outputs.map((o) => o.name)).toEqual(["phiCalib", "etaCalib", "ptCalib"]);
    expect(program.outputs[0].unit).toBeCloseTo((2 * Math.PI) / 576, 6);
    const qonnx = decodeModel(new Uint8Array(readFileSync(at("design/model.qonnx"))));
    expect(importOnnx(qonnx).outputs).toHaveLength(3);
    expect(text("report.html")).toContain("as trigger logic");
    expect(JSON.parse(text("metrics.json"))).toMatchObject({ task: "fpga", mismatches: null });
  });

  test("is repeated to the same files by the same seed", async () => {
    await run(muonRun, "again", { ebops: 400 });
    for (const name of ["program.json", "rtl/run.sv", "rtl/vectors-out.hex"])
      expect(readFileSync(at(`again/${name}`)).equals(readFileSync(at(`design/${name}`)))).toBe(
        true,
      );
  });

  test("learns narrower widths until a budget of LUT is kept", async () => {
    const { luts } = await run(muonRun, "small", { luts: Math.round(1.1 * metrics.luts) });
    expect(luts).toBeLessThanOrEqual(Math.round(1.1 * metrics.luts));
  });
});

test.skipIf(!hasVerilator)(
  "the simulated logic equals the interpreter, in the latency claimed",
  async () => {
    const { vectors, mismatches, simulatedClocks, latencyClocks } = await run(
      muonRun,
      "verified",
      { epochs: 0, bits: 5 },
      { verify: true },
    );
    expect({ vectors, mismatches, simulatedClocks }).toEqual({
      vectors: 200,
      mismatches: 0,
      simulatedClocks: latencyClocks,
    });
  },
  120_000,
);

test("a model whose features need more than logic is quantized from its features on", async () => {
  const file = await writeOverlap(at("overlap.csv"));
  await recalibrate(file, at("overlap"), { model: "8x1", epochs: 2 });
  const metrics = await run(at("overlap"), "overlap-design", { epochs: 0, bits: 8 });
  expect(metrics.errors?.map((e) => e.quantity)).toEqual(["eta", "pt"]);
  for (const { ratio } of metrics.errors ?? []) expect(ratio.value).toBeLessThan(1.5);
});

/** 6 inputs, 8 hidden units, a softmax over 3 classes. */
function classifier(activation = relu): Uint8Array {
  const rng = createRng(3);
  const matrix = (rows: number, columns: number) =>
    constant(
      fromNumbers(
        "float32",
        [rows, columns],
        Array.from({ length: rows * columns }, () => rng.normal()),
      ),
    );
  const x = input("x", "float32", ["batch", 6]);
  const y = softmax(matmul(activation(matmul(x, matrix(6, 8))), matrix(8, 3)), 1);
  return compile({ name: "classes", outputs: { y }, inputs: [x] });
}

test("an ONNX file from elsewhere is rounded, and a sweep shows what bits buy", async () => {
  writeFileSync(at("classes.onnx"), classifier());
  const { errors, differences, sweep } = await run(
    at("classes.onnx"),
    "classes",
    {},
    { sweep: true },
  );
  expect(errors).toBeNull();
  expect(differences[0]).toMatchObject({ name: "y" });
  expect(differences[0].rms).toBeLessThan(0.05);
  expect(sweep.length).toBeGreaterThan(2);
  const [widest, narrowest] = [sweep[0], sweep[sweep.length - 1]];
  expect(narrowest.luts).toBeLessThan(widest.luts);
  expect(narrowest.error).toBeGreaterThan(widest.error);
});

describe("is refused with a reason", () => {
  test("a node without logic, by name", async () => {
    writeFileSync(at("sine.onnx"), classifier(sin));
    await expect(run(at("sine.onnx"), "sine")).rejects.toThrow(/"sin" \(Sin\).*supported: /);
  });

  test("a folder with files of someone else", async () => {
    mkdirSync(at("taken"));
    writeFileSync(at("taken/thesis.tex"), "mine");
    writeFileSync(at("plain.onnx"), classifier());
    await expect(run(at("plain.onnx"), "taken")).rejects.toThrow(/taken is not empty/);
    expect(readFileSync(at("taken/thesis.tex"), "utf8")).toBe("mine");
  });

  test("two budgets at once", async () => {
    await expect(run(muonRun, "both", { bits: 6, luts: 1000 })).rejects.toThrow(
      "fpga: bits and luts exclude each other; give one of them",
    );
  });

  test("several tables for a model of elsewhere, of which only one would be read", async () => {
    writeFileSync(at("plain.onnx"), classifier());
    await expect(run(at("plain.onnx"), "tables", {}, { files: [muons, muons] })).rejects.toThrow(
      "fpga: 2 tables given, and one is read",
    );
    expect(existsSync(at("tables"))).toBe(false);
  });

  test("a budget that cannot be kept", async () => {
    writeFileSync(at("plain.onnx"), classifier());
    await expect(run(at("plain.onnx"), "tiny", { luts: 10 })).rejects.toThrow(
      /at its narrowest still costs \d+, the budget is 10/,
    );
  });

  test("data that are gone, by name", async () => {
    const model = at("deep/1/2/3/4/run");
    mkdirSync(model, { recursive: true });
    writeFileSync(`${model}/model.onnx`, readFileSync(`${muonRun}/model.onnx`));
    await expect(run(model, "gone")).rejects.toThrow(
      /fpga: the data that .*run learned from, muons\.parquet \(\d+ bytes\), are neither here .*; name them with --data$/,
    );
    const found = await run(model, "named", { epochs: 0 }, { files: [muons] });
    expect(found.errors).toHaveLength(3);
  });

  test("a missing Verilator, and all files are kept", async () => {
    const { PATH } = process.env;
    process.env.PATH = at("nowhere");
    try {
      await expect(run(muonRun, "no-tool", { epochs: 0 }, { verify: true })).rejects.toThrow(
        /verilator: not found; install it \(apt install verilator\); the emitted files are kept/,
      );
    } finally {
      process.env.PATH = PATH;
    }
    expect(existsSync(at("no-tool/rtl/run.sv"))).toBe(true);
    expect(existsSync(at("no-tool/report.html"))).toBe(true);
  });
});
