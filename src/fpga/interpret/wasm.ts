import { invariant } from "../../base/errors.ts";
import type { FixedProgram, Lane, Lanes } from "../program.ts";
import { countRows, refuseInput, type Values } from "./inputs.ts";
import { inferLanes } from "./lanes.ts";
import { interpret } from "./run.ts";
import { affineStep } from "./wasm-affine.ts";
import { fitsInt32, UnsupportedError, unsupported } from "./wasm-casts.ts";
import { Code, encodeModule } from "./wasm-encoder.ts";
import { createLayout, groupOps, type Slot, type Wire, wireOf } from "./wasm-layout.ts";
import { emitGroup } from "./wasm-ops.ts";

/** A program made ready to be evaluated many times. */
export interface Evaluator {
  /** "wasm": vector code made for the program; "plain": `interpret`, which gives the same. */
  readonly kind: "wasm" | "plain";
  /** Why it is "plain"; null for "wasm". */
  readonly reason: string | null;
  /**
   * Integers row-major [n, lanes] by input and output, as `interpret` takes and gives them.
   * @throws DataError for inputs outside of their lanes.
   */
  run(inputs: Values): Readonly<Record<string, Float64Array>>;
}

/** Samples in memory at a time, at most and in bytes of all columns: they stay in the cache. */
const [mostRows, cacheBytes] = [256, 2 ** 18];

/** Code in all: beyond, engines take seconds to compile, and browsers refuse to at once. */
const mostBytes = 2 ** 22;

/**
 * Makes WebAssembly for a program: 32-bit lanes, four samples to a vector, constants in place, zero
 * weights left out. Programs with a wire of more than 32 bits, or too large, stay with the plain
 * interpreter; results are the same to the bit.
 * @throws GraphError, ConfigError for programs that do not hold together (see `inferLanes`).
 */
export function createEvaluator(program: FixedProgram): Evaluator {
  const lanes = inferLanes(program);
  try {
    return createWasm(program, lanes);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    const run = (inputs: Values) => interpret(program, inputs).outputs;
    return { kind: "plain", reason: error.message, run };
  }
}

function createWasm(program: FixedProgram, lanes: Lanes): Evaluator {
  const columns = [...lanes.values()].reduce((sum, { length }) => sum + length, 0);
  const fitting = Math.floor(cacheBytes / (4 * columns) / affineStep) * affineStep;
  const blockRows = Math.max(2 * affineStep, Math.min(mostRows, fitting));
  const { memory, wires, runBlock } = compile(program, lanes, blockRows);
  const words = new Int32Array(memory.buffer);
  const run = (values: Values) => {
    const n = countRows(program, values);
    const outputs = program.outputs.map(({ name, from }) => {
      const { slots } = wireOf(wires, from);
      return { name, slots, data: new Float64Array(n * slots.length) };
    });
    for (let start = 0; start < n; start += blockRows) {
      const rows = Math.min(blockRows, n - start);
      const padded = Math.ceil(rows / affineStep) * affineStep;
      for (const input of program.inputs) {
        const { slots } = wireOf(wires, input.name);
        const data = values[input.name];
        const isGood =
          data instanceof Int32Array
            ? loadIntegers(data, start, rows, slots, input.lanes, words)
            : loadFloats(data, start, rows, slots, input.lanes, words);
        if (!isGood) refuseInput(program.name, input, data, start);
        for (const [i, slot] of slots.entries()) // tables need numbers they have
          words.fill(input.lanes[i].lo, slot / 4 + rows, slot / 4 + padded);
      }
      runBlock(4 * padded);
      for (const { slots, data } of outputs) store(words, slots, rows, data, start);
    }
    return Object.fromEntries(outputs.map(({ name, data }) => [name, data]));
  };
  return { kind: "wasm", reason: null, run };
}

/** The module, its memory and where the wires are in it. */
function compile(program: FixedProgram, lanes: Lanes, blockRows: number) {
  const layout = createLayout(blockRows);
  const wires = new Map<string, Wire>();
  for (const { name, lanes: given } of program.inputs) {
    if (!given.every(fitsInt32)) unsupported(`input "${name}" has more than 32 bits`);
    wires.set(name, { lanes: given, slots: given.map(() => layout.slot()) });
  }
  const functions: Code[] = [];
  let size = 0;
  for (const group of groupOps(program))
    for (const code of emitGroup(group, lanes, wires, layout)) {
      functions.push(code);
      size += code.size;
      if (size > mostBytes) unsupported(`more than ${mostBytes} bytes of code`);
    }
  const all = new Code();
  for (const index of functions.keys()) all.get(0).call(index);
  const pages = Math.ceil((layout.bytes() + 64) / 65536);
  if (pages > 4096) unsupported(`memory of ${pages * 65536} bytes`);
  const bytes = encodeModule([...functions, all], pages);
  if (!hasVectors(bytes)) unsupported("no WebAssembly with vectors here");
  const memory = new WebAssembly.Memory({ initial: pages });
  layout.fill(new Int32Array(memory.buffer));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return { memory, wires, runBlock: exports.run as (endBytes: number) => void };
}

/** Every module here has vectors, so a refusal of a valid one means that they are missing. */
function hasVectors(bytes: Uint8Array<ArrayBuffer>): boolean {
  if (typeof WebAssembly === "undefined") return false;
  if (WebAssembly.validate(bytes)) return true;
  const probe = new Code();
  probe.zero().set(probe.vector());
  invariant(!WebAssembly.validate(encodeModule([probe], 1)), "made an invalid module");
  return false;
}

/** False where a value is outside of its lane. */
function loadIntegers(
  data: Int32Array,
  start: number,
  rows: number,
  slots: readonly Slot[],
  lanes: readonly Lane[],
  words: Int32Array,
): boolean {
  for (let i = 0; i < slots.length; i++) {
    const { lo, hi } = lanes[i];
    const to = slots[i] / 4;
    for (let row = 0, at = start * slots.length + i; row < rows; row++, at += slots.length) {
      const value = data[at];
      if (value < lo || value > hi) return false;
      words[to + row] = value;
    }
  }
  return true;
}

/** The same for floats, apart so that each loop sees one kind of array. */
function loadFloats(
  data: Float64Array,
  start: number,
  rows: number,
  slots: readonly Slot[],
  lanes: readonly Lane[],
  words: Int32Array,
): boolean {
  for (let i = 0; i < slots.length; i++) {
    const { lo, hi } = lanes[i];
    const to = slots[i] / 4;
    for (let row = 0, at = start * slots.length + i; row < rows; row++, at += slots.length) {
      const value = data[at];
      const whole = value | 0;
      if (whole !== value || whole < lo || whole > hi) return false;
      words[to + row] = whole;
    }
  }
  return true;
}

function store(
  words: Int32Array,
  slots: readonly Slot[],
  rows: number,
  data: Float64Array,
  start: number,
): void {
  for (let i = 0; i < slots.length; i++) {
    const from = slots[i] / 4;
    for (let row = 0, at = start * slots.length + i; row < rows; row++, at += slots.length)
      data[at] = words[from + row];
  }
}
