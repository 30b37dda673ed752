import { resolve } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../base/errors.ts";
import { formatOfName, splitTreePath } from "../data/detect.ts";
import { collectionOf } from "../data/read-root.ts";
import { type ChosenColumns, openTableChain } from "../data/table-chain.ts";
import { openTreeChain } from "../data/tree-chain.ts";
import { createTableWriter, createTreeWriter } from "../data/write.ts";
import { nameList } from "./options.ts";
import type { Session } from "./session.ts";
import { countText } from "./text-table.ts";
import type { Run } from "./verb.ts";
import { writeBatches } from "./write-batches.ts";

interface ConvertOptions extends ChosenColumns {
  readonly out: string;
}

/** What became of the input. */
interface Converted {
  readonly rows: number;
  readonly rowsRead: number;
  /** Names in the file that was written. */
  readonly columns: readonly string[];
  /** What could not be written, with the reason. */
  readonly leftOut: readonly string[];
}

/** `forty convert`: table files below one another into one, of the same or another format. */
export function define(command: Command, run: Run): void {
  command
    .argument(
      "<in...>",
      "files to read, one below the other: .csv, .csv.gz, .parquet, .root or .root:tree",
    )
    .requiredOption(
      "-o, --out <file>",
      "file to write: .parquet or .root (keep units), .csv or .csv.gz (required); from ROOT to ROOT jagged branches are kept",
    )
    .option(
      "--columns <names>",
      'columns to keep, in this order, separated by commas, * for anything: "run,Muon_*" (default: all)',
      nameList("--columns"),
    )
    .option(
      "--where <condition>",
      'rows to keep, as an SQL condition on columns with one value a row: "pt > 5 AND abs(eta) < 2.4" (default: all)',
    )
    .option(
      "--explode <collection>",
      'one row per object of a jagged collection of a ROOT tree, as "Muon", with its entry and index (default: per entry)',
    )
    .action(run(convert));
}

async function convert(
  session: Session,
  inputs: readonly string[],
  { out, ...chosen }: ConvertOptions,
): Promise<object> {
  const fileOf = (path: string) => resolve(splitTreePath(path).file);
  if (inputs.some((path) => fileOf(path) === fileOf(out)))
    throw new ConfigError(`--out: ${out} is also read; give the result another name`);
  const started = performance.now();
  const areTrees = [...inputs, out].every((path) => formatOfName(path) === "root");
  const work = areTrees && chosen.explode === undefined ? convertTrees : convertTables;
  const done = await work(session, inputs, { out, ...chosen });
  session.say(summary(out, done, chosen));
  return { file: out, ...done, seconds: (performance.now() - started) / 1000 };
}

/** Rows of tables; of ROOT files the flat branches, or the objects of a collection. */
async function convertTables(
  session: Session,
  inputs: readonly string[],
  { out, ...chosen }: ConvertOptions,
): Promise<Converted> {
  const { schema, metadata, leftOut, rows: total, batches } = await openTableChain(inputs, chosen);
  const writer = await createTableWriter(out, schema, { metadata });
  const rows = await writeBatches(session, writer, batches(), { task: "convert", out, total });
  return { rows, rowsRead: total, columns: schema.map((c) => c.name), leftOut };
}

/** Entries of trees with branches of any shape, types as they are. */
async function convertTrees(
  session: Session,
  inputs: readonly string[],
  { out, ...chosen }: ConvertOptions,
): Promise<Converted> {
  const {
    fields,
    metadata,
    leftOut,
    entries: total,
    batches,
  } = await openTreeChain(inputs, chosen);
  const writer = await createTreeWriter(out, fields, { metadata });
  const rows = await writeBatches(session, writer, batches(), { task: "convert", out, total });
  return { rows, rowsRead: total, columns: fields.map((f) => f.name), leftOut };
}

/** Columns or collections that are named where some are left out. */
const told = 12;

function summary(
  out: string,
  { rows, rowsRead, columns, leftOut }: Converted,
  { explode }: ChosenColumns,
): string {
  const [n, of, width] = [rows, rowsRead, columns.length].map(countText);
  const done = `${out}: ${n} of ${of} rows, ${width} columns`;
  if (leftOut.length === 0) return done;
  const left = `left out ${countText(leftOut.length)} columns`;
  if (formatOfName(out) === "root" && explode === undefined)
    return [done, `${left}:`, ...shortened(leftOut).map((text) => `  ${text}`)].join("\n");
  const collections = [...new Set(leftOut.map((text) => collectionOf(text.split(" ", 1)[0])))];
  const remedy = "-o FILE.root keeps them, --explode NAME makes a row of each object";
  return `${done}\n${left} with more than one value a row (${shortened(collections).join(", ")}); ${remedy}`;
}

function shortened(list: readonly string[]): readonly string[] {
  const more = list.length - told;
  return more > 0 ? [...list.slice(0, told), `${countText(more)} more`] : list;
}
