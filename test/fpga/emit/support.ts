import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRng } from "../../../src/base/rng.ts";
import { emitCpp } from "../../../src/fpga/emit/cpp.ts";
import { identifier } from "../../../src/fpga/emit/names.ts";
import { emitSystemVerilog } from "../../../src/fpga/emit/system-verilog.ts";
import { emitTestbench } from "../../../src/fpga/emit/testbench.ts";
import type { TestVectors } from "../../../src/fpga/emit/vectors.ts";
import type { EmittedFile } from "../../../src/fpga/emit/wires.ts";
import { interpret } from "../../../src/fpga/interpret/run.ts";
import { buildNetlist } from "../../../src/fpga/logic/build.ts";
import { pipelineNetlist } from "../../../src/fpga/logic/pipeline.ts";
import type { Netlist, Pipeline } from "../../../src/fpga/netlist.ts";
import type { FixedProgram } from "../../../src/fpga/program.ts";
import { runVerilator, type SimulationResult } from "../../../src/tasks/fpga/run-verilator.ts";

/** True where a tool can be started; says so where it cannot. */
export function has(tool: string): boolean {
  const isThere = spawnSync(tool, ["--version"]).status === 0;
  if (!isThere) console.log(`skipped: ${tool} is not installed`);
  return isThere;
}

/** Where Verilator's compiled runtime is kept from one build to the next. */
export const runtimeCache = join(process.cwd(), ".cache", "verilator");

const folders: string[] = [];

/** An empty folder that `cleanUp` removes. */
export function scratch(files: readonly EmittedFile[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), "emit-"));
  folders.push(folder);
  for (const { path, text } of files) writeFileSync(join(folder, path), text);
  return folder;
}

export function cleanUp(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** All lanes at their least, at their greatest, alternating, near zero; then random ones. */
export function vectorsOf(program: FixedProgram, n: number, seed = 1): TestVectors {
  const rng = createRng(seed);
  const corners = [
    (lo: number, _hi: number) => lo,
    (_lo: number, hi: number) => hi,
    (lo: number, hi: number, i: number) => (i % 2 === 0 ? lo : hi),
    (lo: number, hi: number, i: number) => (i % 2 === 0 ? hi : lo),
    (lo: number, hi: number) => Math.max(lo, Math.min(0, hi)),
    (lo: number, hi: number) => Math.max(lo, Math.min(-1, hi)),
    (lo: number, hi: number) => Math.max(lo, Math.min(1, hi)),
  ];
  const inputs = Object.fromEntries(
    program.inputs.map(({ name, lanes }) => {
      const data = new Float64Array(n * lanes.length);
      for (let row = 0; row < n; row++)
        for (const [i, { lo, hi }] of lanes.entries())
          data[row * lanes.length + i] =
            row < corners.length
              ? corners[row](lo, hi, i)
              : // half of the vectors near the ends and zero, where rounding and overflow differ
                row % 2 === 0
                ? lo + rng.integer(hi - lo + 1)
                : near(
                    [lo, hi, Math.max(lo, Math.min(0, hi))][rng.integer(3)],
                    { lo, hi },
                    rng.integer(9) - 4,
                  );
      return [name, data];
    }),
  );
  return { inputs, outputs: interpret(program, inputs).outputs };
}

const near = (n: number, { lo, hi }: { lo: number; hi: number }, by: number) =>
  Math.max(lo, Math.min(hi, n + by));

export interface Cosimulation extends SimulationResult {
  readonly folder: string;
  readonly top: string;
  readonly pipeline: Pipeline;
  readonly netlist: Netlist;
  readonly emitSeconds: number;
  readonly lines: number;
}

/** Emits a program, builds it with Verilator and holds it against the interpreter. */
export async function cosimulate(
  program: FixedProgram,
  {
    n = 2000,
    clockMhz = 360,
    optimize = "-O0" as "-O0" | "-O1",
    vectors = vectorsOf(program, n),
    change = (netlist: Netlist) => netlist,
  } = {},
): Promise<Cosimulation> {
  const netlist = change(buildNetlist(program));
  const pipeline = pipelineNetlist(netlist, { clockMhz });
  const began = performance.now();
  const design = emitSystemVerilog(netlist, pipeline, { program });
  const emitSeconds = (performance.now() - began) / 1000;
  const folder = scratch([...design, ...emitTestbench(netlist, pipeline, vectors, { program })]);
  mkdirSync(runtimeCache, { recursive: true });
  const top = identifier(program.name);
  const result = await runVerilator({ folder, top, optimize, runtimeCache });
  const lines = design.reduce((sum, { text }) => sum + text.split("\n").length, 0);
  return { ...result, folder, top, pipeline, netlist, emitSeconds, lines };
}

/** Compiles the C++ header and returns its results for the vectors, rows of all outputs. */
export function runCpp(program: FixedProgram, { inputs }: TestVectors): string {
  const header = emitCpp(program);
  const name = header.path.replace(/\.hpp$/, "");
  const fields = program.inputs.map((input) => ({
    ...input,
    field: input.name.replaceAll(".", "_"),
  }));
  const main = `#include "${header.path}"
#include <cstdio>
int main() {
  ${name}::Input in;
  for (long long n;;) {
${fields
  .map(
    ({ field, lanes }) => `    for (int i = 0; i < ${lanes.length}; i++) {
      if (std::scanf("%lld", &n) != 1) return 0;
      in.${field}[i] = static_cast<decltype(+in.${field}[i])>(n);
    }`,
  )
  .join("\n")}
    const ${name}::Output out = ${name}::infer(in);
${program.outputs.map(({ name }) => `    for (const auto v : out.${name}) std::printf("%lld ", static_cast<long long>(v));`).join("\n")}
    std::printf("\\n");
  }
}
`;
  const folder = scratch([header, { path: "main.cpp", text: main }]);
  const flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-O1", "main.cpp", "-o", "main"];
  const compiled = spawnSync("g++", flags, { cwd: folder, encoding: "utf8" });
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  const rows =
    fields[0].lanes.length === 0 ? 0 : inputs[fields[0].name].length / fields[0].lanes.length;
  const input = Array.from({ length: rows }, (_, row) =>
    fields
      .flatMap(({ name, lanes }) => lanes.map((_, i) => inputs[name][row * lanes.length + i]))
      .join(" "),
  ).join("\n");
  return spawnSync(join(folder, "main"), { input, encoding: "utf8", maxBuffer: 1 << 28 }).stdout;
}

/** The interpreter's results as `runCpp` prints them. */
export function expectedText(program: FixedProgram, { outputs }: TestVectors, n: number): string {
  return Array.from({ length: n }, (_, row) =>
    program.outputs
      .flatMap(({ name }) => {
        const size = outputs[name].length / n;
        return Array.from({ length: size }, (_, i) => `${outputs[name][row * size + i]} `);
      })
      .join(""),
  ).join("\n");
}
