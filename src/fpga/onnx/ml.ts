import { mapValue } from "./elementwise.ts";
import { floatsOf, inputOf, intOf, type OpRule, refuse, stringOf } from "./graph.ts";
import { batchOf, lanesOf, laneValue, scaleLane } from "./lanes.ts";

/** (x - offset) scale, one pair for all or one per feature of the last axis. */
const scaler: OpRule = (context) => {
  const x = inputOf(context, 0);
  const offset = floatsOf(context, "offset") ?? [0];
  const scale = floatsOf(context, "scale") ?? [1];
  const width = x.shape[x.shape.length - 1] ?? 1;
  for (const list of [offset, scale])
    if (list.length !== 1 && list.length !== width)
      refuse(context, `${list.length} scales or offsets for ${width} features`);
  return mapValue(x, (lanes) =>
    lanes.map((lane, i) => {
      const [o, s] = [offset, scale].map((list) => list[list.length === 1 ? 0 : i % width]);
      return scaleLane(lane, s, -o * s);
    }),
  );
};

/** coefficients [targets, features] · x + intercepts. */
const linearRegressor: OpRule = (context) => {
  const x = inputOf(context, 0);
  const rows = intOf(context, "targets", 1);
  const weights = Float64Array.from(floatsOf(context, "coefficients") ?? []);
  const bias = Float64Array.from(floatsOf(context, "intercepts") ?? []);
  const after = stringOf(context, "post_transform", "NONE");
  if (after !== "NONE") refuse(context, `post_transform ${after}; only NONE is supported`);
  const lanes = lanesOf(x);
  if (batchOf(x) > 0 || weights.length !== rows * lanes.length)
    refuse(context, `${weights.length} coefficients for [${x.shape}] and ${rows} targets`);
  const { builder, layer } = context;
  const full = bias.length === rows ? bias : new Float64Array(rows);
  return laneValue([1, rows], batchOf(x), builder.linear([lanes], weights, full, layer)[0]);
};

/** Rules of the domain ai.onnx.ml, as converters of scikit-learn write it. */
export const mlRules: Readonly<Record<string, OpRule>> = {
  Scaler: scaler,
  LinearRegressor: linearRegressor,
};
