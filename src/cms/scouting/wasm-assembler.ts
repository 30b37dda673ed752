/**
 * A small assembler of WebAssembly: functions below give the bytes of an instruction or of an
 * expression, `createModule` puts them together. Only what the decoders need: 32-bit integers.
 * Source: WebAssembly Core Specification 2.0, section 5 (binary format).
 */
export type Code = readonly number[];

/** Unsigned and signed LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; ) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

const operator =
  (opcode: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), opcode];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: operator(0x6a),
  sub: operator(0x6b),
  mul: operator(0x6c),
  and: operator(0x71),
  or: operator(0x72),
  shl: operator(0x74),
  shrS: operator(0x75),
  shrU: operator(0x76),
  eqz: operator(0x45),
  eq: operator(0x46),
  ne: operator(0x47),
  ltS: operator(0x48),
  gtS: operator(0x4a),
  leS: operator(0x4c),
  geS: operator(0x4e),
} as const;

const memory = (opcode: number, offset: number): Code => [opcode, 0, ...unsigned(offset)];
/** The word at address + offset. */
export const load = (address: Code, offset = 0): Code => [...address, ...memory(0x28, offset)];
/** Stores the low `bytes` bytes of a value at address + offset. */
export const store = (bytes: number, address: Code, offset: number, value: Code): Code => [
  ...address,
  ...value,
  ...memory(bytes === 1 ? 0x3a : bytes === 2 ? 0x3b : 0x36, offset),
];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const increase = (local: number, by: number): Code =>
  set(local, i32.add(get(local), i32.const(by)));
export const returns = (value: Code): Code => [...value, 0x0f];
export const when = (condition: Code, yes: Code, no: Code = []): Code => [
  ...condition,
  ...[0x04, 0x40],
  ...yes,
  ...(no.length > 0 ? [0x05, ...no] : []),
  0x0b,
];
/** Repeats the body while the condition holds. */
export const loopWhile = (condition: Code, body: Code): Code => [
  ...[0x02, 0x40, 0x03, 0x40],
  ...i32.eqz(condition),
  ...[0x0d, 1],
  ...body,
  ...[0x0c, 0, 0x0b, 0x0b],
];

/** The bits of a word at `shift`, as a number of that many bits. */
export function bitField(word: Code, shift: number, bits: number, isSigned = false): Code {
  if (isSigned) {
    const raised = i32.shl(word, i32.const(32 - shift - bits));
    return i32.shrS(shift + bits === 32 ? word : raised, i32.const(32 - bits));
  }
  const lowered = shift === 0 ? word : i32.shrU(word, i32.const(shift));
  return shift + bits === 32 ? lowered : i32.and(lowered, i32.const(2 ** bits - 1));
}

const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
const text = (name: string): Code => [name.length, ...Array.from(name, (c) => c.charCodeAt(0))];

/**
 * A module with one function `run` of i32 parameters and result that works on the memory it
 * imports as `env.memory`. The first locals are the parameters.
 */
export function createModule(parameters: number, locals: number, body: Code): WebAssembly.Module {
  const i32Type = 0x7f;
  const types = new Array<number>(parameters).fill(i32Type);
  const code = [1, ...unsigned(locals), i32Type, ...body, 0x0b];
  const bytes = [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, parameters, ...types, 1, i32Type]),
    ...section(2, [1, ...text("env"), ...text("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("run"), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ];
  return new WebAssembly.Module(Uint8Array.from(bytes));
}
