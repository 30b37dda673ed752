import { ConfigError } from "../../base/errors.ts";
import { Emitter, type ModelProto } from "../../onnx/index.ts";
import { inferLanes } from "../interpret/lanes.ts";
import type { AffineOp, ClampOp, FixedOp, FixedProgram, Lane, TableOp } from "../program.ts";
import { findTwin } from "./export-table.ts";
import { castLanes, floats, formatOf, gather, quant } from "./export-values.ts";

/** What the writing of one operation reads. */
interface Writing {
  readonly emit: Emitter;
  /** Value of a vector, [batch, lanes]. */
  readonly read: (vector: string) => string;
  readonly lanes: (vector: string) => readonly Lane[];
  readonly refuse: (reason: string) => never;
}

/**
 * Writes a program as QONNX: real numbers, on the program's grids by Quant nodes at inputs, casts
 * and weights. Computed without rounding errors (float64; in float32 up to 24 bits), it gives the
 * program's integers. Values come out in the program's units, which `forty.outputs` names.
 * @throws ConfigError naming the layer for what QONNX cannot say: select, less, sums cast at each
 * step, WRAP that may overflow, tables of no known function.
 */
export function exportQonnx(program: FixedProgram): ModelProto {
  const emit = new Emitter();
  const inferred = inferLanes(program);
  const values = new Map<string, string>();
  const lanes = (vector: string) => inferred.get(vector)!;
  const read = (vector: string) => values.get(vector)!;
  for (const { name } of program.inputs) emit.reserve(name);
  for (const { name } of program.outputs) emit.reserve(name);
  for (const { name, lanes: own } of program.inputs) {
    const refuse = (reason: string): never => {
      throw new ConfigError(`exportQonnx: input "${name}": ${reason}`);
    };
    values.set(name, castLanes(emit, name, own, own.map(formatOf), refuse));
  }
  for (const op of program.ops) {
    const refuse = (reason: string): never => {
      throw new ConfigError(`exportQonnx: layer "${op.layer}", ${op.op}: ${reason}`);
    };
    values.set(op.output, write(op, { emit, read, lanes, refuse }));
  }
  for (const { name, from } of program.outputs) emit.output(read(from), name);
  const value = (name: string, width: number) => ({
    name,
    dtype: "float32" as const,
    shape: ["batch", width],
  });
  return emit.finish(
    program.name,
    program.inputs.map((input) => value(input.name, input.lanes.length)),
    program.outputs.map((output) => value(output.name, lanes(output.from).length)),
    {
      "forty.inputs": JSON.stringify(program.inputs.flatMap(describeInput)),
      "forty.outputs": JSON.stringify(
        program.outputs.map(({ name, unit, physical }) => ({ name, unit: physical, scale: unit })),
      ),
    },
  );
}

const describeInput = ({ labels, lanes }: FixedProgram["inputs"][number]) =>
  lanes.map(({ fraction, lo, hi }, i) => ({
    name: labels[i],
    unit: null,
    range: [lo * 2 ** -fraction, hi * 2 ** -fraction],
    integer: fraction <= 0,
  }));

const binaries = { add: "Add", sub: "Sub", multiply: "Mul", maximum: "Max" } as const;

function write(op: FixedOp, writing: Writing): string {
  const { emit, read, lanes, refuse } = writing;
  switch (op.op) {
    case "affine":
      return writeAffine(op, writing);
    case "quantize": {
      const own = lanes(op.input);
      const formats = own.map((_, i) => op.formats[op.formats.length === 1 ? 0 : i]);
      return castLanes(emit, read(op.input), own, formats, refuse);
    }
    case "add":
    case "sub":
    case "multiply":
    case "maximum":
      return emit.node(binaries[op.op], [read(op.a), read(op.b)]);
    case "relu":
      return emit.node("Relu", [read(op.input)]);
    case "clamp":
      return writeClamp(op, writing);
    case "rescale": {
      const scales = op.by.map((by) => 2 ** -by);
      return emit.node("Mul", [read(op.input), floats(emit, scales, [1, scales.length])]);
    }
    case "modulo": {
      const { fraction } = oneFraction(lanes(op.input), refuse);
      return writeModulo(emit, read(op.input), op.period * 2 ** -fraction);
    }
    case "table":
      return writeTable(op, writing);
    case "pick": {
      const parts = op.inputs.map(read);
      const starts = op.inputs.map((_, i) =>
        op.inputs.slice(0, i).reduce((n, name) => n + lanes(name).length, 0),
      );
      const all = parts.length === 1 ? parts[0] : emit.node("Concat", parts, { axis: 1 });
      return gather(
        emit,
        all,
        op.lanes.map(([which, lane]) => starts[which] + lane),
      );
    }
    case "constant":
      return floats(
        emit,
        op.values.map((n) => n * 2 ** -op.fraction),
        [1, op.values.length],
      );
    case "max":
      return emit.node("ReduceMax", [read(op.input), emit.ints([1])]);
    case "argmax":
      return emit.cast(emit.node("ArgMax", [read(op.input)], { axis: 1 }), "float32");
    default:
      return refuse("QONNX has no operator for it");
  }
}

/** The lane all lanes are like, where they have one fraction. */
function oneFraction(lanes: readonly Lane[], refuse: (reason: string) => never): Lane {
  if (lanes.some(({ fraction }) => fraction !== lanes[0].fraction))
    refuse("lanes of different fractions; cast them to one first");
  return lanes[0];
}

/** Gather, MatMul with weights on their grid, Add; biases wider than float32 as two numbers. */
function writeAffine(
  op: Extract<FixedOp, AffineOp>,
  { emit, read, lanes, refuse }: Writing,
): string {
  const { rows, columns, weights, weightFraction, bias, gather: places, layer } = op;
  if (op.accumulator) refuse("sums that are cast at each step have no QONNX operator");
  const own = lanes(op.input);
  const positions = places ? places.length / columns : 1;
  const rowsOfBias = biasGrid(op, own, refuse);
  let x = read(op.input);
  if (places) {
    const hasZero = places.includes(-1);
    const [before, one] = [emit.ints([0, 1]), emit.ints([1])];
    if (hasZero) x = emit.node("Pad", [x, before, floats(emit, [0], []), one]);
    const index = Array.from(places, (place) => (place < 0 ? own.length : place));
    x = gather(emit, x, index);
    if (positions > 1) x = emit.node("Reshape", [x, emit.ints([0, positions, columns])]);
  }
  const real = Array.from({ length: columns * rows }, (_, i) => {
    const [c, r] = [Math.floor(i / rows), i % rows];
    return weights[r * columns + c] * 2 ** -weightFraction[r];
  });
  const largest = weights.reduce((a, w) => Math.max(a, w < 0 ? -w - 1 : w), 0);
  const width = Math.max(Math.floor(Math.log2(Math.max(largest, 1))) + 2, 2);
  const grid = { signed: true, width, isNarrow: false, mode: "ROUND" };
  const matrix = floats(emit, real, [columns, rows], `${layer}.weight`);
  const w = quant(emit, matrix, weightFraction, [1, rows], grid);
  let y = emit.node("MatMul", [x, w]);
  const values = bias.map((n, r) => n * 2 ** -rowsOfBias[r]);
  const high = values.map(Math.fround);
  const low = values.map((v, r) => v - high[r]);
  for (const part of [high, low])
    if (part.some((v) => v !== 0))
      y = emit.node("Add", [y, floats(emit, part, [rows], `${layer}.bias`)]);
  return positions > 1 ? emit.node("Reshape", [y, emit.ints([0, positions * rows])]) : y;
}

/** Fraction of the bias of each row; positions must agree. */
function biasGrid(op: AffineOp, lanes: readonly Lane[], refuse: (reason: string) => never) {
  const { gather: places, columns } = op;
  const finest = (at: ArrayLike<number>) =>
    Array.from(at).reduce(
      (a, lane) => (lane < 0 ? a : Math.max(a, lanes[lane].fraction)),
      Number.NEGATIVE_INFINITY,
    );
  const starts = places ? Array.from({ length: places.length / columns }, (_, p) => p) : [0];
  const fractions = starts.map((p) =>
    finest(places ? places.slice(p * columns, (p + 1) * columns) : lanes.map((_, i) => i)),
  );
  if (op.bias.some((n) => n !== 0) && fractions.some((f) => f !== fractions[0]))
    refuse("a bias whose grid changes from position to position");
  const base = Number.isFinite(fractions[0]) ? fractions[0] : 0;
  return op.weightFraction.map((f) => f + base);
}

function writeClamp({ input, lo, hi }: ClampOp, { emit, read, lanes }: Writing): string {
  const bound = (n: number) =>
    floats(
      emit,
      lanes(input).map(({ fraction }) => n * 2 ** -fraction),
      [1, lanes(input).length],
    );
  return emit.node("Min", [emit.node("Max", [read(input), bound(lo)]), bound(hi)]);
}

/** x - p floor(x / p), guarded against rounding; the importer knows this form. */
function writeModulo(emit: Emitter, x: string, period: number): string {
  const [p, zero] = [floats(emit, [period], []), floats(emit, [0], [])];
  const turns = emit.node("Floor", [emit.node("Div", [x, p])]);
  const rest = emit.node("Sub", [x, emit.node("Mul", [turns, p])]);
  const isAbove = emit.node("GreaterOrEqual", [rest, zero]);
  const isInside = emit.node("And", [isAbove, emit.node("Less", [rest, p])]);
  return emit.node("Where", [isInside, rest, zero]);
}

function writeTable(op: TableOp, { emit, read, lanes, refuse }: Writing): string {
  const own = lanes(op.input);
  const twin = findTwin(op, oneFraction(own, refuse));
  if (!twin)
    return refuse(
      `the table "${op.label}" is no rounded exp, 1/x, sigmoid, tanh, sqrt or softplus`,
    );
  const x = twin.isNegated ? emit.node("Neg", [read(op.input)]) : read(op.input);
  const y = emit.node(twin.opType, [x]);
  const { signed, width } = twin.format;
  return quant(emit, y, [op.fraction], [], { signed, width, isNarrow: false, mode: twin.mode });
}
