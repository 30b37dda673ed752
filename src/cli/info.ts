import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { describeModel } from "./info/model.ts";
import { describeRun } from "./info/run-folder.ts";
import { describeTable } from "./info/table.ts";
import type { Session } from "./session.ts";
import type { Run } from "./verb.ts";

/** What is in a file: text for people, and the same as plain data. */
export interface Description {
  readonly text: string;
  readonly data: object;
}

/** `forty info`: what a table file, an ONNX model or a run folder holds. */
export function define(command: Command, run: Run): void {
  command
    .argument("<file>", "table (.csv, .csv.gz, .parquet), model (.onnx) or run folder")
    .action(run(info));
}

async function info(session: Session, path: string): Promise<object> {
  const { text, data } = await describe(session, path);
  session.say(text);
  return data;
}

async function describe(session: Session, path: string): Promise<Description> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return describeRun(path);
  if (path.toLowerCase().endsWith(".onnx")) return describeModel(path);
  return describeTable(session, path);
}
