import { join } from "node:path";
import type { Command } from "commander";
import { formatWithUncertainty, plainText } from "../report/index.ts";
import { createNodeRuntime } from "../runtime/index.ts";
import type { Measured } from "../stats/index.ts";
import {
  type DesignConfig,
  type DesignMetrics,
  design,
  designSchema,
} from "../tasks/fpga/index.ts";
import { settingOption } from "./recalibrate.ts";
import type { Session } from "./session.ts";
import { countText, numberText, textTable } from "./text-table.ts";
import type { Run } from "./verb.ts";

type Settings = Partial<DesignConfig> & {
  readonly out: string;
  readonly data?: readonly string[];
  readonly sweep?: boolean;
  readonly verify?: boolean;
  readonly synthesize?: boolean;
};

/** `forty fpga MODEL`: quantize, emulate, emit SystemVerilog and C++, prove, price. */
export function define(command: Command, run: Run): void {
  command
    .argument("<model>", "run folder of recalibrate or study, or an .onnx file (QONNX too)")
    .requiredOption("-o, --out <folder>", "folder of the design, new or empty (required)")
    .option(
      "--data <files...>",
      "data to choose formats on, to learn with them and to judge (default: those the model learned from, if they can be found)",
    )
    .option("--verify", "simulate the logic with Verilator and compare every bit")
    .option("--synthesize", "let Yosys price the logic too")
    .option("--sweep", "a frontier of accuracy against resources over several budgets");
  for (const [name, field] of Object.entries(designSchema.shape))
    command.addOption(settingOption(name, field));
  command
    .addHelpText(
      "after",
      `
The exit code is 1 where --verify finds a difference. Neither Verilator nor Yosys is needed for
anything else: resources and latency are estimated from the logic itself.`,
    )
    .action(run(start));
}

async function start(
  session: Session,
  model: string,
  { out, data = [], sweep = false, verify = false, synthesize = false, ...rest }: Settings,
): Promise<DesignMetrics & { report: string }> {
  const { shape } = designSchema;
  const config = Object.fromEntries(
    Object.entries(rest).filter(([name, value]) => name in shape && value !== undefined),
  );
  const progress = session.progress("fpga", 1);
  const metrics = await design({
    model,
    out,
    files: data,
    config,
    runtime: createNodeRuntime({ device: "cpu" }),
    verify,
    synthesize,
    sweep,
    signal: session.signal,
    onEvent: (event) => {
      if (event.type === "stage") progress.update(0, event.stage);
      else if (event.event.type === "epochEnd")
        progress.update(0, `${event.note}: epoch ${event.event.epoch + 1}`);
    },
  }).finally(() => progress.finish());
  const report = join(out, "report.html");
  session.say(summaryText(metrics));
  session.say(`\nreport  ${report}\nlogic   ${join(out, "rtl")}\nc++     ${join(out, "cpp")}`);
  if (metrics.mismatches)
    session.fail(
      `fpga: ${metrics.mismatches} of ${metrics.vectors} vectors differ in the simulated logic; please report it`,
    );
  return { ...metrics, report };
}

function summaryText(metrics: DesignMetrics): string {
  const { errors, differences, overflows, vectors, mismatches, simulatedClocks, synthesis } =
    metrics;
  const measured = (m: Measured) => plainText(formatWithUncertainty(m));
  const accuracy = errors
    ? textTable(
        ["", "L1", "float", "fixed", "fixed/float"],
        errors.map((e) => [
          e.quantity,
          measured(e.level1),
          measured(e.float),
          measured(e.fixed),
          measured(e.ratio),
        ]),
      )
    : textTable(
        ["output", "rms of fixed - float", "spread"],
        differences.map((d) => [d.name, numberText(d.rms), numberText(d.spread)]),
      );
  const held = overflows.reduce((sum, c) => sum + c.saturated, 0);
  const wrapped = overflows.reduce((sum, c) => sum + c.wrapped, 0);
  const values = overflows.reduce((sum, c) => sum + c.values, 0);
  return [
    accuracy,
    "",
    textTable(
      ["", "LUT", "FF", "DSP", "BRAM", "clocks", "ns"],
      [
        [
          "estimate",
          ...[metrics.luts, metrics.ffs, metrics.dsps, metrics.brams, metrics.latencyClocks].map(
            countText,
          ),
          metrics.latencyNs.toFixed(1),
        ],
        ...(synthesis
          ? [
              [
                "Yosys",
                ...[synthesis.luts, synthesis.ffs, synthesis.dsps, 2 * synthesis.brams].map(
                  countText,
                ),
                "",
                "",
              ],
            ]
          : []),
      ],
    ),
    "",
    `formats: ${metrics.formats}; ${metrics.meanBits.toFixed(2)} bits on average, ${countText(Math.round(metrics.ebops))} effective bit operations`,
    `casts: ${countText(held)} of ${countText(values)} values saturated, ${countText(wrapped)} wrapped`,
    ...(vectors === null
      ? []
      : [
          `simulated: ${countText(vectors)} vectors, ${mismatches} differ, ${simulatedClocks} clocks (${metrics.latencyClocks} claimed)`,
        ]),
    metrics.verdict.text,
  ].join("\n");
}
