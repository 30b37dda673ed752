import { ConfigError } from "../../base/errors.ts";
import { type FixedFormat, fractionOf, rangeOf } from "../format.ts";
import { castReal } from "../interpret/index.ts";
import type { FloatActivation, FloatNode } from "../network.ts";
import { weightFormat } from "./choose-format.ts";
import { roundWeights } from "./fixed-weights.ts";
import { inUnits } from "./in-units.ts";
import { maxAddress, type TablePlan } from "./plan-types.ts";
import type { Lowering, Steps } from "./steps.ts";

/** Functions that are looked up. */
const functions: Readonly<
  Record<"sigmoid" | "tanh" | "exp" | "reciprocal" | "sqrt" | "softplus", (x: number) => number>
> = {
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  exp: Math.exp,
  reciprocal: (x) => 1 / x,
  sqrt: (x) => Math.sqrt(Math.max(0, x)),
  softplus: (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
};

/** Steps of a function of one number; gives the name of the result before its cast. */
export function lowerActivation(
  node: FloatNode & FloatActivation,
  { plan, steps }: Lowering,
): string {
  const { layer, output, kind } = node;
  const units = plan.units[node.input];
  switch (kind) {
    case "identity":
      return steps.at(node.input);
    case "relu":
      return steps.emit({ op: "relu", input: steps.at(node.input), layer });
    case "leakyRelu":
      return lowerLeakyRelu(node, steps);
    case "hardSigmoid":
      return lowerHardSigmoid(node, { plan, steps });
    default: {
      const table = plan.tables[output];
      const sign = table.isNegated ? -1 : 1;
      const wanted = units.map(() => sign);
      const input = inUnits(node.input, wanted, { plan, steps, layer });
      const f = (x: number) => functions[kind](sign * x);
      const label = table.isNegated ? `${labels[kind]}(-x)` : labels[kind];
      const place = { input, label, layer, table, steps };
      return kind === "exp" && table.address.width > maxAddress
        ? multiplyTables(place, f)
        : lookUp(place, f);
    }
  }
}

const labels = {
  sigmoid: "sigmoid",
  tanh: "tanh",
  exp: "exp",
  reciprocal: "1/x",
  sqrt: "sqrt",
  softplus: "softplus",
} as const;

/**
 * A function by table: the argument is cast to the address first. Results outside of their format
 * are held at its ends, infinities too.
 * @throws ConfigError for more than 14 address bits.
 */
export function lookUp(
  { input, label, layer, table: { address, result }, steps }: LookUp,
  f: (x: number) => number,
): string {
  if (address.width > maxAddress)
    throw new ConfigError(
      `quantize: the table of ${label} in ${layer} would have ${address.width} address bits; at most ${maxAddress} are built`,
    );
  const cast = steps.emit({ op: "quantize", input, formats: [address], layer });
  return tableOf({ input: cast, label, layer, table: { address, result }, steps }, f);
}

/**
 * exp of a wide argument: x = high + low with low in [0, 2^-k) gives exp(high) · exp(low), two
 * tables of half the address bits and one product.
 */
function multiplyTables({ table, ...place }: LookUp, f: (x: number) => number): string {
  const { input, layer, label, steps } = place;
  const { address, result } = table;
  const cast = steps.emit({ op: "quantize", input, formats: [address], layer });
  const lowBits = Math.floor(address.width / 2);
  const top: FixedFormat = { ...address, width: address.width - lowBits, rounding: "TRN" };
  const high = steps.emit({ op: "quantize", input: cast, formats: [top], layer });
  const rest: FixedFormat = {
    signed: false,
    width: lowBits,
    integer: address.integer - top.width,
    rounding: "TRN",
    overflow: "WRAP",
  };
  const low = steps.emit({ op: "quantize", input: cast, formats: [rest], layer });
  const near: FixedFormat = { ...result, signed: false, integer: 1, width: fractionOf(result) + 1 };
  const a = tableOf({ ...place, input: high, table: { address: top, result } }, f);
  const b = tableOf(
    { ...place, input: low, label: `${label} near 1`, table: { address: rest, result: near } },
    f,
  );
  const product = steps.emit({ op: "multiply", a, b, layer });
  return steps.emit({ op: "quantize", input: product, formats: [result], layer });
}

interface LookUp {
  readonly input: string;
  readonly label: string;
  readonly layer: string;
  readonly table: Pick<TablePlan, "address" | "result">;
  readonly steps: Steps;
}

/** A table over all values its input can have. */
function tableOf(
  { input, label, layer, table: { address, result }, steps }: LookUp,
  f: (x: number) => number,
): string {
  const lanes = steps.lanes(input);
  const first = Math.min(...lanes.map((lane) => lane.lo));
  const last = Math.max(...lanes.map((lane) => lane.hi));
  const step = 2 ** -fractionOf(address);
  const values = Int32Array.from({ length: last - first + 1 }, (_, i) =>
    held(f((first + i) * step), result),
  );
  return steps.emit({
    op: "table",
    input,
    first,
    values,
    fraction: fractionOf(result),
    label,
    layer,
  });
}

function held(value: number, format: FixedFormat): number {
  const { lo, hi } = rangeOf(format);
  if (Number.isNaN(value)) return 0;
  if (!Number.isFinite(value)) return value > 0 ? hi : lo;
  return castReal(value, { ...format, overflow: "SAT" }).integer;
}

/** Bits of slopes and offsets of functions. */
const slopeBits = 10;

/** alpha x for x < 0: max(x, alpha x) where alpha is between 0 and 1, else a selection. */
function lowerLeakyRelu({ input: name, alpha, layer }: FloatNode & FloatActivation, steps: Steps) {
  const input = steps.at(name);
  const sloped = lowerScale({ input, factor: alpha, offset: 0, layer, steps });
  if (alpha >= 0 && alpha <= 1) return steps.emit({ op: "maximum", a: input, b: sloped, layer });
  const zero = steps.emit({ op: "constant", values: [0], fraction: 0, layer });
  const condition = steps.emit({ op: "less", a: input, b: zero, layer });
  return steps.emit({ op: "select", condition, a: sloped, b: input, layer });
}

/** clamp(alpha x + beta, 0, 1): the cast holds it above 0, a clamp below 1. */
function lowerHardSigmoid(
  { input: name, alpha, beta, output, layer }: FloatNode & FloatActivation,
  { plan, steps }: Pick<Lowering, "plan" | "steps">,
): string {
  const input = inUnits(
    name,
    plan.units[name].map(() => 1),
    { plan, steps, layer },
  );
  const line = lowerScale({ input, factor: alpha, offset: beta, layer, steps });
  const fraction = Math.max(...(plan.casts[output] ?? []).map(fractionOf), 0) || slopeBits;
  const format: FixedFormat = {
    signed: false,
    width: fraction + 1,
    integer: 1,
    rounding: "RND",
    overflow: "SAT",
  };
  const above = steps.emit({ op: "quantize", input: line, formats: [format], layer });
  return steps.emit({ op: "clamp", input: above, lo: 0, hi: 2 ** fraction, layer });
}

/** factor · x + offset of every lane: a rescale where the factor is a power of two. */
export function lowerScale({
  input,
  factor,
  offset,
  layer,
  steps,
}: {
  input: string;
  factor: number;
  offset: number;
  layer: string;
  steps: Steps;
}): string {
  const lanes = steps.lanes(input);
  const n = lanes.length;
  if (offset === 0 && factor > 0 && Number.isInteger(Math.log2(factor)))
    return steps.emit({ op: "rescale", input, by: lanes.map(() => -Math.log2(factor)), layer });
  const weights = new Float64Array(n * n);
  for (let lane = 0; lane < n; lane++) weights[lane * (n + 1)] = factor;
  return steps.emit({
    op: "affine",
    input,
    rows: n,
    columns: n,
    ...roundWeights({
      weights,
      bias: new Float64Array(n).fill(offset),
      rows: n,
      columns: n,
      formats: [weightFormat(Float64Array.of(factor), slopeBits)],
      biasFormats: null,
      finest: Math.max(...lanes.map((lane) => lane.fraction)),
      where: layer,
    }),
    gather: null,
    accumulator: null,
    layer,
  });
}
