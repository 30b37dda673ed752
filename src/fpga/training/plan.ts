import { ConfigError } from "../../base/errors.ts";
import { float32, type HostArray } from "../../base/host-array.ts";
import type { Variables } from "../../nn/index.ts";
import type { DenseLayer, InputLane } from "./dense-chain.ts";

/** Everything about a quantized network that training does not change. */
export interface QuantizationPlan {
  /** Widths of the vectors: inputs, hidden layers, outputs. */
  readonly sizes: readonly number[];
  readonly inputs: readonly InputPlan[];
  /** Outputs are counted in steps of 2^-outputFraction · 2^outputExponent · outputUnit per lane. */
  readonly outputFractions: readonly number[];
  readonly outputExponents: readonly number[];
  readonly outputUnits: readonly number[];
  /** Bits of all weights (with sign) and lanes, or null where each has its own that is trained. */
  readonly bits: number | null;
}

/** Raw input x enters training as (q(x) - offset) 2^-exponent, all exact. */
export interface InputPlan extends InputLane {
  readonly offset: number;
  readonly exponent: number;
  /** Which lane of the network's input it is. */
  readonly lane: number;
  /** Bits before the point that [lo, hi] takes, the sign included. */
  readonly integerBits: number;
}

export interface PlanOptions {
  readonly bits: number | null;
  /** By row of the last layer, which is in these units. */
  readonly outputUnits: readonly number[];
  /** Largest step of each output in the network's units; null: 1/64 of its standard deviation. */
  readonly outputSteps: readonly number[] | null;
  /** Bits of the magnitude of weights and of lanes that training starts from. */
  readonly startBits: { readonly weights: number; readonly lanes: number };
}

/**
 * Where quantized training starts: the variables of trained dense layers, in units in which all
 * vectors are of order 1, with the ranges that some rows of data give them.
 * @param lanes - what the first layer reads.
 * @param rows - inputs of the network [rows, lanes].
 */
export function planQuantization(
  layers: readonly DenseLayer[],
  lanes: readonly (InputLane & { readonly lane: number })[],
  rows: HostArray,
  { bits, outputUnits, outputSteps, startBits }: PlanOptions,
): { readonly plan: QuantizationPlan; readonly variables: Variables } {
  if (bits !== null && !(Number.isInteger(bits) && bits >= 2 && bits <= 16))
    throw new ConfigError(`quantized training: expected 2 to 16 bits, got ${bits}`);
  if (
    outputSteps?.some((step) => !(step > 0)) ||
    (outputSteps ?? outputUnits).length !== outputUnits.length
  )
    throw new ConfigError(
      `quantized training: expected ${outputUnits.length} output steps > 0, got ${outputSteps?.join(", ")}`,
    );
  const inputs = lanes.map(inputPlan);
  const values = layerRanges(
    layers,
    rows,
    inputs.map(({ lane }) => lane),
  );
  const outputExponents = values.deviations.map(exponentOf);
  const last = layers.length - 1;
  const weightBits = bits === null ? startBits.weights : bits - 1;
  const laneBits = bits ?? startBits.lanes;

  const weight: number[] = [];
  const fraction: number[] = [];
  const bias: number[] = [];
  layers.forEach((layer, l) => {
    const unit = (row: number) => (l === last ? 2 ** -outputExponents[row] : 1);
    const own: number[] = []; // [columns, rows], as dense layers of nn have it
    for (let column = 0; column < layer.columns; column++)
      for (let row = 0; row < layer.rows; row++) {
        const w = layer.weights[row * layer.columns + column] * unit(row);
        own.push(l === 0 ? w * 2 ** inputs[column].exponent : w);
      }
    for (let row = 0; row < layer.rows; row++) {
      let b = layer.bias[row];
      if (l === 0)
        inputs.forEach(({ offset }, column) => {
          b += layer.weights[row * layer.columns + column] * offset;
        });
      bias.push(b * unit(row));
    }
    const largest = own.reduce((a, w) => Math.max(a, Math.abs(w)), 0);
    weight.push(...own);
    fraction.push(...own.map(() => weightBits - exponentOf(largest)));
  });
  const hidden = values.tops.slice(0, -1).flat();
  const outputTops = values.tops[last].map((top, j) => top * 2 ** -outputExponents[j]);
  const params = {
    weight: float32(weight),
    fraction: float32(fraction),
    bias: float32(bias),
    lane: float32(hidden.map((top) => laneBits - exponentOf(top))),
    input: float32(
      inputs.map(({ isInteger, integerBits }) => (isInteger ? 0 : laneBits - integerBits)),
    ),
  };
  return {
    plan: {
      sizes: [lanes.length, ...layers.map((layer) => layer.rows)],
      inputs,
      outputFractions: outputExponents.map((e, j) =>
        outputSteps ? e - Math.floor(Math.log2(outputSteps[j] / outputUnits[j])) : outputBits,
      ),
      outputExponents,
      outputUnits,
      bits,
    },
    variables: { params, state: { top: float32([...hidden, ...outputTops]) } },
  };
}

/** Bits of an output's standard deviation. */
const outputBits = 6;

/** Smallest e with x <= 2^e; 0 for 0. */
export const exponentOf = (x: number) => (x > 0 ? Math.ceil(Math.log2(x)) : 0);

function inputPlan(lane: InputLane & { readonly lane: number }): InputPlan {
  const { lo, hi, isInteger } = lane;
  if (!(Number.isFinite(lo) && Number.isFinite(hi) && lo <= hi))
    throw new ConfigError(`quantized training: range of input ${lane.lane} is ${lo} … ${hi}`);
  const magnitude = Math.max(isInteger ? hi + 1 : hi, -lo);
  return {
    ...lane,
    offset: Math.round((lo + hi) / 2),
    exponent: exponentOf(hi - lo) - 1,
    integerBits: exponentOf(magnitude) + Number(lo < 0),
  };
}

/** Largest magnitude of each lane of each layer, and standard deviations of the outputs. */
function layerRanges(
  layers: readonly DenseLayer[],
  { data, shape: [rows, width] }: HostArray,
  lanes: readonly number[],
) {
  const tops = layers.map((layer) => new Array<number>(layer.rows).fill(0));
  const last = layers.length - 1;
  const sums = tops[last].map(() => ({ first: 0, second: 0 }));
  for (let row = 0; row < rows; row++) {
    let x: ArrayLike<number> = lanes.map((lane) => Number(data[row * width + lane]));
    layers.forEach((layer, l) => {
      x = applyLayer(layer, x, l < last);
      for (let j = 0; j < layer.rows; j++) tops[l][j] = Math.max(tops[l][j], Math.abs(x[j]));
    });
    sums.forEach((sum, j) => {
      sum.first += x[j];
      sum.second += x[j] * x[j];
    });
  }
  const deviations = sums.map(({ first, second }, j) => {
    const variance = second / rows - (first / rows) ** 2;
    return variance > 0 ? Math.sqrt(variance) : tops[last][j];
  });
  return { tops, deviations };
}

function applyLayer(layer: DenseLayer, x: ArrayLike<number>, isHidden: boolean): Float64Array {
  const { rows, columns, weights, bias } = layer;
  return Float64Array.from({ length: rows }, (_, j) => {
    let y = bias[j];
    for (let i = 0; i < columns; i++) y += weights[j * columns + i] * x[i];
    return isHidden ? Math.max(y, 0) : y;
  });
}
