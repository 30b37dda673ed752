import { ConfigError } from "../../base/errors.ts";
import { type FixedFormat, fractionOf, printFormat, rangeOf } from "../format.ts";
import type { FloatNetwork, FloatNode } from "../network.ts";
import { integerBits, weightFormat } from "./choose-format.ts";
import type { Spreads } from "./expand-polynomial.ts";
import { inputsOf } from "./nodes.ts";
import { planInput, planPorts } from "./plan-inputs.ts";
import { inheritedUnits, planLanes } from "./plan-lanes.ts";
import { coverProduct } from "./plan-products.ts";
import { negatedArguments, planTables } from "./plan-tables.ts";
import type {
  InputScaling,
  PlanOptions,
  QuantizationPlan,
  TablePlan,
  Widths,
} from "./plan-types.ts";
import type { Calibration } from "./ranges.ts";
import { reachOf } from "./reach.ts";
import { findUses, isLaneWise } from "./uses.ts";
import { fixedWeights, readsScaled, scaledView } from "./view.ts";

/** Bits of all terms of a sum together; integers are exact below 2^53. */
const sumBits = 50;

/** Chooses all formats for given widths: integer bits by the error on the calibration sample. */
export function planWidths(
  calibration: Calibration,
  widths: Widths,
  { rounding = "RND", steps = {}, formats = {} }: PlanOptions = {},
): QuantizationPlan {
  const { network } = calibration;
  const uses = findUses(network, steps);
  const spreads = network.inputs.map(({ name }) => [
    name,
    calibration.ranges[name].map(({ mean, spread }) => ({ mean, spread })),
  ]);
  const draft = {
    spreads: Object.fromEntries(spreads) as Spreads,
    ports: planPorts(calibration),
    inputs: {} as Record<string, readonly (InputScaling | null)[]>,
    weights: {} as Record<string, readonly FixedFormat[]>,
    casts: {} as Record<string, readonly FixedFormat[]>,
    tables: {} as Record<string, TablePlan>,
    units: {} as Record<string, readonly number[]>,
    biasShifts: {},
  };
  for (const { name } of network.inputs) {
    draft.inputs[name] = planInput(calibration, {
      uses,
      name,
      width: widths.inputs(name),
      rounding,
    });
    draft.units[name] = draft.ports[name].map(() => 1);
  }
  const activationOf = laneWiseReaders(network);
  const reach = reachOf(network, calibration.ranges);
  const negated = negatedArguments(calibration);
  for (const node of network.nodes) {
    const name = node.output;
    const target = activationOf.get(name) ?? name;
    const lanes = planLanes(calibration, {
      uses,
      node,
      target,
      width: widths.activations(target),
      rounding,
      units: inheritedUnits(node, draft.units, uses),
      reach: reach.get(name)!,
    });
    draft.units[name] = negated.has(name) ? lanes.units.map((unit) => -unit) : lanes.units;
    const forced = formats[name];
    if (forced) draft.casts[name] = [checkFits(calibration, { name, forced, units: lanes.units })];
    else if (lanes.formats && target === name)
      draft.casts[name] = oneOrAll(
        node.op === "multiply"
          ? coverProduct(node, lanes.formats, { network, ...draft })
          : lanes.formats,
      );
    if (node.op === "affine") {
      const view = readsScaled(node)
        ? scaledView(network, draft, node.input)
        : { units: draft.units[node.input], offsets: draft.units[node.input].map(() => 0) };
      const { weights } = fixedWeights(node, view, draft.units[name]);
      const width = widths.weights(name);
      const most = sumBits - widths.activations(node.input);
      draft.weights[name] =
        node.weightFormats ??
        Array.from({ length: node.rows }, (_, row) => {
          const own = weights.subarray(row * node.columns, (row + 1) * node.columns);
          return weightFormat(own, Math.min(width, most - termCountBits(own)));
        });
    }
    const isNegated = node.op === "activation" && negated.has(node.input);
    planTables(calibration, { node, uses, widths, rounding, isNegated, tables: draft.tables });
  }
  return draft;
}

const oneOrAll = (formats: readonly FixedFormat[]): readonly FixedFormat[] =>
  formats.every((format) => printFormat(format) === printFormat(formats[0]))
    ? [formats[0]]
    : formats;

/** log2 of how many of its largest weight a row amounts to. */
function termCountBits(weights: Float64Array): number {
  const magnitudes = weights.map(Math.abs);
  const largest = magnitudes.reduce((a, b) => Math.max(a, b), 0);
  const sum = magnitudes.reduce((a, b) => a + b, 0);
  return sum > 0 ? Math.ceil(Math.log2(sum / largest)) : 0;
}

/** Functions that keep a lane's unit and alone read a product: its cast comes after them. */
function laneWiseReaders(network: FloatNetwork): ReadonlyMap<string, string> {
  const readers = new Map<string, FloatNode[]>();
  for (const node of network.nodes)
    for (const name of inputsOf(node)) readers.set(name, [...(readers.get(name) ?? []), node]);
  const outputs = new Set(network.outputs.map((output) => output.from));
  const found = new Map<string, string>();
  for (const { op, output } of network.nodes) {
    const [reader, ...others] = readers.get(output) ?? [];
    if (op !== "affine" || !reader || others.length > 0 || outputs.has(output)) continue;
    if (reader.op === "activation" && isLaneWise(reader.kind)) found.set(output, reader.output);
  }
  return found;
}

/** @throws ConfigError where a format someone asked for does not hold the sample. */
function checkFits(
  { values }: Calibration,
  { name, forced, units }: { name: string; forced: FixedFormat; units: readonly number[] },
): FixedFormat {
  const { lo, hi } = rangeOf(forced);
  const lanes = values.get(name)!;
  let outside = 0;
  let largest = 0;
  for (const [lane, of] of lanes.entries())
    for (const value of of) {
      const fixed = value / units[lane];
      const steps = Math.round(fixed * 2 ** fractionOf(forced));
      if (steps < lo || steps > hi) outside++;
      if (Math.abs(fixed) > Math.abs(largest)) largest = fixed;
    }
  if (outside > 0)
    throw new ConfigError(
      `quantize: ${name}: ${outside} of ${lanes.length * lanes[0].length} values of the sample are outside of ${printFormat(forced)}, the largest is ${largest.toPrecision(4)}; ${integerBits(Math.abs(largest), forced.signed)} integer bits would do`,
    );
  return forced;
}
