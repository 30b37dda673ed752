import type { FloatActivation } from "../network.ts";
import {
  constantOf,
  floatOf,
  inputOf,
  intOf,
  type OpContext,
  type OpRule,
  refuse,
} from "./graph.ts";
import {
  addLanes,
  batchOf,
  broadcastIndex,
  type ConstantValue,
  constantLane,
  holdsBatchSize,
  isConstantLane,
  type Lane,
  lanesOf,
  laneValue,
  scaleLane,
  type Value,
} from "./lanes.ts";

/** Two tensors stretched to one shape. */
interface Pair {
  readonly shape: readonly number[];
  readonly batch: number;
  readonly a: readonly Lane[];
  readonly b: readonly Lane[];
}

function broadcast(context: OpContext, a: Value, b: Value): Pair {
  const rank = Math.max(a.shape.length, b.shape.length);
  const pad = (value: Value) => [
    ...new Array<number>(rank - value.shape.length).fill(1),
    ...value.shape,
  ];
  const [p, q] = [pad(a), pad(b)];
  const shape = p.map((d, i) => {
    if (d !== q[i] && d !== 1 && q[i] !== 1)
      refuse(context, `shapes [${a.shape}] and [${b.shape}] do not broadcast`);
    return d === 1 ? q[i] : d;
  });
  const axisOf = (value: Value) =>
    batchOf(value) < 0 ? -1 : batchOf(value) + rank - value.shape.length;
  const batch = Math.max(axisOf(a), axisOf(b));
  const isClean =
    batch < 0 || (shape[batch] === 1 && [a, b].every((v) => axisOf(v) === batch || batchOf(v) < 0));
  if (!isClean)
    refuse(
      context,
      `the batch of one side meets features of the other, [${a.shape}] and [${b.shape}]`,
    );
  const stretch = (value: Value) => {
    const lanes = lanesOf(value);
    return Array.from(broadcastIndex(value.shape, shape), (i) => lanes[i]);
  };
  return { shape, batch, a: stretch(a), b: stretch(b) };
}

/** factorA · a + factorB · b; sums that would be copied to several lanes become nodes first. */
function sum(context: OpContext, a: Value, b: Value, factorA: number, factorB: number): Value {
  const shift = prescribedShift(context, a, b, factorA, factorB);
  if (shift) return shift;
  const pair = broadcast(context, a, b);
  const lanes = [...pair.a, ...pair.b];
  const seen = new Set<Lane>();
  const repeated = lanes.filter((lane) => seen.has(lane) || !seen.add(lane));
  context.builder.settleSums(repeated);
  return laneValue(
    pair.shape,
    pair.batch,
    pair.a.map((lane, i) => addLanes(lane, factorA, pair.b[i], factorB)),
  );
}

/** x + c where the file prescribes the formats of c. */
function prescribedShift(
  context: OpContext,
  a: Value,
  b: Value,
  factorA: number,
  factorB: number,
): Value | null {
  const [x, c] = b.kind === "constant" ? [a, b] : [b, a];
  if (c.kind !== "constant" || !c.formats || x.kind !== "lanes" || factorA * factorB < 0)
    return null;
  const { shape, batch, a: lanes } = broadcast(context, x, { ...c, formats: null });
  if (lanes.length !== x.lanes.length) return null;
  const index = broadcastIndex(c.shape, shape);
  const values = Array.from(index, (i) => c.data[i]);
  const formats = Array.from(index, (i) => c.formats![i]);
  return laneValue(shape, batch, context.builder.shift(lanes, values, formats, context.layer));
}

function product(context: OpContext, a: Value, b: Value): Value {
  const pair = broadcast(context, a, b);
  return laneValue(pair.shape, pair.batch, products(context, pair.a, pair.b));
}

/** a · b of lanes; constants only scale. */
export function products(
  { builder, layer }: OpContext,
  a: readonly Lane[],
  b: readonly Lane[],
): Lane[] {
  const result = a.map((lane, i) =>
    isConstantLane(b[i])
      ? scaleLane(lane, b[i].offset)
      : isConstantLane(lane)
        ? scaleLane(b[i], lane.offset)
        : null,
  );
  const open = result.flatMap((lane, i) => (lane ? [] : [i]));
  if (open.length === 0) return result as Lane[];
  const made = builder.binary(
    "multiply",
    open.map((i) => a[i]),
    open.map((i) => b[i]),
    layer,
  );
  open.forEach((i, k) => {
    result[i] = made[k];
  });
  return result as Lane[];
}

/** Applies a function of lanes to a tensor. */
export const mapValue = (value: Value, f: (lanes: readonly Lane[]) => readonly Lane[]): Value =>
  laneValue(value.shape, batchOf(value), f(lanesOf(value)));

/** A rule for a function of one number. */
const unary =
  (kind: FloatActivation["kind"], read?: (context: OpContext) => readonly number[]): OpRule =>
  (context) =>
    mapValue(inputOf(context, 0), (lanes) =>
      context.builder.activation(lanes, kind, context.layer, ...(read?.(context) ?? [])),
    );

const relu = ({ builder, layer }: OpContext, lanes: readonly Lane[]) =>
  builder.activation(lanes, "relu", layer);

/** max(x, bound) = bound + relu(x - bound), or min(x, bound) = bound - relu(bound - x). */
function bounded(
  context: OpContext,
  lanes: readonly Lane[],
  bounds: readonly number[],
  sign: number,
) {
  const distance = lanes.map((lane, i) => scaleLane(lane, sign, -sign * bounds[i]));
  return relu(context, distance).map((lane, i) => scaleLane(lane, sign, bounds[i]));
}

/** max (sign 1) or min (sign -1) of all inputs. */
const extreme =
  (sign: 1 | -1): OpRule =>
  (context) =>
    context.inputs
      .map((_, i) => inputOf(context, i))
      .reduce((a, b) => {
        const { shape, batch, a: p, b: q } = broadcast(context, a, b);
        const isFixed = (lanes: readonly Lane[]) => lanes.every(isConstantLane);
        const offsets = (lanes: readonly Lane[]) => lanes.map((lane) => lane.offset);
        if (isFixed(q)) return laneValue(shape, batch, bounded(context, p, offsets(q), sign));
        if (isFixed(p)) return laneValue(shape, batch, bounded(context, q, offsets(p), sign));
        const negated = (lanes: readonly Lane[]) => lanes.map((lane) => scaleLane(lane, sign));
        const { builder, layer } = context;
        return laneValue(
          shape,
          batch,
          negated(builder.binary("maximum", negated(p), negated(q), layer)),
        );
      });

const clip: OpRule = (context) => {
  const bound = (i: number, name: string, fallback: number) => {
    const value = context.inputs[i] ? constantOf(context, i, name).data[0] : null;
    const limit = value ?? floatOf(context, name, fallback);
    return Math.abs(limit) > 3e38 ? fallback : limit; // the largest float32 stands for "none"
  };
  const low = bound(1, "min", Number.NEGATIVE_INFINITY);
  const high = bound(2, "max", Number.POSITIVE_INFINITY);
  return mapValue(inputOf(context, 0), (lanes) => {
    const same = (limit: number) => lanes.map(() => limit);
    const above = low > -Infinity ? bounded(context, lanes, same(low), 1) : lanes;
    return high < Infinity ? bounded(context, above, same(high), -1) : above;
  });
};

/** |x| = 2 relu(x) - x. */
const abs: OpRule = (context) =>
  mapValue(inputOf(context, 0), (lanes) => {
    context.builder.settleSums(lanes);
    return relu(context, lanes).map((lane, i) => addLanes(lane, 2, lanes[i], -1));
  });

/** slope x + (1 - slope) relu(x); one slope for all is a leaky relu. */
const prelu: OpRule = (context) => {
  const slopes = constantOf(context, 1, "the slope");
  const { shape, batch, a: lanes, b } = broadcast(context, inputOf(context, 0), slopes);
  const { builder, layer } = context;
  const [first] = slopes.data;
  if (slopes.data.every((v) => v === first))
    return laneValue(shape, batch, builder.activation(lanes, "leakyRelu", layer, first));
  builder.settleSums(lanes);
  const positive = relu(context, lanes);
  return laneValue(
    shape,
    batch,
    lanes.map((lane, i) => addLanes(lane, b[i].offset, positive[i], 1 - b[i].offset)),
  );
};

const pow: OpRule = (context) => {
  const x = inputOf(context, 0);
  const exponents = constantOf(context, 1, "the exponent");
  const [p] = exponents.data;
  const { builder, layer } = context;
  if (!exponents.data.every((v) => v === p)) refuse(context, "several exponents; one is supported");
  if (p === 0.5) return mapValue(x, (lanes) => builder.activation(lanes, "sqrt", layer));
  if (p === -1) return mapValue(x, (lanes) => builder.activation(lanes, "reciprocal", layer));
  if (!Number.isInteger(p) || p < 1 || p > 8)
    refuse(context, `exponent ${p}; supported: 0.5, -1 and whole numbers from 1 to 8`);
  return mapValue(x, (lanes) => {
    let power: readonly Lane[] | null = null;
    let square: readonly Lane[] = lanes;
    for (let left = p; left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) power = power ? products(context, power, square) : square;
      if (left > 1) square = products(context, square, square);
    }
    return power!;
  });
};

const divide: OpRule = (context) => {
  const [a, b] = [inputOf(context, 0), inputOf(context, 1)];
  if (b.kind === "constant") {
    const zero = b.data.indexOf(0);
    if (zero >= 0) refuse(context, `divides by 0 (element ${zero} of "${b.name}")`);
    const pair = broadcast(context, a, b);
    const isFree = pair.a.some((lane) => !isConstantLane(lane));
    if (context.isWhole && isFree)
      refuse(context, "divides integers that depend on the data, with a rest left out");
    const lanes = pair.a.map((lane, i) => {
      const quotient = divideLane(lane, pair.b[i].offset);
      return context.isWhole ? constantLane(Math.trunc(quotient.offset)) : quotient;
    });
    return laneValue(pair.shape, pair.batch, lanes);
  }
  const inverse = mapValue(b, (lanes) =>
    context.builder.activation(lanes, "reciprocal", context.layer),
  );
  return product(context, a, inverse);
};

/** lane / divisor, each number divided once, so that x / x is exactly 1. */
export function divideLane(lane: Lane, divisor: number): Lane {
  if (divisor === 1) return lane;
  const coefs = lane.coefs.map((c) => c / divisor);
  return { ...lane, coefs, offset: lane.offset / divisor, made: null };
}

const batchNormalization: OpRule = (context) => {
  const x = inputOf(context, 0);
  const parameter = (i: number, what: string): ConstantValue => constantOf(context, i, what);
  const scale = parameter(1, "the scale").data;
  const shift = parameter(2, "the shift").data;
  const mean = parameter(3, "the mean").data;
  const variance = parameter(4, "the variance").data;
  const epsilon = floatOf(context, "epsilon", 1e-5);
  if (intOf(context, "training_mode", 0) !== 0)
    refuse(context, "training mode; export the inference form");
  const channel = x.shape.length > 1 ? 1 : 0;
  if (channel === batchOf(x)) refuse(context, "channels lie on the batch axis");
  const inner = x.shape.slice(channel + 1).reduce((n, d) => n * d, 1);
  return mapValue(x, (lanes) =>
    lanes.map((lane, i) => {
      const c = Math.floor(i / inner) % x.shape[channel];
      const factor = scale[c] / Math.sqrt(variance[c] + epsilon);
      return scaleLane(lane, factor, shift[c] - mean[c] * factor);
    }),
  );
};

const identity: OpRule = (context) => inputOf(context, 0);

const cast: OpRule = (context) => {
  const x = inputOf(context, 0);
  const to = intOf(context, "to", 1);
  const isFloat = [1, 10, 11, 16].includes(to);
  if (holdsBatchSize(x)) return x;
  if (!isFloat && x.kind !== "constant")
    refuse(context, `casts data to element type ${to}; only casts to float do nothing here`);
  return isFloat ? x : mapValue(x, (lanes) => lanes.map((l) => constantLane(Math.trunc(l.offset))));
};

const hardSwish: OpRule = (context) =>
  mapValue(inputOf(context, 0), (lanes) => {
    const { builder, layer } = context;
    builder.settleSums(lanes);
    return products(context, lanes, builder.activation(lanes, "hardSigmoid", layer, 1 / 6, 0.5));
  });

/** Chooses elements where the condition is constant; remainders and leaky relus are matched before. */
const where: OpRule = (context) => {
  const [condition, x, y] = [inputOf(context, 0), inputOf(context, 1), inputOf(context, 2)];
  if (condition.kind !== "constant")
    refuse(context, "only with a constant condition, or as the guard of a remainder");
  const first = broadcast(context, x, y);
  const { shape, a: ifs } = broadcast(context, condition, laneValue(first.shape, -1, first.a));
  if (ifs.length !== first.a.length) refuse(context, "the condition has more elements");
  const lanes = ifs.map((lane, i) => (lane.offset !== 0 ? first.a : first.b)[i]);
  return laneValue(shape, first.batch, lanes);
};

/** Compares constants; a batch size only with what it never is. */
const equal: OpRule = (context) => {
  const { shape, batch, a, b } = broadcast(context, inputOf(context, 0), inputOf(context, 1));
  const lanes = a.map((lane, i) => {
    const { atoms, offset } = addLanes(lane, 1, b[i], -1);
    if (atoms.length === 0) return constantLane(offset === 0 ? 1 : 0);
    const isSize = [a[i], b[i]].some((side) => isConstantLane(side) && side.offset <= 0);
    const sized = [context.inputs[0], context.inputs[1]].some((v) => v && holdsBatchSize(v));
    if (!isSize || !sized)
      refuse(context, "only constants are compared, not data and not the batch size");
    return constantLane(0);
  });
  return laneValue(shape, batch, lanes);
};

/** Sums, products and functions of single numbers. */
export const elementwiseRules: Readonly<Record<string, OpRule>> = {
  Add: (context) => sum(context, inputOf(context, 0), inputOf(context, 1), 1, 1),
  Sub: (context) => sum(context, inputOf(context, 0), inputOf(context, 1), 1, -1),
  Sum: (context) =>
    context.inputs.map((_, i) => inputOf(context, i)).reduce((a, b) => sum(context, a, b, 1, 1)),
  Mul: (context) => product(context, inputOf(context, 0), inputOf(context, 1)),
  Div: divide,
  Neg: (context) =>
    mapValue(inputOf(context, 0), (lanes) => lanes.map((lane) => scaleLane(lane, -1))),
  Max: extreme(1),
  Min: extreme(-1),
  Clip: clip,
  Abs: abs,
  Pow: pow,
  PRelu: prelu,
  BatchNormalization: batchNormalization,
  Relu: unary("relu"),
  LeakyRelu: unary("leakyRelu", (context) => [floatOf(context, "alpha", 0.01)]),
  HardSigmoid: unary("hardSigmoid", (context) => [
    floatOf(context, "alpha", 0.2),
    floatOf(context, "beta", 0.5),
  ]),
  HardSwish: hardSwish,
  Sigmoid: unary("sigmoid"),
  Tanh: unary("tanh"),
  Exp: unary("exp"),
  Softplus: unary("softplus"),
  Sqrt: unary("sqrt"),
  Reciprocal: unary("reciprocal"),
  Identity: identity,
  Dropout: identity,
  Cast: cast,
  Where: where,
  Equal: equal,
};
