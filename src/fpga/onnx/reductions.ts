import { products } from "./elementwise.ts";
import {
  featureAxis,
  inputOf,
  intOf,
  listOf,
  type OpContext,
  type OpRule,
  refuse,
} from "./graph.ts";
import {
  batchOf,
  constantLane,
  forEachIndex,
  type Lane,
  lanesOf,
  laneValue,
  scaleLane,
  stridesOf,
  type Value,
} from "./lanes.ts";

/** Lanes that are reduced together, and where each group starts. */
function groupsOf(x: Value, axes: readonly number[]): { lanes: Lane[][]; kept: number[] } {
  const strides = stridesOf(x.shape);
  const all = lanesOf(x);
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const reduced = x.shape.map((d, i) => (axes.includes(i) ? d : 1));
  const place = (at: readonly number[]) => at.reduce((sum, v, i) => sum + v * strides[i], 0);
  const inner: number[] = [];
  forEachIndex(reduced, (at) => {
    inner.push(place(at));
  });
  const lanes: Lane[][] = [];
  forEachIndex(kept, (at) => {
    const start = place(at);
    lanes.push(inner.map((i) => all[start + i]));
  });
  return { lanes, kept };
}

/** Value of a reduction with its axes kept or dropped. */
function reduced(
  x: Value,
  kept: readonly number[],
  axes: readonly number[],
  keep: boolean,
  lanes: Lane[],
) {
  if (keep) return laneValue(kept, batchOf(x), lanes);
  const left = kept.flatMap((_, i) => (axes.includes(i) ? [] : [i]));
  return laneValue(
    left.map((i) => kept[i]),
    batchOf(x) < 0 ? -1 : left.indexOf(batchOf(x)),
    lanes,
  );
}

/** A reduction over the axes that the node names. */
export const over =
  (reduce: (context: OpContext, lanes: readonly Lane[]) => Lane): OpRule =>
  (context) => {
    const x = inputOf(context, 0);
    const given = listOf(context, 1, "axes");
    if (!given?.length && intOf(context, "noop_with_empty_axes", 0) !== 0) return x;
    if (!given?.length && batchOf(x) >= 0)
      refuse(context, "reduces over all axes, the batch too; name the feature axes");
    const axes = (given?.length ? given : x.shape.map((_, i) => i)).map((a) =>
      featureAxis(context, x, a),
    );
    const { lanes, kept } = groupsOf(x, axes);
    const keep = intOf(context, "keepdims", 1) !== 0;
    return reduced(
      x,
      kept,
      axes,
      keep,
      lanes.map((group) => reduce(context, group)),
    );
  };

const weighted = (context: OpContext, lanes: readonly Lane[], weight: number): Lane => {
  const { builder, layer } = context;
  const weights = new Float64Array(lanes.length).fill(weight);
  return builder.linear([lanes], weights, new Float64Array(1), layer)[0][0];
};

const sum = (context: OpContext, lanes: readonly Lane[]) => weighted(context, lanes, 1);

/**
 * Replaces the lanes along the axis of the node, group by group, by as many others. Before operator
 * set 13 all axes from that one on were one group, which is the same for the last axis only.
 */
export function spread(
  context: OpContext,
  x: Value,
  fallback: number,
  f: (lanes: readonly Lane[]) => readonly Lane[],
): Value {
  const axis = featureAxis(context, x, intOf(context, "axis", fallback));
  if (context.opset < 13 && axis !== x.shape.length - 1)
    refuse(context, `axis ${axis} in operator set ${context.opset}; export with 13 or newer`);
  const { lanes, kept } = groupsOf(x, [axis]);
  const strides = stridesOf(x.shape);
  const flat = new Array<Lane>(lanesOf(x).length);
  let position = 0;
  forEachIndex(kept, (at) => {
    const start = at.reduce((sum, v, i) => sum + v * strides[i], 0);
    f(lanes[position++]).forEach((lane, i) => {
      flat[start + i * strides[axis]] = lane;
    });
  });
  return laneValue(x.shape, batchOf(x), flat);
}

const softmax: OpRule = (context) => {
  const { builder, layer, opset } = context;
  return spread(context, inputOf(context, 0), opset < 13 ? 1 : -1, (lanes) =>
    builder.reduce(lanes, "softmax", layer),
  );
};

const argmax: OpRule = (context) => {
  const x = inputOf(context, 0);
  const axis = featureAxis(context, x, intOf(context, "axis", 0));
  if (intOf(context, "select_last_index", 0) !== 0)
    refuse(context, "select_last_index; the first of equal values is taken");
  const { lanes, kept } = groupsOf(x, [axis]);
  const { builder, layer } = context;
  const results = lanes.flatMap((group) => builder.reduce(group, "argmax", layer));
  return reduced(x, kept, [axis], intOf(context, "keepdims", 1) !== 0, results);
};

const largest = ({ builder, layer }: OpContext, lanes: readonly Lane[], sign: 1 | -1): Lane => {
  if (lanes.length === 1) return lanes[0];
  builder.settleSums(lanes);
  const signed = lanes.map((lane) => scaleLane(lane, sign));
  return scaleLane(builder.reduce(signed, "max", layer)[0] ?? constantLane(0), sign);
};

/** Functions of several lanes at once. */
export const reductionRules: Readonly<Record<string, OpRule>> = {
  ReduceSum: over(sum),
  ReduceMean: over((context, lanes) => weighted(context, lanes, 1 / lanes.length)),
  ReduceMax: over((context, lanes) => largest(context, lanes, 1)),
  ReduceMin: over((context, lanes) => largest(context, lanes, -1)),
  ReduceProd: over((context, lanes) =>
    lanes.reduce((a, b) => products(context, [a], [b])[0], constantLane(1)),
  ),
  ReduceSumSquare: over((context, lanes) => sum(context, products(context, lanes, lanes))),
  Softmax: softmax,
  ArgMax: argmax,
};
