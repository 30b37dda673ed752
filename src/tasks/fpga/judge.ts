import { createRng } from "../../base/rng.ts";
import {
  createEvaluator,
  type FixedProgram,
  inferLanes,
  type Lane,
  programInputs,
} from "../../fpga/index.ts";

import { bootstrapRms, type Measured, rms, rmsRatio } from "../../stats/index.ts";
import { residualsOf } from "../recalibration/evaluate.ts";
import { type Dataset, take } from "../recalibration/prepare.ts";
import { type Quantity, quantityText, type Values } from "../recalibration/quantities.ts";
import type { PortRows } from "./ports.ts";

/** The same integers, their meaning in physical units. */
export function inPhysicalUnits(
  program: FixedProgram,
  units: Readonly<Record<string, number>>,
): FixedProgram {
  const outputs = program.outputs.map((o) => ({ ...o, unit: o.unit * (units[o.name] ?? 1) }));
  return { ...program, outputs };
}

/** Physical outputs of a program, [rows, lanes] by name. */
export function runProgram(program: FixedProgram, sample: PortRows): Record<string, Float64Array> {
  const lanes = inferLanes(program);
  const outputs = createEvaluator(program).run(programInputs(program, sample.ports));
  return Object.fromEntries(
    program.outputs.map(({ name, from, unit }) => {
      const steps = (lanes.get(from) as readonly Lane[]).map((l) => unit * 2 ** -l.fraction);
      return [name, outputs[name].map((n, i) => n * steps[i % steps.length])];
    }),
  );
}

/** One quantity: errors of L1, of the float and of the fixed-point model on the same test rows. */
export interface FixedError {
  readonly quantity: Quantity;
  readonly level1: Measured;
  readonly float: Measured;
  readonly fixed: Measured;
  /** Of fixed over float. */
  readonly ratio: Measured;
}

/** Residuals of calibrated values of some rows. */
function residuals(data: Dataset, rows: Uint32Array, outputs: Outputs): Values {
  const values = data.quantities.map((q) => [q, outputs[quantityText[q].output]]);
  return residualsOf(Object.fromEntries(values), part(data, data.offline, rows));
}

type Outputs = Readonly<Record<string, Float64Array>>;

function part(data: Dataset, of: Values, rows: Uint32Array): Values {
  return Object.fromEntries(data.quantities.map((q) => [q, take(of[q] as Float64Array, rows)]));
}

/** Root mean squares of the residuals of calibrated values. */
export function rmsErrors(
  data: Dataset,
  rows: Uint32Array,
  outputs: Outputs,
): Partial<Record<Quantity, number>> {
  return Object.fromEntries(
    Object.entries(residuals(data, rows, outputs)).map(([q, r]) => [q, rms(r).value]),
  );
}

/** Largest ratio, over the quantities, of a program's errors to those of the float model. */
export function largestRatio(
  program: FixedProgram,
  {
    data,
    rows,
    ports,
    units,
    reference,
  }: {
    readonly data: Dataset;
    readonly rows: Uint32Array;
    readonly ports: PortRows;
    readonly units: Readonly<Record<string, number>>;
    readonly reference: Partial<Readonly<Record<Quantity, number>>>;
  },
): number {
  const errors = rmsErrors(data, rows, runProgram(inPhysicalUnits(program, units), ports));
  return Math.max(...data.quantities.map((q) => (errors[q] as number) / (reference[q] as number)));
}

/** Judges calibrated values of some rows of a dataset. */
export function fixedErrors(
  data: Dataset,
  rows: Uint32Array,
  outputs: { readonly float: Outputs; readonly fixed: Outputs },
  seed: number,
): FixedError[] {
  const level1 = residualsOf(part(data, data.level1, rows), part(data, data.offline, rows));
  const [float, fixed] = [outputs.float, outputs.fixed].map((o) => residuals(data, rows, o));
  const rng = createRng(seed).split("fixed");
  return data.quantities.map((quantity) => {
    const of = (r: Values, name: string) =>
      bootstrapRms(r[quantity] as Float64Array, { rng: rng.split(`${name} ${quantity}`) });
    return {
      quantity,
      level1: of(level1, "level1"),
      float: of(float, "float"),
      fixed: of(fixed, "fixed"),
      ratio: rmsRatio(fixed[quantity] as Float64Array, float[quantity] as Float64Array),
    };
  });
}
