import { ConfigError } from "../../base/errors.ts";
import { type FixedFormat, fractionOf, printFormat, rangeOf } from "../format.ts";
import type { AffineOp, FixedOp, FixedProgram, Lane, ProgramInput } from "../program.ts";
import { castReal } from "./cast.ts";
import { finestFraction, inferLanes } from "./lanes.ts";

/** One number that comes in: all integers of a format, or of a lane. */
export type NetworkInput =
  | { readonly label: string; readonly format: FixedFormat }
  | { readonly label: string; readonly lane: Lane };

/** x' = (x - offset) >> shift per input; a shift of -1 multiplies by 2. */
export interface InputScaling {
  /** In the units of the inputs, one each. */
  readonly offsets: readonly number[];
  readonly shifts: readonly number[];
  /** Type in which offset and shift happen, e.g. fixed<18,13>; each step is cast to it. */
  readonly format: FixedFormat;
}

/** y = f(cast(W x + b)), everything in integers. */
export interface NetworkLayer {
  /** Name of the logic's module; "layer1", "layer2", ... otherwise. */
  readonly name?: string;
  /** Integers [outputs][inputs]; weight = n · 2^-fraction of the format. */
  readonly weights: readonly (readonly number[])[];
  readonly weightFormat: FixedFormat;
  /** Integers [outputs]. */
  readonly bias: readonly number[];
  readonly biasFormat: FixedFormat;
  /** Every product and every sum is cast to it, as hls4ml does; exact where left out. */
  readonly accumulator?: FixedFormat;
  /** Type of the sum; exact (or the accumulator's) where left out. */
  readonly resultFormat?: FixedFormat;
  /**
   * tanh and sigmoid are tables over the integers of `resultFormat`, whose float64 values are cast
   * to `activationFormat`.
   */
  readonly activation: "none" | "relu" | "tanh" | "sigmoid";
  /** Type after the activation; needed for tables, else left as it is where left out. */
  readonly activationFormat?: FixedFormat;
}

/** One number from the outputs of the last layer. */
export interface NetworkScore {
  readonly kind: "sumOfSquares";
  /** How many outputs count, from the first; all where left out. */
  readonly first?: number;
  readonly format: FixedFormat;
}

export interface NetworkTables {
  readonly name: string;
  readonly inputs: readonly NetworkInput[];
  readonly scaling?: InputScaling;
  /** Type the inputs are cast to before the first layer; as they are where left out. */
  readonly inputFormat?: FixedFormat;
  readonly layers: readonly NetworkLayer[];
  readonly score?: NetworkScore;
}

/**
 * A program from the tables of a trained network as trigger firmware has them: integers and the
 * formats that they stand in. Input "x", output "y" (the last layer), and "score" where one is
 * wanted; a comparison of the score with an integer threshold is one of its integer.
 *
 * The types of AXOL1TL v3: scaling in fixed<18,13>, input fixed<8,6,RND_CONV,SAT>, weights
 * fixed<6,3>, bias fixed<10,7>, ReLU ufixed<10,6,RND_CONV,SAT>, mean fixed<10,7,RND_CONV,SAT>,
 * score ufixed<18,14>.
 * @throws ConfigError for integers outside of their formats and tables that do not fit together.
 * @see cms-hls4ml/AXOL1TL; cmssw L1Trigger/L1TGlobal/src/AXOL1TLCondition.cc; hls4ml nnet_dense.h.
 */
export function fixedNetwork(tables: NetworkTables): FixedProgram {
  const { name, inputs, inputFormat, layers, score } = tables;
  const where = `network ${name}`;
  if (layers.length === 0) throw new ConfigError(`${where}: no layers`);
  const input: ProgramInput = {
    name: "x",
    labels: inputs.map(({ label }) => label),
    lanes: inputs.map((one) =>
      "lane" in one ? one.lane : { fraction: fractionOf(one.format), ...rangeOf(one.format) },
    ),
  };
  const program = {
    name,
    inputs: [input],
    ops: [] as FixedOp[],
    outputs: [] as FixedProgram["outputs"][number][],
    strategies: {},
  };
  const cast = (from: string, layer: string, format: FixedFormat | undefined, wire: string) => {
    if (format === undefined) return from;
    program.ops.push({ op: "quantize", input: from, formats: [format], output: wire, layer });
    return wire;
  };
  const lanesOf = (wire: string) =>
    inferLanes({ ...program, outputs: [output(wire)] }).get(wire) ?? [];
  let at = "x";
  if (tables.scaling !== undefined) at = scaleInputs(program.ops, input, tables.scaling, where);
  at = cast(at, "input", inputFormat, "input");
  for (const [i, layer] of layers.entries()) {
    const label = layer.name ?? `layer${i + 1}`;
    const site = `${where}, ${label}`;
    program.ops.push(product(layer, at, lanesOf(at), label, site));
    at = cast(`${label}.sum`, label, layer.resultFormat, `${label}.result`);
    if (layer.activation === "relu") {
      program.ops.push({ op: "relu", input: at, output: `${label}.relu`, layer: label });
      at = cast(`${label}.relu`, label, layer.activationFormat, `${label}.out`);
    } else if (layer.activation === "none") {
      at = cast(at, label, layer.activationFormat, `${label}.out`);
    } else {
      program.ops.push(activationTable(layer, at, label, site));
      at = `${label}.out`;
    }
  }
  program.outputs.push({ ...output(at), name: "y" });
  if (score !== undefined) {
    const squares = sumOfSquares(program.ops, at, lanesOf(at), score, where);
    at = cast(squares, "score", score.format, "score");
    program.outputs.push({ ...output(at), name: "score" });
  }
  inferLanes(program);
  return program;
}

const output = (from: string) => ({ name: from, from, unit: 1, physical: null });

/** Offset and shift in their type: each step is cast to it. */
function scaleInputs(
  ops: FixedOp[],
  { lanes }: ProgramInput,
  { offsets, shifts, format }: InputScaling,
  where: string,
): string {
  if (offsets.length !== lanes.length || shifts.length !== lanes.length)
    throw new ConfigError(
      `${where}: ${offsets.length} offsets and ${shifts.length} shifts for ${lanes.length} inputs`,
    );
  for (const shift of shifts)
    if (!Number.isInteger(shift)) throw new ConfigError(`${where}: a shift of ${shift}`);
  const layer = "scaling";
  const steps = offsets.map((offset) => integerIn(offset * 2 ** fractionOf(format), format, where));
  ops.push(
    { op: "quantize", input: "x", formats: [format], output: "scaling.x", layer },
    {
      op: "constant",
      values: steps,
      fraction: fractionOf(format),
      output: "scaling.offset",
      layer,
    },
    { op: "sub", a: "scaling.x", b: "scaling.offset", output: "scaling.difference", layer },
    {
      op: "quantize",
      input: "scaling.difference",
      formats: [format],
      output: "scaling.centered",
      layer,
    },
    { op: "rescale", input: "scaling.centered", by: shifts, output: "scaling.shifted", layer },
    { op: "quantize", input: "scaling.shifted", formats: [format], output: "scaling.out", layer },
  );
  return "scaling.out";
}

/** An integer that a table gives for a format. */
function integerIn(n: number, format: FixedFormat, where: string): number {
  const { lo, hi } = rangeOf(format);
  if (!Number.isInteger(n) || n < lo || n > hi)
    throw new ConfigError(
      `${where}: expected an integer in [${lo}, ${hi}] for ${printFormat(format)}, got ${n}`,
    );
  return n;
}

function product(
  layer: NetworkLayer,
  input: string,
  lanes: readonly Lane[],
  label: string,
  where: string,
): FixedOp {
  const { weights, weightFormat, bias, biasFormat, accumulator = null } = layer;
  const [rows, columns] = [weights.length, lanes.length];
  if (bias.length !== rows)
    throw new ConfigError(`${where}: ${bias.length} biases for ${rows} rows of weights`);
  for (const row of weights)
    if (row.length !== columns)
      throw new ConfigError(`${where}: a row of ${row.length} weights for ${columns} inputs`);
  const finest = finestFraction(lanes);
  // fine enough for the bias too, whose integer is then a whole one
  const finer = Math.max(0, fractionOf(biasFormat) - finest - fractionOf(weightFormat));
  const weightFraction = fractionOf(weightFormat) + finer;
  const op: AffineOp = {
    op: "affine",
    input,
    rows,
    columns,
    weights: Int32Array.from(
      weights.flatMap((row) =>
        row.map((n) =>
          checkWord(integerIn(n, weightFormat, `${where}, weights`) * 2 ** finer, where),
        ),
      ),
    ),
    weightFraction: weights.map(() => weightFraction),
    bias: bias.map(
      (n) =>
        integerIn(n, biasFormat, `${where}, bias`) *
        2 ** (finest + weightFraction - fractionOf(biasFormat)),
    ),
    gather: null,
    accumulator,
  };
  return { ...op, output: `${label}.sum`, layer: label };
}

function checkWord(n: number, where: string): number {
  if (n !== (n | 0))
    throw new ConfigError(`${where}: a weight of ${n} passes 32 bits at the fraction of the bias`);
  return n;
}

function activationTable(
  { activation, resultFormat, activationFormat }: NetworkLayer,
  input: string,
  label: string,
  where: string,
): FixedOp {
  if (resultFormat === undefined || activationFormat === undefined)
    throw new ConfigError(`${where}: ${activation} needs resultFormat and activationFormat`);
  if (resultFormat.width > 18)
    throw new ConfigError(
      `${where}: a table over ${printFormat(resultFormat)} has 2^${resultFormat.width} entries; 18 bits are the most`,
    );
  const { lo, hi } = rangeOf(resultFormat);
  const step = 2 ** -fractionOf(resultFormat);
  const f = (x: number) => (activation === "tanh" ? Math.tanh(x) : 1 / (1 + Math.exp(-x)));
  return {
    op: "table",
    input,
    first: lo,
    values: Int32Array.from(
      { length: hi - lo + 1 },
      (_, i) => castReal(f((lo + i) * step), activationFormat).integer,
    ),
    fraction: fractionOf(activationFormat),
    label: activation,
    output: `${label}.out`,
    layer: label,
  };
}

/** Exact: the sum is cast only at the end. */
function sumOfSquares(
  ops: FixedOp[],
  input: string,
  { length }: readonly Lane[],
  { first = length }: NetworkScore,
  where: string,
): string {
  if (!Number.isInteger(first) || first < 1 || first > length)
    throw new ConfigError(`${where}: a score of ${first} of ${length} outputs`);
  const layer = "score";
  const lanes = Array.from({ length: first }, (_, i) => [0, i] as const);
  ops.push(
    { op: "pick", inputs: [input], lanes, output: "score.in", layer },
    { op: "multiply", a: "score.in", b: "score.in", output: "score.squares", layer },
    {
      op: "affine",
      input: "score.squares",
      rows: 1,
      columns: first,
      weights: new Int32Array(first).fill(1),
      weightFraction: [0],
      bias: [0],
      gather: null,
      accumulator: null,
      output: "score.sum",
      layer,
    },
  );
  return "score.sum";
}
