import { invariant } from "../../base/errors.ts";
import { fractionOf } from "../format.ts";
import type { AffineOp, FixedOp, FixedProgram, Lane, Lanes, QuantizeOp } from "../program.ts";
import { castInteger, createCast } from "./cast.ts";
import { type CastCounts, createTally, type Tally } from "./counts.ts";
import { countRows, refuseInput, type Values } from "./inputs.ts";
import { finestFraction, finestOf, inferLanes, positionsOf } from "./lanes.ts";

/** Rows at a time: a lane of them stays in the nearest cache. */
const blockRows = 512;

/** One lane of a wire over the rows of a block; integers. */
type Column = Float64Array;
/** Does one operation for the first rows of a block. */
type Kernel = (rows: number) => void;

export interface Interpretation {
  /** Integers row-major [n, lanes] by output. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
  /** One per place where bits can be lost, in order; null without `probe`. */
  readonly counts: readonly CastCounts[] | null;
}

/**
 * Evaluates a program operation by operation, exactly as written: the reference that the fast
 * evaluator and the emitted logic are held against. Integers are kept in float64, exact below 2^53.
 * @param inputs - integers row-major [n, lanes] by input.
 * @throws GraphError, ConfigError for programs that do not hold together (see `inferLanes`).
 * @throws DataError for inputs outside of their lanes.
 */
export function interpret(
  program: FixedProgram,
  inputs: Values,
  { probe = false }: { readonly probe?: boolean } = {},
): Interpretation {
  const lanes = inferLanes(program);
  const n = countRows(program, inputs);
  const wires = new Map<string, readonly Column[]>();
  for (const [name, of] of lanes)
    wires.set(
      name,
      of.map(() => new Float64Array(blockRows)),
    );
  const tallies: Tally[] = [];
  const kernels = program.ops.map((op) => {
    const tally = probe && canLose(op) ? createTally(op) : null;
    if (tally !== null) tallies.push(tally);
    return kernelOf(op, wires, lanes, tally);
  });
  const outputs: Record<string, Float64Array> = {};
  for (const { name, from } of program.outputs)
    outputs[name] = new Float64Array(n * columnsOf(wires, from).length);
  for (let start = 0; start < n; start += blockRows) {
    const rows = Math.min(blockRows, n - start);
    for (const input of program.inputs) {
      const columns = columnsOf(wires, input.name);
      if (!load(inputs[input.name], start, rows, columns, input.lanes))
        refuseInput(program.name, input, inputs[input.name], start);
    }
    for (const kernel of kernels) kernel(rows);
    for (const { name, from } of program.outputs)
      store(columnsOf(wires, from), rows, outputs[name], start);
  }
  return { outputs, counts: probe ? tallies.map((tally) => tally.counts()) : null };
}

const canLose = (op: FixedOp): op is (QuantizeOp | AffineOp) & FixedOp =>
  op.op === "quantize" || (op.op === "affine" && op.accumulator !== null);

function columnsOf(wires: ReadonlyMap<string, readonly Column[]>, name: string): readonly Column[] {
  const columns = wires.get(name);
  invariant(columns, `no wire "${name}"`);
  return columns;
}

/** False where a value is outside of its lane. */
function load(
  data: Float64Array | Int32Array,
  start: number,
  rows: number,
  columns: readonly Column[],
  lanes: readonly Lane[],
): boolean {
  for (const [lane, column] of columns.entries()) {
    const { lo, hi } = lanes[lane];
    for (let row = 0, at = start * lanes.length + lane; row < rows; row++, at += lanes.length) {
      const value = data[at];
      if (!(value >= lo && value <= hi && Math.floor(value) === value)) return false;
      column[row] = value + 0;
    }
  }
  return true;
}

function store(columns: readonly Column[], rows: number, into: Float64Array, start: number): void {
  for (const [lane, column] of columns.entries())
    for (let row = 0, at = start * columns.length + lane; row < rows; row++, at += columns.length)
      into[at] = column[row];
}

function kernelOf(
  op: FixedOp,
  wires: ReadonlyMap<string, readonly Column[]>,
  lanes: Lanes,
  tally: Tally | null,
): Kernel {
  const out = columnsOf(wires, op.output);
  const read = (name: string) => columnsOf(wires, name);
  const typed = (name: string) => lanes.get(name) as readonly Lane[];
  const each = (names: readonly string[], f: (...n: number[]) => number) =>
    laneByLane(names.map(read), out, f);
  switch (op.op) {
    case "affine":
      return op.accumulator === null
        ? affine(op, read(op.input), typed(op.input), out)
        : accumulate(op, read(op.input), typed(op.input), out, tally);
    case "quantize":
      return quantize(op, read(op.input), typed(op.input), out, tally);
    case "multiply":
      return each([op.a, op.b], (a, b) => a * b + 0);
    case "add":
      return aligned([op.a, op.b], read, typed, out, (a, b) => a + b);
    case "sub":
      return aligned([op.a, op.b], read, typed, out, (a, b) => a - b);
    case "maximum":
      return aligned([op.a, op.b], read, typed, out, (a, b) => Math.max(a, b));
    case "less":
      return aligned([op.a, op.b], read, typed, out, (a, b) => (a < b ? 1 : 0));
    case "select":
      return aligned([op.a, op.b, op.condition], read, typed, out, (a, b, c) => (c !== 0 ? a : b));
    case "relu":
      return each([op.input], (n) => Math.max(n, 0));
    case "clamp":
      return each([op.input], (n) => (n < op.lo ? op.lo : Math.min(n, op.hi)));
    case "modulo":
      return each([op.input], (n) => (n < 0 ? n + op.period : n >= op.period ? n - op.period : n));
    case "table":
      return each([op.input], (n) => op.values[n - op.first]);
    case "rescale":
      return copy(read(op.input), out);
    case "pick": {
      const inputs = op.inputs.map(read);
      return copy(
        op.lanes.map(([input, lane]) => inputs[input][lane]),
        out,
      );
    }
    case "constant":
      for (const [i, column] of out.entries()) column.fill(op.values[i] + 0);
      return () => {};
    case "max":
    case "argmax":
      return reduce(op.op, read(op.input), typed(op.input), out);
  }
}

const copy =
  (from: readonly Column[], out: readonly Column[]): Kernel =>
  (rows) => {
    for (const [i, column] of out.entries()) column.set(from[i].subarray(0, rows));
  };

/** One function over all lanes; a vector of one lane goes with all. */
function laneByLane(
  inputs: readonly (readonly Column[])[],
  out: readonly Column[],
  f: (...n: number[]) => number,
): Kernel {
  return (rows) => {
    for (const [i, column] of out.entries()) {
      const [a, b, c] = inputs.map((v) => v[v.length === 1 ? 0 : i]);
      if (c !== undefined)
        for (let row = 0; row < rows; row++) column[row] = f(a[row], b[row], c[row]);
      else if (b !== undefined)
        for (let row = 0; row < rows; row++) column[row] = f(a[row], b[row]);
      else for (let row = 0; row < rows; row++) column[row] = f(a[row]);
    }
  };
}

/** The same with the first two at their finer fraction, lane by lane. */
function aligned(
  [a, b, ...rest]: readonly string[],
  read: (name: string) => readonly Column[],
  typed: (name: string) => readonly Lane[],
  out: readonly Column[],
  f: (a: number, b: number, c: number) => number,
): Kernel {
  const [left, right] = [typed(a), typed(b)];
  const kernels = out.map((column, i) => {
    const at = (v: readonly unknown[]) => (v.length === 1 ? 0 : i);
    const [s, t] = [left[at(left)].fraction, right[at(right)].fraction];
    const [stepA, stepB] = [2 ** Math.max(0, t - s), 2 ** Math.max(0, s - t)];
    const inputs = [a, b, ...rest].map(read).map((v) => [v[at(v)]]);
    return laneByLane(inputs, [column], (x, y, z) => f(x * stepA, y * stepB, z));
  });
  return (rows) => {
    for (const kernel of kernels) kernel(rows);
  };
}

function affine(
  op: AffineOp,
  x: readonly Column[],
  lanes: readonly Lane[],
  out: readonly Column[],
): Kernel {
  const { rows: height, columns, weights, bias } = op;
  const positions = positionsOf(op);
  const finest = positions.map((position) => finestOf(position, lanes));
  return (rows) => {
    for (const [p, position] of positions.entries())
      for (let r = 0; r < height; r++) {
        const sum = out[p * height + r].fill(bias[r] + 0);
        for (let c = 0; c < columns; c++) {
          const lane = position[c];
          const weight = weights[r * columns + c];
          if (lane < 0 || weight === 0) continue;
          const scaled = weight * 2 ** (finest[p] - lanes[lane].fraction);
          const column = x[lane];
          for (let row = 0; row < rows; row++) sum[row] += scaled * column[row];
        }
      }
  };
}

/**
 * The order of hls4ml: the bias is cast, then each product is cast, added and the sum cast again,
 * by column.
 */
function accumulate(
  op: AffineOp,
  x: readonly Column[],
  lanes: readonly Lane[],
  out: readonly Column[],
  tally: Tally | null,
): Kernel {
  const { rows: height, columns, weights, weightFraction, bias, accumulator } = op;
  invariant(accumulator, "an affine without accumulator");
  const fraction = fractionOf(accumulator);
  const castSum = createCast(fraction, accumulator);
  const sums = positionsOf(op).flatMap((position) =>
    Array.from({ length: height }, (_, r) => {
      const terms = Array.from({ length: columns }, (_, c) => c)
        .filter((c) => position[c] >= 0 && weights[r * columns + c] !== 0)
        .map((c) => {
          const from = lanes[position[c]].fraction + weightFraction[r];
          const cast = createCast(from, accumulator);
          return { column: x[position[c]], weight: weights[r * columns + c], from, cast };
        });
      const biasFraction = finestOf(position, lanes) + weightFraction[r];
      return {
        terms,
        biasFraction,
        start: createCast(biasFraction, accumulator)(bias[r]),
        bias: bias[r],
      };
    }),
  );
  const plain: Kernel = (rows) => {
    for (const [i, { terms, start }] of sums.entries())
      for (let row = 0; row < rows; row++) {
        let sum = start;
        for (const { column, weight, cast } of terms)
          sum = castSum(sum + cast(weight * column[row]));
        out[i][row] = sum;
      }
  };
  if (tally === null) return plain;
  return (rows) => {
    plain(rows);
    for (const [i, { terms, biasFraction, start, bias: from }] of sums.entries())
      for (let row = 0; row < rows; row++) {
        const casts = [castInteger(from, biasFraction - fraction, accumulator)];
        let [sum, exact] = [start, from * 2 ** -biasFraction];
        for (const term of terms) {
          const product = term.weight * term.column[row];
          const cast = castInteger(product, term.from - fraction, accumulator);
          const next = castInteger(sum + cast.integer, 0, accumulator);
          casts.push(cast, next);
          sum = next.integer;
          exact += product * 2 ** -term.from;
        }
        tally.add(i, exact, {
          integer: sum,
          hasLostBits: casts.some((cast) => cast.hasLostBits),
          overflow: casts.find((cast) => cast.overflow !== null)?.overflow ?? null,
        });
      }
  };
}

function quantize(
  { formats }: QuantizeOp,
  x: readonly Column[],
  lanes: readonly Lane[],
  out: readonly Column[],
  tally: Tally | null,
): Kernel {
  const all = out.map((_, i) => formats[formats.length === 1 ? 0 : i]);
  if (tally !== null)
    return (rows) => {
      for (const [i, column] of out.entries()) {
        const { fraction } = lanes[i];
        const shift = fraction - fractionOf(all[i]);
        for (let row = 0; row < rows; row++) {
          const result = castInteger(x[i][row], shift, all[i]);
          column[row] = result.integer;
          tally.add(i, x[i][row] * 2 ** -fraction, result);
        }
      }
    };
  const kernels = out.map((column, i) =>
    laneByLane([[x[i]]], [column], createCast(lanes[i].fraction, all[i])),
  );
  return (rows) => {
    for (const kernel of kernels) kernel(rows);
  };
}

function reduce(
  kind: "max" | "argmax",
  x: readonly Column[],
  lanes: readonly Lane[],
  [out]: readonly Column[],
): Kernel {
  const finest = finestFraction(lanes);
  const steps = lanes.map(({ fraction }) => 2 ** (finest - fraction));
  return (rows) => {
    for (let row = 0; row < rows; row++) {
      let [best, index] = [x[0][row] * steps[0], 0];
      for (let i = 1; i < x.length; i++) {
        const value = x[i][row] * steps[i];
        if (value > best) [best, index] = [value, i];
      }
      out[row] = kind === "max" ? best : index;
    }
  };
}
