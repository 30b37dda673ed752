import { ConfigError } from "../../base/errors.ts";
import type { FloatNetwork } from "../network.ts";
import { inputsOf } from "./nodes.ts";
import { planWidths } from "./plan.ts";
import { maxAddress, type PlanOptions, type QuantizationPlan, type Widths } from "./plan-types.ts";
import type { Calibration } from "./ranges.ts";

export interface UniformOptions extends PlanOptions {
  /** Width of weights and activations. */
  readonly bits: number;
  /** Width of weights alone. */
  readonly weightBits?: number;
  /** Width up to which whole numbers that come in keep all of their bits; 12 if absent. */
  readonly inputBits?: number;
  /** Address bits of tables; `bits`, held between 10 and 12, if absent. */
  readonly tableBits?: number;
  /** Widths of single products and vectors by name, instead of the above. */
  readonly widths?: Readonly<Record<string, number>>;
  /** False: the same widths also where large terms cancel. */
  readonly keepsCancellation?: boolean;
}

/**
 * One width for everything: weights and activations `bits` wide, each layer's integer bits chosen
 * on the sample. Where large terms cancel in a sum (alphas of alternating signs, c x - x²/2) the
 * factors get as many bits more as the cancellation eats.
 */
export function planUniform(
  network: FloatNetwork,
  calibration: Calibration,
  options: UniformOptions,
): QuantizationPlan {
  const { bits, weightBits = bits, inputBits = bits, tableBits = bits, widths = {} } = options;
  for (const [name, width] of Object.entries({ bits, weightBits, inputBits, tableBits, ...widths }))
    if (!Number.isInteger(width) || width < 1 || width > 30)
      throw new ConfigError(
        `planUniform: ${name}: expected 1 to 30 bits for ${network.name}, got ${width}`,
      );
  return planWidths(calibration, uniformWidths(calibration, options), options);
}

/** The widths that `planUniform` gives everything. */
export function uniformWidths(
  calibration: Calibration,
  {
    bits,
    weightBits = bits,
    inputBits = 12,
    tableBits = Math.max(10, Math.min(12, bits)),
    widths = {},
    keepsCancellation = true,
  }: UniformOptions,
): Widths {
  const extra = keepsCancellation ? cancelledBits(calibration) : new Map<string, number>();
  const more = (name: string) => extra.get(name) ?? 0;
  const exps = new Set(
    calibration.network.nodes
      .filter((node) => node.op === "activation" && node.kind === "exp")
      .map((node) => node.output),
  );
  return {
    weights: (name) =>
      widths[`${name}/weights`] ?? Math.min(mostBits, weightBits + more(`${name}/weights`)),
    activations: (name) => widths[name] ?? Math.min(mostBits, bits + more(name)),
    inputs: (name) => widths[name] ?? inputBits,
    addresses: (name) =>
      widths[`${name}/address`] ??
      Math.min(exps.has(name) ? mostBits : maxAddress, tableBits + more(`${name}/address`)),
  };
}

/** Widest factors that cancellation asks for: products of two stay below 2^53. */
const mostBits = 24;

/** Bits that sums of any network lose; formats of `bits` bits are meant to include them. */
const usualBits = 2;

/**
 * Bits that sums lose because their terms cancel: log2 of the ratio of the terms' spread, summed in
 * quadrature, to the spread of the sum. Passed back through products and tables to the vectors whose
 * rounding matters. By product as "name/weights", by vector, by table as "name/address".
 */
export function cancelledBits({ network, ranges }: Calibration): ReadonlyMap<string, number> {
  const extra = new Map<string, number>();
  const raise = (name: string, bits: number) =>
    extra.set(name, Math.max(extra.get(name) ?? 0, bits));
  for (const node of [...network.nodes].reverse()) {
    const needed = extra.get(node.output) ?? 0;
    if (node.op === "affine" && !node.gather) {
      const input = ranges[node.input];
      const own = ranges[node.output];
      let terms = 0;
      let sums = 0;
      for (let row = 0; row < node.rows; row++) {
        sums += own[row].spread ** 2;
        for (let j = 0; j < node.columns; j++)
          terms += (node.weights[row * node.columns + j] * input[j].spread) ** 2;
      }
      const lost = sums > 0 ? Math.max(0, Math.floor(Math.log2(terms / sums) / 2) - usualBits) : 0;
      raise(`${node.output}/weights`, needed + lost);
      raise(node.input, needed + lost);
    } else {
      for (const name of inputsOf(node)) raise(name, needed);
      raise(`${node.output}/address`, needed);
    }
  }
  return extra;
}
