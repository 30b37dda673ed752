import { ConfigError, DataError } from "../base/errors.ts";
import type { ColumnInfo } from "./duckdb.ts";
import { matchingNames } from "./name-pattern.ts";
import { inspectTable, type ReadOptions, readBatches, type TableInfo } from "./read.ts";
import { missingColumn } from "./source.ts";
import type { Column, Table } from "./table.ts";

/** What of the files is wanted. */
export interface ChosenColumns extends Pick<ReadOptions, "columns" | "where" | "explode"> {}

/** Tables of files below one another. */
export interface TableChain {
  /** Columns with types that hold the values of all files. */
  readonly schema: readonly ColumnInfo[];
  /** Texts of the files, those of the first one where several have them. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Columns of the first file that no flat table holds, as "name (type)", where all are wanted. */
  readonly leftOut: readonly string[];
  readonly rows: number;
  batches(): AsyncGenerator<Table>;
}

/**
 * Looks into table files to be written as one. Throws `DataError` for columns that are missing or
 * do not go together.
 */
export async function openTableChain(
  inputs: readonly string[],
  { columns, where, explode }: ChosenColumns,
): Promise<TableChain> {
  const infos: TableInfo[] = [];
  for (const path of inputs) infos.push(await inspectTable(path, { explode }));
  const [first] = infos;
  const flat = infos.find(({ format }) => explode !== undefined && format !== "root");
  if (flat !== undefined)
    throw new ConfigError(`--explode: ${flat.path} is no ROOT file; it has no jagged collections`);
  const known = first.columns.map((c) => c.name);
  const schema = commonSchema(infos, columns ? matchingNames(first.path, columns, known) : known);
  const names = schema.map((c) => c.name);
  return {
    schema,
    metadata: Object.assign({}, ...infos.map((info) => info.metadata).reverse()),
    leftOut: columns === undefined ? first.nested : [],
    rows: infos.reduce((n, info) => n + info.rows, 0),
    async *batches() {
      const allowEmpty = infos.length > 1;
      let rows = 0;
      for (const { path } of infos)
        for await (const batch of readBatches(path, {
          columns: names,
          where,
          explode,
          allowEmpty,
        })) {
          rows += batch.rows;
          yield retyped(batch, schema);
        }
      if (rows > 0) return;
      const reason =
        where === undefined ? "hold no rows" : `no row passes "${where}" in any of them`;
      throw new DataError(`${inputs.join(", ")}: ${reason}`);
    },
  };
}

/** The chosen columns with types that hold the values of all files. */
function commonSchema(infos: readonly TableInfo[], names: readonly string[]): ColumnInfo[] {
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
