import { createRng, type Rng } from "../../../src/base/rng.ts";
import { fixed, ufixed } from "../../../src/fpga/format.ts";
import type { FixedOp, FixedProgram } from "../../../src/fpga/program.ts";

/** Weights like those of a trained layer: normal, `bits` wide at three deviations, some zero. */
export const gaussianWeights = (
  rng: Rng,
  count: number,
  bits: number,
  zeros: number,
): Int32Array => {
  const half = 2 ** (bits - 1);
  return Int32Array.from({ length: count }, () => {
    if (rng.uniform() < zeros) return 0;
    return Math.max(-half, Math.min(half - 1, Math.round((rng.normal() * half) / 3)));
  });
};

export interface DenseOptions {
  readonly seed?: number;
  readonly bits?: number;
  readonly inputBits?: number;
  readonly zeros?: number;
}

/** Dense layers with rounded, saturated ReLUs of 6 bits; 40 % of the weights are zero. */
export function denseProgram(
  sizes: readonly number[],
  { seed = 1, bits = 6, inputBits = 8, zeros = 0.4 }: DenseOptions = {},
): FixedProgram {
  const rng = createRng(seed);
  const ops: FixedOp[] = [];
  for (let l = 1; l < sizes.length; l++) {
    const [columns, rows] = [sizes[l - 1], sizes[l]];
    const layer = `layer${l}`;
    ops.push({
      op: "affine",
      input: l === 1 ? "x" : `q${l - 1}`,
      rows,
      columns,
      weights: gaussianWeights(rng, rows * columns, bits, zeros),
      weightFraction: new Array(rows).fill(bits - 1),
      bias: Array.from({ length: rows }, () => Math.round(rng.normal() * 64)),
      gather: null,
      accumulator: null,
      output: `y${l}`,
      layer,
    });
    const isLast = l === sizes.length - 1;
    if (!isLast) ops.push({ op: "relu", input: `y${l}`, output: `r${l}`, layer });
    ops.push({
      op: "quantize",
      input: isLast ? `y${l}` : `r${l}`,
      formats: [isLast ? fixed(12, 6) : ufixed(6, 3, "RND_CONV", "SAT")],
      output: `q${l}`,
      layer,
    });
  }
  const half = 2 ** (inputBits - 1);
  return {
    name: "dense",
    inputs: [
      {
        name: "x",
        labels: Array.from({ length: sizes[0] }, (_, i) => `x${i}`),
        lanes: Array.from({ length: sizes[0] }, () => ({
          fraction: inputBits - 3,
          lo: -half,
          hi: half - 1,
        })),
      },
    ],
    ops,
    outputs: [{ name: "y", from: `q${sizes.length - 1}`, unit: 1, physical: null }],
    strategies: {},
  };
}
