import { ConfigError } from "../../base/errors.ts";
import { hostArray } from "../../base/host-array.ts";
import type { Emitter } from "../../onnx/index.ts";
import { type FixedFormat, fractionOf, printFormat, type Rounding, rangeOf } from "../format.ts";
import { roundInterval } from "../interpret/cast.ts";
import type { Lane } from "../program.ts";

export const qonnxDomain = "qonnx.custom_op.general";

/** Where messages say they come from. */
export type Refuse = (reason: string) => never;

/**
 * Rounding modes of Quant for those of ap_fixed; RND and RND_MIN_INF, which tie toward one side,
 * have none.
 * @see https://github.com/fastmachinelearning/qonnx docs/qonnx-custom-ops/intquant_v1.md
 */
const modes: Readonly<Partial<Record<Rounding, string>>> = {
  RND_CONV: "ROUND",
  TRN: "FLOOR",
  TRN_ZERO: "DOWN",
  RND_INF: "HALF_UP",
  RND_ZERO: "HALF_DOWN",
};

/** Numbers as a float32 tensor. @throws ConfigError where one does not fit exactly. */
export function floats(
  emit: Emitter,
  values: readonly number[],
  shape: readonly number[],
  name?: string,
): string {
  const data = Float32Array.from(values);
  const bad = values.findIndex((v, i) => v !== data[i]);
  if (bad >= 0)
    throw new ConfigError(
      `exportQonnx: ${values[bad]}${name ? ` of "${name}"` : ""} needs more than the 24 bits of float32, which QONNX holds its numbers in`,
    );
  return emit.constant(hostArray("float32", shape, data), name);
}

/** A Quant node: x on the grid 2^-fraction per element of a shape that broadcasts against x. */
export function quant(
  emit: Emitter,
  x: string,
  fractions: readonly number[],
  shape: readonly number[],
  format: { signed: boolean; width: number; isNarrow: boolean; mode: string },
): string {
  const isOne = fractions.every((f) => f === fractions[0]);
  const scales = (isOne ? fractions.slice(0, 1) : fractions).map((f) => 2 ** -f);
  const inputs = [
    x,
    floats(emit, scales, isOne ? [] : shape),
    floats(emit, [0], []),
    floats(emit, [format.width], []),
  ];
  const attributes = {
    signed: format.signed,
    narrow: format.isNarrow,
    rounding_mode: format.mode,
  };
  return emit.node("Quant", inputs, attributes, qonnxDomain);
}

/** The smallest saturating format that holds every integer of a lane. */
export function formatOf({ fraction, lo, hi }: Lane): FixedFormat {
  const signed = lo < 0;
  const bits = (n: number) => (n > 0 ? Math.floor(Math.log2(n)) + 1 : 0);
  const width = Math.max(bits(hi), bits(-lo - 1), signed ? 0 : 1) + (signed ? 1 : 0);
  return { signed, width, integer: width - fraction, rounding: "RND_CONV", overflow: "SAT" };
}

/**
 * A cast of lanes [batch, n], one format each: one Quant for lanes of one width, else one for each
 * group of lanes and an order that puts them back.
 */
export function castLanes(
  emit: Emitter,
  x: string,
  lanes: readonly Lane[],
  formats: readonly FixedFormat[],
  refuse: Refuse,
): string {
  const groups = new Map<string, number[]>();
  const plans = lanes.map((lane, i) => planCast(lane, formats[i], refuse));
  plans.forEach((plan, i) => {
    const { fraction: _, ...rest } = plan;
    const key = JSON.stringify(rest);
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  const cast = (input: string, places: readonly number[]) => {
    const plan = plans[places[0]];
    if (plan.width === 0) return emit.node("Mul", [input, floats(emit, [0], [])]);
    const fractions = places.map((i) => plans[i].fraction);
    const half = fractions.map((f) => 2 ** (-f - 1));
    const shifted = plan.addsHalf
      ? emit.node("Add", [input, floats(emit, half, [1, half.length])])
      : input;
    return quant(emit, shifted, fractions, [1, fractions.length], plan);
  };
  if (groups.size === 1) return cast(x, [...groups.values()][0]);
  const order = [...groups.values()].flat();
  const parts = [...groups.values()].map((places) => cast(gather(emit, x, places), places));
  const joined = emit.node("Concat", parts, { axis: 1 });
  return gather(
    emit,
    joined,
    lanes.map((_, i) => order.indexOf(i)),
  );
}

/** Lanes of [batch, n] at places. */
export const gather = (emit: Emitter, x: string, places: readonly number[]): string =>
  emit.node("Gather", [x, emit.ints(places)], { axis: 1 });

/** How one lane's cast is written; refused where QONNX has no words for it. */
function planCast(lane: Lane, format: FixedFormat, refuse: Refuse) {
  const fraction = fractionOf(format);
  const { signed, width, rounding, overflow } = format;
  const { lo, hi } = roundInterval(lane, format);
  const range = rangeOf(format);
  const fits = lo >= range.lo && hi <= range.hi;
  if (!fits && overflow !== "SAT" && !(overflow === "SAT_SYM" && signed))
    refuse(
      `${printFormat(format)} may overflow, and QONNX only saturates; use SAT, or more integer bits`,
    );
  const isExact = lane.fraction <= fraction;
  const mode = isExact ? "ROUND" : rounding === "RND" ? "FLOOR" : modes[rounding];
  if (mode === undefined)
    refuse(`rounding ${rounding} of ${printFormat(format)} has no QONNX mode`);
  const isNarrow = overflow === "SAT_SYM" && signed && !fits;
  return { fraction, signed, width, isNarrow, mode, addsHalf: !isExact && rounding === "RND" };
}
