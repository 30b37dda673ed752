import type { FixedFormat, Rounding } from "../format.ts";
import type { FloatActivation, FloatNode } from "../network.ts";
import { chooseFormat, coverFormat, integerBits } from "./choose-format.ts";
import { positionsOf } from "./nodes.ts";
import { termBits } from "./plan-types.ts";
import type { Calibration } from "./ranges.ts";
import { type Exact, isLaneWise, type Use, type Uses } from "./uses.ts";

/** Units that follow from what a node reads, or null where the node sets its own. */
export function inheritedUnits(
  node: FloatNode,
  units: Readonly<Record<string, readonly number[]>>,
  { natural, uses }: Uses,
): readonly number[] | null {
  switch (node.op) {
    case "pick":
      return node.lanes.map(([input, lane]) => units[node.inputs[input]][lane]);
    case "activation":
      return isLaneWise(node.kind) ? units[node.input] : units[node.input].map(() => 1);
    case "quantize":
    case "softmax":
      return units[node.input].map(() => 1);
    case "modulo":
      return natural.get(node.output)!.map((unit, lane) => unit ?? units[node.input][lane]);
    case "argmax":
    case "max":
      return [node.op === "max" ? units[node.input][0] : 1];
    case "multiply": {
      const [a, b] = [units[node.a], units[node.b]];
      return uses
        .get(node.output)!
        .map((_, lane) => a[a.length === 1 ? 0 : lane] * b[b.length === 1 ? 0 : lane]);
    }
    default:
      return null;
  }
}

export interface LanePlan {
  readonly units: readonly number[];
  readonly formats: readonly FixedFormat[] | null;
}

/** Units and cast of one vector; `target` is the vector that is cast, the node's own or its ReLU's. */
export function planLanes(
  { values, ranges }: Calibration,
  {
    uses: { uses, natural, exact },
    node,
    target,
    width,
    rounding,
    units: inherited,
    reach,
  }: {
    uses: Uses;
    node: FloatNode;
    target: string;
    width: number;
    rounding: Rounding;
    units: readonly number[] | null;
    reach: readonly (readonly [number, number] | null)[];
  },
): LanePlan {
  const name = node.output;
  const own = uses.get(name)!;
  const wanted = uses.get(target)!;
  // positions of a convolution share their weights, so their lanes share one unit
  const isBound = node.op === "affine" && (node.weightFormats !== null || positionsOf(node) > 1);
  const signed = target === name && !isNeverNegative(node);
  const samples = values.get(target)!;
  const fixedUnits = own.map(({ unit }, lane) => {
    if (inherited) return inherited[lane];
    if (isBound) return 1;
    if (node.op === "add" || node.op === "sub" || node.op === "maximum")
      return natural.get(name)![lane] ?? unit ?? 1;
    const whole = natural.get(name)![lane];
    if (unit !== null || whole === null || !wanted[lane].factor || wanted[lane].term)
      return unit ?? whole;
    // factors of one sum share a format of weights: powers of two bring them to one scale
    const { spread } = ranges[name][lane];
    return spread > 0 ? whole * 2 ** Math.round(Math.log2(spread / whole)) : whole;
  });
  const formats = own.map((_, lane) =>
    laneFormat(
      samples[lane].map((v) => v / (fixedUnits[lane] ?? 1)),
      {
        use: wanted[lane],
        exact: exact.get(name)![lane],
        unit: fixedUnits[lane] ?? 1,
        width,
        signed,
        rounding,
        isSum: node.op === "add" || node.op === "sub" || node.op === "maximum",
        isProduct: node.op === "multiply",
        reach: reachOfLane(reach[lane], fixedUnits[lane] ?? 1),
      },
    ),
  );
  // lanes with free units share the widest integer part, their units make up for it
  const free = formats.filter((f, lane) => fixedUnits[lane] === null && f && f.width > 0);
  const integer = Math.max(...free.map((f) => f!.integer));
  const units = fixedUnits.map((unit, lane) => {
    const format = formats[lane];
    if (unit !== null) return unit;
    return format && format.width > 0 ? 2 ** (format.integer - integer) : 1;
  });
  const shared = formats.map((format, lane) =>
    format && format.width > 0 && fixedUnits[lane] === null ? { ...format, integer } : format,
  );
  if (!makesBits(node) || shared.every((f, lane) => !f || exact.get(name)![lane] !== null))
    return { units, formats: null };
  const nothing: FixedFormat = { signed, width: 0, integer: 0, rounding, overflow: "SAT" };
  return { units, formats: shared.map((format) => format ?? nothing) };
}

/** Nodes whose results have more bits than what they read. */
const makesBits = (node: FloatNode): boolean =>
  ["affine", "add", "sub", "multiply", "maximum"].includes(node.op) ||
  (node.op === "activation" && !isTable(node));

/** Functions that are looked up; their results are rounded in the table. */
export const isTable = (node: FloatActivation): boolean =>
  !isLaneWise(node.kind) && node.kind !== "hardSigmoid";

/** Functions and squares that are never negative. */
export function isNeverNegative(node: FloatNode): boolean {
  if (node.op === "multiply") return node.a === node.b;
  if (node.op === "activation")
    return !["leakyRelu", "identity", "tanh", "reciprocal"].includes(node.kind);
  return false;
}

/** Widths from here on are asked for by sums whose terms cancel, or by somebody generous. */
const wideBits = 16;

/** How far beyond the sample wide formats may reach: three bits. */
const mostReach = 8;

const reachOfLane = (reach: readonly [number, number] | null, unit: number): number =>
  reach ? Math.max(Math.abs(reach[0]), Math.abs(reach[1])) / Math.abs(unit) : 0;

/** The format of one lane in fixed-point units, or null where it needs no cast. */
function laneFormat(
  sample: Float64Array,
  {
    use,
    exact,
    unit,
    width,
    signed,
    rounding,
    isSum,
    isProduct,
    reach,
  }: {
    use: Use;
    exact: Exact | null;
    unit: number;
    width: number;
    signed: boolean;
    rounding: Rounding;
    isSum: boolean;
    isProduct: boolean;
    /** Largest magnitude that the ranges of the inputs allow. */
    reach: number;
  },
): FixedFormat | null {
  if (exact && exact.unit === unit) {
    const isSigned = exact.lo < 0;
    const bits = integerBits(Math.max(exact.hi, -exact.lo - 1), isSigned);
    return { signed: isSigned, width: bits, integer: bits, rounding, overflow: "SAT" };
  }
  if (use.factor && width >= wideBits) {
    // sums that need so many bits cancel: one clipped term would be far worse than two bits less
    const largest = sample.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const held = Float64Array.of(Math.max(largest, Math.min(reach, mostReach * largest)));
    return coverFormat(largest > 0 ? held : sample, { width, signed, rounding });
  }
  if (use.factor) return chooseFormat(sample, { width, signed, rounding });
  // sums of numbers that are cast already, and squares that are only summed, stay exact
  if (isSum || (isProduct && !use.output)) return null;
  if (use.step !== null)
    return coverFormat(sample, {
      signed,
      rounding,
      fraction: Math.ceil(Math.log2(Math.abs(unit) / use.step)),
    });
  if (use.term || use.lookup)
    return use.lookup && !use.term
      ? null
      : coverFormat(sample, { signed, rounding, width: width + termBits });
  return null;
}
