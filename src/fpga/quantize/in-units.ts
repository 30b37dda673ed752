import { weightFormat } from "./choose-format.ts";
import { roundWeights } from "./fixed-weights.ts";
import type { Lowering } from "./steps.ts";

/** Bits of factors between units that no power of two relates. */
const unitBits = 16;

/** A vector with its lanes in other units: renamed where powers of two relate them, else multiplied. */
export function inUnits(
  name: string,
  wanted: readonly number[],
  { plan, steps, layer }: Pick<Lowering, "plan" | "steps"> & { readonly layer: string },
): string {
  const input = steps.at(name);
  const own = plan.units[name];
  const all = wanted.slice(0, own.length); // one lane goes with all of the other side
  const factors = own.map((unit, lane) => unit / all[lane]);
  if (factors.every((factor) => Math.abs(factor - 1) < unitTolerance)) return input;
  const shifts = factors.map((factor) => -Math.log2(factor));
  if (shifts.every((shift) => Math.abs(shift - Math.round(shift)) < unitTolerance))
    return steps.emit({ op: "rescale", input, by: shifts.map(Math.round), layer });
  const n = own.length;
  const weights = new Float64Array(n * n);
  factors.forEach((factor, lane) => {
    weights[lane * (n + 1)] = factor;
  });
  return steps.emit({
    ...roundWeights({
      weights,
      bias: new Float64Array(n),
      rows: n,
      columns: n,
      formats: factors.map((factor) => weightFormat(Float64Array.of(factor), unitBits)),
      biasFormats: null,
      finest: Math.max(...steps.lanes(input).map((lane) => lane.fraction)),
      where: layer,
    }),
    op: "affine",
    input,
    rows: n,
    columns: n,
    gather: null,
    accumulator: null,
    layer,
  });
}

/** Units that differ by less are the same: constants of files are float32. */
const unitTolerance = 1e-6;
