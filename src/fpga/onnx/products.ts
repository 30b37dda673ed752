import type { FixedFormat } from "../format.ts";
import type { Prescribed } from "./draft.ts";
import { oneOrAll } from "./forms.ts";
import {
  constantOf,
  floatOf,
  inputOf,
  intOf,
  intsOf,
  type OpContext,
  type OpRule,
  refuse,
  stringOf,
  weightLayer,
} from "./graph.ts";
import {
  batchOf,
  broadcastIndex,
  type ConstantValue,
  constantLane,
  forEachIndex,
  type Lane,
  lanesOf,
  laneValue,
  stridesOf,
  type Value,
} from "./lanes.ts";
import { transposed } from "./shaping.ts";

const count = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);

/** Weights [rows, columns] and biases of a product. */
interface Matrix {
  readonly weights: Float64Array;
  readonly weightFormats: readonly FixedFormat[] | null;
  readonly bias: Float64Array;
  readonly biasFormats: readonly FixedFormat[] | null;
}

const prescribed = ({ weightFormats, biasFormats }: Matrix): Prescribed => ({
  weightFormats: weightFormats && oneOrAll(weightFormats),
  biasFormats: biasFormats && oneOrAll(biasFormats),
});

/** weights · x + bias at each position, after scaling weights by alpha where that is not 1. */
function multiply(
  context: OpContext,
  grid: readonly (readonly Lane[])[],
  matrix: Matrix,
  layer: string,
): Lane[][] {
  return context.builder.linear(grid, matrix.weights, matrix.bias, layer, prescribed(matrix));
}

const noBias = (rows: number) => ({ bias: new Float64Array(rows), biasFormats: null });

/**
 * a · b of matrices [..., m, k] and [..., k, n], one of them constant, the other with any leading
 * axes; the batch may be any axis but the summed one.
 */
function matmul(
  context: OpContext,
  a: Value,
  b: Value,
  bias: (rows: number) => Pick<Matrix, "bias" | "biasFormats"> = noBias,
): Value {
  if (a.kind === "lanes" && b.kind === "lanes")
    refuse(context, "both sides depend on the data; one must be constant");
  const isRight = b.kind === "constant"; // x · W
  const constant = (isRight ? b : a) as ConstantValue;
  const x = isRight ? a : b;
  const rank = constant.shape.length;
  if (rank < 1 || rank > 2)
    refuse(context, `the constant side has ${rank} axes [${constant.shape}]; 1 or 2 are supported`);
  const isVector = rank === 1;
  const [p, q] = isVector
    ? isRight
      ? [constant.shape[0], 1]
      : [1, constant.shape[0]]
    : constant.shape;
  const w = transposeIf(isRight, constant, p, q);
  const [rows, columns] = isRight ? [q, p] : [p, q];
  const axis = x.shape.length === 1 ? 0 : x.shape.length - (isRight ? 1 : 2);
  if (x.shape[axis] !== columns) refuse(context, `inner sizes differ: [${a.shape}] x [${b.shape}]`);
  if (batchOf(x) === axis) refuse(context, "sums over the batch; each inference stands alone");
  const lanes = lanesOf(x);
  const strides = stridesOf(x.shape);
  const places: number[] = [];
  const outer = x.shape.map((d, i) => (i === axis ? 1 : d));
  forEachIndex(outer, (at) => {
    places.push(at.reduce((sum, v, i) => sum + v * strides[i], 0));
  });
  const grid = places.map((start) =>
    Array.from({ length: columns }, (_, j) => lanes[start + j * strides[axis]]),
  );
  const layer = weightLayer(context, constant.name, "dense");
  const results = multiply(context, grid, { ...w, ...bias(rows) }, layer);
  const shape = x.shape.map((d, i) => (i === axis ? rows : d));
  const steps = stridesOf(shape);
  const flat = new Array<Lane>(count(shape));
  let position = 0;
  forEachIndex(outer, (at) => {
    const start = at.reduce((sum, v, i) => sum + v * steps[i], 0);
    results[position++].forEach((lane, r) => {
      flat[start + r * steps[axis]] = lane;
    });
  });
  const value = laneValue(shape, batchOf(x), flat);
  if (!isVector) return value;
  const kept = shape.filter((_, i) => i !== axis);
  const batch = batchOf(x) > axis ? batchOf(x) - 1 : batchOf(x);
  return laneValue(kept, batch, lanesOf(value));
}

/** Weights as [rows, columns], transposed where the file has [columns, rows]. */
function transposeIf(
  isNeeded: boolean,
  { data, formats }: ConstantValue,
  p: number,
  q: number,
): Pick<Matrix, "weights" | "weightFormats"> {
  if (!isNeeded) return { weights: data, weightFormats: formats };
  const index = Array.from({ length: p * q }, (_, i) => (i % p) * q + Math.floor(i / p));
  return {
    weights: Float64Array.from(index, (i) => data[i]),
    weightFormats: formats && index.map((i) => formats[i]),
  };
}

/** alpha A' B' + beta C; our own exports keep the batch on the right of constant centers. */
const gemm: OpRule = (context) => {
  const side = (i: number, name: string) => {
    const value = inputOf(context, i);
    return intOf(context, name, 0) !== 0 ? transposed(value, [1, 0]) : value;
  };
  const [a, b] = [side(0, "transA"), side(1, "transB")];
  const alpha = floatOf(context, "alpha", 1);
  const beta = floatOf(context, "beta", 1);
  const scaled = (value: Value, factor: number): Value =>
    factor === 1 || value.kind !== "constant"
      ? value
      : { ...value, data: value.data.map((v) => v * factor), formats: null };
  const c = context.inputs[2] ? scaled(constantOf(context, 2, "the bias"), beta) : null;
  const bias = (rows: number, shape: readonly number[]) => {
    if (c?.kind !== "constant") return noBias(rows);
    if (count(c.shape) > rows) refuse(context, `bias [${c.shape}] for a result [${shape}]`);
    const index = broadcastIndex(c.shape, shape);
    return {
      bias: Float64Array.from(index, (i) => c.data[i]),
      biasFormats: c.formats && Array.from(index, (i) => c.formats![i]),
    };
  };
  const left = a.kind === "constant" ? scaled(a, alpha) : a;
  const right = a.kind === "constant" ? b : scaled(b, alpha);
  const shape = [a.shape[0], b.shape[1]];
  return matmul(context, left, right, (rows) => bias(rows, shape));
};

/** Windows of a convolution or pool over the axes after [batch, channels]. */
interface Windows {
  readonly size: readonly number[];
  readonly outer: readonly number[];
  /** For each result position, the lane of each window element in its channel, -1 for padding. */
  readonly places: readonly (readonly number[])[];
}

function windowsOf(context: OpContext, space: readonly number[], size: readonly number[]): Windows {
  const rank = space.length;
  const ones = space.map(() => 1);
  const strides = nonEmpty(intsOf(context, "strides")) ?? ones;
  const dilations = nonEmpty(intsOf(context, "dilations")) ?? ones;
  const auto = stringOf(context, "auto_pad", "NOTSET");
  const spans = size.map((k, i) => (k - 1) * dilations[i] + 1);
  let pads = nonEmpty(intsOf(context, "pads")) ?? [...ones, ...ones].map(() => 0);
  if (auto === "SAME_UPPER" || auto === "SAME_LOWER") {
    const total = space.map((d, i) =>
      Math.max((Math.ceil(d / strides[i]) - 1) * strides[i] + spans[i] - d, 0),
    );
    const less = total.map((t) => Math.floor(t / 2));
    const more = total.map((t, i) => t - less[i]);
    pads = auto === "SAME_UPPER" ? [...less, ...more] : [...more, ...less];
  }
  if (intOf(context, "ceil_mode", 0) !== 0) refuse(context, "ceil_mode; windows must fit");
  const outer = space.map(
    (d, i) => Math.floor((d + pads[i] + pads[i + rank] - spans[i]) / strides[i]) + 1,
  );
  const steps = stridesOf(space);
  const places: number[][] = [];
  forEachIndex(outer, (at) => {
    const window: number[] = [];
    forEachIndex(size, (k) => {
      const where = at.map((v, i) => v * strides[i] - pads[i] + k[i] * dilations[i]);
      const isInside = where.every((v, i) => v >= 0 && v < space[i]);
      window.push(isInside ? where.reduce((sum, v, i) => sum + v * steps[i], 0) : -1);
    });
    places.push(window);
  });
  return { size, outer, places };
}

const nonEmpty = (list: number[] | null) => (list && list.length > 0 ? list : null);

/** Input of a convolution or pool: [batch, channels, ...space]. */
function imageOf(context: OpContext) {
  const x = inputOf(context, 0);
  const [, channels, ...space] = x.shape;
  if (batchOf(x) > 0 || x.shape[0] !== 1 || space.length < 1)
    refuse(context, `expected [batch, channels, ...], got [${x.shape}]`);
  return { x, lanes: lanesOf(x), channels, space, area: count(space) };
}

const zero = constantLane(0);

const conv: OpRule = (context) => {
  const { x, lanes, channels, space, area } = imageOf(context);
  const weights = constantOf(context, 1, "the kernel");
  const [rows, perGroup, ...size] = weights.shape;
  const groups = intOf(context, "group", 1);
  if (perGroup * groups !== channels)
    refuse(context, `${channels} channels for a kernel [${weights.shape}] in ${groups} groups`);
  const bias = context.inputs[2] ? constantOf(context, 2, "the bias") : null;
  const { outer, places } = windowsOf(context, space, size);
  const layer = weightLayer(context, weights.name, "conv");
  const inGroup = rows / groups;
  const result: Lane[] = new Array(rows * places.length);
  for (let g = 0; g < groups; g++) {
    const grid = places.map((window) =>
      Array.from({ length: perGroup }, (_, c) =>
        window.map((at) => (at < 0 ? zero : lanes[(g * perGroup + c) * area + at])),
      ).flat(),
    );
    const columns = grid[0].length;
    const part = <T>(list: readonly T[] | null, width: number) =>
      list?.slice(g * inGroup * width, (g + 1) * inGroup * width) ?? null;
    const matrix: Matrix = {
      weights: weights.data.slice(g * inGroup * columns, (g + 1) * inGroup * columns),
      weightFormats: part(weights.formats, columns),
      bias: bias ? bias.data.slice(g * inGroup, (g + 1) * inGroup) : new Float64Array(inGroup),
      biasFormats: part(bias?.formats ?? null, 1),
    };
    multiply(context, grid, matrix, groups > 1 ? `${layer}_${g}` : layer).forEach((row, p) => {
      row.forEach((lane, r) => {
        result[(g * inGroup + r) * places.length + p] = lane;
      });
    });
  }
  return laneValue([1, rows, ...outer], batchOf(x), result);
};

/** A rule that makes one lane of each window of each channel. */
const pool =
  (
    reduce: (context: OpContext, windows: Lane[][], size: number) => Lane[],
    isGlobal: boolean,
  ): OpRule =>
  (context) => {
    const { x, lanes, channels, space, area } = imageOf(context);
    const size = isGlobal ? space : (intsOf(context, "kernel_shape") ?? space);
    const { outer, places } = windowsOf(context, space, size);
    const windows = Array.from({ length: channels }, (_, c) =>
      places.map((window) => window.flatMap((at) => (at < 0 ? [] : [lanes[c * area + at]]))),
    ).flat();
    return laneValue([1, channels, ...outer], batchOf(x), reduce(context, windows, count(size)));
  };

/** Mean of each window; padding counts only where count_include_pad says so. */
function averages(context: OpContext, windows: Lane[][], size: number): Lane[] {
  const countsPads = intOf(context, "count_include_pad", 0) !== 0;
  context.builder.settleSums(windows.flat());
  return windows.map((lanes) => {
    const weight = 1 / (countsPads ? size : lanes.length);
    const weights = new Float64Array(lanes.length).fill(weight);
    return context.builder.linear([lanes], weights, new Float64Array(1), context.layer)[0][0];
  });
}

const maxima = ({ builder, layer }: OpContext, windows: Lane[][]): Lane[] => {
  builder.settleSums(windows.flat());
  return windows.map((lanes) => builder.reduce(lanes, "max", layer)[0]);
};

/** Products with constants. */
export const productRules: Readonly<Record<string, OpRule>> = {
  MatMul: (context) => matmul(context, inputOf(context, 0), inputOf(context, 1)),
  Gemm: gemm,
  Conv: conv,
  AveragePool: pool(averages, false),
  GlobalAveragePool: pool(averages, true),
  MaxPool: pool(maxima, false),
  GlobalMaxPool: pool(maxima, true),
};
