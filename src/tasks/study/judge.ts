import { createPredictor } from "../../nn/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { residualsOf } from "../recalibration/evaluate.ts";
import { type Dataset, inputMatrix, take } from "../recalibration/prepare.ts";
import { quantityText, type Values } from "../recalibration/quantities.ts";
import type { Rms } from "./job.ts";

/** Some rows of all quantities. */
export function rowsOfValues(data: Dataset, values: Values, rows: Uint32Array): Values {
  return Object.fromEntries(data.quantities.map((q) => [q, take(values[q] as Float64Array, rows)]));
}

/** Errors of calibrated values for some rows. */
export function errorsOf(data: Dataset, values: Values, rows: Uint32Array): Rms {
  const residuals = residualsOf(values, rowsOfValues(data, data.offline, rows));
  return Object.fromEntries(
    Object.entries(residuals).map(([q, r]) => {
      const sum = r.reduce((s, x) => s + x * x, 0);
      return [q, Math.sqrt(sum / r.length)];
    }),
  );
}

/** Errors of L1 on the validation part. */
export function level1Errors(data: Dataset): Rms {
  const rows = data.parts.validation;
  return errorsOf(data, rowsOfValues(data, data.level1, rows), rows);
}

/** Calibrated values of some rows by an exported model. */
export async function predictRows(
  runtime: Runtime,
  model: Uint8Array,
  data: Dataset,
  rows: Uint32Array,
): Promise<Values> {
  const predictor = await createPredictor(runtime, model);
  try {
    const { source, table } = data;
    const outputs = await predictor.predict({ [source.object]: inputMatrix(source, table, rows) });
    return Object.fromEntries(
      data.quantities.map((q) => [
        q,
        Float64Array.from(outputs[quantityText[q].output].data as Float32Array),
      ]),
    );
  } finally {
    await predictor.dispose();
  }
}
