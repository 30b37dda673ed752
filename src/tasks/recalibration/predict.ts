import { CancelledError, DataError } from "../../base/errors.ts";
import {
  createTableWriter,
  inspectTable,
  makeColumn,
  readBatches,
  schemaOf,
  type TableWriter,
  unknownColumn,
  withColumns,
} from "../../data/index.ts";
import { createPredictor } from "../../nn/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { readModelColumns } from "./metadata.ts";
import { inputName } from "./model.ts";
import { checkInputs, inputMatrix } from "./prepare.ts";

export interface PredictOptions {
  readonly runtime: Runtime;
  /** Bytes of an exported recalibration, and what to call it in messages. */
  readonly model: Uint8Array;
  readonly modelName: string;
  readonly input: string;
  readonly output: string;
  readonly where?: string;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onRows?: (done: number, total: number) => void;
}

/**
 * Applies an exported model to a file in bounded memory: writes the input's columns, in order, and
 * the calibrated ones. Needs nothing of the run but the ONNX file.
 * @returns rows written.
 * @throws DataError for missing columns or unusable values; no output is left then.
 */
export async function predictFile(options: PredictOptions): Promise<number> {
  const { runtime, model, modelName, input, output, where, signal } = options;
  const columns = readModelColumns(modelName, model);
  const info = await inspectTable(input);
  const names = info.columns.map((c) => c.name);
  for (const { name } of columns.inputs)
    if (!names.includes(name)) throw unknownColumn(input, name, names);
  const clash = columns.outputs.find((c) => names.includes(c.name));
  if (clash)
    throw new DataError(
      `${input}: has a column "${clash.name}" already; drop it with 'forty convert --columns'`,
    );
  const predictor = await createPredictor(
    runtime,
    model,
    options.threads === undefined ? {} : { threads: options.threads },
  );
  let writer: TableWriter | null = null;
  let rows = 0;
  try {
    for await (const batch of readBatches(input, where === undefined ? {} : { where })) {
      await new Promise<void>((go) => setTimeout(go)); // lets Ctrl-C through
      if (signal?.aborted)
        throw new CancelledError(`predict: cancelled; ${output} was not written`);
      checkInputs(input, batch, { inputs: columns.inputs, rowsBefore: rows });
      const result = await predictor.predict({ [inputName]: inputMatrix(columns, batch) });
      const added = columns.outputs.map(({ name, unit }) =>
        makeColumn(name, result[name].data as Float32Array, unit),
      );
      const table = withColumns(batch, added);
      writer ??= await createTableWriter(output, schemaOf(table), {
        metadata: { "forty.model": modelName },
      });
      await writer.append(table);
      rows += batch.rows;
      options.onRows?.(rows, info.rows);
    }
    await writer?.close();
    return rows;
  } catch (cause) {
    await writer?.abort();
    throw cause;
  } finally {
    await predictor.dispose();
  }
}
