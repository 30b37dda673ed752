import { invariant } from "../../base/errors.ts";
import type { FixedOp, FixedProgram, Lane } from "../program.ts";
import type { Pool } from "./wasm-casts.ts";

/** Operations that work on each lane by itself and can follow another in one go. */
export type TailOp = Extract<FixedOp, { op: "quantize" | "relu" | "clamp" | "rescale" }>;

const isTail = (op: FixedOp): op is TailOp =>
  op.op === "quantize" || op.op === "relu" || op.op === "clamp" || op.op === "rescale";

const inputsOf = (op: FixedOp): readonly string[] => {
  if ("input" in op) return [op.input];
  if ("inputs" in op) return op.inputs;
  if ("condition" in op) return [op.condition, op.a, op.b];
  return "a" in op ? [op.a, op.b] : [];
};

/** An operation and the ones that follow it without their vectors ever being kept. */
export interface Group {
  readonly head: FixedOp;
  readonly tail: readonly TailOp[];
}

/** Joins operations with the only reader of their result, where that works lane by lane. */
export function groupOps({ ops, outputs }: FixedProgram): readonly Group[] {
  const readers = new Map<string, FixedOp[]>();
  for (const op of ops)
    for (const name of inputsOf(op)) readers.set(name, [...(readers.get(name) ?? []), op]);
  const isOutput = new Set(outputs.map(({ from }) => from));
  const taken = new Set<FixedOp>();
  const groups: Group[] = [];
  for (const head of ops) {
    if (taken.has(head)) continue;
    const tail: TailOp[] = [];
    for (let at: FixedOp = head; canLead(head) && !isOutput.has(at.output); ) {
      const next = readers.get(at.output) ?? [];
      if (next.length !== 1 || !isTail(next[0])) break;
      at = next[0];
      tail.push(at);
      taken.add(at);
    }
    groups.push({ head, tail });
  }
  return groups;
}

/** These only rename lanes, or make one number out of many. */
const canLead = ({ op }: FixedOp) =>
  !["rescale", "pick", "constant", "table", "max", "argmax"].includes(op);

/** A lane in memory: where its samples start, 4 bytes each. */
export type Slot = number;

/**
 * Memory of the evaluator: words that stay, tables, then a column of samples for each lane, some
 * bytes apart so that columns do not fall on the same lines of the cache.
 */
export interface Layout {
  readonly pool: Pool;
  readonly table: (values: Int32Array) => number;
  readonly slot: () => Slot;
  /** A column of one number. */
  readonly constant: (value: number) => Slot;
  /** Two columns in halves of 16 bits, to be filled before they are read; made once. */
  readonly packed: (low: Slot, high: Slot) => { readonly slot: Slot; readonly isNew: boolean };
  readonly bytes: () => number;
  readonly fill: (memory: Int32Array) => void;
}

export function createLayout(blockRows: number): Layout {
  const columnBytes = 4 * blockRows + 64;
  const writes: { readonly at: number; readonly values: Int32Array }[] = [];
  const words = new Map<number, number>();
  const tables = new Map<Int32Array, number>();
  const constants = new Map<number, Slot>();
  const pairs = new Map<string, Slot>();
  let end = 0;
  const take = (bytes: number) => {
    const at = end;
    end += Math.ceil(bytes / 16) * 16;
    return at;
  };
  const write = (at: number, values: Int32Array) => {
    writes.push({ at, values });
    return at;
  };
  /** Words come in lines of 64 bytes. */
  let line = { at: 0, used: 16 };
  return {
    pool(value) {
      const known = words.get(value | 0);
      if (known !== undefined) return known;
      if (line.used === 16) line = { at: take(64), used: 0 };
      const at = write(line.at + 4 * line.used++, Int32Array.of(value));
      words.set(value | 0, at);
      return at;
    },
    table(values) {
      const at = tables.get(values) ?? write(take(4 * values.length), values);
      tables.set(values, at);
      return at;
    },
    slot: () => take(columnBytes),
    constant(value) {
      const known = constants.get(value);
      if (known !== undefined) return known;
      const at = write(take(columnBytes), new Int32Array(blockRows).fill(value));
      constants.set(value, at);
      return at;
    },
    packed(low, high) {
      const key = `${low} ${high}`;
      const known = pairs.get(key);
      if (known !== undefined) return { slot: known, isNew: false };
      const slot = take(columnBytes);
      pairs.set(key, slot);
      return { slot, isNew: true };
    },
    bytes: () => end,
    fill(memory) {
      for (const { at, values } of writes) memory.set(values, at / 4);
    },
  };
}

/** What is known of a vector while code is made: its lanes and where they are. */
export interface Wire {
  readonly lanes: readonly Lane[];
  readonly slots: readonly Slot[];
}

export function wireOf(wires: ReadonlyMap<string, Wire>, name: string): Wire {
  const wire = wires.get(name);
  invariant(wire, `no wire "${name}"`);
  return wire;
}
