import { afterAll, describe, expect, test } from "vitest";
import { muonWord } from "../../../src/fpga/emit/muon-top.ts";
import { emitSystemVerilog } from "../../../src/fpga/emit/system-verilog.ts";
import { emitTestbench } from "../../../src/fpga/emit/testbench.ts";
import { emitWordTop } from "../../../src/fpga/emit/word-top.ts";
import { buildNetlist } from "../../../src/fpga/logic/build.ts";
import { pipelineNetlist } from "../../../src/fpga/logic/pipeline.ts";
import { runVerilator } from "../../../src/tasks/fpga/run-verilator.ts";
import { runYosys } from "../../../src/tasks/fpga/run-yosys.ts";
import { muonProgram } from "./large-programs.ts";
import { cleanUp, has, runtimeCache, scratch, vectorsOf } from "./support.ts";

afterAll(cleanUp);

const program = muonProgram([4, 1]);
const netlist = buildNetlist(program);
const pipeline = pipelineNetlist(netlist, { clockMhz: 360 });
const word = muonWord();

describe.skipIf(!has("verilator"))("the muon word", () => {
  test("goes in as it comes, and the calibrated muon comes out", async () => {
    const { inputs, outputs } = vectorsOf(program, 1000);
    const vectors = { inputs: { muon: inputs.muons }, outputs };
    const folder = scratch([
      ...emitSystemVerilog(netlist, pipeline, { program }),
      emitWordTop(netlist, pipeline, word, { program }),
      ...emitTestbench(netlist, pipeline, vectors, { program, word }),
    ]);
    const top = `${program.name}_word`;
    const { output } = await runVerilator({ folder, top, optimize: "-O0", runtimeCache });
    expect(output).toBe(`PASS 1000 vectors, latency ${pipeline.latency}\n`);
  });
});

describe.skipIf(!has("yosys"))("synthesis", () => {
  test("that fails says why", async () => {
    const folder = scratch([{ path: "a.sv", text: "module a(input x); assign y = z; endmodul\n" }]);
    await expect(runYosys({ folder, top: "a" })).rejects.toThrow(/^yosys: failed[\s\S]*ERROR/);
  });
});
