import { type FixedFormat, fractionOf, type Rounding } from "../format.ts";
import { castReal } from "../interpret/cast.ts";
import { mapValue } from "./elementwise.ts";
import {
  constantOf,
  inputOf,
  intOf,
  type OpContext,
  type OpRule,
  refuse,
  stringOf,
} from "./graph.ts";
import {
  batchOf,
  broadcastIndex,
  type ConstantValue,
  constantValue,
  lanesOf,
  laneValue,
  scaleLane,
  type Value,
} from "./lanes.ts";

/**
 * Rounding modes of the Quant operator as those of ap_fixed.
 * @see https://github.com/fastmachinelearning/qonnx docs/qonnx-custom-ops/intquant_v1.md, the table
 * of rounding modes: ROUND takes ties to even, DOWN toward zero, HALF_UP away from zero.
 */
const roundings: Readonly<Record<string, Rounding>> = {
  ROUND: "RND_CONV",
  HALF_EVEN: "RND_CONV",
  FLOOR: "TRN",
  DOWN: "TRN_ZERO",
  ROUND_TO_ZERO: "TRN_ZERO",
  HALF_UP: "RND_INF",
  HALF_DOWN: "RND_ZERO",
};

function roundingOf(context: OpContext, fallback: string): Rounding {
  const mode = stringOf(context, "rounding_mode", fallback).toUpperCase();
  return (
    roundings[mode] ??
    refuse(context, `rounding mode ${mode}; supported: ${Object.keys(roundings).join(", ")}`)
  );
}

/** The value of a number in a format; infinities, as of 1/0, are very large numbers. */
export function castToGrid(value: number, format: FixedFormat): number {
  const finite = Math.min(Math.max(value, -(2 ** 60)), 2 ** 60);
  return castReal(finite, format).integer * 2 ** -fractionOf(format);
}

/** f of each scale 2^-f. */
export function fractionsOf(context: OpContext, { data }: ConstantValue): number[] {
  return Array.from(data, (scale) => {
    const fraction = -Math.log2(scale);
    if (!Number.isInteger(fraction))
      refuse(context, `scale ${scale}; only powers of two are exact in fixed point`);
    return fraction;
  });
}

export function requireZero(context: OpContext, { data }: ConstantValue): void {
  const bad = data.find((v) => v !== 0);
  if (bad !== undefined) refuse(context, `zero point ${bad}; only 0 is supported`);
}

function widthOf(context: OpContext, value: ConstantValue): number {
  const [width] = value.data;
  if (value.data.length !== 1 || !Number.isInteger(width) || width < 1 || width > 48)
    refuse(context, `bit width [${[...value.data]}]; one whole number from 1 to 48 is supported`);
  return width;
}

/** Casts a tensor to a format per element of the scales, which broadcast against it. */
export function cast(
  context: OpContext,
  x: Value,
  scales: ConstantValue,
  format: (fraction: number) => FixedFormat,
): Value {
  const fractions = fractionsOf(context, scales);
  const place = broadcastIndex(trimmed(context, scales.shape, x), x.shape);
  const formats = Array.from(place, (i) => format(fractions[i]));
  if (x.kind === "constant") {
    const data = x.data.map((v, i) => castToGrid(v, formats[i]));
    return constantValue(x.shape, data, x.name, formats);
  }
  return laneValue(
    x.shape,
    batchOf(x),
    context.builder.quantize(lanesOf(x), formats, context.layer),
  );
}

/** A shape without leading ones beyond the rank of x; refused where x would grow. */
function trimmed(context: OpContext, shape: readonly number[], x: Value): readonly number[] {
  const extra = Math.max(shape.length - x.shape.length, 0);
  const rest = shape.slice(extra);
  const lead = x.shape.length - rest.length;
  const fits =
    shape.slice(0, extra).every((d) => d === 1) &&
    rest.every((d, i) => d === 1 || d === x.shape[lead + i]);
  if (!fits) refuse(context, `scale [${shape}] does not fit a tensor [${x.shape}]`);
  return rest;
}

/** clamp(round(x / scale), min, max) · scale. */
const quant: OpRule = (context) => {
  const x = inputOf(context, 0);
  const scale = constantOf(context, 1, "the scale");
  requireZero(context, constantOf(context, 2, "the zero point"));
  const width = widthOf(context, constantOf(context, 3, "the bit width"));
  const signed = intOf(context, "signed", 1) !== 0;
  const isNarrow = intOf(context, "narrow", 0) !== 0;
  if (isNarrow && !signed) refuse(context, "narrow without sign; ap_ufixed has no such range");
  if (width === 1 && signed) return bipolarOf(context, x, scale);
  const rounding = roundingOf(context, "ROUND");
  const overflow = isNarrow ? "SAT_SYM" : "SAT";
  return cast(context, x, scale, (fraction) => ({
    signed,
    width,
    integer: width - fraction,
    rounding,
    overflow,
  }));
};

/** sign(x) · scale with sign(0) = 1, of constants. */
function bipolarOf(context: OpContext, x: Value, scales: ConstantValue): Value {
  if (x.kind !== "constant")
    refuse(context, "the sign of data has no fixed-point layer; only weights may be bipolar");
  const fractions = fractionsOf(context, scales);
  const place = broadcastIndex(trimmed(context, scales.shape, x), x.shape);
  const data = x.data.map((v, i) => (v >= 0 ? 1 : -1) * 2 ** -fractions[place[i]]);
  const formats = Array.from(
    place,
    (i): FixedFormat => ({
      signed: true,
      width: 2,
      integer: 2 - fractions[i],
      rounding: "TRN",
      overflow: "SAT_SYM",
    }),
  );
  return constantValue(x.shape, data, x.name, formats);
}

/**
 * Version 2 (7 inputs): clamp(round(x / scale / 2^shift)) · outScale, with outScale = scale 2^shift.
 * Version 1 (5 inputs): round(x / scale / 2^shift) · scale with shift = inBits - outBits, no clamp.
 * x must be on the grid of `scale`, as after a Quant.
 * @see https://github.com/fastmachinelearning/qonnx src/qonnx/custom_op/general/trunc.py and
 * docs/qonnx-custom-ops/trunc_v1.md
 */
const trunc: OpRule = (context) => {
  const x = inputOf(context, 0);
  const scale = constantOf(context, 1, "the scale");
  requireZero(context, constantOf(context, 2, "the zero point"));
  const rounding = roundingOf(context, "FLOOR");
  const signed = intOf(context, "signed", 1) !== 0;
  const overflow = intOf(context, "narrow", 0) !== 0 ? "SAT_SYM" : "SAT";
  if (context.inputs.length > 5) {
    const width = widthOf(context, constantOf(context, 6, "the output bit width"));
    const outScale = constantOf(context, 4, "the output scale");
    return cast(context, x, outScale, (fraction) => ({
      signed,
      width,
      integer: width - fraction,
      rounding,
      overflow,
    }));
  }
  const from = widthOf(context, constantOf(context, 3, "the input bit width"));
  const to = widthOf(context, constantOf(context, 4, "the output bit width"));
  const shift = from - to;
  const coarse = constantValue(
    scale.shape,
    scale.data.map((s) => s * 2 ** shift),
  );
  const width = to + 1; // holds both signs of `to` bits
  const kept = cast(context, x, coarse, (fraction) => ({
    signed: true,
    width,
    integer: width - fraction,
    rounding,
    overflow: "SAT",
  }));
  return mapValue(kept, (lanes) => lanes.map((lane) => scaleLane(lane, 2 ** -shift)));
};

/** Rules of QONNX (domains qonnx.custom_op.general, onnx.brevitas, finn.custom_op.general). */
export const quantizerRules: Readonly<Record<string, OpRule>> = {
  Quant: quant,
  IntQuant: quant,
  BipolarQuant: (context) =>
    bipolarOf(context, inputOf(context, 0), constantOf(context, 1, "the scale")),
  Trunc: trunc,
};
