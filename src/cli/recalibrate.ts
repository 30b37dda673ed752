import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Command, Option } from "commander";
import type { z } from "zod";
import { ConfigError, FormatError } from "../base/errors.ts";
import { formatWithUncertainty, plainText } from "../report/index.ts";
import { createNodeRuntime } from "../runtime/index.ts";
import {
  type Errors,
  type ObjectKind,
  type RecalibrationConfig,
  type RecalibrationMetrics,
  recalibrate,
  recalibrationSchemas,
} from "../tasks/index.ts";
import { findModel } from "../tasks/run-folder.ts";
import type { Session } from "./session.ts";
import { countText, textTable } from "./text-table.ts";
import type { Run } from "./verb.ts";

type Settings = Partial<RecalibrationConfig> & {
  readonly out: string;
  readonly apply?: string;
  readonly resume?: boolean;
  readonly config?: string;
};

/** `forty recalibrate muons|jets`: train or apply, compare with L1, export, report. */
export function define(command: Command, run: Run): void {
  for (const object of ["muons", "jets"] as const) {
    const verb = command
      .command(object)
      .description(
        `learn to correct Level-1 ${object} toward the offline ones: train, compare, report, export ONNX`,
      )
      .argument(
        "<in...>",
        `tables of ${object} with L1 and offline columns (.parquet, .root, .csv, .csv.gz), or .root files of events, whose ${object} are matched first`,
      )
      .requiredOption("-o, --out <folder>", "folder of the run, new or empty (required)")
      .option(
        "--apply <model>",
        "judge this run folder or .onnx file on all rows instead of training (default: train)",
      )
      .option(
        "--config <file>",
        "settings to start from, such as config.json of another run; options given beside it win (default: none)",
      )
      .option("--resume", "go on with an interrupted run in that folder, same settings");
    for (const [name, field] of Object.entries(recalibrationSchemas[object].shape))
      verb.addOption(settingOption(name, field));
    verb.action(
      run((session: Session, files: readonly string[], settings: Settings) =>
        start(object, session, files, settings),
      ),
    );
  }
}

/** A setting as an option: `ptMin` becomes `--pt-min <value>`, with its help and default. */
export function settingOption(name: string, field: z.ZodType): Option {
  const flag = `--${name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  const fallback: unknown = field.parse(undefined);
  const help = field.description ?? "";
  const shown = Array.isArray(fallback) ? fallback.join(",") : fallback;
  if (typeof fallback === "boolean") return new Option(flag, help);
  const none = name === "where" ? "all" : "none";
  const option = new Option(`${flag} <value>`, `${help} (default: ${shown ?? none})`);
  if (name === "lut") return option.argParser((text) => text.split(","));
  const isNumber = typeof fallback === "number" || (fallback === null && takesNumber(field));
  if (isNumber) return option.argParser((text) => numberOf(flag, text));
  return option.argParser((text) => parseSetting(flag, text, fallback));
}

/** Whether a setting without a default is a number. */
function takesNumber(field: z.ZodType): boolean {
  const refusal = field.safeParse("no number").error?.issues[0];
  return refusal?.code === "invalid_type" && refusal.expected === "number";
}

/** Text of the command line as the type of the default. */
function parseSetting(flag: string, text: string, fallback: unknown): unknown {
  if (Array.isArray(fallback)) return text.split(",").map((part) => numberOf(flag, part));
  return text;
}

function numberOf(flag: string, text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new ConfigError(`${flag}: expected a number, got "${text}"`);
  return value;
}

async function start(
  object: ObjectKind,
  session: Session,
  files: readonly string[],
  { out, resume = false, config: file, apply, ...rest }: Settings,
): Promise<RecalibrationMetrics & { report: string; onnx: string | null }> {
  const { shape } = recalibrationSchemas[object];
  const given = Object.entries(rest).filter(
    ([name, value]) => name in shape && value !== undefined,
  );
  const config: Partial<RecalibrationConfig> = {
    ...(file === undefined ? {} : await readSettings(file)),
    ...Object.fromEntries(given),
  };
  const epochs = config.epochs ?? shape.epochs.parse(undefined);
  const progress = session.progress("train", epochs);
  const metrics = await recalibrate(object, {
    files,
    out,
    config,
    resume,
    signal: session.signal,
    runtime: createNodeRuntime({ device: config.device ?? "cpu", threads: config.threads ?? 1 }),
    ...(apply === undefined ? {} : { apply: { name: apply, model: await findModel(apply) } }),
    onEvent: (event) => {
      if (event.type !== "epochEnd") return;
      const speed = `${countText(Math.round(event.samplesPerSecond / 1000))}k ${object}/s`;
      progress.update(
        event.epoch + 1,
        `epoch ${event.epoch + 1}, validation loss ${event.validationLoss?.toPrecision(4)}, ${speed}`,
      );
    },
  }).finally(() => progress.finish());
  const report = join(out, "report.html");
  const onnx = apply === undefined ? join(out, "model.onnx") : null;
  session.say(summary(object, metrics));
  session.say(`\nreport  ${report}${onnx ? `\nmodel   ${onnx}` : ""}`);
  return { ...metrics, report, onnx };
}

/** Settings of a `config.json`, without what a run adds to them. */
async function readSettings(path: string): Promise<Partial<RecalibrationConfig>> {
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new ConfigError(`--config: cannot read ${path}: ${cause.message}`, { cause });
  });
  try {
    const { task: _, inputs: __, apply: ___, ...settings } = JSON.parse(text);
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

function summary(object: ObjectKind, metrics: RecalibrationMetrics): string {
  const used = columns.filter(([key]) => metrics.after[key]);
  const row = (name: string, errors: Errors) => [
    name,
    ...used.map(([key]) => {
      const value = errors[key];
      return value ? plainText(formatWithUncertainty(value)) : "";
    }),
  ];
  const isTrained = metrics.epochs !== null;
  const model = `${isTrained ? "network" : "model"} ${metrics.model}`;
  const rows = [
    row("L1", metrics.before),
    ...metrics.baselines.map(({ name, errors }) => row(name, errors)),
    row(model, metrics.after),
    ...(metrics.floor ? [row("Bayes floor", metrics.floor)] : []),
    ...(metrics.overFloor ? [row(`${model} / floor`, metrics.overFloor)] : []),
    row(`${model} / L1`, overLevel1(metrics)),
  ];
  const { rows: counts } = metrics;
  const how = isTrained
    ? `trained on ${countText(counts.train)} in ${metrics.epochs} epochs, `
    : "nothing was trained, ";
  return [
    textTable(["", ...used.map(([, title]) => title)], rows),
    "",
    `${countText(counts.test)} test ${object}${metrics.simulated ? " (simulated)" : ""}; ${how}${metrics.seconds.toFixed(0)} s in all; ${countText(metrics.flops)} flops per ${object.slice(0, -1)}`,
    ...limits(object, metrics),
  ].join("\n");
}

const overLevel1 = ({ sensitivity }: RecalibrationMetrics): Errors =>
  Object.fromEntries(sensitivity.map((s) => [s.quantity, s.overLevel1]));

/** What so few rows cannot tell, where that is much. */
function limits(object: ObjectKind, metrics: RecalibrationMetrics): string[] {
  const { sensitivity, rows, epochs, parameters } = metrics;
  const few =
    epochs !== null && rows.train < parameters
      ? [
          `${countText(rows.train)} ${object} are too few for ${countText(parameters)} weights; use --apply with a model trained on more.`,
        ]
      : [];
  const open = sensitivity.filter(({ finding }) => finding === "undecided");
  if (open.length === 0) return few;
  const named = open.map(({ quantity, smallestChange }) => {
    const title = columns.find(([key]) => key === quantity)?.[1];
    return `${title} (changes below ${(100 * smallestChange).toPrecision(2)} %)`;
  });
  return [
    ...few,
    `${countText(rows.test)} ${object} cannot tell a difference from L1 in ${named.join(", ")}.`,
  ];
}
