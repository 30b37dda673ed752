import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { ConfigError } from "../base/errors.ts";
import { splitTreePath } from "../data/detect.ts";
import { createNodeRuntime } from "../runtime/index.ts";
import { predictFile } from "../tasks/index.ts";
import type { Predicted } from "../tasks/recalibration/predict.ts";
import { findModel } from "../tasks/run-folder.ts";
import { wholeNumber } from "./options.ts";
import type { Session } from "./session.ts";
import { countText } from "./text-table.ts";
import type { Run } from "./verb.ts";

interface PredictSettings {
  readonly out: string;
  readonly where?: string;
  readonly collection?: string;
  readonly device: "cpu" | "webgpu" | "cuda";
  readonly threads?: number;
}

/** `forty predict`: apply an exported model to a file. */
export function define(command: Command, run: Run): void {
  command
    .argument("<model>", "run folder or exported .onnx file")
    .argument(
      "<in>",
      "table with the model's input columns: .parquet, .root, .csv, .csv.gz; or events: NanoAOD, scouting NanoAOD, L1 ntuple",
    )
    .requiredOption(
      "-o, --out <file>",
      "file to write: .parquet, .root, .csv or .csv.gz. Of a table, its columns and the calibrated ones; of events, .root gives a friend tree with an entry for each of the input, the others a row per object (required)",
    )
    .option("--where <condition>", "rows of a table to keep, as an SQL condition (default: all)")
    .option(
      "--collection <name>",
      'objects of events, as "L1EmulMu" (default: L1Mu or L1Jet, by the model)',
    )
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
    .addHelpText(
      "after",
      `
Of events, all Level-1 objects of all bunch crossings stay in place. The model is applied to those
inside the L1 pt window it was trained in; the others keep their Level-1 pt, eta and phi, and have
0 instead of 1 in "L1Mu_calibrated". In ROOT: tree->AddFriend("Friends", "friend.root").`,
    )
    .action(run(predict));
}

async function predict(
  session: Session,
  model: string,
  input: string,
  { out, where, collection, device, threads }: PredictSettings,
): Promise<object> {
  const file = (path: string) => resolve(splitTreePath(path).file);
  if (file(input) === file(out))
    throw new ConfigError(`--out: ${out} is also read; give the result another name`);
  const started = performance.now();
  const bytes = await findModel(model);
  const progress = session.progress("predict", 1);
  const predicted = await predictFile({
    runtime: createNodeRuntime({ device }),
    model: bytes,
    modelName: model,
    input,
    output: out,
    signal: session.signal,
    onRows: (done, total) => progress.update(done / total),
    ...(where === undefined ? {} : { where }),
    ...(collection === undefined ? {} : { collection }),
    ...(threads === undefined ? {} : { threads }),
  }).finally(() => progress.finish());
  const seconds = (performance.now() - started) / 1000;
  const { rows, events } = predicted;
  session.say(`${out}: ${summary(predicted)} by ${model}, ${seconds.toFixed(1)} s`);
  if (events !== null && events.objects > events.calibrated)
    session.say(keptText(predicted, events.outside));
  return { file: out, model, rows, ...events, seconds };
}

function summary({ object, rows, events }: Predicted): string {
  if (events === null) return `${countText(rows)} ${object} calibrated`;
  const { collection, objects, calibrated } = events;
  return `${countText(calibrated)} of ${countText(objects)} ${collection} of ${countText(events.events)} events calibrated`;
}

/** Why objects keep their Level-1 values, for people. */
function keptText({ window: [low, high] }: Predicted, outside: Readonly<Record<string, number>>) {
  const words: Readonly<Record<string, string>> = {
    pt: `L1 pt outside of ${low} ... ${high} GeV, where the model was trained`,
    result: "a result that is not finite",
  };
  const lines = Object.entries(outside).map(
    ([reason, n]) => `  ${countText(n)}: ${words[reason] ?? `${reason} missing or out of range`}`,
  );
  return ["the others keep their L1 values:", ...lines].join("\n");
}
