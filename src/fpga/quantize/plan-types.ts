import type { FixedFormat, Rounding } from "../format.ts";
import type { Lane } from "../program.ts";
import type { Spreads } from "./expand-polynomial.ts";

/** How products see a whole number that comes in: cast((n - offset) · 2^-shift). */
export interface InputScaling {
  readonly offset: number;
  readonly shift: number;
  /** Null: all bits are kept. */
  readonly format: FixedFormat | null;
}

/** A function by table: what addresses it and what it gives. */
export interface TablePlan {
  /** The address is -x: arguments of exp that are never positive. */
  readonly isNegated: boolean;
  readonly address: FixedFormat;
  readonly result: FixedFormat;
}

/**
 * Every choice between a trained network and its fixed-point program, as plain data. Vectors have
 * the names of the network after `prepare`. A lane's number of the network is unit · its fixed-point
 * value: units are hardware units where those pass through, else powers of two that let all lanes
 * of a vector share one format.
 */
export interface QuantizationPlan {
  /** Of the inputs on the sample, by which sums of powers are written out (see prepare). */
  readonly spreads: Spreads;
  /** What the ports of the program hold, by input. */
  readonly ports: Readonly<Record<string, readonly Lane[]>>;
  /** By input and lane; null: as it is. */
  readonly inputs: Readonly<Record<string, readonly (InputScaling | null)[]>>;
  /** Formats of weights by product: one for all, one per row, or one per element. */
  readonly weights: Readonly<Record<string, readonly FixedFormat[]>>;
  /** Casts by vector, one for all lanes or one per lane. */
  readonly casts: Readonly<Record<string, readonly FixedFormat[]>>;
  /** Tables by the vector they make, "/reciprocal" appended for the second one of softmax. */
  readonly tables: Readonly<Record<string, TablePlan>>;
  readonly units: Readonly<Record<string, readonly number[]>>;
  /** Moved into the bias, in numbers of the network, by product (see correct.ts). */
  readonly biasShifts: Readonly<Record<string, readonly number[]>>;
}

/** Widths by what they are for; names are those of products and vectors. */
export interface Widths {
  readonly weights: (name: string) => number;
  readonly activations: (name: string) => number;
  readonly inputs: (name: string) => number;
  /** Address bits of tables, by the vector a table makes. */
  readonly addresses: (name: string) => number;
}

export interface PlanOptions {
  /** Rounding of all casts; adding half and truncating by default, which costs an adder's carry. */
  readonly rounding?: Rounding;
  /** Largest harmless step of each output, in its own units; two bits beyond the widths if absent. */
  readonly steps?: Readonly<Record<string, number>>;
  /** Formats that vectors must have, by name; refused where the sample does not fit. */
  readonly formats?: Readonly<Record<string, FixedFormat>>;
}

/** Bits of terms and outputs beyond those of factors: they cost an adder's bits, not products. */
export const termBits = 2;

/** Widest address of a table: 16384 entries. exp of a wider one is a product of two tables. */
export const maxAddress = 14;
