import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { SessionError } from "../../base/errors.ts";
import { lastLines, runTool } from "./run-tool.ts";

/** What a run of the testbench said. */
export interface SimulationResult {
  readonly vectors: number;
  /** Vectors whose outputs were wrong, in the wrong clock, or missing. */
  readonly mismatches: number;
  readonly latencyClocks: number;
  /** What the testbench printed, the first mismatches among it. */
  readonly output: string;
  /** Seconds to translate and compile, and to run. */
  readonly buildSeconds: number;
  readonly runSeconds: number;
}

/** Where the emitted files are, and how to build them. */
export interface VerilatorOptions {
  /** Folder with the emitted design, `<top>_main.cpp` and the vector files. */
  readonly folder: string;
  readonly top: string;
  /** Optimization of the C++ compiler; -O0 builds large designs sooner and runs them slower. */
  readonly optimize?: "-O0" | "-O1" | "-O2";
  /** Folder that keeps Verilator's compiled runtime for the next build, which saves seconds. */
  readonly runtimeCache?: string;
  /** Minutes until the build or the run is given up. */
  readonly limitMinutes?: number;
  readonly signal?: AbortSignal;
}

/**
 * Builds the emitted design with Verilator in `<folder>/verilator` and runs its testbench.
 * @throws ConfigError where Verilator is not installed; SessionError where a tool fails or takes
 * too long, with the last lines of what it said. Mismatches are a result, not an error.
 */
export async function runVerilator(options: VerilatorOptions): Promise<SimulationResult> {
  const { folder, top, optimize = "-O1", runtimeCache, limitMinutes = 20, signal } = options;
  const missing = `install it (apt install verilator); the emitted files are kept in ${folder}`;
  const limits = { cwd: folder, missing, limitMinutes, ...(signal ? { signal } : {}) };
  const build = join(folder, "verilator");
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith(".sv") && !name.endsWith("_tb.sv"))
    .sort();
  const began = performance.now();
  const version = (await runTool("verilator", ["--version"], limits)).text;
  await runTool(
    "verilator",
    [
      ...["--cc", "--exe", "-O3", "-Wno-fatal", "--x-initial", "unique", "--x-assign", "unique"],
      ...["--output-split", "20000", "--output-split-cfuncs", "2000", "--Mdir", "verilator"],
      ...["--top-module", top, ...sources, `${top}_main.cpp`],
    ],
    limits,
  );
  const cache = runtimeCache && join(runtimeCache, version.replaceAll(/[^A-Za-z0-9.]+/g, "-"));
  if (cache) copyRuntime(cache, build);
  const flags = [`OPT_FAST=${optimize}`, "OPT_SLOW=-O0", "OPT_GLOBAL=-O1"];
  await runTool("make", ["-C", "verilator", "-f", `V${top}.mk`, "-j", "2", ...flags], {
    ...limits,
    missing: `install make and g++; the emitted files are kept in ${folder}`,
  });
  if (cache) copyRuntime(build, cache);
  const built = performance.now();
  const { text } = await runTool(join(build, `V${top}`), ["."], { ...limits, accept: [0, 1] });
  const verdict = /^(?:PASS|FAIL) (\d+) vectors,(?: (\d+) mismatches,)? latency (\d+)$/m.exec(text);
  if (verdict === null)
    throw new SessionError(`verilator: the testbench of ${top} ended early: ${lastLines(text)}`);
  return {
    vectors: Number(verdict[1]),
    mismatches: Number(verdict[2] ?? 0),
    latencyClocks: Number(verdict[3]),
    output: text,
    buildSeconds: (built - began) / 1000,
    runSeconds: (performance.now() - built) / 1000,
  };
}

/** Copies the objects of Verilator's own sources where they are not there yet. */
function copyRuntime(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const file of ["verilated.o", "verilated_threads.o"])
    if (existsSync(join(from, file)) && !existsSync(join(to, file))) {
      const beside = join(to, `${file}.${process.pid}.tmp`); // renamed when whole: others build too
      copyFileSync(join(from, file), beside);
      renameSync(beside, join(to, file));
    }
}
