import { inferLanes, interpret } from "../interpret/index.ts";
import type { FloatNetwork } from "../network.ts";
import { programInputs } from "./compare.ts";
import { lowerNamed } from "./lower.ts";
import { positionsOf } from "./nodes.ts";
import type { QuantizationPlan } from "./plan-types.ts";
import type { Calibration } from "./ranges.ts";

/** Rows the means are taken over: their error is far below the spread that is left. */
const mostRows = 1024;

/**
 * Moves the mean shift that rounding gives each row of each product into its bias, layer by layer
 * from the inputs on, so that each sees what those before it already corrected.
 * @see M. Nagel et al., "Data-free quantization through weight equalization and bias correction",
 *   arXiv:1906.04721, section 4.2; here measured on the sample
 */
export function correctBiases(
  network: FloatNetwork,
  plan: QuantizationPlan,
  calibration: Calibration,
): QuantizationPlan {
  const rows = Math.min(mostRows, calibration.rows);
  const inputs = Object.fromEntries(
    calibration.network.inputs.map(({ name, labels }) => {
      const lanes = calibration.values.get(name)!;
      return [
        name,
        Float64Array.from(
          { length: rows * labels.length },
          (_, i) => lanes[i % labels.length][Math.floor(i / labels.length)],
        ),
      ];
    }),
  );
  let corrected = plan;
  for (const node of calibration.network.nodes) {
    if (node.op !== "affine" || node.biasFormats) continue;
    const name = node.output;
    const { program, products } = lowerNamed(network, corrected);
    const from = products.get(name)!;
    const probed = { ...program, outputs: [{ name, from, unit: 1, physical: null }] };
    const lanes = inferLanes(program).get(from)!;
    const fixed = interpret(probed, programInputs(program, inputs)).outputs[name];
    const float = calibration.values.get(name)!;
    const shifts: number[] = new Array(node.rows).fill(0);
    const positions = positionsOf(node);
    lanes.forEach(({ fraction }, lane) => {
      const scale = corrected.units[name][lane] * 2 ** -fraction;
      let shift = 0;
      for (let row = 0; row < rows; row++)
        shift += float[lane][row] - fixed[row * lanes.length + lane] * scale;
      shifts[lane % node.rows] += shift / rows / positions;
    });
    corrected = { ...corrected, biasShifts: { ...corrected.biasShifts, [name]: shifts } };
  }
  return corrected;
}
