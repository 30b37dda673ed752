import type { FixedOp, Lane, Lanes } from "../program.ts";
import { finestFraction } from "./lanes.ts";
import { type EmitTail, emitAffine } from "./wasm-affine.ts";
import { emitCast, fitsInt32, unsupported } from "./wasm-casts.ts";
import { Code } from "./wasm-encoder.ts";
import {
  type Group,
  type Layout,
  type Slot,
  type TailOp,
  type Wire,
  wireOf,
} from "./wasm-layout.ts";

/** Lanes that one function works on. */
const lanesAtOnce = 8;

/** Code of a group of operations; sets where the lanes of its result are. */
export function emitGroup(
  { head, tail }: Group,
  lanes: Lanes,
  wires: Map<string, Wire>,
  layout: Layout,
): Code[] {
  const output = tail.at(-1)?.output ?? head.output;
  const made = lanes.get(output) ?? [];
  const read = (name: string) => wireOf(wires, name);
  const place = (slots: readonly Slot[]) => {
    wires.set(output, { lanes: made, slots });
    return slots;
  };
  switch (head.op) {
    case "rescale":
      place(read(head.input).slots);
      return [];
    case "pick":
      place(head.lanes.map(([input, lane]) => read(head.inputs[input]).slots[lane]));
      return [];
    case "constant":
      if (!made.every(fitsInt32)) unsupported("a constant of more than 32 bits");
      place(head.values.map((value) => layout.constant(value)));
      return [];
  }
  if (!made.every(fitsInt32)) unsupported(`layer "${head.layer}" gives more than 32 bits`);
  const slots = place(made.map(() => layout.slot()));
  const emitTail: EmitTail = (code, i, lane) => emitSteps(code, i, lane, tail, layout);
  switch (head.op) {
    case "affine":
      return emitAffine(head, read(head.input), { slots }, layout, emitTail);
    case "table":
      return emitTable(head, read(head.input), slots, layout);
    case "max":
    case "argmax":
      return emitReduce(head.op, read(head.input), slots[0], layout);
    default:
      return emitEach(slots, (code, i) => emitTail(code, i, emitLane(code, head, i, read, layout)));
  }
}

function emitEach(slots: readonly Slot[], value: (code: Code, lane: number) => void): Code[] {
  const functions: Code[] = [];
  for (let from = 0; from < slots.length; from += lanesAtOnce) {
    const code = new Code();
    functions.push(
      code.loop(16, () => {
        for (let i = from; i < Math.min(from + lanesAtOnce, slots.length); i++)
          code.store(slots[i], () => value(code, i));
      }),
    );
  }
  return functions;
}

/** Operations on the vector on the stack, of integers within `start`; says what they leave. */
function emitSteps(
  code: Code,
  i: number,
  start: Lane,
  ops: readonly TailOp[],
  { pool }: Layout,
): Lane {
  let lane = start;
  for (const op of ops) {
    if (!fitsInt32(lane)) unsupported(`layer "${op.layer}" takes [${lane.lo}, ${lane.hi}]`);
    if (op.op === "rescale") lane = { ...lane, fraction: lane.fraction + op.by[i] };
    else if (op.op === "quantize")
      lane = emitCast(code, lane, op.formats[op.formats.length === 1 ? 0 : i], pool);
    else if (op.op === "relu") lane = emitClamp(code, lane, 0, lane.hi, pool);
    else lane = emitClamp(code, lane, op.lo, op.hi, pool);
  }
  return lane;
}

function emitClamp(code: Code, lane: Lane, lo: number, hi: number, pool: Layout["pool"]): Lane {
  const clamp = (n: number) => Math.min(Math.max(n, lo), Math.max(lo, hi));
  const made = { ...lane, lo: clamp(lane.lo), hi: clamp(lane.hi) };
  if (lane.lo < lo) (lo === 0 ? code.zero() : code.splat(pool(made.lo))).op("maxS");
  if (lane.hi > hi && hi >= lo) code.splat(pool(made.hi)).op("minS");
  return made;
}

/** Puts what the first operation of a group gives for a lane on the stack. */
function emitLane(
  code: Code,
  op: FixedOp,
  i: number,
  read: (name: string) => Wire,
  layout: Layout,
): Lane {
  const { pool } = layout;
  const at = (name: string) => {
    const { lanes, slots } = read(name);
    const k = lanes.length === 1 ? 0 : i;
    return { lane: lanes[k], slot: slots[k] };
  };
  switch (op.op) {
    case "relu":
    case "clamp":
    case "quantize": {
      const { lane, slot } = at(op.input);
      code.load(slot);
      return emitSteps(code, i, lane, [op], layout);
    }
    case "modulo": {
      const { lane, slot } = at(op.input);
      const { period } = op;
      const n = code.vector();
      if (period > 2 ** 30) unsupported(`a period of ${period}`);
      code.load(slot).set(n).get(n);
      if (lane.lo < 0) code.get(n).shift("shrS", 31).splat(pool(period)).op("and").op("add");
      if (lane.hi >= period)
        code
          .get(n)
          .splat(pool(period - 1))
          .op("gtS")
          .splat(pool(period))
          .op("and")
          .op("sub");
      return { ...lane, lo: 0, hi: period - 1 };
    }
    case "multiply": {
      const [a, b] = [at(op.a), at(op.b)];
      code.load(a.slot).load(b.slot).op("mul");
      const ends = [a.lane.lo, a.lane.hi].flatMap((s) => [s * b.lane.lo, s * b.lane.hi]);
      const lo = op.a === op.b ? Math.max(0, Math.min(...ends)) : Math.min(...ends);
      return { fraction: a.lane.fraction + b.lane.fraction, lo, hi: Math.max(...ends) };
    }
    case "add":
    case "sub":
    case "maximum":
    case "less":
      return emitAligned(code, op.op, at(op.a), at(op.b));
    case "select": {
      const [a, b, condition] = [at(op.a), at(op.b), at(op.condition)];
      const fraction = Math.max(a.lane.fraction, b.lane.fraction);
      const [s, t] = [a, b].map((side) => emitOperand(code, side, fraction, true));
      code.load(condition.slot).zero().op("ne").op("bitselect");
      return { fraction, lo: Math.min(s.lo, t.lo), hi: Math.max(s.hi, t.hi) };
    }
    default:
      return unsupported(`operation ${op.op}`);
  }
}

interface Operand {
  readonly lane: Lane;
  readonly slot: Slot;
}

/** An operand at a fraction; `isCompared` ones may not lose their upper bits. */
function emitOperand(
  code: Code,
  { lane, slot }: Operand,
  fraction: number,
  isCompared: boolean,
): Lane {
  const shift = fraction - lane.fraction;
  const made = { fraction, lo: lane.lo * 2 ** shift, hi: lane.hi * 2 ** shift };
  if (!fitsInt32(made) && (isCompared || shift > 31))
    unsupported(`an operand of [${made.lo}, ${made.hi}]`);
  code.load(slot);
  if (shift > 0) code.shift("shl", Math.min(shift, 31)); // beyond 31 there are only zeros
  return made;
}

function emitAligned(
  code: Code,
  kind: "add" | "sub" | "maximum" | "less",
  a: Operand,
  b: Operand,
): Lane {
  const fraction = Math.max(a.lane.fraction, b.lane.fraction);
  const isCompared = kind === "maximum" || kind === "less";
  const [s, t] = [a, b].map((side) => emitOperand(code, side, fraction, isCompared));
  switch (kind) {
    case "add":
      code.op("add");
      return { fraction, lo: s.lo + t.lo, hi: s.hi + t.hi };
    case "sub":
      code.op("sub");
      return { fraction, lo: s.lo - t.hi, hi: s.hi - t.lo };
    case "maximum":
      code.op("maxS");
      return { fraction, lo: Math.max(s.lo, t.lo), hi: Math.max(s.hi, t.hi) };
    case "less":
      code.op("ltS").shift("shrU", 31);
      return { fraction: 0, lo: 0, hi: 1 };
  }
}

/** One sample after the other: there is no load from four addresses. */
function emitTable(
  { first, values }: Extract<FixedOp, { op: "table" }>,
  { slots: from }: Wire,
  slots: readonly Slot[],
  layout: Layout,
): Code[] {
  const start = layout.table(values) - 4 * first;
  const functions: Code[] = [];
  for (let i = 0; i < slots.length; i += lanesAtOnce) {
    const code = new Code();
    functions.push(
      code.loop(4, () => {
        for (let k = i; k < Math.min(i + lanesAtOnce, slots.length); k++) {
          code.get(1).get(1).loadScalar(from[k]).constant(2).scalar("shl");
          code.constant(start).scalar("add").loadScalar(0).storeScalar(slots[k]);
        }
      }),
    );
  }
  return functions;
}

function emitReduce(kind: "max" | "argmax", x: Wire, slot: Slot, { pool }: Layout): Code[] {
  const fraction = finestFraction(x.lanes);
  const code = new Code();
  const [best, index, value, isNew] = [code.vector(), code.vector(), code.vector(), code.vector()];
  const read = (i: number) =>
    emitOperand(code, { lane: x.lanes[i], slot: x.slots[i] }, fraction, true);
  return [
    code.loop(16, () => {
      read(0);
      code.set(best).zero().set(index);
      for (let i = 1; i < x.lanes.length; i++) {
        if (kind === "max") {
          code.get(best);
          read(i);
          code.op("maxS").set(best);
          continue;
        }
        read(i);
        code.tee(value).get(best).op("gtS").set(isNew);
        code.splat(pool(i)).get(index).get(isNew).op("bitselect").set(index);
        code.get(value).get(best).op("maxS").set(best);
      }
      code.store(slot, () => code.get(kind === "max" ? best : index));
    }),
  ];
}
