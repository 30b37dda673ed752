import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { ConfigError, FormatError } from "../base/errors.ts";
import { formatWithUncertainty, plainText } from "../report/index.ts";
import { createNodeRuntime } from "../runtime/index.ts";
import {
  type Errors,
  type RecalibrationConfig,
  type RecalibrationMetrics,
  recalibrateMuons,
  recalibrationSchema,
} from "../tasks/index.ts";
import type { Session } from "./session.ts";
import { countText, textTable } from "./text-table.ts";
import type { Run } from "./verb.ts";

type Settings = Partial<RecalibrationConfig> & {
  readonly out: string;
  readonly resume?: boolean;
  readonly config?: string;
};

/** `forty recalibrate muons`: train, compare with L1, export, report. */
export function define(command: Command, run: Run): void {
  const muons = command
    .command("muons")
    .description(
      "learn to correct Level-1 muons toward the offline ones: train, compare, report, export ONNX",
    )
    .argument("<in...>", "muon tables with L1 and offline columns: .parquet, .root, .csv, .csv.gz")
    .requiredOption("-o, --out <folder>", "folder of the run, new or empty (required)")
    .option(
      "--config <file>",
      "settings to start from, such as config.json of another run; options given beside it win (default: none)",
    )
    .option("--resume", "go on with an interrupted run in that folder, same settings");
  for (const [name, field] of Object.entries(recalibrationSchema.shape))
    muons.addOption(settingOption(name, field));
  muons.action(run(recalibrate));
}

type Field = (typeof recalibrationSchema.shape)[keyof typeof recalibrationSchema.shape];

/** A setting as an option: `ptMin` becomes `--pt-min <value>`, with its help and default. */
function settingOption(name: string, field: Field): Option {
  const flag = `--${name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  const fallback: unknown = field.parse(undefined);
  const help = field.description ?? "";
  const shown = Array.isArray(fallback) ? fallback.join(",") : fallback;
  if (typeof fallback === "boolean") return new Option(flag, help);
  const option = new Option(`${flag} <value>`, `${help} (default: ${shown ?? "all"})`);
  return option.argParser((text) => parseSetting(flag, text, fallback));
}

/** Text of the command line as the type of the default. */
function parseSetting(flag: string, text: string, fallback: unknown): unknown {
  if (typeof fallback === "number") return numberOf(flag, text);
  if (Array.isArray(fallback)) return text.split(",").map((part) => numberOf(flag, part));
  return text;
}

function numberOf(flag: string, text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new ConfigError(`${flag}: expected a number, got "${text}"`);
  return value;
}

async function recalibrate(
  session: Session,
  files: readonly string[],
  { out, resume = false, config: file, ...rest }: Settings,
): Promise<RecalibrationMetrics & { report: string; onnx: string }> {
  const known = new Set(Object.keys(recalibrationSchema.shape));
  const given = Object.entries(rest).filter(
    ([name, value]) => known.has(name) && value !== undefined,
  );
  const config: Partial<RecalibrationConfig> = {
    ...(file === undefined ? {} : await readSettings(file)),
    ...Object.fromEntries(given),
  };
  const epochs = config.epochs ?? recalibrationSchema.shape.epochs.parse(undefined);
  const progress = session.progress("train", epochs);
  const metrics = await recalibrateMuons({
    files,
    out,
    config,
    resume,
    signal: session.signal,
    runtime: createNodeRuntime({ device: config.device ?? "cpu", threads: config.threads ?? 1 }),
    onEvent: (event) => {
      if (event.type !== "epochEnd") return;
      const speed = `${countText(Math.round(event.samplesPerSecond / 1000))}k muons/s`;
      progress.update(
        event.epoch + 1,
        `epoch ${event.epoch + 1}, validation loss ${event.validationLoss?.toPrecision(4)}, ${speed}`,
      );
    },
  }).finally(() => progress.finish());
  const report = join(out, "report.html");
  session.say(summary(metrics));
  session.say(`\nreport  ${report}\nmodel   ${join(out, "model.onnx")}`);
  return { ...metrics, report, onnx: join(out, "model.onnx") };
}

/** Settings of a `config.json`, without what a run adds to them. */
async function readSettings(path: string): Promise<Partial<RecalibrationConfig>> {
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new ConfigError(`--config: cannot read ${path}: ${cause.message}`, { cause });
  });
  try {
    const { task: _, inputs: __, ...settings } = JSON.parse(text);
    return settings;
  } catch (cause) {
    throw new FormatError(`${path}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

const columns = [
  ["phi", "rms Δφ [rad]"],
  ["eta", "rms Δη"],
  ["pt", "rms pT/ref - 1"],
  ["ptWidth", "width pT/ref"],
] as const;

function summary(metrics: RecalibrationMetrics): string {
  const used = columns.filter(([key]) => metrics.after[key]);
  const row = (name: string, errors: Errors) => [
    name,
    ...used.map(([key]) => {
      const value = errors[key];
      return value ? plainText(formatWithUncertainty(value)) : "";
    }),
  ];
  const rows = [
    row("L1", metrics.before),
    row(`network ${metrics.model}`, metrics.after),
    ...(metrics.floor ? [row("Bayes floor", metrics.floor)] : []),
    ...(metrics.overFloor ? [row("network / floor", metrics.overFloor)] : []),
  ];
  const { rows: counts } = metrics;
  return [
    textTable(["", ...used.map(([, title]) => title)], rows),
    "",
    `${countText(counts.test)} test muons${metrics.simulated ? " (simulated)" : ""}; trained on ${countText(counts.train)} in ${metrics.epochs} epochs, ${metrics.seconds.toFixed(0)} s in all; ${countText(metrics.flops)} flops per muon`,
  ].join("\n");
}
