import { float32 } from "../../base/host-array.ts";
import type { Tensor } from "../../graph/index.ts";
import { type Layer, leaf, type Variables } from "../../nn/index.ts";
import {
  abs,
  add,
  clip,
  concat,
  constant,
  customGradient,
  div,
  floor,
  gemm,
  matmul,
  max,
  maximum,
  minimum,
  mul,
  relu,
  reshape,
  round,
  split,
  step,
  stopGradient,
  sub,
  sum,
} from "../../ops/index.ts";
import {
  bitsOf,
  powerOfTwo,
  quantizedRelu,
  quantizeWeights,
  roundThrough,
} from "./learned-width.ts";
import type { QuantizationPlan } from "./plan.ts";
import { pickLanes } from "./tail-graph.ts";

/** What a quantized network gives for a batch. */
export interface QuantizedPass {
  /** Outputs [batch, outputs], in the units of the network it started from. */
  readonly y: Tensor;
  readonly top: Tensor;
  /**
   * Effective bit operations (Sun et al., arXiv:2405.00645): over all products, bits of the input
   * times bits of the weight's magnitude. Differentiable in all fraction bits.
   */
  readonly ebops: Tensor;
}

/** Share of the running maxima of lanes that is kept each step: half is forgotten in 1400 steps. */
const topDecay = 0.9995;
/** Bits of the bias below the step of the lane it goes to. */
export const biasGuardBits = 2;

/**
 * Dense layers with ReLU on quantized weights and lanes, all values exactly on their grids.
 *
 * Lanes are integers here: layer l computes z = W n + b with the weights multiplied by the steps of
 * the lanes before and divided by those after it, so that quantizing costs a floor and nothing
 * else per element. Params, flat over all layers: `weight` and `fraction` [in, out] each, `bias`;
 * `lane`, fraction bits of the hidden lanes; `input`, those of the inputs. State: `top`, running
 * maxima of the hidden lanes and of the magnitudes of outputs, from which follow the bits above
 * the point; values beyond saturate in inference. What is exported computes the same integers as
 * long as float32 holds the sums: 24 bits from the finest product to the largest sum.
 */
export function quantizedPass(
  plan: QuantizationPlan,
  { params, state }: Variables<Tensor>,
  x: Tensor,
  training: boolean,
): QuantizedPass {
  const { sizes, bits } = plan;
  const last = sizes.length - 2;
  const parts = parametersOnGrids(plan, { params, state });
  let { n, bits: inputBits } = quantizedInput(plan, leaf(params, "input"), ownLanes(plan, x));
  let stepBefore: Tensor | null = null;
  const costs: Tensor[] = [];
  const tops: Tensor[] = [];
  parts.layers.forEach(({ weights, weightBits, bias, scale, laneBits, fraction }, l) => {
    const [columns, rows] = [sizes[l], sizes[l + 1]];
    const after = reshape(scale, [1, rows]);
    const ratio = stepBefore ? div(after, reshape(stepBefore, [columns, 1])) : after;
    const z = gemm(n, mul(weights, ratio), add(bias, 0.5));
    costs.push(sum(matmul(reshape(inputBits, [1, columns]), weightBits)));
    const highest = sub(powerOfTwo(laneBits), 1);
    if (l === last) n = roundedOutput(z, training ? null : highest);
    else {
      const held = bits !== null ? 2 ** bits - 1 : training ? null : highest;
      n = quantizedRelu(z, fraction as Tensor, held);
    }
    if (training) tops.push(max(l === last ? abs(n) : n, { axes: 0 }));
    inputBits = bits === null ? laneBits : add(mul(laneBits, 0), bits);
    stepBefore = scale;
  });
  const units = plan.outputExponents.map(
    (e, j) => 2 ** (e - plan.outputFractions[j]) * plan.outputUnits[j],
  );
  const top = leaf(state, "top");
  const seen = () => stopGradient(div(concat(tops, 0), parts.scale));
  return {
    y: mul(n, constant(float32(units))),
    top: training ? maximum(mul(top, topDecay), seen()) : top,
    ebops: costs.reduce((a, b) => add(a, b)),
  };
}

/** Lanes of the network's input that the first layer reads. */
function ownLanes({ inputs }: QuantizationPlan, x: Tensor): Tensor {
  const isWhole = x.shape[1] === inputs.length && inputs.every(({ lane }, i) => lane === i);
  return isWhole
    ? x
    : pickLanes(
        [x],
        inputs.map(({ lane }) => [0, lane] as const),
      );
}

/** Parameters as they are on the grids: worked out for all layers at once, then cut. */
function parametersOnGrids(
  { sizes, bits, outputFractions }: QuantizationPlan,
  of: Variables<Tensor>,
) {
  const rows = sizes.slice(1);
  const perWeight = (flat: Tensor) =>
    split(
      flat,
      rows.map((size, l) => sizes[l] * size),
      0,
    ).map((piece, l) => reshape(piece, [sizes[l], rows[l]]));
  const perLane = (flat: Tensor) => split(flat, rows, 0);

  const fraction = leaf(of.params, "fraction");
  const limit = bits === null ? null : 2 ** (bits - 1) - 1;
  const { values, integers } = quantizeWeights(leaf(of.params, "weight"), fraction, limit);
  const lane = leaf(of.params, "lane");
  const outputs = constant(float32(outputFractions));
  const scale = powerOfTwo(concat([round(lane), outputs], 0)); // steps per unit
  const inSteps = mul(leaf(of.state, "top"), scale);
  const [weights, weightBits] = [perWeight(values), perWeight(bitsOf(integers, fraction))];
  const biases = perLane(quantizedBias(leaf(of.params, "bias"), scale));
  const laneBits = perLane(bitsOf(inSteps, concat([lane, outputs], 0)));
  const scales = perLane(scale);
  const fractions = split(lane, rows.slice(0, -1), 0);
  return {
    scale,
    layers: rows.map((_, l) => ({
      weights: weights[l],
      weightBits: weightBits[l],
      bias: biases[l],
      scale: scales[l],
      laneBits: laneBits[l],
      /** Of hidden layers. */
      fraction: fractions.at(l),
    })),
  };
}

/** Biases in steps of their lane, on a grid somewhat finer than that. */
function quantizedBias(bias: Tensor, scale: Tensor): Tensor {
  const fine = 2 ** biasGuardBits;
  return mul(roundThrough(mul(bias, mul(scale, fine))), 1 / fine);
}

/** floor of sums that have 1/2 added, held within [-highest - 1, highest]. */
function roundedOutput(z: Tensor, highest: Tensor | null): Tensor {
  return customGradient(
    [z],
    () => {
      const n = floor(z);
      return highest ? minimum(maximum(n, sub(-1, highest)), highest) : n;
    },
    (g) => [g],
  );
}

/**
 * Inputs without their low bits, which logic drops for nothing, in the middle of what is left:
 * q = (floor(x 2^F) + 1/2) 2^-F, minus 1/2 for whole numbers; then (q - offset) 2^-exponent.
 */
function quantizedInput({ inputs }: QuantizationPlan, f: Tensor, x: Tensor) {
  const row = (of: (input: (typeof inputs)[number]) => number) => constant(float32(inputs.map(of)));
  const isInteger = row((i) => Number(i.isInteger));
  const rounded = minimum(
    round(f),
    row((i) => (i.isInteger ? 0 : 24)),
  );
  const bits = customGradient(
    [f],
    () =>
      relu(
        add(
          rounded,
          row((i) => i.integerBits),
        ),
      ),
    (g, b) => [mul(g, step(b))],
  );
  const scale = powerOfTwo(rounded);
  const q = customGradient(
    [f],
    () => {
      const n = mul(floor(mul(x, scale)), clip(bits, 0, 1));
      return sub(div(add(n, 0.5), scale), mul(isInteger, 0.5));
    },
    (g, y) => [mul(sum(mul(sub(x, y), g), { axes: 0 }), Math.LN2)],
  );
  const n = mul(
    sub(
      q,
      row((i) => i.offset),
    ),
    row((i) => 2 ** -i.exponent),
  );
  return { n, bits };
}

/** The same as a layer of nn, from raw inputs [batch, lanes of the network's input]. */
export function quantizedNetwork(plan: QuantizationPlan, start: Variables): Layer {
  return {
    init: () => start,
    apply: (variables, x, { training }) => {
      const { y, top } = quantizedPass(plan, variables, x, training);
      return { y, state: { top } };
    },
  };
}
