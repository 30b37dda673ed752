import { type FixedFormat, fractionOf, type Rounding, rangeOf } from "../format.ts";
import { castReal } from "../interpret/index.ts";

/** How far beyond the largest value of a sample others may lie. */
const margin = 1.25;

/** Values an error is measured on, evenly spread over the sample; more change no choice. */
const errorValues = 1024;

/** Mean square of what a cast changes. */
export function castError(values: ArrayLike<number>, format: FixedFormat): number {
  const step = 2 ** -fractionOf(format);
  const { lo, hi } = rangeOf(format);
  // ties do not matter here, so one rounding stands for all that round to the nearest
  const half = format.rounding.startsWith("RND") ? 0.5 : 0;
  const count = Math.min(errorValues, values.length);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const value = values[Math.floor((i * values.length) / count)];
    const n = Math.floor(value / step + half);
    sum += (Math.max(lo, Math.min(hi, n)) * step - value) ** 2;
  }
  return sum / Math.max(1, count);
}

/** Integer bits, sign included, that hold a magnitude; unsigned ones need one less. */
export const integerBits = (magnitude: number, signed: boolean): number =>
  (magnitude > 0 ? Math.floor(Math.log2(magnitude)) + 1 : 0) + (signed ? 1 : 0);

export interface FormatChoice {
  readonly width: number;
  readonly signed: boolean;
  readonly rounding: Rounding;
}

/**
 * The saturating format of a given width with the smallest mean square error on a sample: clipping
 * of rare large values against the resolution of all others.
 */
export function chooseFormat(
  values: Float64Array,
  { width, signed, rounding }: FormatChoice,
): FixedFormat {
  const largest = margin * largestOf(values, signed);
  if (largest === 0) return { signed, width: 0, integer: 0, rounding, overflow: "SAT" };
  const most = integerBits(largest, signed);
  let best: FixedFormat | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (let integer = most; integer > most - 6; integer--) {
    const format: FixedFormat = { signed, width, integer, rounding, overflow: "SAT" };
    const beyond = castError([largest], format) / values.length;
    const error = castError(values, format) + beyond;
    if (error < least) [best, least] = [format, error];
    else if (error > 4 * least) break;
  }
  return best!;
}

function largestOf(values: Float64Array, signed: boolean): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, signed ? Math.abs(value) : value);
  return largest;
}

/** A format of all bits that keep the whole sample, at a fraction or with a width. */
export function coverFormat(
  values: Float64Array,
  {
    signed,
    rounding,
    ...size
  }: { signed: boolean; rounding: Rounding } & ({ width: number } | { fraction: number }),
): FixedFormat {
  const integer = integerBits(margin * largestOf(values, signed), signed);
  const width = "width" in size ? size.width : Math.max(1, integer + size.fraction);
  return { signed, width: Math.min(48, width), integer, rounding, overflow: "SAT" };
}

/** Format of one row of weights: symmetric, integer bits by the smallest mean square error. */
export function weightFormat(weights: Float64Array, width: number): FixedFormat {
  let largest = 0;
  for (const weight of weights) largest = Math.max(largest, Math.abs(weight));
  const format = (integer: number): FixedFormat => ({
    signed: true,
    width,
    integer,
    rounding: "RND_CONV",
    overflow: "SAT_SYM",
  });
  if (largest === 0) return { ...format(0), width: 0 };
  const most = integerBits(largest, true);
  const choices = [most, most - 1].map(format);
  // a largest weight just above a power of two may be worth clipping, never by much
  return castError(weights, choices[1]) < castError(weights, choices[0]) ? choices[1] : choices[0];
}

/** A real number in a format, as the real number it becomes. */
export const castValue = (value: number, format: FixedFormat): number =>
  castReal(value, format).integer * 2 ** -fractionOf(format);
