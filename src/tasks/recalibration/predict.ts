import { ConfigError, DataError } from "../../base/errors.ts";
import {
  createTableWriter,
  formatOfName,
  inspectTable,
  makeColumn,
  readBatches,
  schemaOf,
  type Table,
  unknownColumn,
  withColumns,
} from "../../data/index.ts";
import { lazyWriter, writeAll } from "../../data/write-all.ts";
import { createPredictor } from "../../nn/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { type ModelColumns, readModelColumns } from "./metadata.ts";
import {
  openPredictEvents,
  type PredictEventsOptions,
  type PredictedObjects,
  predictEvents,
} from "./predict-events.ts";
import { checkInputs, inputMatrix } from "./prepare.ts";

export interface PredictOptions {
  readonly runtime: Runtime;
  /** Bytes of an exported recalibration, and what to call it in messages. */
  readonly model: Uint8Array;
  readonly modelName: string;
  readonly input: string;
  readonly output: string;
  readonly where?: string;
  /** Level-1 objects of a file of events; default L1Mu or L1Jet. */
  readonly collection?: string;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onRows?: (done: number, total: number) => void;
}

/** What was written. */
export interface Predicted {
  /** Objects that the model is for. */
  readonly object: ModelColumns["object"];
  /** Rows of a table, or entries of a friend tree. */
  readonly rows: number;
  /** L1 pt that the model was trained in, GeV, ends excluded. */
  readonly window: readonly [number, number];
  /** For a file of events; null for a table, whose rows are all calibrated. */
  readonly events: PredictedObjects | null;
}

/**
 * Applies an exported model to a file in bounded memory. Needs nothing of the run but the ONNX file.
 *
 * Of a table: writes the input's columns, in order, and the calibrated ones. Of a ROOT file of
 * events (NanoAOD, scouting NanoAOD, L1 ntuple) whose objects are jagged: see `predictEvents`.
 * @throws DataError for missing columns or unusable values, ConfigError for a selection on events
 * or a collection of a table; no output is left then.
 */
export async function predictFile(options: PredictOptions): Promise<Predicted> {
  const { runtime, modelName, input, output, where, collection, threads, signal, onRows } = options;
  const model = readModelColumns(modelName, options.model);
  const metadata = {
    "forty.model": modelName,
    "forty.modelSha256": await sha256(options.model),
  };
  const predictor = await createPredictor(
    runtime,
    options.model,
    threads === undefined ? {} : { threads },
  );
  const common = { model, predictor, input, output, metadata, signal, onRows };
  const { object, config } = model;
  const window = [config.ptMin, config.ptMax] as const;
  try {
    const source = await openPredictEvents(input, model, collection);
    if (source === null) {
      requireNo("collection", collection, `${input} is a table; its rows are the objects`);
      return { object, window, rows: await predictTable({ ...common, where }), events: null };
    }
    try {
      const remedy = `${input} holds events, all of which are kept; select afterwards with 'forty convert'`;
      requireNo("where", where, remedy);
      const events = await predictEvents(source, common);
      const isFriend = formatOfName(output) === "root";
      return { object, window, rows: isFriend ? events.events : events.objects, events };
    } finally {
      await source.close();
    }
  } finally {
    await predictor.dispose();
  }
}

function requireNo(option: string, value: string | undefined, reason: string): void {
  if (value !== undefined) throw new ConfigError(`--${option}: ${reason}`);
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

interface TableOptions extends PredictEventsOptions {
  readonly where: string | undefined;
}

/** Writes the rows of a table with the calibrated columns. @returns rows written. */
async function predictTable({
  model,
  predictor,
  input,
  output,
  where,
  metadata,
  signal,
  onRows,
}: TableOptions): Promise<number> {
  const info = await inspectTable(input);
  const names = info.columns.map((c) => c.name);
  for (const { name } of model.inputs)
    if (!names.includes(name)) throw unknownColumn(input, name, names);
  const clash = model.outputs.find((c) => names.includes(c.name));
  if (clash)
    throw new DataError(
      `${input}: has a column "${clash.name}" already; drop it with 'forty convert --columns'`,
    );
  async function* tables(): AsyncGenerator<Table> {
    let rowsBefore = 0;
    for await (const batch of readBatches(input, { where })) {
      checkInputs(input, batch, { inputs: model.inputs, rowsBefore });
      const result = await predictor.predict({ [model.inputName]: inputMatrix(model, batch) });
      const added = model.outputs.map(({ name, unit }) =>
        makeColumn(name, result[name].data as Float32Array, unit),
      );
      yield withColumns(batch, added);
      rowsBefore += batch.rows;
    }
  }
  const writer = lazyWriter((first: Table) =>
    createTableWriter(output, schemaOf(first), { metadata }),
  );
  return writeAll(writer, tables(), {
    task: "predict",
    out: output,
    signal,
    onRows: (rows) => onRows?.(rows, info.rows),
  });
}
