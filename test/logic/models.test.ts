import { afterAll, describe, expect, test } from "vitest";
import {
  anomalyProgram,
  convolutionProgram,
  jetProgram,
  kernelProgram,
  muonProgram,
  serialized,
} from "../fpga/emit/large-programs.ts";
import { cleanUp, cosimulate, expectedText, has, runCpp, vectorsOf } from "../fpga/emit/support.ts";

afterAll(cleanUp);

const n = 10_000;
const models = [
  muonProgram([32, 3]),
  muonProgram([128, 4], { strategies: serialized(4, 128) }),
  kernelProgram(0),
  kernelProgram(100),
  anomalyProgram(),
  jetProgram(),
  convolutionProgram(),
].filter(({ name }) => (process.env.FPGA_MODEL ?? name) === name);

describe.skipIf(!has("verilator"))("models of the trigger's size equal the interpreter", () => {
  test.each(models)("$name in Verilator", async (program) => {
    const optimize = program.name === "muon128x4" ? "-O1" : "-O0";
    const result = await cosimulate(program, { n, optimize });
    const { buildSeconds, runSeconds, emitSeconds, lines, netlist, pipeline } = result;
    console.log(
      `${program.name}: ${netlist.nodes.length} nodes, latency ${pipeline.latency}, interval ${pipeline.interval}; emitted ${lines} lines in ${emitSeconds.toFixed(1)} s, built in ${buildSeconds.toFixed(1)} s, ran in ${runSeconds.toFixed(1)} s`,
    );
    expect(result.output).toMatch(new RegExp(`^PASS ${n} vectors, latency ${pipeline.latency}`));
  });
});

describe.skipIf(!has("g++"))("models of the trigger's size in C++", () => {
  test.each(models)("$name", (program) => {
    const vectors = vectorsOf(program, n);
    expect(runCpp(program, vectors).trimEnd()).toBe(expectedText(program, vectors, n).trimEnd());
  });
});
