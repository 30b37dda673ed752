import type { FixedFormat } from "../format.ts";
import { mapValue } from "./elementwise.ts";
import { constantOf, inputOf, intOf, type OpContext, type OpRule, refuse } from "./graph.ts";
import {
  batchOf,
  broadcastIndex,
  type ConstantValue,
  constantValue,
  scaleLane,
  type Value,
} from "./lanes.ts";
import { cast, fractionsOf, requireZero } from "./quantizers.ts";

/** The scale, shaped so that it broadcasts against x: one, or one for each position of an axis. */
function scaleOf(context: OpContext, x: Value): ConstantValue {
  const scale = constantOf(context, 1, "the scale");
  if (intOf(context, "block_size", 0) !== 0)
    refuse(context, "scales of blocks; one per tensor or per axis is supported");
  if (scale.data.length === 1) return { ...scale, shape: [] };
  const given = intOf(context, "axis", 1);
  const axis = given < 0 ? given + x.shape.length : given;
  if (axis === batchOf(x) || x.shape[axis] !== scale.data.length)
    refuse(context, `${scale.data.length} scales for axis ${axis} of [${x.shape}]`);
  return { ...scale, shape: x.shape.map((d, i) => (i === axis ? d : 1)) };
}

/** x · 2^f with f of each scale 2^-f, times sign; formats of constants move along. */
function shifted(context: OpContext, x: Value, scale: ConstantValue, sign: 1 | -1): Value {
  const fractions = fractionsOf(context, scale).map((f) => f * sign);
  const place = broadcastIndex(scale.shape, x.shape);
  if (x.kind === "lanes")
    return mapValue(x, (lanes) =>
      lanes.map((lane, i) => scaleLane(lane, 2 ** fractions[place[i]])),
    );
  const formats = (x.formats ?? narrowest(x)).map((format, i) => ({
    ...format,
    integer: format.integer + fractions[place[i]],
  }));
  const data = x.data.map((v, i) => v * 2 ** fractions[place[i]]);
  return constantValue(x.shape, data, x.name, formats);
}

/** The smallest signed integers that hold a tensor, such as biases of 32 bits. */
function narrowest({ data }: ConstantValue): FixedFormat[] {
  const largest = data.reduce((a, v) => Math.max(a, v < 0 ? -v - 1 : v), 0);
  const width = Math.floor(Math.log2(Math.max(largest, 0.5))) + 2;
  const format: FixedFormat = {
    signed: true,
    width,
    integer: width,
    rounding: "RND_CONV",
    overflow: "SAT",
  };
  return Array.from(data, () => format);
}

/** The type of the integers, by the zero point's; unsigned 8 bits where there is none. */
function typeOf(context: OpContext): { readonly signed: boolean; readonly width: number } {
  const unsigned = { signed: false, width: 8 };
  if (!context.inputs[2]) {
    const types: Readonly<Record<number, typeof unsigned>> = {
      0: unsigned,
      2: unsigned,
      3: { signed: true, width: 8 },
      4: { signed: false, width: 16 },
      5: { signed: true, width: 16 },
    };
    const type = intOf(context, "output_dtype", 0);
    return (
      types[type] ?? refuse(context, `element type ${type}; integers of 8 or 16 bits are supported`)
    );
  }
  const zero = constantOf(context, 2, "the zero point");
  requireZero(context, zero);
  const [format] = zero.formats ?? [];
  return format ?? refuse(context, "integers of 8 or 16 bits are supported");
}

/** saturate(round(x / scale)), ties to even. */
const quantizeLinear: OpRule = (context) => {
  const x = inputOf(context, 0);
  const { signed, width } = typeOf(context);
  const scale = scaleOf(context, x);
  const values = cast(context, x, scale, (fraction) => ({
    signed,
    width,
    integer: width - fraction,
    rounding: "RND_CONV",
    overflow: "SAT",
  }));
  return shifted(context, values, scale, 1);
};

/** x · scale. */
const dequantizeLinear: OpRule = (context) => {
  const x = inputOf(context, 0);
  if (context.inputs[2]) requireZero(context, constantOf(context, 2, "the zero point"));
  return shifted(context, x, scaleOf(context, x), -1);
};

/**
 * Integers with scales, as ONNX Runtime, TensorRT and PyTorch write them; scales are powers of two
 * and zero points 0.
 * @see https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
 */
export const linearQuantizerRules: Readonly<Record<string, OpRule>> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
};
