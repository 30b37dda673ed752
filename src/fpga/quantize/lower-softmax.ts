import type { FloatNode, FloatReduce } from "../network.ts";
import { inUnits } from "./in-units.ts";
import { lookUp } from "./lower-activation.ts";
import type { Lowering } from "./steps.ts";

/**
 * softmax(x) = e / sum e with e = exp(x - max x): the variant that no overflow can spoil. Tables of
 * exp(-d) over the distances d to the largest logit, which are never negative, and of 1/x over the
 * sum, which lies between 1 and the number of lanes.
 * @see hls4ml, nnet_activation.h, softmax_stable
 */
export function lowerSoftmax(node: FloatNode & FloatReduce, { plan, steps }: Lowering): string {
  const { layer, output } = node;
  const units = plan.units[node.input];
  const input = inUnits(
    node.input,
    units.map(() => 1),
    { plan, steps, layer },
  );
  const largest = steps.emit({ op: "max", input, layer });
  const distance = steps.emit({ op: "sub", a: largest, b: input, layer });
  const exps = lookUp(
    { input: distance, label: "exp(-x)", layer, table: plan.tables[output], steps },
    (x) => Math.exp(-x),
  );
  const n = units.length;
  const sum = steps.emit({
    op: "affine",
    input: exps,
    rows: 1,
    columns: n,
    weights: new Int32Array(n).fill(1),
    weightFraction: [0],
    bias: [0],
    gather: null,
    accumulator: null,
    layer,
  });
  const inverse = lookUp(
    { input: sum, label: "1/x", layer, table: plan.tables[`${output}/reciprocal`], steps },
    (x) => 1 / x,
  );
  return steps.emit({ op: "multiply", a: exps, b: inverse, layer });
}
