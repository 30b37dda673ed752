import type { Command } from "commander";
import { createNodeRuntime } from "../runtime/index.ts";
import {
  type DriftSettings,
  type DriftSummary,
  detectDrift,
  driftDefaults,
  pText,
} from "../tasks/drift/index.ts";
import { nameList, realNumber, wholeNumber } from "./options.ts";
import type { Session } from "./session.ts";
import { countText, numberText, textTable } from "./text-table.ts";
import type { Run } from "./verb.ts";

interface DriftOptions extends Omit<DriftSettings, "columns" | "where"> {
  readonly columns?: readonly string[];
  readonly where?: string;
  readonly out?: string;
  readonly report?: string;
}

/** `forty drift`: has a new sample the distribution of a reference? */
export function define(command: Command, run: Run): void {
  const { rows, toys, lambda, alarm, seed } = driftDefaults;
  command
    .argument("<reference>", "table as expected: .parquet, .root, .csv, .csv.gz")
    .argument("<new>", "table to compare with it")
    .option(
      "--columns <names>",
      "columns to compare, separated by commas (default: all numeric ones of both, without event counters)",
      nameList("--columns"),
    )
    .option("--where <condition>", "rows to keep, as an SQL condition (default: all)")
    .option(
      "--rows <count>",
      "rows of each table at most, drawn at random",
      wholeNumber("--rows", { min: 20 }),
      rows,
    )
    .option(
      "--toys <count>",
      "experiments with all rows dealt anew, for the p-value",
      wholeNumber("--toys", { min: 1 }),
      toys,
    )
    .option(
      "--alarm <p>",
      "p-value at or below which it is a drift",
      realNumber("--alarm", { min: 0, max: 1 }),
      alarm,
    )
    .option(
      "--centers <M>",
      "kernel centers, or auto: square root of the rows",
      automatic(wholeNumber("--centers", { min: 1 })),
      "auto" as const,
    )
    .option(
      "--width <number>",
      "of the kernel, in standard deviations, or auto: 90th percentile of distances",
      automatic(realNumber("--width", { min: 0 })),
      "auto" as const,
    )
    .option("--lambda <number>", "regularization", realNumber("--lambda", { min: 0 }), lambda)
    .option("--seed <number>", "of everything random", wholeNumber("--seed", { min: 0 }), seed)
    .option(
      "-o, --out <folder>",
      "folder for config, metrics, page and the learned density ratio as ONNX, new or empty (default: none)",
    )
    .option("--report <file>", "page to write, .html (default: none)")
    .addHelpText(
      "after",
      `
Columns are scaled by mean and standard deviation of the reference. The p-value counts toys; n toys
give none below 1 / (n + 1). The exit code is 0 whatever is found; look at isDrift under --json.`,
    )
    .action(run(drift));
}

function automatic(parse: (text: string) => number): (text: string) => number | "auto" {
  return (text) => (text === "auto" ? "auto" : parse(text));
}

async function drift(
  session: Session,
  reference: string,
  sample: string,
  { out, report, columns, where, ...settings }: DriftOptions,
): Promise<DriftSummary> {
  const progress = session.progress("drift", 1);
  const summary = await detectDrift(
    {
      reference,
      sample,
      settings: { ...settings, columns: columns ?? null, where: where ?? null },
      ...(out === undefined ? {} : { out }),
      ...(report === undefined ? {} : { report }),
    },
    {
      runtime: createNodeRuntime({ device: "cpu" }),
      signal: session.signal,
      onProgress: (share, note) => progress.update(share, note),
    },
  ).finally(() => progress.finish());
  session.say(summaryText(summary));
  if (report !== undefined) session.say(`report  ${report}`);
  if (out !== undefined) session.say(`run     ${out}`);
  return summary;
}

function summaryText(summary: DriftSummary): string {
  const { t, toys, chiSquared, perColumn, rows, leftOut, text, seconds, centers, width } = summary;
  const sorted = [...toys].sort((a, b) => a - b);
  const incomplete = rows.reference.incomplete + rows.sample.incomplete;
  return [
    textTable(
      ["column", "KS distance", "p alone"],
      perColumn.map(({ column, distance, p }) => [column, numberText(distance), pText(p)]),
    ),
    "",
    `t = ${t.toFixed(1)}; ${toys.length} toys without drift: ${sorted[0].toFixed(1)} to ${sorted[sorted.length - 1].toFixed(1)}`,
    ...(chiSquared
      ? [
          `toys as ${chiSquared.scale.toFixed(2)} chi-squared with ${chiSquared.degreesOfFreedom.toFixed(0)} degrees of freedom: p = ${pText(chiSquared.p)}, Z = ${chiSquared.z.toFixed(1)}`,
        ]
      : []),
    `${countText(rows.sample.used)} rows against ${countText(rows.reference.used)} of the reference; ${centers} centers, width ${width.toFixed(2)}; ${seconds.toFixed(1)} s`,
    ...(summary.isConverged ? [] : ["not all fits converged: take a larger --lambda"]),
    ...(incomplete > 0 ? [`${countText(incomplete)} rows with missing values left out`] : []),
    ...(leftOut.length > 0
      ? [`not compared: ${leftOut.map(({ name, reason }) => `${name} (${reason})`).join(", ")}`]
      : []),
    "",
    text,
  ].join("\n");
}
