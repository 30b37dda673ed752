import { DataError } from "../../base/errors.ts";
import { type ObjectCollection, objectCount, to0to2Pi } from "../../cms/index.ts";
import { type Column, makeColumn, makeTable } from "../../data/index.ts";
import type { Predictor } from "../../nn/index.ts";
import { hardwareColumns } from "../dataset/level1-columns.ts";
import type { Level1Batch } from "../dataset/level1-events.ts";
import type { ModelColumns } from "./metadata.ts";
import { inputMatrix } from "./prepare.ts";
import { quantities, quantityText } from "./quantities.ts";

/** Level-1 objects with what a model makes of them, all [objects]. */
export interface CalibratedObjects {
  /** The model's inputs. */
  readonly inputs: readonly Column[];
  /** The model's outputs, float32. */
  readonly outputs: readonly Column[];
  /** 1 where the model was applied, 0 where the outputs are the Level-1 values. */
  readonly calibrated: Uint8Array;
  /** Objects that keep their Level-1 values, by the first reason why. */
  readonly outside: Readonly<Record<string, number>>;
}

/**
 * Applies a model to Level-1 objects. One outside of what the model was trained for keeps its
 * Level-1 pt, eta and phi (phi in [0, 2 pi), as the model gives it): pt not inside the window of
 * the training (`ptMin`, `ptMax` of the model's configuration, both excluded), an input that is
 * missing or no integer of its range, or a result that is not finite.
 * @throws DataError where the file does not have an input at all.
 */
export async function calibrateObjects(
  where: string,
  batch: Level1Batch,
  { model, predictor }: { readonly model: ModelColumns; readonly predictor: Predictor },
): Promise<CalibratedObjects> {
  const inputs = inputColumns(where, batch, model);
  const reasons = [...reasonsOf(model), "result"];
  const code = outsideDomain(batch.level1, inputs, model);
  const values = level1Values(batch.level1, model);
  const rows = Uint32Array.from(code.keys()).filter((i) => code[i] === 0);
  if (rows.length > 0) {
    const feed = { [model.inputName]: inputMatrix(model, makeTable(inputs), rows) };
    const results = await predictor.predict(feed);
    const made = model.outputs.map(({ name }) => results[name].data as Float32Array);
    for (let k = 0; k < rows.length; k++) {
      const row = rows[k];
      if (!made.every((result) => Number.isFinite(result[k]))) code[row] = reasons.length;
      else for (let j = 0; j < made.length; j++) values[j][row] = made[j][k];
    }
  }
  const outputs = model.outputs.map(({ name, unit }, j) => makeColumn(name, values[j], unit));
  const counts = new Uint32Array(reasons.length + 1);
  for (const c of code) counts[c]++;
  const outside = Object.fromEntries(reasons.map((reason, k) => [reason, counts[k + 1]]));
  return { inputs, outputs, calibrated: code.map((c) => (c === 0 ? 1 : 0)), outside };
}

/** What may keep an object from being calibrated, in the order of the codes from 1 on. */
const reasonsOf = ({ inputs }: ModelColumns) => ["pt", ...inputs.map(({ name }) => name)];

/** 0 for objects that are like those of the training, else the code of the first reason. */
function outsideDomain(
  { columns: { pt } }: ObjectCollection,
  columns: readonly Column[],
  { inputs, config: { ptMin, ptMax } }: ModelColumns,
): Uint8Array {
  const code = new Uint8Array(pt.length);
  for (let i = 0; i < pt.length; i++) code[i] = pt[i] > ptMin && pt[i] < ptMax ? 0 : 1;
  for (const [j, input] of inputs.entries()) {
    const values = columns[j].values as Float64Array;
    for (let i = 0; i < pt.length; i++)
      if (code[i] === 0 && !isValid(values[i], input)) code[i] = j + 2;
  }
  return code;
}

/** Inputs of a model from hardware columns, and event numbers repeated for the objects. */
function inputColumns(
  where: string,
  { ids, level1, towers }: Level1Batch,
  { object, inputs }: ModelColumns,
): Column[] {
  const hardware = hardwareColumns(object, level1);
  const ofEvents: Readonly<Record<string, ArrayLike<unknown> | undefined>> = {
    nVertices: ids.vertices,
    nTowers: towers,
  };
  return inputs.map(({ name, unit, range, optional }) => {
    const own = hardware[name];
    const perEvent = ofEvents[name];
    if (own === undefined && perEvent === undefined && !optional)
      throw new DataError(
        `${where}: the model reads "${name}", which this file does not tell of its Level-1 ${object}; use a model without it`,
      );
    const values = new Float64Array(objectCount(level1)).fill(Number.NaN);
    if (own !== undefined) values.set(own);
    else if (perEvent !== undefined)
      for (let e = 0; e < level1.events; e++)
        values.fill(Number(perEvent[e]), level1.offsets[e], level1.offsets[e + 1]);
    return { name, unit, values, type: range === undefined ? "float64" : "int32" };
  });
}

function isValid(value: number, { range, optional }: ModelColumns["inputs"][number]): boolean {
  if (Number.isNaN(value)) return optional === true;
  if (range === undefined) return Number.isFinite(value);
  return Number.isInteger(value) && value >= range[0] && value <= range[1];
}

/** The Level-1 measurement in place of each output. */
function level1Values({ columns }: ObjectCollection, { outputs }: ModelColumns): Float32Array[] {
  return outputs.map(({ name }) => {
    const quantity = quantities.find((q) => quantityText[q].output === name);
    if (quantity === undefined) return new Float32Array(columns.pt.length).fill(Number.NaN);
    const values = columns[quantity];
    return quantity === "phi" ? Float32Array.from(values, to0to2Pi) : Float32Array.from(values);
  });
}
