import { mapValue, products } from "./elementwise.ts";
import { floatOf, inputOf, type OpContext, type OpRule, refuse, stringOf } from "./graph.ts";
import { addLanes, constantLane, type Lane, scaleLane } from "./lanes.ts";
import { over, spread } from "./reductions.ts";

type Lanes = readonly Lane[];

/** A rule for a function of lanes that uses them more than once. */
const written =
  (f: (context: OpContext, lanes: Lanes) => Lanes): OpRule =>
  (context) =>
    mapValue(inputOf(context, 0), (lanes) => {
      context.builder.settleSums(lanes);
      return f(context, lanes);
    });

const relu = ({ builder, layer }: OpContext, lanes: Lanes, sign: 1 | -1): Lanes =>
  builder.activation(
    lanes.map((lane) => scaleLane(lane, sign)),
    "relu",
    layer,
  );

/** scale (x for x > 0, else alpha (e^(x / width) - 1)), with the two sides from two relus. */
function exponentialUnit(
  context: OpContext,
  lanes: Lanes,
  alpha: number,
  scale: number,
  width: number,
): Lanes {
  const { builder, layer } = context;
  const positive = relu(context, lanes, 1);
  const below = relu(context, lanes, -1).map((lane) => scaleLane(lane, -1 / width));
  return builder
    .activation(below, "exp", layer)
    .map((power, i) =>
      addLanes(positive[i], scale, scaleLane(power, alpha * scale, -alpha * scale), 1),
    );
}

/** x / (1 + |x|). */
function softsign(context: OpContext, lanes: Lanes): Lanes {
  const { builder, layer } = context;
  const size = relu(context, lanes, 1).map((lane, i) =>
    scaleLane(addLanes(lane, 2, lanes[i], -1), 1, 1),
  );
  return products(context, lanes, builder.activation(size, "reciprocal", layer));
}

/** x/2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³))), the form that needs no erf. */
function gelu(context: OpContext, lanes: Lanes): Lanes {
  if (stringOf(context, "approximate", "none") !== "tanh")
    refuse(context, 'there is no table of erf; export with approximate = "tanh"');
  const { builder, layer } = context;
  const cubes = products(context, products(context, lanes, lanes), lanes);
  const factor = Math.sqrt(2 / Math.PI);
  const inner = cubes.map((cube, i) => addLanes(cube, 0.044715 * factor, lanes[i], factor));
  const gate = builder.activation(inner, "tanh", layer).map((lane) => scaleLane(lane, 0.5, 0.5));
  return products(context, lanes, gate);
}

/** ln(e^a + e^b + ...), two by two: a + ln(1 + e^(b - a)), each exact and one softplus. */
function logSumExp({ builder, layer }: OpContext, given: Lanes): Lane {
  let lanes = given;
  while (lanes.length > 1) {
    builder.settleSums(lanes);
    const first = lanes.filter((_, i) => i % 2 === 0 && i + 1 < lanes.length);
    const steps = first.map((a, i) => addLanes(lanes[2 * i + 1], 1, a, -1));
    const sums = builder
      .activation(steps, "softplus", layer)
      .map((step, i) => addLanes(first[i], 1, step, 1));
    lanes = lanes.length % 2 === 0 ? sums : [...sums, lanes[lanes.length - 1]];
  }
  return lanes[0];
}

/** x - ln(sum e^x) along an axis. */
const logSoftmax: OpRule = (context) => {
  const x = inputOf(context, 0);
  return spread(context, x, context.opset < 13 ? 1 : -1, (group) => {
    context.builder.settleSums(group);
    const total = logSumExp(context, group);
    context.builder.settleSums([total]);
    return group.map((lane) => addLanes(lane, 1, total, -1));
  });
};

const square = (context: OpContext, lanes: Lanes) => products(context, lanes, lanes);
const total = (lanes: Lanes): Lane => lanes.reduce((a, b) => addLanes(a, 1, b, 1), constantLane(0));

/** Functions made of the ones that have logic of their own. */
export const compositeRules: Readonly<Record<string, OpRule>> = {
  Elu: written((context, lanes) =>
    exponentialUnit(context, lanes, floatOf(context, "alpha", 1), 1, 1),
  ),
  Selu: written((context, lanes) =>
    exponentialUnit(
      context,
      lanes,
      floatOf(context, "alpha", 1.6732632423543772),
      floatOf(context, "gamma", 1.0507009873554805),
      1,
    ),
  ),
  Celu: written((context, lanes) => {
    const alpha = floatOf(context, "alpha", 1);
    return exponentialUnit(context, lanes, alpha, 1, alpha);
  }),
  Softsign: written(softsign),
  Gelu: written(gelu),
  Mish: written((context, lanes) => {
    const { builder, layer } = context;
    const soft = builder.activation(lanes, "softplus", layer);
    return products(context, lanes, builder.activation(soft, "tanh", layer));
  }),
  LogSoftmax: logSoftmax,
  ReduceLogSumExp: over(logSumExp),
  ReduceL1: over((context, lanes) => {
    context.builder.settleSums(lanes);
    return total(relu(context, lanes, 1).map((lane, i) => addLanes(lane, 2, lanes[i], -1)));
  }),
  ReduceL2: over(
    (context, lanes) =>
      context.builder.activation([total(square(context, lanes))], "sqrt", context.layer)[0],
  ),
};
