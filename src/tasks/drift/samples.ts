import { ConfigError, DataError } from "../../base/errors.ts";
import { float32, type HostArray } from "../../base/host-array.ts";
import { createRng } from "../../base/rng.ts";
import {
  type ColumnInfo,
  column,
  inspectTable,
  numericColumn,
  readTable,
  type TableInfo,
  unknownColumn,
} from "../../data/index.ts";
import type { DriftSettings } from "./settings.ts";

/** A column in both tables, rows without missing values only. */
export interface SharedColumn {
  readonly name: string;
  readonly unit: string | null;
  readonly reference: Float64Array;
  readonly sample: Float64Array;
  /** Of the reference; x is compared as (x - mean) / scale. */
  readonly mean: number;
  /** Standard deviation, 1 where the reference is constant. */
  readonly scale: number;
}

export interface Samples {
  readonly columns: readonly SharedColumn[];
  /** Columns of both tables that were not compared, and why. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  readonly reference: SampleRows;
  readonly sample: SampleRows;
}

export interface SampleRows {
  /** Standardized [rows, columns]. */
  readonly x: HostArray;
  readonly rows: number;
  /** Rows of the table, before rows were drawn. */
  readonly available: number;
  /** Rows left out because a value is missing or infinite. */
  readonly incomplete: number;
}

/** Names that count events rather than describe them; any case. */
const bookkeeping =
  /^(run|lumi|ls|luminosityblock|event|eventnumber|orbit|orbitnumber|bx|bunchcrossing|entry|index|row)$/i;

/**
 * Reads what two tables have in common.
 * @throws DataError where they share no column, or none with complete rows.
 */
export async function readSamples(
  paths: { readonly reference: string; readonly sample: string },
  settings: Pick<DriftSettings, "columns" | "where" | "rows" | "seed">,
): Promise<Samples> {
  const infos = [await inspectTable(paths.reference), await inspectTable(paths.sample)] as const;
  const { names, leftOut } = chooseColumns(infos, settings.columns);
  const [a, b] = [
    await readPart(paths.reference, names, settings, "reference"),
    await readPart(paths.sample, names, settings, "sample"),
  ];
  const isSame = (j: number) => {
    const first = a.values[j][0];
    return a.values[j].every((v) => v === first) && b.values[j].every((v) => v === first);
  };
  const kept = names.map((_, j) => j).filter((j) => !isSame(j));
  if (kept.length === 0)
    throw new DataError(
      `drift: every column compared has one and the same value in both tables: ${names.join(", ")}; choose others with --columns`,
    );
  const columns = kept.map((j): SharedColumn => {
    const [reference, sample] = [a.values[j], b.values[j]];
    return { name: names[j], unit: a.units[j], reference, sample, ...momentsOf(reference) };
  });
  const matrix = (part: Part): SampleRows => ({
    x: standardized(
      columns,
      kept.map((j) => part.values[j]),
    ),
    rows: part.values[0].length,
    available: part.available,
    incomplete: part.incomplete,
  });
  return {
    columns,
    leftOut: [
      ...leftOut,
      ...names.filter((_, j) => isSame(j)).map((name) => ({ name, reason: "constant" })),
    ],
    reference: matrix(a),
    sample: matrix(b),
  };
}

function chooseColumns(infos: readonly [TableInfo, TableInfo], wanted: readonly string[] | null) {
  const [first, second] = infos;
  const find = ({ columns }: TableInfo, name: string) => columns.find((c) => c.name === name);
  if (wanted) {
    for (const name of wanted)
      for (const info of infos) {
        const found = find(info, name);
        if (!found)
          throw unknownColumn(
            info.path,
            name,
            info.columns.map((c) => c.name),
          );
        if (found.type === "string")
          throw new ConfigError(
            `--columns: "${name}" of ${info.path} is text; only numbers can be compared`,
          );
      }
    return { names: wanted, leftOut: [] };
  }
  const reasonOf = ({ name, type }: ColumnInfo) =>
    type === "string" || find(second, name)?.type === "string"
      ? "text"
      : bookkeeping.test(name)
        ? "counts events"
        : null;
  const shared = first.columns.filter(({ name }) => find(second, name));
  const leftOut = shared.flatMap((c) => {
    const reason = reasonOf(c);
    return reason === null ? [] : [{ name: c.name, reason }];
  });
  const names = shared.filter((c) => reasonOf(c) === null).map(({ name }) => name);
  if (names.length === 0)
    throw new DataError(
      `drift: ${first.path} and ${second.path} have no numeric column in common; the second has ${second.columns.map((c) => c.name).join(", ")}`,
    );
  return { names, leftOut };
}

interface Part {
  readonly values: readonly Float64Array[];
  readonly units: readonly (string | null)[];
  readonly available: number;
  readonly incomplete: number;
}

async function readPart(
  path: string,
  names: readonly string[],
  { where, rows, seed }: Pick<DriftSettings, "where" | "rows" | "seed">,
  role: string,
): Promise<Part> {
  const table = await readTable(path, { columns: names, ...(where === null ? {} : { where }) });
  const all = names.map((name) => numericColumn(table, name));
  const complete: number[] = [];
  for (let i = 0; i < table.rows; i++)
    if (all.every((values) => Number.isFinite(values[i]))) complete.push(i);
  if (complete.length < 20)
    throw new DataError(
      `${path}: ${complete.length} of ${table.rows} rows have all of ${names.join(", ")}; choose columns with fewer missing values by --columns`,
    );
  const order = createRng(seed).split(`rows of ${role}`).permutation(complete.length);
  const picked = order.subarray(0, rows).sort();
  return {
    values: all.map((values) => Float64Array.from(picked, (i) => values[complete[i]])),
    units: names.map((name) => column(table, name).unit),
    available: table.rows,
    incomplete: table.rows - complete.length,
  };
}

function momentsOf(values: Float64Array): { mean: number; scale: number } {
  const n = values.length;
  let mean = 0;
  for (const value of values) mean += value / n;
  let variance = 0;
  for (const value of values) variance += (value - mean) ** 2 / n;
  return { mean, scale: variance > 0 ? Math.sqrt(variance) : 1 };
}

function standardized(
  columns: readonly SharedColumn[],
  values: readonly Float64Array[],
): HostArray {
  const [rows, width] = [values[0].length, columns.length];
  const x = new Float32Array(rows * width);
  columns.forEach(({ mean, scale }, j) => {
    for (let i = 0; i < rows; i++) x[i * width + j] = (values[j][i] - mean) / scale;
  });
  return float32(x, [rows, width]);
}
