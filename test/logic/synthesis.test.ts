import { afterAll, describe, expect, test } from "vitest";
import { emitSystemVerilog } from "../../src/fpga/emit/index.ts";
import { buildNetlist, pipelineNetlist, price } from "../../src/fpga/logic/index.ts";
import { runYosys } from "../../src/tasks/fpga/run-yosys.ts";
import {
  convolutionProgram,
  kernelProgram,
  muonProgram,
  serialized,
} from "../fpga/emit/large-programs.ts";
import { cleanUp, has, scratch } from "../fpga/emit/support.ts";

afterAll(cleanUp);

const models = [
  kernelProgram(0),
  convolutionProgram(),
  muonProgram([8, 2]),
  muonProgram([16, 2], { strategies: serialized(2, 16) }),
];

describe.skipIf(!has("yosys"))("the price is within a fifth of what Yosys counts", () => {
  test.each(models)("$name", async (program) => {
    const netlist = buildNetlist(program);
    const pipeline = pipelineNetlist(netlist, { clockMhz: 360 });
    const folder = scratch(emitSystemVerilog(netlist, pipeline, { program, top: "top" }));
    const { luts, srls, ffs, dsps, carries, seconds } = await runYosys({ folder, top: "top" });
    const cost = price(netlist, pipeline);
    console.log(
      `${program.name}: Yosys (${seconds.toFixed(0)} s) ${luts + srls} LUTs, ${ffs} FFs, ${dsps} DSPs; price ${cost.luts}, ${cost.ffs}, ${cost.dsps}`,
    );
    expect(Math.abs(cost.luts / (luts + srls) - 1)).toBeLessThan(0.2);
    expect(Math.abs(cost.ffs / ffs - 1)).toBeLessThan(0.2);
    expect(dsps).toBe(cost.dsps);
    expect(carries).toBeGreaterThan(10);
  });
});
