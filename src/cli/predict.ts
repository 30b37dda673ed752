import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { ConfigError } from "../base/errors.ts";
import { splitTreePath } from "../data/detect.ts";
import { createNodeRuntime } from "../runtime/index.ts";
import { predictFile } from "../tasks/index.ts";
import { findModel } from "../tasks/run-folder.ts";
import { wholeNumber } from "./options.ts";
import type { Session } from "./session.ts";
import { countText } from "./text-table.ts";
import type { Run } from "./verb.ts";

interface PredictSettings {
  readonly out: string;
  readonly where?: string;
  readonly device: "cpu" | "webgpu" | "cuda";
  readonly threads?: number;
}

/** `forty predict`: apply an exported model to a file. */
export function define(command: Command, run: Run): void {
  command
    .argument("<model>", "run folder or exported .onnx file")
    .argument("<in>", "table with the model's input columns: .parquet, .root, .csv, .csv.gz")
    .requiredOption(
      "-o, --out <file>",
      "file to write, the input's columns and the calibrated ones: .parquet, .root, .csv or .csv.gz (required)",
    )
    .option("--where <condition>", "rows to keep, as an SQL condition (default: all)")
    .addOption(
      new Option("--device <name>", "where to run")
        .choices(["cpu", "webgpu", "cuda"])
        .default("cpu"),
    )
    .option(
      "--threads <count>",
      "threads inside an operator (default: all cores)",
      wholeNumber("--threads", { min: 1 }),
    )
    .action(run(predict));
}

async function predict(
  session: Session,
  model: string,
  input: string,
  { out, where, device, threads }: PredictSettings,
): Promise<object> {
  const file = (path: string) => resolve(splitTreePath(path).file);
  if (file(input) === file(out))
    throw new ConfigError(`--out: ${out} is also read; give the result another name`);
  const started = performance.now();
  const bytes = await findModel(model);
  const progress = session.progress("predict", 1);
  const rows = await predictFile({
    runtime: createNodeRuntime({ device }),
    model: bytes,
    modelName: model,
    input,
    output: out,
    signal: session.signal,
    onRows: (done, total) => progress.update(done / total),
    ...(where === undefined ? {} : { where }),
    ...(threads === undefined ? {} : { threads }),
  }).finally(() => progress.finish());
  const seconds = (performance.now() - started) / 1000;
  session.say(`${out}: ${countText(rows)} muons calibrated by ${model}, ${seconds.toFixed(1)} s`);
  return { file: out, model, rows, seconds };
}
