import type { FixedFormat } from "./format.ts";

/**
 * A trained model in float64 between the file it came from and the fixed-point program: vectors of
 * numbers per inference, batch norm already folded, constants already combined.
 */
export interface FloatNetwork {
  readonly name: string;
  readonly inputs: readonly FloatInput[];
  readonly nodes: readonly FloatNode[];
  readonly outputs: readonly FloatOutput[];
}

export interface FloatInput {
  readonly name: string;
  readonly labels: readonly string[];
  /** Smallest and largest value of each lane where the file says so. */
  readonly ranges: readonly (readonly [number, number] | null)[];
  /** True where only whole numbers come in. */
  readonly isInteger: readonly boolean[];
}

export interface FloatOutput {
  readonly name: string;
  readonly from: string;
  readonly physical: string | null;
}

/** y = W x + b; with `gather` once per position (see AffineOp). */
export interface FloatAffine {
  readonly op: "affine";
  readonly input: string;
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns] */
  readonly weights: Float64Array;
  /** [rows] */
  readonly bias: Float64Array;
  readonly gather: Int32Array | null;
  /** Formats a quantized file prescribes, one for all or one per element; null: free to choose. */
  readonly weightFormats: readonly FixedFormat[] | null;
  readonly biasFormats: readonly FixedFormat[] | null;
}

/** Functions of one number. leakyRelu: x < 0 ? alpha x : x; hardSigmoid: clamp(alpha x + beta, 0, 1). */
export interface FloatActivation {
  readonly op: "activation";
  readonly input: string;
  readonly kind:
    | "relu"
    | "leakyRelu"
    | "hardSigmoid"
    | "sigmoid"
    | "tanh"
    | "exp"
    | "reciprocal"
    | "sqrt"
    | "softplus"
    | "identity";
  readonly alpha: number;
  readonly beta: number;
}

/** A cast prescribed by the file (QONNX Quant), one format or one per lane. */
export interface FloatQuantize {
  readonly op: "quantize";
  readonly input: string;
  readonly formats: readonly FixedFormat[];
}

export interface FloatBinary {
  readonly op: "add" | "sub" | "multiply" | "maximum";
  readonly a: string;
  readonly b: string;
}

/** x mod period in [0, period). */
export interface FloatModulo {
  readonly op: "modulo";
  readonly input: string;
  readonly period: number;
}

export interface FloatPick {
  readonly op: "pick";
  readonly inputs: readonly string[];
  readonly lanes: readonly (readonly [number, number])[];
}

export interface FloatConstant {
  readonly op: "constant";
  readonly values: Float64Array;
}

export interface FloatReduce {
  readonly op: "softmax" | "argmax" | "max";
  readonly input: string;
}

/** `layer` is the name of the graph's node, which the emitted logic keeps. */
export type FloatNode = (
  | FloatAffine
  | FloatActivation
  | FloatQuantize
  | FloatBinary
  | FloatModulo
  | FloatPick
  | FloatConstant
  | FloatReduce
) & { readonly output: string; readonly layer: string };
