import { toNumbers } from "../../base/host-array.ts";
import { leaf, type Variables } from "../../nn/index.ts";
import type { FixedFormat } from "../format.ts";
import type { FloatNode } from "../network.ts";
import { type DenseChain, resultName } from "./dense-chain.ts";
import type { QuantizationPlan } from "./plan.ts";
import { biasGuardBits } from "./quantized-network.ts";

/** One dense layer as integers: weight = integer · 2^-fraction. */
export interface QuantizedLayer {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns], acting on the casts of what comes in. */
  readonly integers: Int32Array;
  readonly fractions: Int32Array;
  /** [rows], all roundings to nearest included: casts after it truncate. */
  readonly bias: Float64Array;
  readonly biasFractions: readonly number[];
  /** Casts of the results: after the ReLU, or of the outputs. */
  readonly formats: readonly FixedFormat[];
}

/** A trained quantized network as plain numbers. */
export interface QuantizedLayers {
  readonly inputs: readonly FixedFormat[];
  readonly layers: readonly QuantizedLayer[];
  /** Effective bit operations: over all products, bits in times bits of the weight's magnitude. */
  readonly ebops: number;
  /** Mean bits of the magnitudes of all weights, pruned ones counted as 0. */
  readonly meanWeightBits: number;
  /** Mean bits of the lanes that enter products. */
  readonly meanLaneBits: number;
  /** Share of weights that are 0 or multiply a lane that is. */
  readonly sparsity: number;
}

const bitsOf = (n: number) => (n === 0 ? 0 : Math.floor(Math.log2(Math.abs(n) + 0.5)) + 1);

/** Ties to even, as graphs round. */
function roundEven(x: number): number {
  const n = Math.round(x);
  return n - x === 0.5 && n % 2 !== 0 ? n - 1 : n;
}

/** The integers that the variables of a training stand for: what inference in the graph computes. */
export function readLayers(plan: QuantizationPlan, variables: Variables): QuantizedLayers {
  const { params, state } = variables;
  const numbers = (name: string) => toNumbers(leaf(params, name));
  const inputs = readInputs(plan, numbers("input"));
  const layers: QuantizedLayer[] = [];
  let before = inputs.map(({ format }) => format);
  let atWeight = 0;
  let atLane = 0;
  for (let l = 0; l < plan.sizes.length - 1; l++) {
    const [columns, rows] = [plan.sizes[l], plan.sizes[l + 1]];
    const weights = (name: string) => numbers(name).subarray(atWeight, atWeight + rows * columns);
    const perLane = (values: Float64Array) => values.subarray(atLane, atLane + rows);
    const layer = readLayer(plan, l, {
      weight: weights("weight"),
      fraction: weights("fraction"),
      bias: perLane(numbers("bias")),
      lane: perLane(numbers("lane")),
      top: perLane(toNumbers(leaf(state, "top"))),
      before,
      shifts: l === 0 ? inputs : null,
    });
    layers.push(layer);
    before = [...layer.formats];
    atWeight += rows * columns;
    atLane += rows;
  }
  return { inputs: inputs.map(({ format }) => format), layers, ...costOf(inputs, layers) };
}

interface LayerVariables {
  /** [columns, rows] */
  readonly weight: Float64Array;
  readonly fraction: Float64Array;
  /** [rows] */
  readonly bias: Float64Array;
  readonly lane: Float64Array;
  readonly top: Float64Array;
  /** Casts of what comes in. */
  readonly before: readonly FixedFormat[];
  /** Of the first layer: what the graph adds to its inputs. */
  readonly shifts: readonly InputShift[] | null;
}

function readLayer(plan: QuantizationPlan, l: number, of: LayerVariables): QuantizedLayer {
  const { sizes, bits } = plan;
  const [columns, rows] = [sizes[l], sizes[l + 1]];
  const isLast = l === sizes.length - 2;
  const limit = bits === null ? Infinity : 2 ** (bits - 1) - 1;
  const integers = new Int32Array(rows * columns);
  const fractions = new Int32Array(rows * columns);
  const biases = new Float64Array(rows);
  const biasFractions: number[] = [];
  const formats: FixedFormat[] = [];
  for (let j = 0; j < rows; j++) {
    const own = isLast ? plan.outputFractions[j] : roundEven(of.lane[j]);
    const unit = isLast ? plan.outputExponents[j] : 0;
    biases[j] = biasInSteps(of.bias[j], own) * 2 ** (unit - own);
    let finest = own + biasGuardBits - unit;
    for (let i = 0; i < columns; i++) {
      const F = roundEven(of.fraction[i * rows + j]);
      const nearest = roundEven(Math.fround(of.weight[i * rows + j] * 2 ** F));
      const n = Math.max(-limit, Math.min(limit, nearest));
      const fraction = F - unit + (of.shifts ? plan.inputs[i].exponent : 0);
      if (of.shifts && n !== 0) {
        biases[j] += n * 2 ** -fraction * of.shifts[i].shift;
        finest = Math.max(finest, fraction + of.shifts[i].fraction);
      }
      if (of.before[i].width === 0) continue;
      integers[j * columns + i] = n;
      fractions[j * columns + i] = fraction;
    }
    biasFractions.push(finest);
    const seen = bitsOf(Math.fround(of.top[j] * 2 ** own));
    formats.push(
      isLast
        ? { ...truncated, signed: true, ...widths(seen + 1, own - unit) }
        : { ...truncated, signed: false, ...widths(bits ?? seen, own) },
    );
  }
  return { rows, columns, integers, fractions, bias: biases, biasFractions, formats };
}

function costOf(inputs: readonly InputShift[], layers: readonly QuantizedLayer[]) {
  let [ebops, weightBits, zeros, weights] = [0, 0, 0, 0];
  let before = inputs.map(({ format }) => format.width);
  const lanes: number[] = [];
  for (const { integers, columns, formats } of layers) {
    integers.forEach((n, at) => {
      ebops += before[at % columns] * bitsOf(n);
      weightBits += bitsOf(n);
      zeros += Number(n === 0);
    });
    weights += integers.length;
    lanes.push(...before);
    before = formats.map(({ width }) => width);
  }
  return {
    ebops,
    meanWeightBits: weightBits / weights,
    meanLaneBits: lanes.reduce((a, b) => a + b, 0) / lanes.length,
    sparsity: zeros / weights,
  };
}

const truncated = { rounding: "TRN", overflow: "SAT" } as const;
const widths = (width: number, fraction: number) => ({ width, integer: width - fraction });

/** As the graph rounds it, with the half step that makes truncation round to nearest. */
function biasInSteps(bias: number, fraction: number): number {
  const fine = 2 ** biasGuardBits;
  return roundEven(Math.fround(bias * 2 ** fraction * fine)) / fine + 0.5;
}

/** Cast of an input, and what the graph adds to its value besides, at so many fraction bits. */
interface InputShift {
  readonly format: FixedFormat;
  readonly shift: number;
  readonly fraction: number;
}

function readInputs({ inputs }: QuantizationPlan, fractions: Float64Array): InputShift[] {
  return inputs.map(({ lo, isInteger, integerBits, offset }, i) => {
    const F = Math.min(roundEven(fractions[i]), isInteger ? 0 : 24);
    return {
      format: {
        ...truncated,
        signed: lo < 0,
        width: Math.max(0, integerBits + F),
        integer: integerBits,
      },
      shift: 0.5 * 2 ** -F - (isInteger ? 0.5 : 0) - offset,
      fraction: Math.max(F + 1, isInteger ? 1 : 0),
    };
  });
}

/** The layers as nodes that make the rows of the last layer of the chain they come from. */
export function quantizedNodes(
  chain: DenseChain,
  { inputs, layers }: QuantizedLayers,
): FloatNode[] {
  const nodes: FloatNode[] = [];
  const add = (node: FloatNode) => {
    nodes.push(node);
    return node.output;
  };
  const { name: first } = chain.layers[0];
  let at = add({
    op: "quantize",
    input: chain.input,
    formats: inputs,
    output: `${first}_in`,
    layer: first,
  });
  layers.forEach((layer, l) => {
    const { name } = chain.layers[l];
    const isLast = l === layers.length - 1;
    at = add({ ...affineOf(layer), input: at, output: `${name}_sum`, layer: name });
    if (!isLast)
      at = add({
        op: "activation",
        kind: "relu",
        alpha: 0,
        beta: 0,
        input: at,
        output: `${name}_relu`,
        layer: name,
      });
    const output = isLast ? resultName(chain) : `${name}_out`;
    at = add({ op: "quantize", input: at, formats: layer.formats, output, layer: name });
  });
  return nodes;
}

function affineOf({ rows, columns, integers, fractions, bias, biasFractions }: QuantizedLayer) {
  const weights = Float64Array.from(integers, (n, i) => n * 2 ** -fractions[i]);
  const exact = (width: number, fraction: number): FixedFormat => ({
    signed: true,
    rounding: "RND",
    overflow: "SAT",
    ...widths(width, fraction),
  });
  return {
    op: "affine" as const,
    rows,
    columns,
    weights,
    bias,
    gather: null,
    weightFormats: Array.from(integers, (n, i) =>
      exact(n === 0 ? 0 : bitsOf(n) + 1, n === 0 ? 0 : fractions[i]),
    ),
    biasFormats: biasFractions.map((F, j) => exact(bitsOf(bias[j] * 2 ** F) + 1, F)),
  };
}
