import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { splitTreePath } from "../data/detect.ts";
import { describeModel } from "./info/model.ts";
import { describeRoot } from "./info/root.ts";
import { describeRun } from "./info/run-folder.ts";
import { describeTable } from "./info/table.ts";
import type { Session } from "./session.ts";
import type { Run } from "./verb.ts";

/** What is in a file: text for people, and the same as plain data. */
export interface Description {
  readonly text: string;
  readonly data: object;
}

interface InfoOptions {
  readonly all?: boolean;
}

/** `forty info`: what a table or ROOT file, an ONNX model or a run folder holds. */
export function define(command: Command, run: Run): void {
  command
    .argument(
      "<file>",
      "table (.csv, .csv.gz, .parquet), .root file, tree (.root:tree), model (.onnx) or run folder",
    )
    .option("--all", "list every branch and object of a ROOT file (default: long lists by group)")
    .action(run(info));
}

async function info(session: Session, path: string, options: InfoOptions): Promise<object> {
  const { text, data } = await describe(session, path, options);
  session.say(text);
  return data;
}

async function describe(
  session: Session,
  path: string,
  { all = false }: InfoOptions,
): Promise<Description> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return describeRun(path);
  if (path.toLowerCase().endsWith(".onnx")) return describeModel(path);
  const { file, tree } = splitTreePath(path);
  if (tree === null && file.toLowerCase().endsWith(".root")) return describeRoot(path, { all });
  return describeTable(session, path);
}
