import type { FixedFormat } from "./format.ts";

/** What one wire can hold: value = n · 2^-fraction with n an integer in [lo, hi]. */
export interface Lane {
  readonly fraction: number;
  readonly lo: number;
  readonly hi: number;
}

/** A vector of wires that goes into a program. */
export interface ProgramInput {
  readonly name: string;
  /** Names of the lanes, e.g. hwPtL1. */
  readonly labels: readonly string[];
  readonly lanes: readonly Lane[];
}

/** A vector that comes out; physical value = n · 2^-fraction · unit. */
export interface ProgramOutput {
  readonly name: string;
  readonly from: string;
  /** Physical value of 1, e.g. 2 pi / 576 for phi in hardware units. */
  readonly unit: number;
  /** Unit in words, e.g. "rad"; null for pure numbers. */
  readonly physical: string | null;
}

/** Matrix-vector product with constant integers, exact: nothing is rounded, nothing overflows. */
export interface AffineOp {
  readonly op: "affine";
  readonly input: string;
  readonly rows: number;
  readonly columns: number;
  /** Integers [rows, columns]; weight = n · 2^-weightFraction[row]. */
  readonly weights: Int32Array;
  readonly weightFraction: readonly number[];
  /** Integers [rows] at the fraction of the result: n · 2^-(finest input fraction + weightFraction[row]). */
  readonly bias: readonly number[];
  /**
   * Lanes the columns come from, [positions, columns], -1 for a zero: convolutions and parts of a
   * vector. The result has positions · rows lanes, position by position. Null: all lanes, once.
   */
  readonly gather: Int32Array | null;
  /**
   * Type of the accumulator where each product and each sum is cast to it, in order of the columns,
   * as hls4ml does; null: as wide as needed.
   */
  readonly accumulator: FixedFormat | null;
}

/** Casts each lane to a format (one per lane, or one for all): the only place where bits are lost. */
export interface QuantizeOp {
  readonly op: "quantize";
  readonly input: string;
  readonly formats: readonly FixedFormat[];
}

/** a + b, a - b, a · b, max(a, b), lane by lane, exact; one lane goes with all of the other side. */
export interface BinaryOp {
  readonly op: "add" | "sub" | "multiply" | "maximum";
  readonly a: string;
  readonly b: string;
}

/** 1 where a < b, else 0. */
export interface LessOp {
  readonly op: "less";
  readonly a: string;
  readonly b: string;
}

/** a where the condition is not 0, else b; a and b aligned to the finer fraction. */
export interface SelectOp {
  readonly op: "select";
  readonly condition: string;
  readonly a: string;
  readonly b: string;
}

/** max(x, 0). */
export interface ReluOp {
  readonly op: "relu";
  readonly input: string;
}

/** Integers held within [lo, hi], counted in steps of the lane. */
export interface ClampOp {
  readonly op: "clamp";
  readonly input: string;
  readonly lo: number;
  readonly hi: number;
}

/** x · 2^-by per lane: the integers stay, only their meaning changes. */
export interface RescaleOp {
  readonly op: "rescale";
  readonly input: string;
  readonly by: readonly number[];
}

/** n mod period in [0, period), in steps of the lane; n in [-period, 2 period). */
export interface ModuloOp {
  readonly op: "modulo";
  readonly input: string;
  readonly period: number;
}

/** values[n - first] for each lane; every n the lane can hold has a value. */
export interface TableOp {
  readonly op: "table";
  readonly input: string;
  readonly first: number;
  readonly values: Int32Array;
  readonly fraction: number;
  /** What it is, for comments: "exp", "1/x". */
  readonly label: string;
}

/** Lanes of other vectors in any order: concat, slice, reshape, transpose. */
export interface PickOp {
  readonly op: "pick";
  readonly inputs: readonly string[];
  /** Pairs (which input, which lane). */
  readonly lanes: readonly (readonly [number, number])[];
}

/** Integers that never change. */
export interface ConstantOp {
  readonly op: "constant";
  readonly values: readonly number[];
  readonly fraction: number;
}

/** Largest lane, or the index of the first largest one; one lane comes out. */
export interface ReduceOp {
  readonly op: "max" | "argmax";
  readonly input: string;
}

/** How a product with constants is built: adders, DSP multipliers, or one column block a clock. */
export type Strategy =
  | { readonly kind: "adders" }
  | { readonly kind: "multipliers" }
  /** Each multiplier is used `reuse` times; one inference every `reuse` clocks. */
  | { readonly kind: "serial"; readonly reuse: number };

/** One step: `output` names the vector it makes, `layer` the module it belongs to. */
export type FixedOp = (
  | AffineOp
  | QuantizeOp
  | BinaryOp
  | LessOp
  | SelectOp
  | ReluOp
  | ClampOp
  | RescaleOp
  | ModuloOp
  | TableOp
  | PickOp
  | ConstantOp
  | ReduceOp
) & { readonly output: string; readonly layer: string };

/**
 * A model as integer operations in order: interpreted, priced and emitted as logic from this one
 * description. Plain data; `inferLanes` checks it and says how wide each wire is.
 */
export interface FixedProgram {
  readonly name: string;
  readonly inputs: readonly ProgramInput[];
  readonly ops: readonly FixedOp[];
  readonly outputs: readonly ProgramOutput[];
  /** How the products of a layer are built, by layer; adders where not said. */
  readonly strategies: Readonly<Record<string, Strategy>>;
}

/** Wires by name, as inferred from a program. */
export type Lanes = ReadonlyMap<string, readonly Lane[]>;
