import { DataError } from "../../base/errors.ts";
import { float32, type HostArray } from "../../base/host-array.ts";
import { createRng } from "../../base/rng.ts";
import { type MuonSimulationConfig, muonSimulation } from "../../cms/simulate/muon-config.ts";
import { readSimulationLabel } from "../../cms/simulate/muon-label.ts";
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
  selectRows,
  splitByColumn,
  splitByFractions,
  type Table,
} from "../../data/index.ts";
import type { RecalibrationConfig } from "./config.ts";
import { type Quantity, quantities, type Values } from "./quantities.ts";
import { findSource, type MuonSource } from "./sources.ts";

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

/** Muons ready to learn from. Arrays are per row of `table`. */
export interface Dataset {
  readonly source: MuonSource;
  /**
   * Null for measured muons; else the parameters of the simulation, themselves null where they are
   * unknown or not the same in all files.
   */
  readonly simulation: { readonly parameters: MuonSimulationConfig | null } | null;
  /** Quantities that have both an L1 value and a target. */
  readonly quantities: readonly Quantity[];
  /** Matched, distinct muons, inside and outside the pt window. */
  readonly table: Table;
  readonly level1: Values;
  readonly offline: Values;
  /** Rows inside the L1 pt window, by part. */
  readonly parts: Split<Part>;
  /** Rows of the test part, outside the window too: what a trigger sees. */
  readonly testAll: Uint32Array;
  readonly counts: RowCounts;
}

export type Part = "train" | "validation" | "test";

/** Fewest rows of a part: quantiles with uncertainties need some. */
const leastRows = 8;

/**
 * Reads and cleans muons: finite values, integers in range, no duplicate and no unmatched rows;
 * splits them, then keeps the pt window.
 * @throws DataError, FormatError with the file, column and row.
 */
export async function prepareMuons(
  files: readonly string[],
  config: RecalibrationConfig,
): Promise<Dataset> {
  const { source, table: read, simulation } = await readMuons(files, config);
  const targets = targetColumns(source, read);
  const required = source.inputs.filter((c) => !c.optional).map((c) => c.name);
  requireVaries(read, [...required, ...targets], { name: files.join(", ") });
  const { kept, dropped: duplicates } = dedupeRows(read);
  const distinct = selectRows(read, kept);
  const matched = source.zeroMeansUnmatched ? matchedRows(distinct, targets) : null;
  const table = matched ? selectRows(distinct, matched) : distinct;
  const level1 = source.level1(table);
  const offline = source.offline(table);
  const used = quantities.filter((q) => level1[q] && offline[q]);
  requirePositive(files, source, offline);
  const parts = splitMuons(source, table, config);
  const pt = level1.pt as Float64Array;
  const inWindow = (rows: Uint32Array) =>
    rows.filter((row) => pt[row] > config.ptMin && pt[row] < config.ptMax);
  const selected = {
    train: inWindow(parts.train),
    validation: inWindow(parts.validation),
    test: inWindow(parts.test),
  };
  for (const part of ["train", "validation", "test"] as const)
    if (selected[part].length < leastRows)
      throw new DataError(
        `recalibrate: ${selected[part].length} rows are left in the ${part} part, ${leastRows} are needed (${table.rows} distinct matched muons, ${config.ptMin} < L1 pt < ${config.ptMax} GeV); widen the window, use more data or other fractions`,
      );
  const kept3 = selected.train.length + selected.validation.length + selected.test.length;
  return {
    source,
    simulation,
    quantities: used,
    table,
    level1,
    offline,
    parts: selected,
    testAll: parts.test,
    counts: {
      read: read.rows,
      duplicates,
      unmatched: distinct.rows - table.rows,
      outsidePt: table.rows - kept3,
      train: selected.train.length,
      validation: selected.validation.length,
      test: selected.test.length,
    },
  };
}

async function readMuons(files: readonly string[], { where, simulated }: RecalibrationConfig) {
  let source: MuonSource | null = null;
  const tables: Table[] = [];
  const labels: (MuonSimulationConfig | null)[] = [];
  for (const file of files) {
    const { columns, metadata } = await inspectTable(file);
    const names = columns.map((c) => c.name);
    const found = findSource(file, names);
    if (source && found !== source)
      throw new DataError(
        `${file}: holds ${found.title}, ${files[0]} holds ${source.title}; recalibrate them separately`,
      );
    source = found;
    const wanted = [
      ...found.inputs.map((c) => c.name),
      ...Object.values(found.targets),
      ...(found.split ? [found.split.column] : []),
    ].filter((name) => names.includes(name));
    const table = await readTable(file, { columns: wanted, ...(where === null ? {} : { where }) });
    checkInputs(file, table, found);
    requireFinite(table, targetColumns(found, table), { name: file });
    tables.push(table);
    labels.push(readSimulationLabel(file, metadata));
  }
  if (!source) throw new DataError("recalibrate: no input file given");
  return { source, table: concat(tables), simulation: simulationOf(labels, simulated) };
}

function targetColumns(source: MuonSource, table: Table): string[] {
  return Object.values(source.targets).filter((t) => table.columns.some((c) => c.name === t));
}

/**
 * What a model reads must be finite, or empty where that is allowed, and hardware integers in
 * range. @throws DataError naming the file, with count and first row among those read.
 */
export function checkInputs(
  file: string,
  table: Table,
  { inputs, rowsBefore = 0 }: Pick<MuonSource, "inputs"> & { readonly rowsBefore?: number },
): void {
  const options = { name: file, rowsBefore };
  const required = inputs.filter((c) => !c.optional).map((c) => c.name);
  requireFinite(table, required, options);
  for (const { name, range } of inputs) if (range) requireIntegers(table, { name, range }, options);
}

/** Files are simulated where one is labeled so; their floor is known where all agree. */
function simulationOf(
  labels: readonly (MuonSimulationConfig | null)[],
  declared: boolean,
): Dataset["simulation"] {
  if (!declared && labels.every((label) => label === null)) return null;
  const all = labels.map((label) => label ?? (declared ? muonSimulation : null));
  const isSame = all.every((label) => JSON.stringify(label) === JSON.stringify(all[0]));
  return { parameters: isSame ? all[0] : null };
}

/** Rows whose target columns are not all zero. */
function matchedRows(table: Table, targets: readonly string[]): Uint32Array {
  const columns = targets.map((name) => numericColumn(table, name));
  const rows = rowsWhere(table, (row) => columns.some((c) => c[row] !== 0));
  if (rows.length === 0)
    throw new DataError(
      `recalibrate: all ${table.rows} muons are unmatched (${targets.join(", ")} are zero); nothing to learn from`,
    );
  return rows;
}

function requirePositive(files: readonly string[], source: MuonSource, offline: Values): void {
  const bad = offline.pt?.findIndex((pt) => !(pt > 0)) ?? -1;
  if (bad >= 0)
    throw new DataError(
      `${files.join(", ")}: column "${source.targets.pt}" has ${offline.pt?.[bad]} in a matched muon; transverse momenta must be > 0`,
    );
}

/** The file's own split with a validation part cut from its training part, or a random split. */
function splitMuons(source: MuonSource, table: Table, config: RecalibrationConfig): Split<Part> {
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
  source: Pick<MuonSource, "inputs">,
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
