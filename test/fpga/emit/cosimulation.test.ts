import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Netlist } from "../../../src/fpga/netlist.ts";
import { runVerilator } from "../../../src/tasks/fpga/run-verilator.ts";
import { castProgram, everyOp, twoLayers } from "./programs.ts";
import {
  cleanUp,
  cosimulate,
  expectedText,
  has,
  runCpp,
  runtimeCache,
  scratch,
  vectorsOf,
} from "./support.ts";

afterAll(cleanUp);

describe.skipIf(!has("verilator"))("the emitted logic equals the interpreter", () => {
  test("for every rounding with every overflow, at 40 MHz", async () => {
    const program = castProgram();
    const { mismatches, vectors } = await cosimulate(program, { n: 3000, clockMhz: 40 });
    expect({ mismatches, vectors }).toEqual({ mismatches: 0, vectors: 3000 });
  });

  test("for every operation; and a wrong result is found and named", async () => {
    const { folder, top, output, pipeline, latencyClocks } = await cosimulate(everyOp());
    expect(output).toMatch(/^PASS 2000 vectors/);
    expect(latencyClocks).toBe(pipeline.latency);
    const path = join(folder, "vectors-out.hex");
    const lines = readFileSync(path, "utf8").split("\n");
    lines[123] = lines[123].replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
    writeFileSync(path, lines.join("\n"));
    const wrong = await runVerilator({ folder, top, optimize: "-O0", runtimeCache });
    expect(wrong.mismatches).toBe(1);
    expect(wrong.output).toMatch(/^vector 123:\n/);
    expect(wrong.output).toContain(`FAIL 2000 vectors, 1 mismatches, latency ${pipeline.latency}`);
  });
});

describe.skipIf(!has("verilator"))("serialized products equal the interpreter", () => {
  // 5 columns and 7 rows, then 7 columns and 3: one clock, runs of columns, several rows each;
  // with fewer and more registers than the logic asks for
  const cases = [
    { reuse: [1, 1], late: [0, 1] },
    { reuse: [3, 2], late: [-1, 2] },
    { reuse: [12, 21], late: [3, 0] },
  ];
  test.each(cases)(
    "reuse $reuse, $late clocks more",
    async ({ reuse, late }) => {
      const program = twoLayers(
        { first: { kind: "serial", reuse: reuse[0] }, second: { kind: "serial", reuse: reuse[1] } },
        `serial_${reuse[0]}`,
      );
      const change = (netlist: Netlist) => ({
        ...netlist,
        blocks: netlist.blocks.map((block, i) => ({ ...block, latency: block.latency + late[i] })),
      });
      const { output, pipeline, folder, top } = await cosimulate(program, { n: 300, change });
      expect(output).toMatch(/^PASS 300 vectors/);
      const sources = `$(ls *.sv | grep -v _tb)`;
      const lint = ["-c", `verilator --lint-only -Wall --top-module ${top} ${sources}`];
      expect(spawnSync("bash", lint, { cwd: folder, encoding: "utf8" }).stderr).toBe("");
      expect(pipeline.interval).toBe(Math.max(...reuse));
    },
    120_000,
  );
});

describe.skipIf(!has("g++"))("the emitted C++ equals the interpreter", () => {
  test.each([castProgram(), everyOp(), twoLayers({})])(
    "program $name",
    (program) => {
      const n = 3000;
      const vectors = vectorsOf(program, n);
      expect(runCpp(program, vectors).trimEnd().split("\n")).toEqual(
        expectedText(program, vectors, n).trimEnd().split("\n"),
      );
    },
    120_000,
  );
});

test("a missing Verilator is said with what to do", async () => {
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  try {
    await expect(runVerilator({ folder: scratch(), top: "x" })).rejects.toThrow(
      /^verilator: not found; install it \(apt install verilator\); the emitted files are kept in/,
    );
  } finally {
    process.env.PATH = path;
  }
});
