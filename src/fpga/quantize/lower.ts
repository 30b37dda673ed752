import { ConfigError } from "../../base/errors.ts";
import type { FixedFormat } from "../format.ts";
import { inferLanes } from "../interpret/index.ts";
import type { FloatNetwork, FloatNode } from "../network.ts";
import type { FixedProgram, Lane, ProgramOutput } from "../program.ts";
import { integerBits } from "./choose-format.ts";
import { roundWeights } from "./fixed-weights.ts";
import { inUnits } from "./in-units.ts";
import { lowerActivation } from "./lower-activation.ts";
import { lowerSoftmax } from "./lower-softmax.ts";
import type { QuantizationPlan } from "./plan-types.ts";
import { prepare } from "./prepare.ts";
import { createSteps, type Lowering } from "./steps.ts";
import { fixedWeights, readsScaled, scaledView } from "./view.ts";

/**
 * Writes a network as integer operations, all formats as the plan says. Formats a file prescribes
 * are obeyed as they are.
 * @throws ConfigError for a plan that belongs to another network.
 */
export const lowerNetwork = (network: FloatNetwork, plan: QuantizationPlan): FixedProgram =>
  lowerNamed(network, plan).program;

/** The program, and the vector each product of the network has in it before any cast. */
export function lowerNamed(
  given: FloatNetwork,
  plan: QuantizationPlan,
): { readonly program: FixedProgram; readonly products: ReadonlyMap<string, string> } {
  const network = prepare(given, plan.spreads);
  const missing = network.nodes.find((node) => !plan.units[node.output]);
  if (missing)
    throw new ConfigError(
      `quantize: the plan says nothing about ${missing.output}; was it made for another network than ${given.name}?`,
    );
  const inputs = network.inputs.map(({ name, labels }) => ({
    name,
    labels,
    lanes: plan.ports[name],
  }));
  const steps = createSteps({ name: given.name, inputs });
  const lowering = { network, plan, steps };
  const products = new Map<string, string>();
  for (const node of network.nodes) {
    const made = lowerNode(node, lowering);
    if (node.op === "affine") products.set(node.output, made);
    const casts = plan.casts[node.output];
    steps.bind(
      node.output,
      casts ? steps.emit({ op: "quantize", input: made, formats: casts, layer: node.layer }) : made,
    );
  }
  const outputs = network.outputs.map((output): ProgramOutput => {
    const units = plan.units[output.from];
    const unit = units[0];
    const from = inUnits(
      output.from,
      units.map(() => unit),
      { ...lowering, layer: output.name },
    );
    return { name: output.name, from, unit, physical: output.physical };
  });
  const program: FixedProgram = {
    name: given.name,
    inputs,
    ops: steps.ops,
    outputs,
    strategies: {},
  };
  inferLanes(program);
  return { program, products };
}

/** Steps of one node; gives the name of the vector before its cast. */
function lowerNode(node: FloatNode, lowering: Lowering): string {
  const { steps, plan } = lowering;
  const { layer, output } = node;
  switch (node.op) {
    case "affine":
      return lowerAffine(node, lowering);
    case "activation":
      return lowerActivation(node, lowering);
    case "quantize": {
      const input = inUnits(node.input, plan.units[output], { ...lowering, layer });
      return steps.emit({ op: "quantize", input, formats: node.formats, layer });
    }
    case "multiply":
      return steps.emit({ op: "multiply", a: steps.at(node.a), b: steps.at(node.b), layer });
    case "add":
    case "sub":
    case "maximum": {
      const units = plan.units[output];
      const a = inUnits(node.a, units, { ...lowering, layer });
      const b = inUnits(node.b, units, { ...lowering, layer });
      return steps.emit({ op: node.op, a, b, layer });
    }
    case "modulo":
      return lowerModulo(node, lowering);
    case "pick":
      return steps.emit({
        op: "pick",
        inputs: node.inputs.map((name) => steps.at(name)),
        lanes: node.lanes,
        layer,
      });
    case "constant": {
      const fraction = constantFraction;
      const values = Array.from(node.values, (v, i) =>
        Math.round((v / plan.units[output][i]) * 2 ** fraction),
      );
      return steps.emit({ op: "constant", values, fraction, layer });
    }
    case "softmax":
      return lowerSoftmax(node, lowering);
    case "max":
    case "argmax": {
      const from = plan.units[node.input];
      const input = inUnits(
        node.input,
        from.map(() => from[0]),
        { ...lowering, layer },
      );
      return steps.emit({ op: node.op, input, layer });
    }
  }
}

/** Fraction bits of constants that could not be folded into anything. */
const constantFraction = 12;

function lowerAffine(node: FloatNode & { op: "affine" }, lowering: Lowering): string {
  const { network, plan, steps } = lowering;
  const { layer, rows, columns, gather, output } = node;
  const units = plan.units[output].slice(0, rows);
  const scaled = readsScaled(node);
  const own = plan.units[node.input];
  const view = scaled
    ? scaledView(network, plan, node.input)
    : { units: own, offsets: own.map(() => 0) };
  const given = scaled ? scaledVector(node.input, lowering) : steps.at(node.input);
  const shifts = plan.biasShifts[output];
  const hasBias = shifts !== undefined || node.bias.some((b) => b !== 0);
  const input = gather && hasBias ? aligned(given, layer, steps) : given;
  const { weights, bias } = fixedWeights(node, view, units);
  if (shifts)
    bias.forEach((b, row) => {
      bias[row] = b + shifts[row] / units[row];
    });
  const finest = Math.max(...steps.lanes(input).map((lane) => lane.fraction));
  const rounded = roundWeights({
    weights,
    bias,
    rows,
    columns,
    formats: plan.weights[output],
    biasFormats: node.biasFormats,
    finest,
    where: layer,
  });
  return steps.emit({
    op: "affine",
    input,
    rows,
    columns,
    gather,
    ...rounded,
    accumulator: null,
    layer,
  });
}

/** The same numbers at one fraction, so that one integer is the bias of every position. */
function aligned(vector: string, layer: string, steps: Lowering["steps"]): string {
  const lanes = steps.lanes(vector);
  const finest = Math.max(...lanes.map((lane) => lane.fraction));
  if (lanes.every((lane) => lane.fraction === finest)) return vector;
  const formats = lanes.map(({ fraction, lo, hi }): FixedFormat => {
    const signed = lo < 0;
    const largest = Math.max(hi, -lo - 1);
    const bits = (largest > 0 ? Math.floor(Math.log2(largest)) + 1 : 0) + (signed ? 1 : 0);
    const integer = bits - fraction;
    return { signed, width: integer + finest, integer, rounding: "TRN", overflow: "WRAP" };
  });
  return steps.emit({ op: "quantize", input: vector, formats, layer });
}

/** A vector as products see it: inputs offset, shifted and cast. */
function scaledVector(name: string, lowering: Lowering): string {
  const { network, plan, steps } = lowering;
  const known = `${name}_scaled`;
  if (steps.has(known)) return steps.at(known);
  const scaling = plan.inputs[name];
  if (scaling) {
    const layer = `${name}_scaling`;
    let vector = steps.at(name);
    if (scaling.some((lane) => lane && lane.offset !== 0)) {
      const values = scaling.map((lane) => lane?.offset ?? 0);
      const b = steps.emit({ op: "constant", values, fraction: 0, layer });
      vector = steps.emit({ op: "sub", a: vector, b, layer });
    }
    if (scaling.some((lane) => lane && lane.shift !== 0))
      vector = steps.emit({
        op: "rescale",
        input: vector,
        by: scaling.map((lane) => lane?.shift ?? 0),
        layer,
      });
    if (scaling.some((lane) => lane?.format)) {
      const formats = steps.lanes(vector).map((lane, i) => scaling[i]?.format ?? formatOf(lane));
      vector = steps.emit({ op: "quantize", input: vector, formats, layer });
    }
    steps.bind(known, vector);
    return vector;
  }
  const node = network.nodes.find((n) => n.output === name);
  if (node?.op !== "pick") return steps.at(name);
  const inputs = node.inputs.map((input) => scaledVector(input, lowering));
  if (inputs.every((input, i) => input === steps.at(node.inputs[i]))) return steps.at(name);
  steps.bind(known, steps.emit({ op: "pick", inputs, lanes: node.lanes, layer: node.layer }));
  return steps.at(known);
}

const formatOf = ({ fraction, lo, hi }: Lane): FixedFormat => {
  const signed = lo < 0;
  const width = integerBits(Math.max(hi, -lo - 1), signed);
  return { signed, width, integer: width - fraction, rounding: "RND", overflow: "SAT" };
};

/** n mod period: the period must be a whole number of steps, and one addition must do. */
function lowerModulo(node: FloatNode & { op: "modulo" }, lowering: Lowering): string {
  const { steps, plan } = lowering;
  const { layer, output } = node;
  const units = plan.units[output];
  const input = aligned(inUnits(node.input, units, { ...lowering, layer }), layer, steps);
  const [{ fraction }] = steps.lanes(input);
  const period = Math.round(node.period / units[0]) * 2 ** fraction;
  if (!Number.isInteger(period) || units.some((unit) => unit !== units[0]))
    throw new ConfigError(
      `quantize: the period ${node.period} of ${layer} is no whole number of steps of ${units[0] * 2 ** -fraction}; give its argument more fraction bits`,
    );
  const isInside = steps.lanes(input).every(({ lo, hi }) => lo >= -period && hi < 2 * period);
  const held = isInside
    ? input
    : steps.emit({ op: "clamp", input, lo: -period, hi: 2 * period - 1, layer });
  return steps.emit({ op: "modulo", input: held, period, layer });
}
