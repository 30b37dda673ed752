import { float32, type HostArray } from "../../base/host-array.ts";
import type { FloatNetwork, LossInput } from "../../fpga/index.ts";
import type { Tensor } from "../../graph/index.ts";
import { weightedMean } from "../../nn/index.ts";
import { concat, div, mul, split, square, sub, wrapAngle } from "../../ops/index.ts";
import type { Dataset } from "../recalibration/prepare.ts";
import { type Quantity, quantityText } from "../recalibration/quantities.ts";

/** Offline values of some rows, float32 [rows, quantities]. */
export function targetsOf(data: Dataset, rows: Uint32Array): HostArray {
  const { quantities, offline } = data;
  const values = new Float32Array(rows.length * quantities.length);
  quantities.forEach((q, j) => {
    const column = offline[q] as Float64Array;
    rows.forEach((row, i) => {
      values[i * quantities.length + j] = column[row];
    });
  });
  return float32(values, [rows.length, quantities.length]);
}

/**
 * Mean of the squared errors of calibrated values over those of the float model: 1 is as good as
 * that. In phi around the circle; pt relative to offline, unless the model minimizes GeV.
 */
export function calibrationLoss(
  { quantities }: Dataset,
  network: FloatNetwork,
  options: {
    readonly floatErrors: Partial<Readonly<Record<Quantity, number>>>;
    readonly minimize: "relative" | "delta" | "width";
    /** Physical value of one unit of an output. */
    readonly units: Readonly<Record<string, number>>;
  },
): (given: LossInput) => Tensor {
  const { floatErrors, minimize, units } = options;
  const known = new Set(network.outputs.map((o) => o.name));
  return ({ outputs, y, weight }) => {
    const values = outputs();
    const targets = split(
      y,
      quantities.map(() => 1),
      1,
    );
    const errors = quantities.flatMap((q, j) => {
      const { output } = quantityText[q];
      if (!known.has(output)) return [];
      const calibrated = mul(values[output], units[output] ?? 1);
      const difference =
        q === "phi"
          ? wrapAngle(sub(calibrated, targets[j]))
          : q === "pt" && minimize !== "delta"
            ? sub(div(calibrated, targets[j]), 1)
            : sub(calibrated, targets[j]);
      return [square(mul(difference, 1 / (floatErrors[q] as number)))];
    });
    return weightedMean(concat(errors, 1), weight);
  };
}
