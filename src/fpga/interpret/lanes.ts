import { ConfigError, GraphError, invariant } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import { type FixedFormat, fractionOf, rangeOf } from "../format.ts";
import type {
  AffineOp,
  BinaryOp,
  FixedOp,
  FixedProgram,
  Lane,
  Lanes,
  QuantizeOp,
  SelectOp,
  TableOp,
} from "../program.ts";
import { createCast, roundInterval } from "./cast.ts";

/** Where a sentence about an operation starts. */
type Where = string;
type Fail = (what: string) => never;
/** Lanes of a wire that an operation reads. */
type Look = (name: string) => readonly Lane[];

/**
 * How wide every wire is, by interval arithmetic: an interval holds whatever inputs within their
 * lanes can give, and is the tightest one that follows from the intervals before it. The result of
 * an affine row without accumulator has the finest fraction of the lanes it reads (of its position
 * where it gathers) plus weightFraction[row]; with one, fraction and range of the accumulator.
 * @throws GraphError for wires that are missing, doubled or do not fit together.
 * @throws ConfigError for values out of place, and wherever an integer could pass 2^53.
 */
export function inferLanes(program: FixedProgram): Lanes {
  const lanes = new Map<string, readonly Lane[]>();
  const add = (where: Where, name: string, made: readonly Lane[]) => {
    if (lanes.has(name)) throw new GraphError(`${where}: "${name}" is made twice`);
    if (made.length === 0) throw new GraphError(`${where}: "${name}" has no lanes`);
    for (const [i, lane] of made.entries()) checkLane(`${where}: "${name}", lane ${i}`, lane);
    lanes.set(name, made);
  };
  const prefix = `program ${program.name}`;
  for (const { name, labels, lanes: given } of program.inputs) {
    if (labels.length !== given.length)
      throw new GraphError(
        `${prefix}: input "${name}" has ${labels.length} labels for ${given.length} lanes`,
      );
    add(`${prefix}: input`, name, given);
  }
  const look = (where: Where) => (name: string) => lanes.get(name) ?? unknown(where, name, lanes);
  for (const op of program.ops) {
    const where = `${prefix}: ${op.op} of layer "${op.layer}"`;
    add(where, op.output, lanesOf(op, look(where), where));
  }
  checkOutputs(program, look(`${prefix}: output`));
  return lanes;
}

function unknown(where: Where, name: string, lanes: Lanes): never {
  const near = nearMiss(name, [...lanes.keys()]);
  throw new GraphError(
    `${where}: no wire "${name}" before it${near === null ? "" : `; did you mean "${near}"?`}`,
  );
}

function checkOutputs({ name, outputs, ops, strategies }: FixedProgram, look: Look): void {
  if (outputs.length === 0) throw new GraphError(`program ${name}: no outputs`);
  const seen = new Set<string>();
  for (const output of outputs) {
    if (seen.has(output.name))
      throw new GraphError(`program ${name}: output "${output.name}" is made twice`);
    seen.add(output.name);
    look(output.from);
    if (!Number.isFinite(output.unit) || output.unit === 0)
      throw new ConfigError(`program ${name}: output "${output.name}": unit is ${output.unit}`);
  }
  const layers = new Set(ops.map(({ layer }) => layer));
  for (const [layer, strategy] of Object.entries(strategies)) {
    if (!layers.has(layer))
      throw new GraphError(
        `program ${name}: a strategy for layer "${layer}", which does not exist`,
      );
    if (strategy.kind === "serial" && !(Number.isInteger(strategy.reuse) && strategy.reuse > 0))
      throw new ConfigError(
        `program ${name}: layer "${layer}": expected a whole reuse factor above 0, got ${strategy.reuse}`,
      );
  }
}

function checkLane(where: Where, { fraction, lo, hi }: Lane): void {
  if (!Number.isInteger(fraction) || Math.abs(fraction) > 1000)
    throw new ConfigError(`${where}: expected a whole fraction up to 1000, got ${fraction}`);
  if (Math.max(Math.abs(lo), Math.abs(hi)) > Number.MAX_SAFE_INTEGER)
    throw new ConfigError(
      `${where}: [${lo}, ${hi}] passes 2^53; cast to fewer bits before this operation`,
    );
  if (!Number.isInteger(lo) || !Number.isInteger(hi) || lo > hi)
    throw new ConfigError(`${where}: expected integers lo <= hi, got [${lo}, ${hi}]`);
}

function lanesOf(op: FixedOp, look: Look, where: Where): readonly Lane[] {
  const fail: Fail = (what) => {
    throw new ConfigError(`${where}: ${what}`);
  };
  switch (op.op) {
    case "affine":
      return op.accumulator === null
        ? affineLanes(op, look(op.input), fail)
        : accumulatedLanes(op, look(op.input), fail);
    case "quantize":
      return quantizeLanes(op, look(op.input), fail);
    case "add":
    case "sub":
    case "multiply":
    case "maximum":
      return binaryLanes(op, look, fail);
    case "less":
      return pairs([look(op.a), look(op.b)], fail).map(([a, b]) => {
        align([a, b], fail);
        return { fraction: 0, lo: 0, hi: 1 };
      });
    case "select":
      return selectLanes(op, look, fail);
    case "relu":
      return look(op.input).map((x) => ({ ...x, lo: Math.max(x.lo, 0), hi: Math.max(x.hi, 0) }));
    case "clamp": {
      const { lo, hi } = op;
      if (!Number.isInteger(lo) || !Number.isInteger(hi) || lo > hi)
        fail(`expected integers lo <= hi, got [${lo}, ${hi}]`);
      const clamp = (n: number) => Math.min(Math.max(n, lo), hi);
      return look(op.input).map((x) => ({ ...x, lo: clamp(x.lo), hi: clamp(x.hi) }));
    }
    case "rescale": {
      const x = look(op.input);
      if (op.by.length !== x.length) fail(`${op.by.length} shifts for ${x.length} lanes`);
      return x.map((lane, i) => ({ ...lane, fraction: lane.fraction + op.by[i] }));
    }
    case "modulo":
      return moduloLanes(look(op.input), op.period, fail);
    case "table":
      return tableLanes(op, look(op.input), fail);
    case "pick": {
      const inputs = op.inputs.map(look);
      return op.lanes.map(
        ([input, lane]) =>
          inputs[input]?.[lane] ?? fail(`no lane ${lane} of input ${input} of ${inputs.length}`),
      );
    }
    case "constant":
      return op.values.map((value) => ({ fraction: op.fraction, lo: value, hi: value }));
    case "max": {
      const x = align(look(op.input), fail);
      const [lo, hi] = [x.map((lane) => lane.lo), x.map((lane) => lane.hi)];
      return [{ fraction: x[0].fraction, lo: Math.max(...lo), hi: Math.max(...hi) }];
    }
    case "argmax":
      return [{ fraction: 0, lo: 0, hi: align(look(op.input), fail).length - 1 }];
  }
}

/** Finest fraction of some lanes, 0 of none. */
export function finestFraction(lanes: Iterable<Lane>): number {
  let finest = Number.NEGATIVE_INFINITY;
  for (const { fraction } of lanes) finest = Math.max(finest, fraction);
  return Number.isFinite(finest) ? finest : 0;
}

/** The lanes at their finest fraction. */
function align(lanes: readonly Lane[], fail: Fail): readonly Lane[] {
  const fraction = finestFraction(lanes);
  return lanes.map((lane) => {
    const step = 2 ** (fraction - lane.fraction);
    const [lo, hi] = [lane.lo * step, lane.hi * step];
    if (Math.max(-lo, hi) > Number.MAX_SAFE_INTEGER)
      fail(
        `an operand passes 2^53 once it is aligned from fraction ${lane.fraction} to ${fraction}`,
      );
    return { fraction, lo, hi };
  });
}

/** Lane by lane through vectors of one length, vectors of one lane going with all. */
function pairs<T extends readonly (readonly Lane[])[]>(
  vectors: [...T],
  fail: Fail,
): { [K in keyof T]: Lane }[] {
  const size = Math.max(...vectors.map(({ length }) => length));
  for (const { length } of vectors)
    if (length !== size && length !== 1)
      fail(`vectors of ${vectors.map((v) => v.length).join(" and ")} lanes do not go together`);
  return Array.from(
    { length: size },
    (_, i) => vectors.map((v) => v[v.length === 1 ? 0 : i]) as { [K in keyof T]: Lane },
  );
}

function checkAffine(op: AffineOp, inputs: number, fail: Fail): void {
  const { rows, columns, weights, weightFraction, bias, gather } = op;
  if (weights.length !== rows * columns)
    fail(`${weights.length} weights for ${rows} rows of ${columns} columns`);
  if (weightFraction.length !== rows)
    fail(`${weightFraction.length} weight fractions for ${rows} rows`);
  if (bias.length !== rows) fail(`${bias.length} biases for ${rows} rows`);
  for (const [row, value] of bias.entries())
    if (!Number.isSafeInteger(value))
      fail(`bias ${row}: expected an integer below 2^53, got ${value}`);
  for (const value of weights)
    if (!Number.isSafeInteger(value)) fail(`expected integer weights, got ${value}`);
  for (const value of weightFraction)
    if (!Number.isInteger(value)) fail(`expected whole weight fractions, got ${value}`);
  if (gather === null) {
    if (columns !== inputs) fail(`${columns} columns for ${inputs} lanes`);
    return;
  }
  if (columns === 0 || gather.length % columns !== 0)
    fail(`gather has ${gather.length} entries, no multiple of ${columns} columns`);
  for (const lane of gather)
    if (!Number.isInteger(lane) || lane < -1 || lane >= inputs)
      fail(`gather reads lane ${lane} of ${inputs}`);
}

/** Lanes that the columns of each position read, -1 for a zero: [positions][columns]. */
export function positionsOf({ columns, gather }: AffineOp): readonly ArrayLike<number>[] {
  if (gather === null) return [Array.from({ length: columns }, (_, i) => i)];
  return Array.from({ length: gather.length / columns }, (_, p) =>
    gather.subarray(p * columns, (p + 1) * columns),
  );
}

/** Finest fraction of the lanes that one position reads. */
export function finestOf(position: ArrayLike<number>, x: readonly Lane[]): number {
  return finestFraction(
    Array.from(position)
      .filter((lane) => lane >= 0)
      .map((lane) => x[lane]),
  );
}

function affineLanes(op: AffineOp, x: readonly Lane[], fail: Fail): readonly Lane[] {
  checkAffine(op, x.length, fail);
  const { rows, columns, weights, weightFraction, bias } = op;
  return positionsOf(op).flatMap((position) => {
    const finest = finestOf(position, x);
    return Array.from({ length: rows }, (_, row) => {
      // a lane may come in more than one column
      const perLane = new Map<number, number>();
      for (let column = 0; column < columns; column++) {
        const lane = position[column];
        const weight = weights[row * columns + column];
        if (lane >= 0 && weight !== 0) perLane.set(lane, (perLane.get(lane) ?? 0) + weight);
      }
      let [lo, hi, size] = [bias[row], bias[row], Math.abs(bias[row])];
      for (const [lane, weight] of perLane) {
        const scaled = weight * 2 ** (finest - x[lane].fraction);
        const [a, b] = [scaled * x[lane].lo, scaled * x[lane].hi];
        lo += Math.min(a, b);
        hi += Math.max(a, b);
        size += Math.max(Math.abs(a), Math.abs(b));
      }
      if (!(size <= Number.MAX_SAFE_INTEGER))
        fail(`row ${row}: its terms pass 2^53; cast the input to fewer bits`);
      return { fraction: finest + weightFraction[row], lo, hi };
    });
  });
}

function accumulatedLanes(op: AffineOp, x: readonly Lane[], fail: Fail): readonly Lane[] {
  checkAffine(op, x.length, fail);
  const { rows, columns, weights, accumulator } = op;
  invariant(accumulator, "an affine without accumulator");
  const lane = { fraction: fractionOf(accumulator), ...rangeOf(accumulator) };
  return positionsOf(op).flatMap((position) => {
    for (let i = 0; i < weights.length; i++) {
      const from = position[i % columns];
      if (from >= 0 && !(Math.abs(weights[i]) * sizeOf(x[from]) <= Number.MAX_SAFE_INTEGER))
        fail(`row ${Math.floor(i / columns)}: a product passes 2^53; cast the input to fewer bits`);
    }
    return Array.from({ length: rows }, () => lane);
  });
}

const sizeOf = ({ lo, hi }: Lane) => Math.max(Math.abs(lo), Math.abs(hi));

function quantizeLanes(op: QuantizeOp, x: readonly Lane[], fail: Fail): readonly Lane[] {
  if (op.formats.length !== 1 && op.formats.length !== x.length)
    fail(`${op.formats.length} formats for ${x.length} lanes`);
  return x.map((lane, i) => castLane(lane, op.formats[op.formats.length === 1 ? 0 : i]));
}

/** What a lane becomes by a cast. */
export function castLane(lane: Lane, format: FixedFormat): Lane {
  const fraction = fractionOf(format);
  const range = rangeOf(format);
  if (format.width === 0) return { fraction, lo: 0, hi: 0 };
  const { lo, hi } = roundInterval(lane, format);
  if (lo >= range.lo && hi <= range.hi) return { fraction, lo, hi };
  if (format.overflow === "SAT_ZERO") {
    // what is inside stays, the rest is 0
    const inside = { lo: Math.max(lo, range.lo), hi: Math.min(hi, range.hi) };
    if (inside.lo > inside.hi) return { fraction, lo: 0, hi: 0 };
    return { fraction, lo: Math.min(inside.lo, 0) + 0, hi: Math.max(inside.hi, 0) };
  }
  const overflow = createCast(fraction, format);
  const ends = { lo: overflow(lo), hi: overflow(hi) };
  if (format.overflow !== "WRAP") return { fraction, ...ends };
  // an interval that passes no seam stays one
  const isWhole = hi - lo < 2 ** format.width && ends.lo <= ends.hi;
  return { fraction, ...(isWhole ? ends : range) };
}

function binaryLanes(op: BinaryOp, look: Look, fail: Fail): readonly Lane[] {
  const [left, right] = [look(op.a), look(op.b)];
  return pairs([left, right], fail).map(([a, b]) => {
    if (op.op === "multiply") {
      const products = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
      // a square is never negative
      const hasZero = op.a === op.b && a.lo < 0 && a.hi > 0;
      const lo = op.a === op.b ? Math.min(products[0], products[3]) : Math.min(...products);
      return {
        fraction: a.fraction + b.fraction,
        lo: hasZero ? 0 : lo + 0,
        hi: Math.max(...products) + 0,
      };
    }
    const [s, t] = align([a, b], fail);
    const { fraction } = s;
    if (op.op === "add") return { fraction, lo: s.lo + t.lo, hi: s.hi + t.hi };
    if (op.op === "maximum")
      return { fraction, lo: Math.max(s.lo, t.lo), hi: Math.max(s.hi, t.hi) };
    if (op.a === op.b) return { fraction, lo: 0, hi: 0 };
    return { fraction, lo: s.lo - t.hi, hi: s.hi - t.lo };
  });
}

function selectLanes(op: SelectOp, look: Look, fail: Fail): readonly Lane[] {
  return pairs([look(op.condition), look(op.a), look(op.b)], fail).map(([, a, b]) => {
    const [s, t] = align([a, b], fail);
    return { fraction: s.fraction, lo: Math.min(s.lo, t.lo), hi: Math.max(s.hi, t.hi) };
  });
}

function moduloLanes(x: readonly Lane[], period: number, fail: Fail): readonly Lane[] {
  if (!Number.isSafeInteger(period) || period <= 0)
    fail(`expected an integer period above 0, got ${period}`);
  return x.map(({ fraction, lo, hi }, i) => {
    if (lo < -period || hi >= 2 * period)
      fail(`lane ${i} holds [${lo}, ${hi}], outside of [-${period}, ${2 * period})`);
    const turn = Math.floor(lo / period);
    if (turn !== Math.floor(hi / period)) return { fraction, lo: 0, hi: period - 1 };
    return { fraction, lo: lo - turn * period, hi: hi - turn * period };
  });
}

function tableLanes(op: TableOp, x: readonly Lane[], fail: Fail): readonly Lane[] {
  const last = op.first + op.values.length - 1;
  return x.map(({ lo, hi }, i) => {
    if (lo < op.first || hi > last)
      fail(`lane ${i} holds [${lo}, ${hi}], the table "${op.label}" [${op.first}, ${last}]`);
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let n = lo; n <= hi; n++) {
      const value = op.values[n - op.first];
      if (value < least) least = value;
      if (value > most) most = value;
    }
    return { fraction: op.fraction, lo: least, hi: most };
  });
}
