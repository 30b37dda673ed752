import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { twoLayers } from "../fpga/emit/programs.ts";
import { cleanUp, cosimulate, has } from "../fpga/emit/support.ts";

afterAll(cleanUp);

describe.skipIf(!has("verilator"))("the SystemVerilog testbench", () => {
  test("passes with any simulator that knows timing", async () => {
    const program = twoLayers({ second: { kind: "serial", reuse: 4 } }, "plain");
    const { folder, pipeline } = await cosimulate(program, { n: 200 });
    const run = (command: string, ...args: string[]) =>
      spawnSync(command, args, { cwd: folder, encoding: "utf8" });
    const build = run(
      "bash",
      "-c",
      "verilator --binary --timing -CFLAGS -O0 --Mdir tb --top-module plain_tb *.sv",
    );
    expect(build.stderr).not.toMatch(/%Error/);
    const { stdout, status } = run(join(folder, "tb", "Vplain_tb"));
    expect(stdout).toContain(`PASS 200 vectors, latency ${pipeline.latency}\n`);
    expect(status).toBe(0);
    const wrong = readFileSync(join(folder, "vectors-out.hex"), "utf8").replace(/.$/m, (d) =>
      d === "0" ? "1" : "0",
    );
    writeFileSync(join(folder, "vectors-out.hex"), wrong);
    const failed = run(join(folder, "tb", "Vplain_tb"));
    expect(failed.stdout).toContain("FAIL 200 vectors, 1 mismatches");
    expect(failed.status).not.toBe(0);
  });
});
