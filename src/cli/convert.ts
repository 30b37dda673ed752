import { resolve } from "node:path";
import type { Command } from "commander";
import { CancelledError, ConfigError, DataError } from "../base/errors.ts";
import { splitTreePath } from "../data/detect.ts";
import {
  type Column,
  type ColumnInfo,
  createTableWriter,
  inspectTable,
  readBatches,
  type Table,
  type TableInfo,
} from "../data/index.ts";
import { missingColumn } from "../data/source.ts";
import { nameList } from "./options.ts";
import type { Session } from "./session.ts";
import { countText } from "./text-table.ts";
import type { Run } from "./verb.ts";

interface ConvertOptions {
  readonly out: string;
  readonly columns?: readonly string[];
  readonly where?: string;
  readonly explode?: string;
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
      "file to write: .parquet or .root (keep units), .csv or .csv.gz (required)",
    )
    .option(
      "--columns <names>",
      "columns to keep, in this order, separated by commas (default: all)",
      nameList("--columns"),
    )
    .option(
      "--where <condition>",
      'rows to keep, as an SQL condition: "pt > 5 AND abs(eta) < 2.4" (default: all)',
    )
    .option(
      "--explode <collection>",
      'one row per object of a jagged collection of a ROOT tree, as "Muon" (default: per entry)',
    )
    .action(run(convert));
}

async function convert(
  session: Session,
  inputs: readonly string[],
  { out, columns, where, explode }: ConvertOptions,
): Promise<object> {
  const fileOf = (path: string) => resolve(splitTreePath(path).file);
  if (inputs.some((path) => fileOf(path) === fileOf(out)))
    throw new ConfigError(`--out: ${out} is also read; give the result another name`);
  const started = performance.now();
  const infos: TableInfo[] = [];
  for (const path of inputs) infos.push(await inspectTable(path, { explode }));
  const flat = infos.find(({ format }) => explode !== undefined && format !== "root");
  if (flat !== undefined)
    throw new ConfigError(`--explode: ${flat.path} is no ROOT file; it has no jagged collections`);
  const schema = commonSchema(infos, columns);
  const names = schema.map((c) => c.name);
  const metadata = Object.assign({}, ...infos.map((info) => info.metadata).reverse());
  const writer = await createTableWriter(out, schema, { metadata });
  const total = infos.reduce((n, info) => n + info.rows, 0);
  const progress = session.progress("convert", total);
  let rows = 0;
  try {
    for (const { path } of infos)
      for await (const batch of readBatches(path, { columns: names, where, explode })) {
        await writer.append(retyped(batch, schema));
        rows += batch.rows;
        progress.update(rows);
        if (session.signal.aborted)
          throw new CancelledError(`convert: cancelled; ${out} was not written`);
      }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    progress.finish();
  }
  session.say(`${out}: ${countText(rows)} of ${countText(total)} rows, ${schema.length} columns`);
  const seconds = (performance.now() - started) / 1000;
  return { file: out, rows, rowsRead: total, columns: names, seconds };
}

/** The chosen columns with types that hold the values of all files. */
function commonSchema(
  infos: readonly TableInfo[],
  names: readonly string[] = infos[0].columns.map((c) => c.name),
): ColumnInfo[] {
  return names.map((name) => {
    const found = infos.map((file) => {
      const info = file.columns.find((c) => c.name === name);
      if (info === undefined) throw missingColumn(file, name);
      return { path: file.path, ...info };
    });
    const [first, ...others] = found;
    const odd = others.find((c) => (c.type === "string") !== (first.type === "string"));
    if (odd)
      throw new DataError(
        `convert: column "${name}" is ${first.type} in ${first.path} and ${odd.type} in ${odd.path}`,
      );
    const units = new Set(found.flatMap(({ unit }) => (unit === null ? [] : [unit])));
    if (units.size > 1)
      throw new DataError(`convert: column "${name}" has units ${[...units].join(" and ")}`);
    const types = new Set(found.map((c) => c.type));
    const isWhole = [...types].every((type) => type === "int32" || type === "int64");
    const type = types.size === 1 ? first.type : isWhole ? "int64" : "float64";
    return { name, type, unit: [...units][0] ?? null };
  });
}

/** The table with the types of the schema. */
function retyped(table: Table, schema: readonly ColumnInfo[]): Table {
  const columns = table.columns.map((column, i): Column => {
    const { values } = column;
    const { type, unit } = schema[i];
    const isNarrow = type === "float64" && values instanceof BigInt64Array;
    return { ...column, type, unit, values: isNarrow ? Float64Array.from(values, Number) : values };
  });
  return { rows: table.rows, columns };
}
