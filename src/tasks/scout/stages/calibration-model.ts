import { ConfigError } from "../../../base/errors.ts";
import type { Runtime } from "../../../runtime/index.ts";
import { isProgramText, readProgram } from "../../fpga/read-program.ts";
import { readModelColumns } from "../../recalibration/metadata.ts";
import { createRowModel, type RowModel } from "./row-model.ts";

/** A model that calibrates objects, with the columns it reads in order. */
export interface CalibrationModel extends Omit<RowModel, "columns"> {
  readonly columns: readonly string[];
  /** Level-1 pt that it is for, GeV, ends excluded. */
  readonly ptMin: number;
  readonly ptMax: number;
}

export interface CalibrationModelOptions {
  /** Its path, for messages. */
  readonly where: string;
  readonly object: "muons" | "jets";
  /** Columns that the raw data have. */
  readonly known: readonly string[];
  /** What to do about others. */
  readonly hint: string;
  /** Replace those of the model; a design does not tell them. */
  readonly ptMin: number | null;
  readonly ptMax: number | null;
  readonly blockRows?: number;
}

/**
 * An exported recalibration, or the fixed-point program of one.
 * @throws ConfigError for models of other objects or columns, FormatError for other files.
 */
export async function createCalibrationModel(
  runtime: Runtime,
  bytes: Uint8Array,
  { where, object, known, hint, ptMin, ptMax, blockRows }: CalibrationModelOptions,
): Promise<CalibrationModel> {
  const { columns, ...told } = isProgramText(bytes)
    ? ofProgram(bytes, where)
    : ofExport(bytes, where);
  const missing = columns.filter((name) => !known.includes(name));
  if ((told.object !== null && told.object !== object) || missing.length > 0)
    throw new ConfigError(
      `${where}: reads ${columns.join(", ")}${told.object ? ` of ${told.object}` : ""}; scouting has ${known.join(", ")} of ${object}: ${hint}`,
    );
  const [low, high] = [ptMin ?? told.ptMin, ptMax ?? told.ptMax];
  if (low === null || high === null)
    throw new ConfigError(
      `${where}: a design does not tell the Level-1 pt that it is for; give ptMin and ptMax, those of its recalibration`,
    );
  const model = await createRowModel(runtime, bytes, {
    ...{ where, width: columns.length },
    ...(blockRows !== undefined && { blockRows }),
  });
  return { ...model, columns, ptMin: low, ptMax: high };
}

interface Told {
  readonly object: "muons" | "jets" | null;
  readonly columns: readonly string[];
  readonly ptMin: number | null;
  readonly ptMax: number | null;
}

function ofExport(bytes: Uint8Array, where: string): Told {
  const { object, inputs, config } = readModelColumns(where, bytes);
  return {
    ...{ object, columns: inputs.map(({ name }) => name) },
    ...{ ptMin: config.ptMin, ptMax: config.ptMax },
  };
}

function ofProgram(bytes: Uint8Array, where: string): Told {
  const columns = readProgram(bytes, where).inputs.flatMap(({ labels }) => labels);
  return { object: null, columns, ptMin: null, ptMax: null };
}
