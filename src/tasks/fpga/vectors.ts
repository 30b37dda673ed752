import { createRng } from "../../base/rng.ts";
import { type FixedProgram, interpret, programInputs } from "../../fpga/index.ts";
import { type PortRows, takeRows } from "./ports.ts";

/** Integers on the ports of a program and what must come out, [n, lanes] by name. */
export interface Vectors {
  readonly inputs: Readonly<Record<string, Float64Array>>;
  readonly outputs: Readonly<Record<string, Float64Array>>;
}

/**
 * Test vectors: a half of real rows, the others random within what the ports can hold, every eighth
 * of them with each lane at one of its limits. The interpreter says what must come out.
 */
export function testVectors(
  program: FixedProgram,
  real: PortRows,
  { vectors, seed }: { readonly vectors: number; readonly seed: number },
): Vectors {
  const rng = createRng(seed).split("vectors");
  const count = Math.min(real.rows, Math.floor(vectors / 2));
  const rows = Uint32Array.from({ length: count }, () => rng.integer(real.rows));
  const taken = programInputs(program, takeRows(real, rows, real.rows).ports);
  const inputs = Object.fromEntries(
    program.inputs.map(({ name, lanes }) => {
      const values = new Float64Array(vectors * lanes.length);
      values.set(taken[name].subarray(0, count * lanes.length));
      for (let i = count; i < vectors; i++)
        lanes.forEach(({ lo, hi }, j) => {
          const isCorner = i % 8 === 0;
          values[i * lanes.length + j] = isCorner
            ? rng.uniform() < 0.5
              ? lo
              : hi
            : lo + Math.floor(rng.uniform() * (hi - lo + 1));
        });
      return [name, values];
    }),
  );
  return { inputs, outputs: interpret(program, inputs).outputs };
}
