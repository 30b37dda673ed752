import { FormatError } from "../../base/errors.ts";
import { type FixedProgram, inferLanes } from "../../fpga/index.ts";

/** True for text of JSON rather than an ONNX file. */
export function isProgramText(bytes: Uint8Array): boolean {
  const start = bytes.findIndex((byte) => byte > 0x20);
  return start >= 0 && bytes[start] === 0x7b; // {
}

/**
 * The integer program in the `program.json` of a design.
 * @throws FormatError where it is none; GraphError, ConfigError where it does not hold together.
 */
export function readProgram(bytes: Uint8Array, where: string): FixedProgram {
  const program = parsed(bytes, where) as Partial<FixedProgram> | null;
  const { inputs, ops, outputs } = program ?? {};
  if (![inputs, ops, outputs].every(Array.isArray))
    throw new FormatError(
      `${where}: no program of 'forty fpga': inputs, ops and outputs are missing; give its folder or program.json`,
    );
  const restored = { strategies: {}, ...program, ops: ops?.map(withArrays) } as FixedProgram;
  inferLanes(restored);
  return restored;
}

function parsed(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FormatError(`${where}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** Lists of integers as the arrays they were. */
function withArrays(op: FixedProgram["ops"][number]): FixedProgram["ops"][number] {
  if (op.op === "affine")
    return {
      ...op,
      weights: Int32Array.from(op.weights),
      gather: op.gather && Int32Array.from(op.gather),
    };
  return op.op === "table" ? { ...op, values: Int32Array.from(op.values) } : op;
}
