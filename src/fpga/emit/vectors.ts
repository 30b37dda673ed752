import { ShapeError } from "../../base/errors.ts";
import type { Pipeline } from "../netlist.ts";
import type { Bus, Ports } from "./buses.ts";

/** Integers of one vector of wires for n inferences, [n, lanes], by name of the bus. */
export type VectorData = Readonly<Record<string, ArrayLike<number>>>;

/** Test vectors of a design, as the integers on its ports. */
export interface TestVectors {
  readonly inputs: VectorData;
  readonly outputs: VectorData;
}

/** Names of the files a testbench reads. */
export const vectorFiles = { inputs: "vectors-in.hex", outputs: "vectors-out.hex" } as const;

/** What both testbenches are made from. */
export interface Bench {
  readonly top: string;
  readonly ports: Ports;
  readonly pipeline: Pipeline;
  readonly n: number;
}

/**
 * Vectors as text for $readmemh: one word per line, the first bus in the lowest bits, each lane in
 * two's complement at its place.
 * @throws ShapeError where a bus has no data, or another number of lanes or inferences.
 */
export function packVectors(buses: readonly Bus[], data: VectorData): { text: string; n: number } {
  const lengths = buses.map(({ name, fields }) => {
    const values = data[name];
    if (values === undefined || values.length % fields.length !== 0)
      throw new ShapeError(
        `testbench: "${name}" needs [n, ${fields.length}] integers, got ${values === undefined ? "none" : values.length}`,
      );
    return values.length / fields.length;
  });
  const n = lengths[0];
  if (lengths.some((length) => length !== n))
    throw new ShapeError(`testbench: vectors differ in length: ${lengths.join(", ")}`);
  const digits = Math.ceil(buses.reduce((sum, { width }) => sum + width, 0) / 4);
  const lines = new Array<string>(n);
  for (let row = 0; row < n; row++) {
    let word = 0n;
    let base = 0;
    for (const { name, width, fields } of buses) {
      const values = data[name];
      for (const [lane, field] of fields.entries()) {
        const value = BigInt(values[row * fields.length + lane]);
        word |= BigInt.asUintN(field.width, value) << BigInt(base + field.low);
      }
      base += width;
    }
    lines[row] = word.toString(16).padStart(digits, "0");
  }
  return { text: `${lines.join("\n")}\n`, n };
}
