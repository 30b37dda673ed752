import { ConfigError } from "../../base/errors.ts";
import {
  type CastCounts,
  compareWithFloat,
  ebops,
  interpret,
  meanBits,
  programInputs,
  totalEbops,
} from "../../fpga/index.ts";
import type { FitEvent } from "../../nn/index.ts";
import { loadDocument, renderPage } from "../../report/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { fingerprint, modelFile, openRun } from "../run-folder.ts";
import { version } from "../version.ts";
import { type Chosen, chooseFormats } from "./choose.ts";
import { type DesignConfig, parseDesign } from "./config.ts";
import { layerName } from "./figures.ts";
import { designFiles, logicFolder } from "./files.ts";
import { fixedErrors, inPhysicalUnits, runProgram } from "./judge.ts";
import type { DesignMetrics } from "./metrics.ts";
import { designPage } from "./page.ts";
import { takeRows } from "./ports.ts";
import { buildDesign, plainLuts } from "./resources.ts";
import { openSource } from "./run-source.ts";
import { runVerilator, type SimulationResult } from "./run-verilator.ts";
import { runYosys, type SynthesisResult } from "./run-yosys.ts";
import { type Sample, takeSample } from "./sample.ts";
import { sweepBudgets } from "./sweep.ts";
import { testVectors } from "./vectors.ts";
import { judgePrice } from "./verdict.ts";

/** Stages and epochs of a design, as plain data. */
export type DesignEvent =
  | { readonly type: "stage"; readonly stage: string }
  | { readonly type: "training"; readonly note: string; readonly event: FitEvent };

export interface DesignOptions {
  /** Run folder of a recalibration, folder of a study's model, or ONNX file. */
  readonly model: string;
  /** Folder of the design; must not hold another one. */
  readonly out: string;
  /** Data instead of those the model learned from. */
  readonly files?: readonly string[];
  readonly config: Partial<DesignConfig>;
  readonly runtime: Runtime;
  /** Simulate the logic with Verilator. */
  readonly verify?: boolean;
  /** Price the logic with Yosys too. */
  readonly synthesize?: boolean;
  /** Try several budgets. */
  readonly sweep?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: DesignEvent) => void;
}

/** Rows whose casts are counted, at most. */
const countedRows = 4096;

/**
 * From a trained model to logic: formats chosen or learned, an exact integer program, its errors
 * and overflows, SystemVerilog, C++ and QONNX, a price without tools, and on request the proof by
 * simulation, the price by synthesis and a sweep of budgets. All in the design's folder.
 * @throws DataError, FormatError, ConfigError; a missing tool leaves all files behind.
 */
export async function design(options: DesignOptions): Promise<DesignMetrics> {
  const started = performance.now();
  const { model, out, files = [], runtime, signal } = options;
  const config = parseDesign(options.config);
  const stage = (name: string) => options.onEvent?.({ type: "stage", stage: name });
  stage("reading");
  const source = await openSource(model, { files, rows: config.rows, seed: config.seed });
  const inputs = await Promise.all([await modelFile(model), ...source.files].map(fingerprint));
  const run = await openRun(out, { task: "fpga", ...config, inputs });
  const sample = await takeSample(runtime, source, config);

  stage("choosing formats");
  const following = (note: string) => ({
    ...(signal ? { signal } : {}),
    onEvent: (event: FitEvent) => options.onEvent?.({ type: "training", note, event }),
  });
  const chosen = await chooseFormats(runtime, sample, config, following("bits"));
  stage("building logic");
  const logic = buildDesign(inPhysicalUnits(chosen.program, sample.units), config);
  const { program, price } = logic;
  const fixed = runProgram(program, sample.test);
  const errors = sample.learning
    ? fixedErrors(
        sample.learning.data,
        sample.learning.data.parts.test,
        { float: sample.float, fixed },
        config.seed,
      )
    : null;
  const vectors = testVectors(program, sample.test, config);
  const verdict = judgePrice(price, config);
  const emitted = designFiles(logic, vectors, [chosen.text, verdict.text]);
  for (const { path, content } of emitted.files) await run.write(path, content);

  const folder = `${run.path}/${logicFolder}`;
  const going = signal ? { signal } : {};
  const tools: ToolResults = { simulation: null, synthesis: null, missing: null };
  if (options.verify) {
    stage("simulating the logic");
    await withTool(tools, async () => {
      tools.simulation = await runVerilator({ folder, top: emitted.top, ...going });
    });
  }
  if (options.synthesize) {
    stage("synthesizing");
    await withTool(tools, async () => {
      tools.synthesis = await runYosys({ folder, top: emitted.top, ...going });
    });
  }
  if (options.sweep) stage("sweeping budgets");
  const sweep = options.sweep
    ? await sweepBudgets(runtime, sample, config, following("sweep"))
    : [];

  stage("reporting");
  const metrics: DesignMetrics = {
    task: "fpga",
    model: source.name,
    rows: source.rowsText,
    formats: chosen.text,
    luts: price.luts,
    ffs: price.ffs,
    dsps: price.dsps,
    brams: price.brams,
    latencyClocks: price.latencyClocks,
    latencyNs: price.latencyNs,
    initiationInterval: price.interval,
    ebops: totalEbops(program),
    meanBits: meanBits(program),
    plainLuts: plainLuts(program, config),
    errors,
    differences: compareWithFloat(chosen.calibration.network, chosen.program, sample.test.ports),
    layers: price.perLayer.map((l) => ({ ...l, layer: layerName(l.layer) })),
    ebopsPerLayer: ebops(program),
    overflows: countCasts(chosen, sample),
    verdict,
    vectors: tools.simulation?.vectors ?? null,
    mismatches: tools.simulation?.mismatches ?? null,
    simulatedClocks: tools.simulation?.latencyClocks ?? null,
    synthesis: tools.synthesis && {
      luts: tools.synthesis.luts + tools.synthesis.srls,
      ffs: tools.synthesis.ffs,
      dsps: tools.synthesis.dsps,
      brams: tools.synthesis.brams,
      seconds: tools.synthesis.seconds,
    },
    sweep,
    seconds: (performance.now() - started) / 1000,
  };
  const provenance = {
    forty: version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    inputs,
    seed: config.seed,
  };
  const page = designPage({ metrics, config, chosen, sample, logic, provenance });
  await run.write("report.html", renderPage(page, { document: await loadDocument() }));
  await run.write("metrics.json", `${JSON.stringify(metrics, null, 2)}\n`);
  if (tools.missing) throw tools.missing;
  return metrics;
}

interface ToolResults {
  simulation: SimulationResult | null;
  synthesis: SynthesisResult | null;
  missing: ConfigError | null;
}

/** A tool that is not there stops nothing; it is said at the end. */
async function withTool(results: ToolResults, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    results.missing ??= error;
  }
}

/** What the casts did to some of the test rows. */
function countCasts({ program }: Chosen, { test }: Sample): readonly CastCounts[] {
  const rows = Uint32Array.from({ length: Math.min(countedRows, test.rows) }, (_, i) => i);
  const inputs = programInputs(program, takeRows(test, rows, test.rows).ports);
  return interpret(program, inputs, { probe: true }).counts ?? [];
}
