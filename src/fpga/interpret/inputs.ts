import { ConfigError, DataError, invariant, ShapeError } from "../../base/errors.ts";
import type { FixedProgram, ProgramInput } from "../program.ts";

/** Integers row-major [n, lanes] by name of input or output. */
export type Values = Readonly<Record<string, Float64Array | Int32Array>>;

/**
 * How many rows the inputs hold.
 * @throws ConfigError for missing and unknown names.
 * @throws ShapeError where the rows are not whole or not as many in each input.
 */
export function countRows({ name, inputs }: FixedProgram, values: Values): number {
  const known = inputs.map((input) => input.name);
  for (const given of Object.keys(values))
    if (!known.includes(given))
      throw new ConfigError(
        `program ${name}: no input "${given}"; its inputs are ${known.join(", ")}`,
      );
  let rows = 0;
  for (const [i, input] of inputs.entries()) {
    const data = values[input.name];
    if (data === undefined)
      throw new ConfigError(`program ${name}: input "${input.name}" is missing`);
    const count = data.length / input.lanes.length;
    if (!Number.isInteger(count) || (i > 0 && count !== rows))
      throw new ShapeError(
        `program ${name}: input "${input.name}" has ${data.length} integers, no ${i > 0 ? `${rows} rows` : "whole rows"} of ${input.lanes.length} lanes`,
      );
    rows = count;
  }
  return rows;
}

/** Says which value of an input block is outside of its lane. */
export function refuseInput(
  program: string,
  { name, labels, lanes }: ProgramInput,
  data: Float64Array | Int32Array,
  fromRow: number,
): never {
  for (let at = fromRow * lanes.length; at < data.length; at++) {
    const i = at % lanes.length;
    const { lo, hi } = lanes[i];
    const value = data[at];
    if (!(value >= lo && value <= hi && Number.isInteger(value)))
      throw new DataError(
        `program ${program}: input "${name}", lane "${labels[i]}", row ${Math.floor(at / lanes.length)}: expected an integer in [${lo}, ${hi}], got ${value}`,
      );
  }
  invariant(false, `input "${name}" was refused for no reason`);
}
