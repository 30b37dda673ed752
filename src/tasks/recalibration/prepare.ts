import { ConfigError, DataError } from "../../base/errors.ts";
import { float32, type HostArray } from "../../base/host-array.ts";
import { createRng } from "../../base/rng.ts";
import {
  concat,
  dedupeRows,
  inspectTable,
  numericColumn,
  readTable,
  requireFinite,
  requireIntegers,
  requireVaries,
  rowsWhere,
  type Split,
  selectColumns,
  selectRows,
  splitByColumn,
  splitByFractions,
  type Table,
} from "../../data/index.ts";
import { readMatchedRows } from "../dataset/read-rows.ts";
import type { RecalibrationConfig } from "./config.ts";
import {
  type ObjectKind,
  type Quantity,
  quantities,
  type Values,
  type Variable,
} from "./quantities.ts";
import { type Simulation, simulationOf } from "./simulation.ts";
import { findSource, type ObjectSource } from "./sources.ts";

/** What became of the rows of the input. */
export interface RowCounts {
  readonly read: number;
  readonly duplicates: number;
  readonly unmatched: number;
  readonly outsidePt: number;
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Objects ready to learn from. Arrays are per row of `table`. */
export interface Dataset {
  readonly source: ObjectSource;
  /** Null for measured objects. */
  readonly simulation: Simulation | null;
  /** Quantities that have both an L1 value and a target. */
  readonly quantities: readonly Quantity[];
  /** Matched, distinct objects, inside and outside the pt window. */
  readonly table: Table;
  readonly level1: Values;
  readonly offline: Values;
  /** Of jets: what resolution and bias are shown against, besides the quantities. */
  readonly variables: readonly Variable[] | null;
  /** Rows inside the L1 pt window, by part. */
  readonly parts: Split<Part>;
  /** Rows of the test part, outside the window too: what a trigger sees. */
  readonly testAll: Uint32Array;
  readonly counts: RowCounts;
}

export type Part = "train" | "validation" | "test";

/** Fewest rows of a part: quantiles with uncertainties need some. */
const leastRows = 8;

export interface PrepareOptions {
  /** All rows are for the test: a model that is there already is judged. */
  readonly testOnly?: boolean;
}

/**
 * Reads and cleans Level-1 objects: finite values, integers in range, no duplicate and no unmatched
 * rows; splits them, then keeps the pt window. Objects of a ROOT file of events are matched first.
 * @throws DataError, FormatError with the file, column and row.
 */
export async function prepareObjects(
  object: ObjectKind,
  files: readonly string[],
  config: RecalibrationConfig,
  { testOnly = false }: PrepareOptions = {},
): Promise<Dataset> {
  const { source, table: read, simulation } = await readObjects(object, files, config);
  const targets = targetColumns(source, read);
  const required = source.inputs.filter((c) => !c.optional).map((c) => c.name);
  if (!testOnly) requireVaries(read, [...required, ...targets], { name: files.join(", ") });
  const { kept, dropped } = source.dropsDuplicates ? dedupeRows(read) : everyRow(read);
  const distinct = selectRows(read, kept);
  const matched = source.zeroMeansUnmatched ? matchedRows(distinct, source, targets) : null;
  const table = matched ? selectRows(distinct, matched) : distinct;
  const level1 = source.level1(table);
  const offline = source.offline(table);
  const used = quantities.filter((q) => level1[q] && offline[q]);
  requirePositive(files, source, offline);
  const parts = testOnly ? allTest(table) : splitObjects(source, table, config);
  const pt = level1.pt as Float64Array;
  const inWindow = (rows: Uint32Array) =>
    rows.filter((row) => pt[row] > config.ptMin && pt[row] < config.ptMax);
  const selected = {
    train: inWindow(parts.train),
    validation: inWindow(parts.validation),
    test: inWindow(parts.test),
  };
  for (const part of testOnly ? (["test"] as const) : (["train", "validation", "test"] as const))
    if (selected[part].length < leastRows)
      throw new DataError(
        `recalibrate: ${selected[part].length} rows are left in the ${part} part, ${leastRows} are needed (${table.rows} distinct matched ${object}, ${config.ptMin} < L1 pt < ${config.ptMax} GeV); widen the window, use more data or other fractions`,
      );
  const used3 = selected.train.length + selected.validation.length + selected.test.length;
  return {
    source,
    simulation,
    quantities: used,
    table,
    level1,
    offline,
    variables: source.variables?.(table) ?? null,
    parts: selected,
    testAll: parts.test,
    counts: {
      read: read.rows,
      duplicates: dropped,
      unmatched: distinct.rows - table.rows,
      outsidePt: table.rows - used3,
      train: selected.train.length,
      validation: selected.validation.length,
      test: selected.test.length,
    },
  };
}

const everyRow = ({ rows }: Table) => ({
  kept: Uint32Array.from({ length: rows }, (_, i) => i),
  dropped: 0,
});

function allTest({ rows }: Table): Split<Part> {
  const none = new Uint32Array(0);
  return { train: none, validation: none, test: Uint32Array.from({ length: rows }, (_, i) => i) };
}

async function readObjects(
  object: ObjectKind,
  files: readonly string[],
  config: RecalibrationConfig,
) {
  const { where, simulated } = config;
  let source: ObjectSource | null = null;
  const tables: Table[] = [];
  const labels: Readonly<Record<string, string>>[] = [];
  for (const file of files) {
    const events = await readMatchedRows(file, object);
    if (events && where !== null)
      throw new ConfigError(
        `--where: ${file} holds events, and the condition is on rows; make a table of it with 'forty dataset ${object}' first`,
      );
    const info = events
      ? { columns: events.table.columns, metadata: events.metadata }
      : await inspectTable(file);
    const names = info.columns.map((c) => c.name);
    const found = findSource(object, file, names, config.pileup);
    if (source && found !== source)
      throw new DataError(
        `${file}: holds ${found.title}, ${files[0]} holds ${source.title}; recalibrate them separately`,
      );
    source = found;
    const wanted = [
      ...found.inputs.map((c) => c.name),
      ...Object.values(found.targets),
      ...(found.extras ?? []),
      ...(found.split ? [found.split.column] : []),
    ].filter((name, i, all) => names.includes(name) && all.indexOf(name) === i);
    const table = events
      ? selectColumns(events.table, wanted)
      : await readTable(file, { columns: wanted, ...(where === null ? {} : { where }) });
    checkInputs(file, table, found);
    requireFinite(table, targetColumns(found, table), { name: file });
    tables.push(table);
    labels.push(info.metadata);
  }
  if (!source) throw new DataError("recalibrate: no input file given");
  const simulation = simulationOf(object, files, labels, simulated);
  return { source, table: concat(tables), simulation };
}

function targetColumns(source: ObjectSource, table: Table): string[] {
  return Object.values(source.targets).filter((t) => table.columns.some((c) => c.name === t));
}

/**
 * What a model reads must be finite, or empty where that is allowed, and hardware integers in
 * range. @throws DataError naming the file, with count and first row among those read.
 */
export function checkInputs(
  file: string,
  table: Table,
  { inputs, rowsBefore = 0 }: Pick<ObjectSource, "inputs"> & { readonly rowsBefore?: number },
): void {
  const options = { name: file, rowsBefore };
  const required = inputs.filter((c) => !c.optional).map((c) => c.name);
  requireFinite(table, required, options);
  for (const { name, range } of inputs) if (range) requireIntegers(table, { name, range }, options);
}

/** Rows whose target columns are not all zero. */
function matchedRows(
  table: Table,
  { object }: ObjectSource,
  targets: readonly string[],
): Uint32Array {
  const columns = targets.map((name) => numericColumn(table, name));
  const rows = rowsWhere(table, (row) => columns.some((c) => c[row] !== 0));
  if (rows.length === 0)
    throw new DataError(
      `recalibrate: all ${table.rows} ${object} are unmatched (${targets.join(", ")} are zero); nothing to learn from`,
    );
  return rows;
}

function requirePositive(files: readonly string[], source: ObjectSource, offline: Values): void {
  const bad = offline.pt?.findIndex((pt) => !(pt > 0)) ?? -1;
  if (bad >= 0)
    throw new DataError(
      `${files.join(", ")}: column "${source.targets.pt}" has ${offline.pt?.[bad]} in a matched ${source.object.slice(0, -1)}; transverse momenta must be > 0`,
    );
}

/** The file's own split with a validation part cut from its training part, or a random split. */
function splitObjects(
  source: ObjectSource,
  table: Table,
  config: RecalibrationConfig,
): Split<Part> {
  const [train, validation, test] = config.fractions;
  const { split } = source;
  if (!split || !table.columns.some((c) => c.name === split.column))
    return splitByFractions(table.rows, { train, validation, test }, config.seed);
  const parts = splitByColumn(table, split.column, {
    train: [split.train],
    test: [split.test],
  });
  const cut = Math.round((parts.train.length * validation) / (train + validation));
  const order = createRng(config.seed).split("validation").permutation(parts.train.length);
  const pick = (from: number, to: number) =>
    order
      .slice(from, to)
      .map((i) => parts.train[i])
      .sort();
  return {
    train: pick(cut, parts.train.length),
    validation: pick(0, cut),
    test: parts.test,
  };
}

/** The model's input [rows, inputs] float32; empty cells of optional columns are NaN. */
export function inputMatrix(
  source: Pick<ObjectSource, "inputs">,
  table: Table,
  rows?: ArrayLike<number>,
): HostArray {
  const n = rows?.length ?? table.rows;
  const width = source.inputs.length;
  const values = new Float32Array(n * width);
  source.inputs.forEach(({ name }, j) => {
    const column = numericColumn(table, name);
    for (let i = 0; i < n; i++) values[i * width + j] = column[rows ? rows[i] : i];
  });
  return float32(values, [n, width]);
}

/** Values of some rows. */
export function take(values: Float64Array, rows: Uint32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row]);
}
