import type { FloatNetwork, FloatNode } from "../network.ts";
import { isFree, nonzeroColumns } from "./nodes.ts";
import type { InputScaling, QuantizationPlan } from "./plan-types.ts";

/** How the lanes of a vector are to be read: number of the network = unit · fixed + offset. */
export interface View {
  readonly units: readonly number[];
  readonly offsets: readonly number[];
}

/** True for products that read inputs scaled: those with several columns in a row. */
export const readsScaled = (node: FloatNode): boolean =>
  isFree(node) &&
  Array.from({ length: node.rows }, (_, row) => nonzeroColumns(node, row)).some(
    (columns) => columns.length > 1,
  );

/** A vector as products see it: inputs offset and shifted, all else as it is. */
export function scaledView(
  network: FloatNetwork,
  plan: Pick<QuantizationPlan, "inputs" | "units">,
  name: string,
): View {
  const scaling = plan.inputs[name];
  const units = plan.units[name];
  if (scaling)
    return {
      units: scaling.map((lane) => unitOf(lane)),
      offsets: scaling.map((lane) => lane?.offset ?? 0),
    };
  const node = network.nodes.find((n) => n.output === name);
  if (node?.op !== "pick") return { units, offsets: units.map(() => 0) };
  const views = node.inputs.map((input) => scaledView(network, plan, input));
  return {
    units: node.lanes.map(([input, lane]) => views[input].units[lane]),
    offsets: node.lanes.map(([input, lane]) => views[input].offsets[lane]),
  };
}

const unitOf = (lane: InputScaling | null) => (lane ? 2 ** lane.shift : 1);

/** Weights and bias of a product between fixed-point lanes: W' = W u / U, b' = (b + W o) / U. */
export function fixedWeights(
  node: FloatNode & { op: "affine" },
  view: View,
  units: readonly number[],
): { readonly weights: Float64Array; readonly bias: Float64Array } {
  const { rows, columns, gather } = node;
  const weights = new Float64Array(rows * columns);
  const bias = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    bias[row] = node.bias[row];
    for (let j = 0; j < columns; j++) {
      // positions share their weights, so lanes of one column share unit and offset
      const lane = gather ? Math.max(0, gather[j]) : j;
      const weight = node.weights[row * columns + j];
      weights[row * columns + j] = (weight * view.units[lane]) / units[row];
      bias[row] += weight * view.offsets[lane];
    }
    bias[row] /= units[row];
  }
  return { weights, bias };
}
