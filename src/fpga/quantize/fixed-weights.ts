import { ConfigError } from "../../base/errors.ts";
import { type FixedFormat, fractionOf } from "../format.ts";
import { castReal } from "../interpret/index.ts";

/** Bits of the integers of weights. */
const mostBits = 31;

/**
 * Weights and bias as integers: each weight cast to its format, a row's fraction the finest of its
 * formats, the bias rounded at the fraction of the sum. Zeros that all integers of a row end with
 * are dropped, so weights on a grid stay the small numbers they are.
 */
export function roundWeights({
  weights,
  bias,
  rows,
  columns,
  formats,
  biasFormats,
  finest,
  where,
}: {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly rows: number;
  readonly columns: number;
  /** One for all, one per row or one per element. */
  readonly formats: readonly FixedFormat[];
  readonly biasFormats: readonly FixedFormat[] | null;
  /** Finest fraction of what is multiplied. */
  readonly finest: number;
  readonly where: string;
}): { weights: Int32Array; weightFraction: number[]; bias: number[] } {
  const formatAt = (row: number, column: number) =>
    formats.length === 1
      ? formats[0]
      : formats.length === rows && columns > 1
        ? formats[row]
        : formats[row * columns + column];
  const integers = new Int32Array(rows * columns);
  const weightFraction: number[] = [];
  const biases: number[] = [];
  for (let row = 0; row < rows; row++) {
    const own = Array.from({ length: columns }, (_, column) => formatAt(row, column));
    const values = own.map((format, column) => {
      const { integer } = castReal(weights[row * columns + column], format);
      return integer * 2 ** -fractionOf(format);
    });
    const biasFormat = biasFormats?.[biasFormats.length === 1 ? 0 : row];
    const used = own.filter((format) => format.width > 0);
    let fraction = Math.max(
      ...(used.length > 0 ? used : [{ width: 0, integer: 0 }]).map(fractionOf),
    );
    if (biasFormat && biasFormat.width > 0)
      fraction = Math.max(fraction, fractionOf(biasFormat) - finest);
    const offset = biasFormat
      ? castReal(bias[row], biasFormat).integer * 2 ** (finest + fraction - fractionOf(biasFormat))
      : Math.round(bias[row] * 2 ** (finest + fraction));
    const scaled = values.map((value) => value * 2 ** fraction);
    const spare = Math.min(...[...scaled, offset].map(trailingZeros));
    const drop = Number.isFinite(spare) ? spare : 0;
    scaled.forEach((n, column) => {
      const integer = n * 2 ** -drop;
      if (Math.abs(integer) >= 2 ** mostBits)
        throw new ConfigError(
          `quantize: weight ${weights[row * columns + column]} of ${where} would need more than ${mostBits} bits beside the finest of its row; use fewer bits`,
        );
      integers[row * columns + column] = integer;
    });
    biases.push(offset * 2 ** -drop + 0);
    weightFraction.push(fraction - drop);
  }
  return { weights: integers, weightFraction, bias: biases };
}

/** How often 2 divides an integer; infinite for 0. */
function trailingZeros(n: number): number {
  if (n === 0) return Number.POSITIVE_INFINITY;
  let zeros = 0;
  for (let rest = Math.abs(n); rest % 2 === 0; rest /= 2) zeros++;
  return zeros;
}
