/**
 * WebAssembly as bytes: as much of the binary format as the evaluator needs, functions (i32) -> ()
 * over one imported memory.
 * @see https://webassembly.github.io/spec/core/binary/index.html
 */

/** Vector instructions i32x4 that take what is on the stack; opcodes after the prefix 0xfd. */
const vectorOps = {
  ne: 56,
  ltS: 57,
  gtS: 59,
  and: 78,
  or: 80,
  bitselect: 82,
  add: 174,
  sub: 177,
  mul: 181,
  minS: 182,
  maxS: 184,
  dot: 186,
} as const;
export type VectorOp = keyof typeof vectorOps;
const shifts = { shl: 171, shrS: 172, shrU: 173 } as const;
const scalarOps = { add: 0x6a, shl: 0x74 } as const;

/** Body of a function with one parameter, local 0. */
export class Code {
  readonly #bytes: number[] = [];
  #vectors = 0;

  /** A new v128 local; local 1 is the counter of `loop`. */
  vector(): number {
    return 2 + this.#vectors++;
  }

  get(local: number): this {
    return this.#put(0x20).#unsigned(local);
  }

  set(local: number): this {
    return this.#put(0x21).#unsigned(local);
  }

  tee(local: number): this {
    return this.#put(0x22).#unsigned(local);
  }

  op(name: VectorOp): this {
    return this.#simd(vectorOps[name]);
  }

  shift(kind: keyof typeof shifts, by: number): this {
    return this.constant(by).#simd(shifts[kind]);
  }

  zero(): this {
    this.#simd(12);
    for (let i = 0; i < 16; i++) this.#put(0);
    return this;
  }

  /** v128 at counter + address. */
  load(address: number): this {
    return this.get(1).#simd(0).#memory(4, address);
  }

  /** The word at an address four times. */
  splat(address: number): this {
    return this.constant(0).#simd(9).#memory(2, address);
  }

  /** Keeps what `value` puts on the stack at counter + address. */
  store(address: number, value: () => void): this {
    this.get(1);
    value();
    return this.#simd(11).#memory(4, address);
  }

  /** Pushes or, from 2^31, wraps an i32. */
  constant(value: number): this {
    let rest = value | 0;
    this.#put(0x41);
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
      this.#put(isLast ? low : low | 0x80);
      if (isLast) return this;
    }
  }

  scalar(op: keyof typeof scalarOps): this {
    return this.#put(scalarOps[op]);
  }

  /** i32 at the address on the stack plus `address`. */
  loadScalar(address: number): this {
    return this.#put(0x28).#memory(2, address);
  }

  storeScalar(address: number): this {
    return this.#put(0x36).#memory(2, address);
  }

  call(index: number): this {
    return this.#put(0x10).#unsigned(index);
  }

  /** Repeats for counter = 0, step, ... below the parameter, at least once. */
  loop(step: number, body: () => void): this {
    this.constant(0).set(1).#put(0x03).#put(0x40);
    body();
    this.get(1).constant(step).scalar("add").tee(1).get(0);
    return this.#put(0x49).#put(0x0d).#put(0).#put(0x0b);
  }

  /** Bytes so far. */
  get size(): number {
    return this.#bytes.length;
  }

  /** With locals and length, as the code section has it. */
  finish(): number[] {
    const locals = [2, ...unsigned(1), 0x7f, ...unsigned(this.#vectors), 0x7b];
    const size = unsigned(locals.length + this.#bytes.length + 1);
    return size.concat(locals, this.#bytes, 0x0b);
  }

  #put(byte: number): this {
    this.#bytes.push(byte);
    return this;
  }

  #unsigned(value: number): this {
    for (const byte of unsigned(value)) this.#bytes.push(byte);
    return this;
  }

  #simd(opcode: number): this {
    return this.#put(0xfd).#unsigned(opcode);
  }

  #memory(align: number, offset: number): this {
    return this.#unsigned(align).#unsigned(offset);
  }
}

/** LEB128 of an integer from 0 to 2^32 - 1. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/**
 * A module of functions (i32) -> () over the memory "env.memory" of at least `pages` times 64 KiB;
 * the last function is exported as "run".
 */
export function encodeModule(functions: readonly Code[], pages: number): Uint8Array<ArrayBuffer> {
  const name = (text: string) =>
    [text.length, ...text].map((c) => (typeof c === "string" ? c.charCodeAt(0) : c));
  const count = functions.length;
  const bytes = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const section = (id: number, ...parts: readonly (readonly number[])[]) => {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    bytes.push(id, ...unsigned(size));
    for (const part of parts) for (const byte of part) bytes.push(byte);
  };
  section(1, [1, 0x60, 1, 0x7f, 0]);
  section(2, [1], name("env"), name("memory"), [2, 0], unsigned(pages));
  section(3, unsigned(count), new Array<number>(count).fill(0));
  section(7, [1], name("run"), [0], unsigned(count - 1));
  section(10, unsigned(count), ...functions.map((code) => code.finish()));
  return Uint8Array.from(bytes);
}
