import { type Code, get, i32 } from "../scouting/wasm-assembler.ts";

/**
 * What the menu's kernels need of WebAssembly beside the assembler of the decoders: vectors of four
 * words, floats, half words, and functions on a shared memory.
 * Source: WebAssembly Core Specification 2.0, section 5 (binary format).
 */

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

const operator =
  (...opcode: number[]) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), ...opcode];
const vectorOperator = (opcode: number) => operator(0xfd, ...unsigned(opcode));
const fromMemory =
  (...opcode: number[]) =>
  (address: Code, offset = 0): Code => [...address, ...opcode, 0, ...unsigned(offset)];

export const v128 = {
  load: fromMemory(0xfd, 0),
  store: (address: Code, offset: number, value: Code): Code => [
    ...address,
    ...value,
    ...[0xfd, 11, 0],
    ...unsigned(offset),
  ],
  zero: [0xfd, 12, ...new Array<number>(16).fill(0)] as Code,
  splat: vectorOperator(17),
  and: vectorOperator(78),
  or: vectorOperator(80),
  xor: vectorOperator(81),
  anyTrue: vectorOperator(83),
  shl: vectorOperator(171),
  shrU: vectorOperator(173),
} as const;

export const f64 = {
  load: fromMemory(0x2b),
  store: (address: Code, offset: number, value: Code): Code => [
    ...address,
    ...value,
    ...[0x39, 0],
    ...unsigned(offset),
  ],
  sub: operator(0xa1),
  mul: operator(0xa2),
  ge: operator(0x66),
  le: operator(0x65),
  fromI32: operator(0xb7),
} as const;

/** The half word at address + offset, unsigned. */
export const load16 = fromMemory(0x2f);
export const xor = operator(0x73);
/** Number of trailing zero bits. */
export const trailingZeros = operator(0x68);
/** `yes` where the condition holds, else `no`; both are computed. */
export const select = (yes: Code, no: Code, condition: Code) => operator(0x1b)(yes, no, condition);
export const not = (value: Code) => xor(value, i32.const(-1));
/** |a - b| of two locals' difference in a third: keep = a - b; keep < 0 ? -keep : keep. */
export const absolute = (local: number): Code =>
  select(i32.sub(i32.const(0), get(local)), get(local), i32.ltS(get(local), i32.const(0)));

const types = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;

export interface KernelOptions {
  readonly parameters: number;
  /** Locals behind the parameters, in this order. */
  readonly locals: Readonly<Partial<Record<keyof typeof types, number>>>;
  readonly body: Code;
}

const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
const text = (name: string): Code => [name.length, ...Array.from(name, (c) => c.charCodeAt(0))];
const signature = (parameters: number): Code => [
  ...[0x60, parameters],
  ...new Array<number>(parameters).fill(types.i32),
  ...[1, types.i32],
];

/** A function of integers with an integer result that works on the memory. */
export function createKernel(
  memory: WebAssembly.Memory,
  { parameters, locals, body }: KernelOptions,
): (...values: number[]) => number {
  const groups = (["i32", "f64", "v128"] as const).flatMap((type) =>
    (locals[type] ?? 0) > 0 ? [[...unsigned(locals[type] as number), types[type]]] : [],
  );
  const code = [groups.length, ...groups.flat(), ...body, 0x0b];
  const bytes = [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, ...signature(parameters)]),
    ...section(2, [1, ...text("env"), ...text("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("run"), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ];
  const module = new WebAssembly.Module(Uint8Array.from(bytes));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return exports.run as (...values: number[]) => number;
}
